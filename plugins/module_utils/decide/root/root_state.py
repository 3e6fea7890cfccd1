# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the root volume of a server is: its kind, which recovery point it holds, and whether the server ran on it.

Cinder notes what is in a root that was filled by a copy. At the end of a copy that succeeded, it gives the volume the
properties of the copied image (cinder/volume/manager.py, reimage), and our image names the recovery point. So no run
has to survive the copy that it began. The note of the last copy is removed before the next one begins: a copy that
fails leaves it, and an administrator may reset the state of the volume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ...data.marks import POINT, moment
from ...data.seen import Seen, Volume
from ..server.root_volume import root_volume_of, which_root
from ..server.states import UNSHELVE_TASKS

#: In results: the recovery point that the root of a twin holds.
ROOT_POINT = "root_recovery_point"


class Kind(Enum):
    """What a volume is to a server of a plan.

    NONE: there is no root. UNKNOWN: nothing tells which volume it is, or nothing is known of that volume.
    PLACEHOLDER: made to prove a twin, and nothing was copied into it. REFRESHED: may be filled while the twin sleeps,
    by replication too; it is a placeholder that was filled, or an old root whose bytes a snapshot keeps.
    COPY: a root that a failover filled, or claimed. REPLICA: a disk of a recovery point. SUPERSEDED: of a server that
    the other site leads since. OWN: built for the server itself. FOREIGN: of another server or plan, or of nobody.
    """

    NONE = "none"
    UNKNOWN = "unknown"
    PLACEHOLDER = "placeholder"
    REFRESHED = "refreshed"
    COPY = "copy"
    REPLICA = "replica"
    SUPERSEDED = "superseded"
    OWN = "own"
    FOREIGN = "foreign"


#: By the role in its marks what a volume of the server is.
_BY_ROLE = {
    "placeholder": Kind.PLACEHOLDER,
    "copy": Kind.COPY,
    "replica": Kind.REPLICA,
    "superseded": Kind.SUPERSEDED,
    "": Kind.OWN,
}

#: What replication or a failover copies into.
FILLED = frozenset({Kind.REFRESHED, Kind.COPY})

#: What was made for the twin itself, and may be overwritten while it sleeps.
OF_TWIN = FILLED | {Kind.PLACEHOLDER}


@dataclass(frozen=True)
class RootState:
    """The root of a server, classified.

    :param volume: the root; None if there is none, or if nothing is known of it.
    :param holds: the time of the recovery point whose data is in it, as far as that is certain.
    :param generation: of the data in it, see `Marks.generation`.
    :param ran: whether the server may have run on it since it was first filled; None where nothing tells.
    :param sure: whether Nova tells that the volume is the root. Else only its marks do.
    """

    kind: Kind
    volume: Volume | None = None
    holds: str | None = None
    generation: int = 1
    ran: bool | None = None
    sure: bool = True

    @property
    def unused(self) -> bool:
        """Whether it was filled, or claimed, and the server has slept without a break since then."""
        return self.kind in FILLED and self.ran is False


def root_state(seen: Seen, plan: str) -> RootState:
    """What the root of a server is. A root that only its marks tell counts too, so no run on it is overlooked."""
    if seen.server is None:
        return RootState(Kind.NONE)
    volume = root_volume_of(seen)
    if volume is not None:
        return _state(seen, volume, plan)
    found = next((v for v in seen.volumes.values() if kind_of(v, plan, seen.found.name) in FILLED), None)
    if found is not None:
        return replace(_state(seen, found, plan), sure=False)
    return RootState(Kind.NONE if which_root(seen).present is False else Kind.UNKNOWN)


def _state(seen: Seen, volume: Volume, plan: str) -> RootState:
    kind, ran = kind_of(volume, plan, seen.found.name), _ran(seen, volume)
    return RootState(kind, volume, _holds(volume, kind, ran), volume.marks.generation, ran)


def kind_of(volume: Volume, plan: str, server: str) -> Kind:
    """What a volume is to a server of a plan, by its marks alone; it need not be the root."""
    if not plan or not volume.marks.of(plan, server):
        return Kind.FOREIGN
    kind = _BY_ROLE.get(volume.marks.role, Kind.FOREIGN)
    return Kind.REFRESHED if kind is Kind.PLACEHOLDER and volume.marks.woken else kind


def is_placeholder(volume: Volume, plan: str, server: str) -> bool:
    """Whether a volume was made to prove the twin of this server, and nothing was copied into it since."""
    return kind_of(volume, plan, server) is Kind.PLACEHOLDER


def is_superseded(volume: Volume, plan: str, server: str) -> bool:
    """Whether the other site leads what the server wrote to a volume, be it that a snapshot of it was taken since."""
    kind = kind_of(volume, plan, server)
    return kind is Kind.SUPERSEDED or (kind is Kind.REFRESHED and bool(volume.marks.superseded))


def _ran(seen: Seen, volume: Volume) -> bool | None:
    """Compares two times that Nova recorded, so the clocks of different machines do not matter."""
    if not volume.marks.woken:
        return None if sleeps(seen) else True
    if not sleeps(seen):
        return True
    return None if seen.woken is None else volume.marks.woken != seen.woken


def _holds(volume: Volume, kind: Kind, ran: bool | None) -> str | None:
    """A root that is claimed holds what it was claimed for once the server ran on it: it was filled before."""
    if kind is Kind.REPLICA or (kind is Kind.COPY and ran is not False):
        return volume.marks.point or None
    if kind not in FILLED or volume.status != "reserved":
        return None
    time = volume.image_metadata.get(POINT, "")
    return time if moment(time) else None


def sleeps(seen: Seen) -> bool:
    """Whether a server is shelved and offloaded, and nothing wakes it."""
    twin = seen.found
    return twin.status == "SHELVED_OFFLOADED" and twin.task_state not in UNSHELVE_TASKS
