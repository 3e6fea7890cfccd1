# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replica volumes and the recovery points that they make up. All of it is written in the metadata of the volumes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ...data.marks import Marks, moment
from ...data.seen import Volume

#: By so much the clocks of clouds may differ.
CLOCKS = timedelta(minutes=5)

#: For callers without a clock: no recovery point is later.
END_OF_TIME = "9999-12-31T23:59:59+00:00"

#: So many marks that do not count are told for a server, the others only counted.
MOST_DOUBTS = 5


class Marked(Protocol):
    """What carries marks."""

    @property
    def id(self) -> str:
        """Of the resource."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def marks(self) -> Marks:
        """Its marks."""


@dataclass(frozen=True)
class RecoveryPoint:
    """The replicas of one server of one moment, by disk."""

    time: str
    volumes: dict[str, Volume] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """Of the data of whoever runs on it."""
        return max((volume.marks.generation for volume in self.volumes.values()), default=1)

    def complete(self, disks: Iterable[str]) -> bool:
        """Whether every disk has a replica that is marked complete."""
        return all(disk in self.volumes and is_complete(self.volumes[disk]) for disk in disks)


@dataclass(frozen=True)
class Wish:
    """Which recovery points the operator allows: all, the one of a moment, or those before a moment."""

    exactly: str = ""
    before: str = ""

    def takes(self, time: str) -> bool:
        """Whether the point of that time is allowed."""
        return time in (self.exactly or time,) and (not self.before or time < self.before)

    def __str__(self) -> str:
        return self.exactly or (f"one before {self.before}" if self.before else "the newest")


#: No wish.
LATEST = Wish()


def wish(text: str) -> Wish | None:
    """What ``point`` of a failover says: "latest", a time, or "before:" and a time; None if it says none of these.

    A time is UTC, as dr_status shows it; "Z" at its end is as good as "+00:00".
    """
    if text == "latest":
        return LATEST
    time = text.removeprefix("before:").replace("Z", "+00:00")
    if not moment(time):
        return None
    return Wish(before=time) if text.startswith("before:") else Wish(exactly=time)


@dataclass(frozen=True)
class Choice:
    """The recovery point that a failover uses, None if there is none.

    :param passed_over: why newer ones are not used, in words.
    """

    point: RecoveryPoint | None
    passed_over: tuple[str, ...] = ()


def choose_point(points: Iterable[RecoveryPoint], disks: Sequence[str], begun: Collection[str]) -> Choice:
    """The newest point that is complete and free. Once a server has data of a point, only that point is used.

    :param points: the newest first.
    :param begun: the times of the points whose data is on the server.
    """
    passed_over: list[str] = []
    for point in points:
        why = _unusable(point, disks, begun)
        if not why:
            return Choice(point, tuple(passed_over[:MOST_DOUBTS]))
        passed_over.append(f"recovery point {point.time} is passed over: {why}")
    return Choice(None, tuple(passed_over[:MOST_DOUBTS]))


def _unusable(point: RecoveryPoint, disks: Sequence[str], begun: Collection[str]) -> str:
    """Why a recovery point cannot be used, "" if it can."""
    if begun and point.time not in begun:
        return f"the server has data of {', '.join(sorted(begun))}"
    for disk in disks:
        replica = point.volumes.get(disk)
        if replica is None:
            return f"it has no replica of {disk}"
        if not is_complete(replica):
            return f"the replica of {disk} is not complete"
        if not begun and replica.status != "available":
            user = f" (attached to server {', '.join(replica.attached_to)})" if replica.attached_to else ""
            return f"the replica {replica.name or replica.id} is {replica.status}{user}"
    return ""


def is_complete(replica: Volume) -> bool:
    """Whether a replica is marked complete. That mark is written together with the id of the volume."""
    return replica.marks.named and replica.marks.state == "complete"


def replicas_of(volumes: Iterable[Volume], plan: str, server: str, latest: str = END_OF_TIME) -> list[Volume]:
    """The replicas of one server of one plan. One that is being deleted is none any more.

    :param latest: a later recovery point is none: it would win for ever.
    """
    marked = (v for v in volumes if v.marks.of(plan, server, "replica") and v.status != "deleting")
    return [v for v in marked if "" < v.marks.point <= latest]


def last_drill(replicas: Iterable[Volume], latest: str = END_OF_TIME) -> Marks:
    """The marks that tell of the last drill that passed, without any if there was none.

    :param latest: a drill that began later is none.
    """
    told = (v.marks for v in replicas if v.marks.named and "" < v.marks.drilled <= latest)
    return max(told, key=lambda marks: marks.drilled, default=Marks())


def heard_of(volumes: Iterable[Volume], plan: str, server: str) -> int:
    """The highest generation that a site has heard of, by all its volumes of a server.

    A recovery point tells of its source, a volume that is or was superseded of the site that led then.
    """
    marks = [volume.marks for volume in volumes if volume.marks.of(plan, server)]
    of_source = (one.generation - 1 for one in marks if one.role in ("replica", "copy"))
    ran_here = (one.generation for one in marks if one.role in ("superseded", ""))
    led_then = (one.superseded_by for one in marks)
    return max((*of_source, *ran_here, *led_then), default=0)


def latest_at(now: datetime) -> str:
    """The latest recovery point that counts at a moment."""
    return (now + CLOCKS).replace(microsecond=0).isoformat()


def doubts(items: Iterable[Marked], plan: str, server: str, latest: str) -> tuple[str, ...]:
    """The marks of a server that do not count, in words. Values of others are not told, only keys."""
    found = [_doubt(item, latest) for item in items if item.marks.of(plan, server)]
    texts = [text for text in found if text]
    more = len(texts) - MOST_DOUBTS
    return (*texts[:MOST_DOUBTS], *((f"marks of {more} more do not count either",) if more > 0 else ()))


def _doubt(item: Marked, latest: str) -> str:
    what, todo = f"{type(item).__name__.lower()} {item.name or item.id}", "Delete it if nobody needs it."
    if item.marks.unreadable:
        return f"{what} does not count: its mark {', '.join(item.marks.unreadable)} cannot be read. {todo}"
    if item.marks.point > latest:
        return f"{what} does not count: its recovery point {item.marks.point} is later than now. {todo}"
    return ""


def servers_noted(volumes: Iterable[Volume], plan: str) -> dict[str, list[str]]:
    """By name of a planned server the ids of the servers at the source that its replicas are of, the newest first."""
    noted = [volume.marks for volume in volumes if volume.marks.plan == plan and volume.marks.of_server]
    found: dict[str, list[str]] = {}
    for marks in sorted(noted, key=lambda marks: marks.point, reverse=True):
        found.setdefault(marks.server, []).append(marks.of_server)
    return found


def _worth(volume: Volume) -> tuple[bool, bool, bool]:
    return not volume.status.startswith("error"), is_complete(volume), bool(volume.attached_to)


def points_of(replicas: Iterable[Volume]) -> list[RecoveryPoint]:
    """The recovery points that replicas make up, the newest first.

    Where a copy failed and was made again there are two volumes of one disk: the better one is the replica.
    """
    points: dict[str, RecoveryPoint] = {}
    for volume in sorted(replicas, key=_worth):
        time = volume.marks.point
        points.setdefault(time, RecoveryPoint(time)).volumes[volume.marks.disk] = volume
    return [points[time] for time in sorted(points, reverse=True)]
