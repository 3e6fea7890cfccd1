# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling the reserved root volume of a shelved server on stock Nova: Cinder's os-reimage with ``reimage_reserved``.

It copies from an image. That image may have no data of its own: its block device mapping names a snapshot of a volume,
so the copy stays inside the storage. While it runs the server has no usable root.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from ...data.seen import Named, Offer, Snapshot, Volume
from ...data.steps import Ref, Refusal, Step, Until, first_refusal
from .provenance import forget_source

#: The oldest microversion of Cinder with reimage_reserved.
NEEDED = (3, 68)


@dataclass(frozen=True)
class Helpers:
    """What a copy needs for a while, and a killed run leaves: snapshots of the source, and images that name them."""

    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Named, ...] = ()


def snapshot_step(volume: Volume, label: str, name: str, marks: Mapping[str, str]) -> Step:
    """Makes the snapshot to copy from; later steps refer to it as "snapshot"."""
    snapshot = {"volume_id": volume.id, "name": name, "metadata": dict(marks)}
    ready = Until("snapshot", Ref("snapshot"), frozenset({"available"}), frozenset({"creating"}))
    return Step("create_snapshot", f"snapshot {label}", snapshot, ready, "snapshot")


def image_steps(
    name: str, snapshot_id: Any, size: int, label: str, properties: Mapping[str, str] | None = None
) -> tuple[Step, ...]:
    """Makes the image without data that names a snapshot; later steps refer to it as "image".

    :param size: of the snapshot, in GiB.
    :param properties: of the image. Once a copy is complete, and not before, its root has them, and lost its own
        (cinder/volume/manager.py, reimage).
    """
    image = {
        "name": name,
        "snapshot_id": snapshot_id,
        "size": size,
        **({"properties": properties} if properties else {}),
    }
    return (
        Step("create_image", f"make an image that names the snapshot of {label}", image, result="image"),
        Step("upload_nothing", "complete the image", {"image_id": Ref("image")}),
    )


#: What an image without data leaves in the image properties of a volume that is filled from it. With the mapping, which
#: names a snapshot that is gone, Nova makes no server from the volume any more ("Invalid image metadata").
STRAY = ("block_device_mapping", "bdm_v2", "root_device_name")

#: Image properties that say how a server boots; others (ids, checksums) belong to one image.
BOOT = ("hw_", "os_", "img_", "trait:", "architecture", "hypervisor_type", "vm_mode")

#: But not these: they are about the bytes of an image, and an image without data would fail them (img_signature).
_OF_ITS_DATA = ("os_hash_", "os_glance_", "img_signature")


def boot_properties(volume: Volume) -> dict[str, str]:
    """The image properties of a volume that say how a server boots from it."""
    own = {key: value for key, value in volume.image_metadata.items() if key.startswith(BOOT)}
    return {key: value for key, value in own.items() if not key.startswith(_OF_ITS_DATA)}


def clean_steps(root: Volume, there: Container[str] = STRAY) -> tuple[Step, ...]:
    """After a copy from an image without data: takes the mapping of that image off the root.

    :param there: the properties that the root has; right after a copy these.
    """
    return tuple(
        Step(
            "unset_image_metadata",
            f"remove {key} from the image properties of the root {root.name or root.id}",
            {"volume_id": root.id, "key": key},
        )
        for key in STRAY
        if key in there
    )


def check_step(volume_id: Any) -> Step:
    """Checks, at a reserved volume, whether Cinder copies from an image that has no data and names a snapshot."""
    text = "check that Cinder copies from an image that names a snapshot"
    return Step("check_copy", text, {"volume_id": volume_id}, only_reads=True)


def copy_step(root: Volume, label: str, image_id: Any, failed: str = "") -> Step:
    """Overwrites a reserved root with an image and waits for the end of the copy.

    :param label: what is copied, for people.
    :param failed: what to do after a copy that failed.
    """
    args, until = {"volume_id": root.id, "image_id": image_id}, _until_copied(root, failed)
    return Step("reimage_volume", f"copy {label} into the root {root.name or root.id}", args, until)


def copy_steps(root: Volume, label: str, image_id: Any, failed: str = "") -> tuple[Step, ...]:
    """As `copy_step`, after the notes about the data of the root are removed.

    Else a later run would believe that the old data is still in it.
    """
    return (*forget_source(root), copy_step(root, label, image_id, failed))


def earlier_copy(root: Volume, failed: str = "") -> tuple[Step, ...]:
    """Waits for the end of a copy that an earlier run began."""
    if root.status != "downloading":
        return ()
    text = f"wait for the end of an earlier copy into {root.name or root.id}"
    return (Step("wait", text, until=_until_copied(root, failed)),)


def _until_copied(root: Volume, failed: str) -> Until:
    return Until("volume", root.id, frozenset({"reserved"}), frozenset({"downloading"}), todo=failed)


def drop_steps(helpers: Helpers) -> tuple[Step, ...]:
    """Removes what a killed run left. Does not wait for the end of the deletions."""
    return (
        *(Step("delete_image", f"delete image {image.name}", {"image_id": image.id}) for image in helpers.images),
        *(step for snapshot in helpers.snapshots for step in _drop(snapshot)),
    )


def _drop(snapshot: Snapshot) -> tuple[Step, ...]:
    """Cinder deletes no snapshot that is still being made."""
    if snapshot.status == "deleting":
        return ()
    delete = Step("delete_snapshot", f"delete snapshot {snapshot.name}", {"snapshot_id": snapshot.id})
    if snapshot.status != "creating":
        return (delete,)
    until = Until("snapshot", snapshot.id, frozenset({"available", "error"}), frozenset({"creating"}))
    return (Step("wait", f"wait until snapshot {snapshot.name} is made", until=until), delete)


@dataclass(frozen=True)
class Advice:
    """How messages about a copy speak.

    :param source: what is copied, such as "the replica".
    :param root: the volume to be overwritten, such as "the root db-root of the twin".
    :param cloud: whose volume API is meant, such as "the target".
    :param other_way: what to do where Cinder cannot copy.
    :param too_small: what to do when the source does not fit.
    :param failed: what to do after a copy that failed: what is safe, how to go on.
    """

    source: str
    root: str
    cloud: str
    other_way: str
    too_small: str
    failed: str


def too_old(offer: Offer, wanted: str, cloud: str, other_way: str) -> Refusal | None:
    """A Cinder that cannot copy into a volume."""
    version = tuple(int(part) for part in offer.volume_version.split("."))
    saw = f"the volume API of {cloud} is {offer.volume_version}, 3.68 is needed"
    return Refusal("cinder_too_old", wanted, saw, other_way) if version < NEEDED else None


def cannot_copy(offer: Offer, root: Volume, size: int, wanted: str, say: Advice) -> Refusal | None:
    """Whatever would make a copy fail half way, or fill the wrong volume.

    :param size: of the source, in GiB.
    """
    return too_old(offer, wanted, say.cloud, say.other_way) or first_refusal(wanted, (
        (size > root.size, "root_too_small", f"{say.source} has {size} GiB, {say.root} {root.size}", say.too_small),
        (root.multiattach, "volume_multiattach", f"{say.root} is multiattach",
         f"Cinder copies into volumes with one attachment only. {say.other_way}"),
        (root.status == "error", "copy_failed", f"an earlier copy into {say.root} failed: it is in error", say.failed),
        (root.status == "available", "volume_not_reserved",
         f"{say.root} is available: its attachment was deleted at Cinder, so the server cannot be unshelved any more",
         say.failed),
        (root.status not in ("reserved", "downloading"), "volume_not_reserved",
         f"{say.root} is {root.status}", "Wait until it is reserved for the shelved server, then repeat."),
    ))  # fmt: skip
