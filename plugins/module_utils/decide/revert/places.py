# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert is about: which disks of the server, where they are now, and the snapshot that is meant."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.marks import has_marks
from ...data.seen import History, Root, Snapshot, Volume
from ...data.steps import Refusal
from ..server.root_volume import unknown_root, which_root
from .progress import kin, known, marked, origin

#: As the name of a snapshot: the newest one that a person took.
LATEST = "latest"


@dataclass(frozen=True)
class Ask:
    """What the user wants.

    :param volumes: data volumes that go back too: name or id, and name or id of the snapshot if it is another one.
    :param again: whether to revert although it was reverted to this snapshot already.
    """

    server: str
    snapshot: str
    volumes: tuple[tuple[str, str | None], ...] = ()
    method: str = "auto"
    again: bool = False

    @property
    def wanted(self) -> str:
        """For messages."""
        return f"revert server {self.server} to {self.to}"

    @property
    def to(self) -> str:
        """The snapshot in words."""
        return "its latest snapshot" if self.snapshot == LATEST else f"snapshot {self.snapshot}"


@dataclass(frozen=True)
class Place:
    """Where a disk of the server is: ``now`` the attached volume, ``marked`` the one that a killed run was reverting.

    :param ref: how the user named the volume; "" is the root.
    """

    ref: str
    now: Volume | None
    marked: Volume | None = None

    @property
    def volume(self) -> Volume:
        """One of the volumes that this disk was or is."""
        found = self.now or self.marked
        if found is None:
            raise LookupError("a place without a volume")
        return found


@dataclass(frozen=True)
class Disk:
    """A disk that goes back to ``target``: ``old`` holds the state before, ``now`` is attached."""

    ref: str
    old: Volume
    now: Volume | None
    target: Snapshot

    @property
    def is_root(self) -> bool:
        """Whether it is the root of the server."""
        return not self.ref

    @property
    def label(self) -> str:
        """How results name it."""
        return self.ref or "root"

    @property
    def text(self) -> str:
        """For people: the root as that, a data volume by its name."""
        return f"root {self.old.name or self.old.id}" if self.is_root else f"volume {self.old.name or self.old.id}"


def root_place(history: History, wanted: str) -> Place | Refusal:
    """Where the root of the server is; it may be off in the middle of a revert."""
    seen, root = history.seen, which_root(history.seen)
    if root.present is None:
        return unknown_root(wanted, seen.found)
    open_ones = marked(history, "root")
    if root.present:
        now = _volume(history, root)
        if now is None:
            saw = f"Cinder does not know its root volume {root.volume_id}"
            return Refusal("no_volume", wanted, saw, "Look at the server and the volume, then repeat.")
        return Place("", now, next((v for v in open_ones if origin(v) == origin(now)), None))
    if open_ones:
        return Place("", None, open_ones[0])
    todo = "Attach one first, for example with standby.openstack.server_root_volume_attach."
    return Refusal("no_root", wanted, "it has no root volume", todo)


def _volume(history: History, root: Root) -> Volume | None:
    return next((v for v in known(history) if v.id == root.volume_id), None)


def data_place(history: History, ref: str, root: Place, wanted: str) -> Place | Refusal:
    """Where a data volume is. ``ref`` may also name one whose place it took."""
    found = [v for v in known(history) if v.id == ref] or [v for v in known(history) if v.name == ref]
    if len(found) > 1:
        ids = ", ".join(sorted(v.id for v in found))
        return Refusal(
            "ambiguous_volume", wanted, f"{len(found)} volumes are named {ref} ({ids})", "Say which by its id."
        )
    if not found:
        return Refusal("no_volume", wanted, f"the cloud knows no volume {ref}", "Check the name and the project.")
    if origin(found[0]) == origin(root.volume):
        saw = f"volume {ref} is its root, which goes back in any case"
        return Refusal("is_root", wanted, saw, "Name only data volumes in the option volumes.")
    on = {attachment.volume_id for attachment in history.seen.found.attachments}
    now = next((v for v in known(history) if v.id in on and origin(v) == origin(found[0])), None)
    open_one = next((v for v in marked(history, "data") if origin(v) == origin(found[0])), None)
    if now or open_one:
        return Place(ref, now, open_one)
    saw = f"volume {ref} is not attached to it"
    return Refusal("volume_not_attached", wanted, saw, "Name a volume of the server, or leave it out.")


def twice(places: list[Place], wanted: str) -> Refusal | None:
    """A volume must be named once."""
    refs: dict[str, str] = {}
    for place in places:
        other = refs.setdefault(origin(place.volume), place.ref)
        if other != place.ref or places.count(place) > 1:
            saw = f"{other} and {place.ref} are the same volume"
            return Refusal("same_volume", wanted, saw, "Name it once in the option volumes.")
    return None


def left_off(history: History, places: list[Place], wanted: str) -> Refusal | None:
    """A data volume that a killed run took off must be among those that go back now."""
    named = {origin(place.volume) for place in places}
    on = {origin(v) for v in history.seen.volumes.values()}
    lost = [v for v in marked(history, "data") if origin(v) not in named | on]
    if not lost:
        return None
    names = ", ".join(v.name or v.id for v in lost)
    saw = f"a revert was begun that includes volume {names}, which is off the server now"
    return Refusal("other_volumes", wanted, saw, f"Repeat it with that in the option volumes: {names}.")


def find_target(history: History, place: Place, ref: str, wanted: str) -> Snapshot | Refusal:
    """The snapshot that is meant: of this volume, or of one whose place it took."""
    ids = kin(history, place.volume)
    name = place.volume.name or place.volume.id
    mine = [s for s in history.snapshots if s.volume_id in ids]
    if ref == LATEST:
        return _latest(mine, name, wanted)
    same = [s for s in mine if s.id == ref] or [s for s in mine if s.name == ref]
    same = same or [s for s in history.snapshots if ref in (s.id, s.name)]
    if not same:
        saw = f"there is no snapshot {ref} of volume {name}"
        return Refusal("no_snapshot", wanted, saw, "Check the name: openstack volume snapshot list.")
    if same[0].volume_id not in ids:
        saw = f"snapshot {ref} is of volume {same[0].volume_id}, not of volume {name} or one whose place it took"
        return Refusal("other_volume", wanted, saw, "Name a snapshot of that volume.")
    if len(same) > 1:
        saw = f"{len(same)} snapshots of volume {name} are named {ref} ({', '.join(sorted(s.id for s in same))})"
        return Refusal("ambiguous_snapshot", wanted, saw, "Say which by its id.")
    return _usable(same[0], wanted)


def _latest(mine: list[Snapshot], name: str, wanted: str) -> Snapshot | Refusal:
    """The newest snapshot that a person took. One that a revert or a recovery plan made must be named."""
    others = [s for s in mine if not has_marks(s.metadata)]
    if others:
        return _usable(max(others, key=lambda s: s.created_at), wanted)
    what = (
        f"only snapshots that this collection made ({', '.join(sorted(s.name for s in mine))})"
        if mine
        else "no snapshot"
    )
    return Refusal("no_snapshot", wanted, f"volume {name} has {what}", "Name the snapshot that is meant.")


def _usable(snapshot: Snapshot, wanted: str) -> Snapshot | Refusal:
    if snapshot.status == "available":
        return snapshot
    saw = f"snapshot {snapshot.name or snapshot.id} is {snapshot.status}"
    return Refusal("snapshot_not_available", wanted, saw, "Wait until it is available, or name another one.")
