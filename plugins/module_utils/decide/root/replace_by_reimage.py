# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root volume of a shelved server is overwritten on stock Nova: volume_copy.py. The user must have named it."""

from __future__ import annotations

from collections.abc import Container

from ...data.marks import BUILDING
from ...data.replacement import Replacing, helper_name
from ...data.seen import Root, Source, Volume
from ...data.steps import Ref, Refusal, Step, Until
from ..server.root_volume import root_volume_of
from .new_volume import left_overs, new_root, not_ready
from .provenance import begin_copy, end_copy, is_begun, is_being_filled, is_copy, turn
from .volume_copy import (
    STRAY,
    Advice,
    Helpers,
    boot_properties,
    cannot_copy,
    check_step,
    clean_steps,
    copy_step,
    drop_steps,
    earlier_copy,
    image_steps,
    snapshot_step,
)

Steps = tuple[Step, ...]

#: States in which Cinder makes a snapshot of a volume (cinder/volume/api.py, create_snapshot_in_db, with force).
_CAN_SNAPSHOT = frozenset({"available", "in-use"})


def reimage_steps(what: Replacing, root: Root, wanted: str) -> Steps | Refusal:
    """The steps that fill the root; a copy that an earlier run began is carried on."""
    volume, source = root_volume_of(what.seen), what.source
    if not root.present or volume is None:
        todo = "There is nothing to copy into. Put a volume on with handover: attach, or say handover: recreate."
        return Refusal("no_root", wanted, _missing(root), todo)
    if what.named_root is None:
        return _not_named(volume, wanted)
    size = max(source.size, source.min_disk)
    refusal = cannot_copy(what.seen.offer, volume, size, wanted, _advice(source, volume))
    if refusal:
        return refusal
    wait = earlier_copy(volume, _failed(f"{source.kind} {source.name or source.id}"))
    if is_being_filled(volume, source):
        return (*wait, *tidy_steps(what, volume, _brings(source)))
    copy = _copy(what, volume, wanted)
    if isinstance(copy, Refusal):
        return copy
    has_data = source.kind == "image" and "block_device_mapping" not in source.properties
    check = () if has_data else (check_step(volume.id),)
    return (*wait, *check, *drop_steps(Helpers(what.snapshots, what.images)), *copy)


def _not_named(root: Volume, wanted: str) -> Refusal:
    saw = f"its root, volume {root.name or root.id}, would be overwritten, and was not named for that"
    return Refusal("root_not_named", wanted, saw, f"If its data may go, say root_volume: {root.name or root.id}.")


def _brings(source: Source) -> Container[str]:
    """The image properties that a copy leaves at the root. An image of the user leaves its own."""
    return source.properties if source.kind == "image" else STRAY


def _missing(root: Root) -> str:
    return f"the cloud knows no volume {root.volume_id}, its root" if root.present else "it has no root volume"


def _advice(source: Source, root: Volume) -> Advice:
    label = f"{source.kind} {source.name or source.id}"
    return Advice(
        source=label,
        root=f"the root {root.name or root.id}",
        cloud="the cloud",
        other_way="Say handover: recreate.",
        too_small="Only a root that is as large can be overwritten: say handover: recreate, or take a smaller source.",
        failed=_failed(label),
    )


def _failed(label: str) -> str:
    """What is safe when a copy has failed, and what to do."""
    return f"The {label} is as it was. Say handover: recreate, which makes the server anew on the same ports."


def _copy(what: Replacing, root: Volume, wanted: str) -> Steps | Refusal:
    source, server = what.source, what.seen.found
    label, name = f"{source.kind} {source.name or source.id}", helper_name(server.id)
    refusal = _not_copyable(what, wanted) if source.kind != "backup" else None
    if refusal:
        return refusal
    image_id = source.id if source.kind == "image" else Ref("image")
    fill = (
        *begin_copy(root, source, image_id),
        copy_step(root, label, image_id, _failed(label)),
        *clean_steps(root, _brings(source)),
    )
    end = end_copy(root, turn(root) + 1)
    if source.kind == "image":
        return (*fill, end)
    fill = (*fill, Step("delete_image", "delete the image", {"image_id": Ref("image")}))
    if source.kind == "snapshot":
        return (*image_steps(name, source.id, source.size, label, _properties(what, root)), *fill, end)
    copy = _by_snapshot(what, root, name, fill, wanted)
    return copy if isinstance(copy, Refusal) else (*copy, end)


def _properties(what: Replacing, root: Volume) -> dict[str, str]:
    """How a server boots from the root: as from the volume that is copied, else as before."""
    return (boot_properties(what.given) if what.given else {}) or boot_properties(root)


def _not_copyable(what: Replacing, wanted: str) -> Refusal | None:
    source = what.source
    if source.kind != "volume":
        return not_ready(source, wanted)
    if source.status in _CAN_SNAPSHOT:
        return None
    saw, todo = f"volume {source.name or source.id} is {source.status}", "Wait until it is available"
    if source.status == "reserved":
        saw, todo = f"{saw}, of which Cinder makes no snapshot: its server is shelved", "Unshelve that server"
    return Refusal("source_not_ready", wanted, saw, f"{todo}, or name another source.")


def _by_snapshot(what: Replacing, root: Volume, name: str, fill: Steps, wanted: str) -> Steps | Refusal:
    """A volume is copied from a snapshot, which is deleted afterwards. A backup is restored into a volume first."""
    server = what.seen.found
    made = new_root(what, server.id, server.name, None, wanted)
    if isinstance(made, Refusal):
        return made
    volume, label = made.volume, f"volume {made.volume.name or made.volume.id}"
    drop_snapshot = Step("delete_snapshot", f"delete the snapshot of {label}", {"snapshot_id": Ref("snapshot")})
    return (
        *made.steps,
        snapshot_step(volume, label, name, {BUILDING: server.id}),
        *image_steps(name, Ref("snapshot"), volume.size, label, _properties(what, root)),
        *fill,
        drop_snapshot,
        *((_until_gone(Ref("snapshot"), label), *_drop_volume(volume)) if made.steps else ()),
    )


def _until_gone(snapshot_id: object, label: str) -> Step:
    """Cinder deletes no volume that still has a snapshot."""
    until = Until("snapshot", snapshot_id, frozenset({"gone"}), frozenset({"available", "deleting"}))
    return Step("wait", f"wait until the snapshot of {label} is gone", until=until)


def _drop_volume(volume: Volume) -> Steps:
    """Only the volume that the backup was restored into for this copy: its mark says so, the backup stays."""
    args = {"volume_id": volume.id}
    return (Step("delete_volume", f"delete volume {volume.name}, into which the backup was restored", args),)


def tidy_steps(what: Replacing, root: Volume, there: Container[str]) -> Steps:
    """Once the root is filled: removes what a run that was killed left of the copy; that this is done is noted last.

    :param there: the image properties that the root has then.
    """
    clean = clean_steps(root, there) if is_copy(root) else ()
    end = (end_copy(root, turn(root)),) if is_begun(root) else ()
    left = left_overs(what, what.seen.found.id) if what.source.kind == "backup" else []
    gone = [_until_gone(s.id, f"volume {volume.name}") for volume in left for s in what.snapshots]
    drops = drop_steps(Helpers(what.snapshots, what.images))
    return (*clean, *drops, *gone, *(step for volume in left for step in _drop_volume(volume)), *end)
