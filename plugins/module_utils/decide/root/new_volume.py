# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volume that is to be a root: the one that was named, or one that is made of a snapshot, a backup or an image.

It carries ``standby_building`` until it is the root, so a run that was killed finds it again. A restore takes that mark
away, but leaves the name, and Cinder writes which backup it was (``src_backup_id``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...data.marks import BUILDING, RESTORED, ROOT_BEFORE, ROOT_FROM, ROOT_IMAGE, ROOT_SOURCE, ROOT_VOLUME
from ...data.parts import Part
from ...data.replacement import Replacing, root_name
from ...data.seen import Source, Volume
from ...data.steps import Ref, Refusal, Step, Until, for_part
from ..server.build_steps import MAKING, READY, SOURCE_FIELD, await_volume, bootable_step
from .provenance import filled_step, former_id, is_marked, source_mark

_AVAILABLE = frozenset({"available"})


@dataclass(frozen=True)
class NewRoot:
    """The volume that will be the root, and the steps until it is ready; its id may be a `Ref` to one of them."""

    volume: Volume
    steps: tuple[Step, ...] = ()

    @property
    def foretold(self) -> Volume:
        """The volume; one that is made has no id yet."""
        volume = self.volume
        return volume if isinstance(volume.id, str) else replace(volume, id=f"(new {volume.name})")

    @property
    def unmark(self) -> tuple[Step, ...]:
        """Once the volume is the root: removes the mark that it is being built."""
        return (unmark_step(self.volume),) if self.steps else ()


def unmark_step(volume: Volume) -> Step:
    """Removes the mark of a volume that is being built."""
    args = {"volume_id": volume.id, "key": BUILDING}
    return Step("delete_volume_metadata", f"mark volume {volume.name or volume.id} as finished", args)


def note_former(volume: Volume, old: Volume) -> tuple[Step, ...]:
    """Notes at a volume that was given, before it becomes the root, which one was the root.

    Marks that came from another volume with a restore must not count from now on.
    """
    stale = {} if is_marked(volume) else {key: "" for key in (ROOT_FROM, ROOT_IMAGE) if volume.metadata.get(key)}
    args = {"volume_id": volume.id, "metadata": {**stale, ROOT_VOLUME: volume.id, ROOT_BEFORE: old.id}}
    return (Step("set_volume_metadata", f"note at {volume.name or volume.id} that {old.name} was the root", args),)


def new_root(what: Replacing, server_id: str, server: str, old: Volume | None, wanted: str) -> NewRoot | Refusal:
    """The volume that will be the root.

    :param server_id: of the server that it is made for; of a server that is made anew the old one.
    :param old: the root now. The new one is at least as large.
    """
    if what.given is not None:
        return NewRoot(what.given)
    source, name = what.source, root_name(server, what.source)
    left = left_overs(what, server_id)
    found = left[0] if left else None
    is_restoring = source.status == "restoring" and found is not None and found.status == "restoring-backup"
    refusal = _spoiled(left, wanted) or (None if is_restoring else not_ready(source, wanted))
    if refusal:
        return refusal
    size = max(source.size, source.min_disk, old.size if old else 1)
    volume_id: Any = found.id if found else Ref("root")
    volume = found or Volume(volume_id, name, "available", size, bootable=True)
    before = old.id if old else (former_id(found) or "")
    make = () if found else (_make(source, name, size, server_id, old),)
    fill = _restore(source, volume, found) if source.kind == "backup" else _await(volume, found)
    flag = () if source.kind == "image" or (found and found.bootable) else (bootable_step(volume.name, volume.id),)
    marks = {ROOT_BEFORE: before, BUILDING: server_id}
    steps = (*make, *fill, *flag, filled_step(f"volume {name}", volume_id, source, **marks))
    return NewRoot(volume, for_part(Part.VOLUMES, steps))


def not_ready(source: Source, wanted: str) -> Refusal | None:
    """A refusal if a source cannot be copied now."""
    ready = READY.get(source.kind, source.status)
    if source.status == ready:
        return None
    saw = f"{source.kind} {source.name or source.id} is {source.status}"
    return Refusal("source_not_ready", wanted, saw, f"Wait until it is {ready}, or name another source.")


def left_overs(what: Replacing, server_id: str) -> list[Volume]:
    """The volumes that runs that were killed made of the source for this server, and that are not at it.

    Cinder does not tell that of a volume that is reserved for a shelved server.
    """
    loose = (volume for volume in what.same_name if volume.id not in what.seen.volumes)
    return [volume for volume in loose if _is_mine(volume, what.source, server_id)]


def _is_mine(volume: Volume, source: Source, server_id: str) -> bool:
    """Whether a run that was killed made this volume of this source for this server."""
    marks, own = volume.metadata, {BUILDING: server_id, ROOT_SOURCE: source_mark(source)}
    begun = all(marks.get(key) == value for key, value in own.items())
    finished = is_marked(volume) and marks.get(BUILDING) == server_id
    restored = marks.get(RESTORED) == source.id and not is_marked(volume)
    there = not volume.attached_to and volume.status != "deleting"
    return there and (begun or finished or restored)


def _spoiled(left: list[Volume], wanted: str) -> Refusal | None:
    """A refusal if what an earlier run left cannot be used."""
    if len(left) > 1:
        saw = f"{len(left)} volumes {left[0].name} are left over from earlier runs"
        return Refusal("left_over", wanted, saw, "Delete all but one, then repeat.")
    for volume in left:
        if volume.status not in MAKING | _AVAILABLE:
            saw = f"volume {volume.name}, left over from an earlier run, is {volume.status}"
            return Refusal("left_over", wanted, saw, f"Delete it ({volume.id}), then repeat.")
    return None


def _make(source: Source, name: str, size: int, server_id: str, old: Volume | None) -> Step:
    """A backup is restored into an empty volume: one that is made *from* it would lose its name too."""
    is_backup, same_place = source.kind == "backup", source.kind != "snapshot" and old is not None
    made_from = {} if is_backup else {SOURCE_FIELD[source.kind]: source.id}
    words = "to restore into" if is_backup else f"from {source.kind} {source.name or source.id}"
    args = {
        "name": name,
        "size": size,
        "volume_type": old.volume_type or None if old and same_place else None,
        "availability_zone": old.availability_zone or None if old and same_place else None,
        "metadata": {BUILDING: server_id, ROOT_SOURCE: source_mark(source)},
        **made_from,
    }
    return Step("create_volume", f"make volume {name} ({size} GiB) {words}", args, result="root")


def _await(volume: Volume, found: Volume | None) -> tuple[Step, ...]:
    if found is not None and found.status == "available":
        return ()
    return (await_volume(volume.name, volume.id),)


def _restore(source: Source, volume: Volume, found: Volume | None) -> tuple[Step, ...]:
    """Cinder writes ``src_backup_id`` when a restore is done. A restore that is still going on is waited for."""
    until = Until("volume", volume.id, _AVAILABLE, frozenset({"restoring-backup"}))
    args = {"backup_id": source.id, "volume_id": volume.id}
    restore = Step("restore_backup", f"restore backup {source.name or source.id} into {volume.name}", args, until)
    if found is None or found.status == "creating":
        return (*_await(volume, found), restore)
    if found.status == "restoring-backup":
        return _await(volume, found)
    return () if found.metadata.get(RESTORED) == source.id else (restore,)
