# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on stock Nova without losing the server: its reserved root volume is overwritten with the replica.

Cinder's os-reimage with ``reimage_reserved`` (3.68) fills the root of a shelved server from an image. The image has no
data of its own: its block device mapping names a snapshot of the replica, so the copy stays inside the storage. Kept is
everything of the server; the price is a full copy, during which the server has no usable root. The replica stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model import Named, Seen, Snapshot, Surroundings, Volume
from ..plan import Plan, Ref, Refusal, Step, Until
from .ladder import Steps, climb
from .recovery_plan import PlanServer
from .replicas import DISK, PLAN, POINT, ROLE, SERVER, STATE, RecoveryPoint
from .root_volume import which_root
from .twin import delete_placeholder, is_placeholder, loose_placeholders, take_off

#: The oldest microversion of Cinder with reimage_reserved.
NEEDED = (3, 68)


@dataclass(frozen=True)
class Helpers:
    """What a copy needs for a while, and a killed run leaves: snapshots of replicas, and images that name them."""

    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Named, ...] = ()


def helper_name(plan: str, server: str) -> str:
    """The name of the snapshot and the image of a copy."""
    return f"{plan}-{server}-handover"


def is_copy(volume: Volume, plan: str, server: str) -> bool:
    """Whether a volume is a root that was overwritten with a replica of this server of this plan."""
    marks = {PLAN: plan, SERVER: server, ROLE: "copy"}
    return all(volume.metadata.get(key) == value for key, value in marks.items())


def reimage_plan(
    seen: Seen, around: Surroundings, helpers: Helpers, server: PlanServer, plan: str, point: RecoveryPoint, wanted: str
) -> Plan | Refusal:  # fmt: skip
    """Data placeholders off, the replica copied into the root, data replicas on, unshelve, check; carries on."""
    root = seen.volumes.get(which_root(seen).volume_id or "")
    if root is None:
        saw = "nothing tells which volume is the root of the twin"
        return Refusal("root_unknown", wanted, saw, "Delete the twin and run dr_prepare: it tags the root.")

    def put_on() -> Steps:
        copy = _copy_steps(seen, root, point, helpers, plan, wanted)
        return copy if isinstance(copy, Refusal) else (*_empty(seen, root, plan), *copy)

    climbed = climb(seen, server, point, wanted, is_copy(root, plan, server.name), root, put_on)
    if isinstance(climbed, Refusal) or not is_copy(root, plan, server.name):
        return climbed
    loose = tuple(delete_placeholder(v.name, v.id) for v in loose_placeholders(around, plan, server.name))
    return replace(climbed, steps=(*climbed.steps, *drop_steps(helpers), *loose))


def _empty(seen: Seen, root: Volume, plan: str) -> tuple[Step, ...]:
    """Placeholders of data disks make room for the replicas."""
    data = [v for v in seen.volumes.values() if v.id != root.id and is_placeholder(v, plan, seen.found.name)]
    drop = (replace(delete_placeholder(v.name, v.id), until=None) for v in data)
    return (*take_off(seen, [v.id for v in data]), *drop)


def _copy_steps(
    seen: Seen, root: Volume, point: RecoveryPoint, helpers: Helpers, plan: str, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The steps that fill the root with its replica; none if that was done already."""
    if is_copy(root, plan, seen.found.name):
        return ()
    server, replica = seen.found, point.volumes["root"]
    refusal = _foreign(root, plan, server.name, wanted) or _cannot(seen, root, replica, wanted)
    if refusal:
        return refusal
    copied = Until("volume", root.id, frozenset({"reserved"}), frozenset({"downloading"}))
    wait = Step("wait", f"wait for the end of an earlier copy into {root.name}", until=copied)
    reimage = {"volume_id": root.id, "image_id": Ref("image")}
    done = {"volume_id": root.id, "metadata": {POINT: point.time, ROLE: "copy", STATE: "complete"}}
    return (
        *((wait,) if root.status == "downloading" else ()),
        *drop_steps(helpers),
        *_make_helpers(helper_name(plan, server.name), replica, {PLAN: plan, SERVER: server.name, DISK: "root"}),
        Step("reimage_volume", f"copy replica {replica.name} into the root {root.name}", reimage, copied),
        Step("set_volume_metadata", f"note the recovery point at the root {root.name}", done),
        Step("delete_image", "delete the image", {"image_id": Ref("image")}),
        Step("delete_snapshot", f"delete the snapshot of {replica.name}", {"snapshot_id": Ref("snapshot")}),
    )


def _make_helpers(name: str, replica: Volume, marks: dict[str, str]) -> tuple[Step, ...]:
    snapshot = {"volume_id": replica.id, "name": name, "metadata": {**marks, ROLE: "handover"}}
    ready = Until("snapshot", Ref("snapshot"), frozenset({"available"}), frozenset({"creating"}))
    image = {"name": name, "snapshot_id": Ref("snapshot"), "size": replica.size}
    return (
        Step("create_snapshot", f"snapshot replica {replica.name}", snapshot, ready, "snapshot"),
        Step("create_image", f"make an image that names the snapshot of {replica.name}", image, result="image"),
        Step("upload_nothing", "complete the image", {"image_id": Ref("image")}),
    )


def drop_steps(helpers: Helpers) -> tuple[Step, ...]:
    """Removes what a killed run left; nobody waits for the end of it."""
    return (
        *(Step("delete_image", f"delete image {image.name}", {"image_id": image.id}) for image in helpers.images),
        *(
            Step("delete_snapshot", f"delete snapshot {snapshot.name}", {"snapshot_id": snapshot.id})
            for snapshot in helpers.snapshots
            if snapshot.status != "deleting"
        ),
    )


def _foreign(root: Volume, plan: str, server: str, wanted: str) -> Refusal | None:
    """Nothing but a placeholder that the plan made for this server may be overwritten."""
    if is_placeholder(root, plan, server):
        return None
    saw = f"the root {root.name} of the twin is no placeholder of the plan"
    return Refusal(
        "not_a_placeholder", wanted, saw, "Only placeholders are overwritten. Run dr_prepare for a new twin."
    )


def _cannot(seen: Seen, root: Volume, replica: Volume, wanted: str) -> Refusal | None:
    """Whatever would make the copy fail half way, or fill the wrong volume."""
    version = tuple(int(part) for part in seen.offer.volume_version.split("."))
    for wrong, code, saw, todo in (
        (version < NEEDED, "cinder_too_old", f"the volume API of site B is {seen.offer.volume_version}, 3.68 is needed",
         "Say handover: recreate in the plan."),
        (replica.size > root.size, "root_too_small",
         f"the replica has {replica.size} GiB, the root {root.name} of the twin {root.size}",
         "Give the boot volume of the plan its size, delete the twin and run dr_prepare."),
        (root.multiattach, "volume_multiattach", f"the root {root.name} is multiattach",
         "Cinder copies into volumes with one attachment only. Say handover: recreate in the plan."),
        (root.status == "error", "copy_failed", f"an earlier copy into the root {root.name} failed: it is in error",
         "The replica is safe. Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."),
        (root.status not in ("reserved", "downloading"), "volume_not_reserved",
         f"the root {root.name} is {root.status}", "Wait until it is reserved for the shelved server, then repeat."),
    ):  # fmt: skip
        if wrong:
            return Refusal(code, wanted, saw, todo)
    return None
