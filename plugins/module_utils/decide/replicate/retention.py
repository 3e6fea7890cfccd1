# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which replicas a complete recovery point makes superfluous. Only what replication made itself is ever removed."""

from __future__ import annotations

from collections.abc import Iterator

from ...data.parts import Part
from ...data.seen import Volume
from ...data.steps import Step
from ..plan.recovery_points import MOST_DOUBTS, is_complete, points_of
from .replication import Cycle

#: States in which Cinder deletes a volume (cinder/volume/api.py, delete) that a replica may be in.
_DELETABLE = frozenset({"available", "error", "error_restoring"})


def retire(cycle: Cycle) -> tuple[Step, ...]:
    """Removes old and failed replicas of the server.

    A replica in use is never touched, nor one on which the target may have run: it holds what was written there.
    """
    return tuple(
        Step("delete_volume", f"delete replica {volume.name}", {"volume_id": volume.id}, cloud="target", part=Part.TIDY)
        for volume in _superfluous(cycle)
        if not (_snapshots(cycle, volume) or _may_be_used(cycle, volume))
    )


def kept_replicas(cycle: Cycle) -> Iterator[str]:
    """The replicas that no recovery point needs and that stay all the same, and why, in words."""
    used = [volume for volume in _superfluous(cycle) if _may_be_used(cycle, volume)]
    if used:
        yield f"{len(used)} replicas of older recovery points are kept: {_why_used(cycle)}"
    held = [volume for volume in _superfluous(cycle) if volume not in used and _snapshots(cycle, volume)]
    for volume in held[:MOST_DOUBTS]:
        has, todo = ", ".join(_snapshots(cycle, volume)), "Delete the snapshot if nobody needs it."
        yield f"volume {volume.name} is kept, though no recovery point needs it: it has the snapshot {has}. {todo}"
    more = len(held) - MOST_DOUBTS
    if more > 0:
        yield f"{more} more volumes are kept because they have snapshots"


def _superfluous(cycle: Cycle) -> list[Volume]:
    """Without what is no volume yet: that is the provider's."""
    kept = kept_volumes(cycle)
    there = (volume for volume in cycle.replicas if not volume.promised)
    return [volume for volume in there if volume.id not in kept and volume.status in _DELETABLE]


def _snapshots(cycle: Cycle, volume: Volume) -> list[str]:
    """The snapshots because of which Cinder does not delete a volume, but for those that this run removes before."""
    ours = {snapshot.id for snapshot in cycle.what.helpers.snapshots}
    return [one.name or one.id for one in cycle.what.snapshots.get(volume.id, ()) if one.id not in ours]


def _may_be_used(cycle: Cycle, volume: Volume) -> bool:
    """A complete replica was never used only if it was made after the twin was last made or brought up."""
    if volume.attached_to or not is_complete(volume):
        return bool(volume.attached_to)
    woken = cycle.what.woken
    return woken is None or _moment(volume.created_at) <= _moment(woken)


def _why_used(cycle: Cycle) -> str:
    direction, name = cycle.server.direction, cycle.server.name
    if cycle.what.twin.server is None:
        return (
            f"there is no twin {name} at {direction.target}, so nothing tells whether it ran on them. If the twin was "
            "renamed, give it its name back. If it was deleted, run dr_prepare, and delete these replicas if nobody "
            "needs them."
        )
    if cycle.what.woken is None:
        return "Nova does not tell when the twin was last made or unshelved. Delete them if nobody needs them."
    return (
        f"the twin was made or unshelved at {cycle.what.woken}, after them, and may have run on them. Delete them if "
        "nobody needs them."
    )


def kept_volumes(cycle: Cycle) -> set[str]:
    """Ids of the volumes of this recovery point and of the newest complete ones before it."""
    others = [point for point in points_of(cycle.replicas) if point.time != cycle.time]
    kept = [point for point in others if point.complete(cycle.server.disks)][: cycle.plan.keep - 1]
    now = {replica.id for disk in cycle.server.disks if (replica := cycle.marked_replica(disk))}
    return now | {volume.id for point in kept for volume in point.volumes.values()}


def _moment(text: str) -> str:
    """A time of Nova or Cinder, both UTC, in a form that compares as text."""
    return text.replace(" ", "T").partition("+")[0].rstrip("Z")
