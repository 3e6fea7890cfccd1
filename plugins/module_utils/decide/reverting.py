# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert is about: which volumes, where they are, and how far an earlier run came. All told by their metadata.

Reverts of a server are numbered, and go on counting where a server that had its volumes before left off. A volume that
is being reverted says so (`REVERTING`) until the server is as it was; the snapshot of the state before, and the volume
that holds the reverted state, carry the number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..model import History, Root, Snapshot, Volume
from ..plan import Refusal
from .replicas import ROLE
from .root_volume import unknown_root, which_root

#: On a volume whose revert is under way: see `Begun`.
REVERTING = "standby_reverting"
#: On what a revert made: its number; on volumes, the snapshot whose state they began with.
NUMBER, TARGET = "standby_revert", "standby_reverted_to"
#: On a volume that took the place of another: the first one of all.
ORIGIN = "standby_origin"
#: The id of the server, on all of these.
OWNER = "standby_server_id"
#: `ROLE` of the snapshots of the state before.
SAVED = "before_revert"

#: Actions in Nova's record after which a server that did not run does not run either.
QUIET = frozenset(
    {"stop", "shelve", "shelveOffload", "attach_volume", "detach_volume", "extend_volume", "lock", "unlock",
     "attach_interface", "detach_interface"}
)  # fmt: skip


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


LATEST = "latest"


@dataclass(frozen=True)
class Begun:
    """What a volume says about the revert that is under way.

    :param was: how the server was: ACTIVE, SHUTOFF or SHELVED_OFFLOADED.
    :param target: the id of the snapshot.
    :param disk: "root" or "data".
    :param ran: when the server was last set running, by `last_run`.
    """

    number: int
    was: str
    target: str
    disk: str
    ran: str

    def __str__(self) -> str:
        return f"{self.number} {self.was} {self.target} {self.disk} {self.ran}"


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


def origin(volume: Volume) -> str:
    """The first of the volumes that took each other's place."""
    return volume.metadata.get(ORIGIN) or volume.id


def kin(history: History, volume: Volume) -> frozenset[str]:
    """The ids of all volumes that ever were in the place of this one, of those that are left."""
    return frozenset(v.id for v in history.volumes if origin(v) == origin(volume)) | {volume.id}


def begun(history: History, volume: Volume | None) -> Begun | None:
    """What the volume says about a revert of this server that is under way."""
    if volume is None or volume.metadata.get(OWNER) != history.seen.found.id:
        return None
    words = volume.metadata.get(REVERTING, "").split()
    return Begun(int(words[0]), *words[1:]) if len(words) == 5 and words[0].isdigit() else None


def marked(history: History, disk: str) -> list[Volume]:
    """The volumes whose revert is under way, "root" or "data", the newest revert first."""
    found = [(mark.number, v) for v in history.volumes if (mark := begun(history, v)) and mark.disk == disk]
    return [v for _number, v in sorted(found, key=lambda pair: pair[0], reverse=True)]


def went_back(volume: Volume | None) -> tuple[str, str]:
    """The number of the revert that gave the volume its state, and the snapshot; ("", "") if there was none.

    A volume that was overwritten by a revert has the properties of the image of its copy until it is overwritten again.
    """
    if volume is None:
        return "", ""
    told, filled = (
        (marks.get(NUMBER, ""), marks.get(TARGET, "")) for marks in (volume.metadata, volume.image_metadata)
    )
    return told if ORIGIN in volume.metadata or told == filled else ("", "")


def next_number(history: History, olds: Iterable[Volume]) -> int:
    """A number that no revert of this server has yet, nor one of a server that had its volumes before.

    :param olds: the volumes that are about to go back: in the middle of a revert one may be off.
    """
    own, mine = history.seen.found.id, (*history.seen.volumes.values(), *olds)
    ids = frozenset(volume_id for volume in mine for volume_id in kin(history, volume))
    volumes = (v.metadata for v in known(history) if v.id in ids or v.metadata.get(OWNER) == own)
    snapshots = (s.metadata for s in history.snapshots if s.volume_id in ids or s.metadata.get(OWNER) == own)
    numbers = (metadata.get(NUMBER, "") for metadata in (*volumes, *snapshots))
    return 1 + max((int(number) for number in numbers if number.isdigit()), default=0)


def saved(history: History, volume: Volume, number: int) -> Snapshot | None:
    """The snapshot of the state of a disk before the revert of this number; a good one if there is."""
    ids, marks = kin(history, volume), {OWNER: history.seen.found.id, NUMBER: str(number), ROLE: SAVED}
    found = [s for s in history.snapshots if s.volume_id in ids and marks.items() <= s.metadata.items()]
    return min(found, key=lambda snapshot: snapshot.status != "available", default=None)


def last_run(history: History) -> str:
    """When the server was last set running, by Nova's clock; whatever is not known to leave it off counts."""
    return max((begin for action, begin in history.actions if action not in QUIET), default="never")


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


def known(history: History) -> tuple[Volume, ...]:
    """All volumes, those of the server as they were read with it."""
    own = history.seen.volumes
    return (*own.values(), *(v for v in history.volumes if v.id not in own))


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
    """The newest that somebody took on purpose: what reverts and recovery plans made is taken when it is named."""
    others = [s for s in mine if not any(key.startswith("standby_") for key in s.metadata)]
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
