# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replica volumes and the recovery points that they make up. All of it is written in the metadata of the volumes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model import Volume

PLAN, SERVER, DISK = "standby_plan", "standby_server", "standby_disk"

#: What a volume at site B is: "placeholder" (of a twin that is being prepared) or "replica": no other is ever deleted;
#: "copy": a root that a failover overwrote, or claimed.
ROLE = "standby_role"

#: At a root that replication fills: when its twin had been made or last unshelved, as Nova recorded it, before it was
#: first filled. With it a placeholder is none any more. A failover writes ROLE, replication WOKEN: they run beside each
#: other, and neither may overwrite what the other says.
WOKEN = "standby_woken"

#: At the placeholder of a root: that it was looked whether Cinder could fill it.
FILLABLE = "standby_fillable"

#: When the data was taken, UTC, ISO 8601 to the second: sorts as text.
POINT = "standby_recovery_point"

#: "copying" until every disk of the recovery point is there, then "complete".
STATE = "standby_state"

#: At a snapshot at site A: the id of the replica that is being made of it.
REPLICA = "standby_replica"


@dataclass(frozen=True)
class RecoveryPoint:
    """The replicas of one server of one moment, by disk."""

    time: str
    volumes: dict[str, Volume] = field(default_factory=dict)

    def complete(self, disks: Iterable[str]) -> bool:
        """Whether every disk has a replica that is marked complete."""
        return all(disk in self.volumes and self.volumes[disk].metadata.get(STATE) == "complete" for disk in disks)


def replicas_of(volumes: Iterable[Volume], plan: str, server: str) -> list[Volume]:
    """The replicas of one server of one plan."""
    marks = {PLAN: plan, SERVER: server, ROLE: "replica"}
    return [
        v for v in volumes if all(v.metadata.get(key) == value for key, value in marks.items()) and POINT in v.metadata
    ]


def _worth(volume: Volume) -> tuple[bool, bool, bool]:
    complete = volume.metadata.get(STATE) == "complete"
    return not volume.status.startswith("error"), complete, bool(volume.attached_to)


def points_of(replicas: Iterable[Volume]) -> list[RecoveryPoint]:
    """The recovery points that replicas make up, the newest first.

    Where a copy failed and was made again there are two volumes of one disk: the better one is the replica.
    """
    points: dict[str, RecoveryPoint] = {}
    for volume in sorted(replicas, key=_worth):
        time = volume.metadata[POINT]
        points.setdefault(time, RecoveryPoint(time)).volumes[volume.metadata.get(DISK, "")] = volume
    return [points[time] for time in sorted(points, reverse=True)]
