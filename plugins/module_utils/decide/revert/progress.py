# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an earlier run of a revert came. The metadata of volumes and snapshots tell it.

Reverts of a server are numbered, and go on counting where a server that had its volumes before left off. A volume that
is being reverted says so (`REVERTING`) until the server is as it was; the snapshot of the state before, and the volume
that holds the reverted state, carry the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...data.marks import ORIGIN, OWNER, RESTORED, REVERT, REVERT_VOLUME, REVERTED_TO, REVERTING, ROLE
from ...data.seen import History, Snapshot, Volume

#: `ROLE` of the snapshots of the state before.
SAVED = "before_revert"

#: Actions in Nova's record after which a server that did not run does not run either.
QUIET = frozenset(
    {"stop", "shelve", "shelveOffload", "attach_volume", "detach_volume", "extend_volume", "lock", "unlock",
     "attach_interface", "detach_interface"}
)  # fmt: skip


@dataclass(frozen=True)
class Begun:
    """What a volume says about the revert that is under way.

    :param was: how the server was: ACTIVE, SHUTOFF or SHELVED_OFFLOADED.
    :param target: the id of the snapshot.
    :param disk: "root" or "data".
    :param ran: when the server was last set running, by `last_run`.
    :param volume: the id of the volume: Cinder copies what it says to another one with a restore.
    """

    number: int
    was: str
    target: str
    disk: str
    ran: str
    volume: str

    def __str__(self) -> str:
        return f"{self.number} {self.was} {self.target} {self.disk} {self.ran} {self.volume}"


def own(volume: Volume) -> Mapping[str, str]:
    """The metadata of a volume, none if the marks of a revert among them are about another one.

    A restore copies metadata, and Cinder notes that it did. A volume that is made for a revert is never a restored one.
    """
    named = volume.metadata.get(REVERT_VOLUME)
    is_own = named == volume.id if named else RESTORED not in volume.metadata
    return volume.metadata if is_own else {}


def origin(volume: Volume) -> str:
    """The first of the volumes that took each other's place."""
    return own(volume).get(ORIGIN) or volume.id


def kin(history: History, volume: Volume) -> frozenset[str]:
    """The ids of all volumes that ever were in the place of this one, of those that are left."""
    return frozenset(v.id for v in history.volumes if origin(v) == origin(volume)) | {volume.id}


def begun(history: History, volume: Volume | None) -> Begun | None:
    """What the volume says about a revert of this server that is under way."""
    return under_way(volume, history.seen.found.id) if volume is not None else None


def under_way(volume: Volume, server_id: str) -> Begun | None:
    """What a volume says about a revert of a server that is under way."""
    words = volume.metadata.get(REVERTING, "").split()
    whole = len(words) == 6 and words[0].isdigit() and words[-1] == volume.id
    return Begun(int(words[0]), *words[1:]) if whole and volume.metadata.get(OWNER) == server_id else None


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
        (marks.get(REVERT, ""), marks.get(REVERTED_TO, "")) for marks in (own(volume), volume.image_metadata)
    )
    return told if own(volume).get(ORIGIN) or told == filled else ("", "")


def next_number(history: History, olds: Iterable[Volume]) -> int:
    """A number that no revert of this server has yet, nor one of a server that had its volumes before.

    :param olds: the volumes that are about to go back: in the middle of a revert one may be off.
    """
    own, mine = history.seen.found.id, (*history.seen.volumes.values(), *olds)
    ids = frozenset(volume_id for volume in mine for volume_id in kin(history, volume))
    volumes = (v.metadata for v in known(history) if v.id in ids or v.metadata.get(OWNER) == own)
    snapshots = (s.metadata for s in history.snapshots if s.volume_id in ids or s.metadata.get(OWNER) == own)
    numbers = (metadata.get(REVERT, "") for metadata in (*volumes, *snapshots))
    return 1 + max((int(number) for number in numbers if number.isdigit()), default=0)


def saved(history: History, volume: Volume, number: int) -> Snapshot | None:
    """The snapshot of the state of a disk before the revert of this number; a good one if there is."""
    ids, marks = kin(history, volume), {OWNER: history.seen.found.id, REVERT: str(number), ROLE: SAVED}
    found = [s for s in history.snapshots if s.volume_id in ids and marks.items() <= s.metadata.items()]
    return min(found, key=lambda snapshot: snapshot.status != "available", default=None)


def last_run(history: History) -> str:
    """When the server was last set running, by Nova's clock. An unknown action counts as one that set it running."""
    return max((begin for action, begin in history.actions if action not in QUIET), default="never")


def known(history: History) -> tuple[Volume, ...]:
    """All volumes. Those of the server are as they were read together with it."""
    own = history.seen.volumes
    return (*own.values(), *(v for v in history.volumes if v.id not in own))
