# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cycle of replication by Cinder backups: one recovery point for all disks of a server.

Snapshots of all disks together; from each a backup, incremental where the chain allows it; its record exported at
site A and imported at site B, which share the backup store; restored there into a new volume. The recovery point is
complete when the last of its replicas is. Then, and only then, older ones go.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Attachment, Seen, Volume
from ..plan import Decision, Plan, Refusal, Step
from .backup_cycle import BackupCycle
from .cycle import Cycle, Replication, mine, one
from .drift import find_disk
from .recovery_plan import PlanServer, RecoveryPlan
from .refreshed import ROOT_POINT, holds, may_have_run, new_twin, refreshed_root
from .refreshing import drop_left, is_wanted, refresh_stages, root_of
from .reimage import is_copy
from .replicas import POINT, RecoveryPoint, points_of, replicas_of
from .root_volume import which_root
from .tidying import Tidying


@dataclass(frozen=True)
class Goal:
    """The recovery point that a run is about, and the oldest that makes a new one unnecessary."""

    time: str
    fresh_from: str


def open_point(what: Replication, plan: RecoveryPlan, server: PlanServer) -> str | None:
    """The newest recovery point that an earlier run began and did not finish, if all its snapshots were taken."""
    done = {p.time for p in points_of(_replicas(what, plan, server)) if p.complete(server.disks)}
    snapshots = mine(what.snapshots, plan, server)
    times = {snapshot.metadata.get(POINT, "") for snapshot in snapshots} - done
    whole = [time for time in times if all(one(snapshots, time, disk) for disk in server.disks)]
    return max(whole, default=None)


def decide_cycle(what: Replication, plan: RecoveryPlan, server: PlanServer, goal: Goal) -> Decision:
    """The steps that are left until the recovery point of ``goal`` is complete and older ones are tidied away.

    One that an earlier run began is finished, however fresh the one before it is: its snapshots are there.
    """
    wanted = f"replicate {server.name}"
    sources = _sources(what.seen_a, server, wanted)
    if isinstance(sources, Refusal):
        return sources
    refusal = _failed_over(what, plan, server, wanted)
    if refusal:
        return refusal
    replicas = _replicas(what, plan, server)
    points = points_of(replicas)
    newest = next((point for point in points if point.complete(server.disks)), None)
    before = {"recovery_point": newest.time if newest else None}
    begun = open_point(what, plan, server) == goal.time
    if newest and newest.time >= (goal.time if begun else min(goal.time, goal.fresh_from)):
        left = Tidying(what, plan, server, newest.time, sources)
        return _finished(left, newest, tuple(left.tidy(replicas)))
    cycle = what, plan, server, goal.time, sources
    after = {"recovery_point": goal.time}
    steps, tidy = tuple(BackupCycle(*cycle).steps()), tuple(Tidying(*cycle).tidy(replicas))
    if not is_wanted(plan, what.twin):
        return Plan(before, after, (*steps, *tidy), extra=after)
    stages = refresh_stages(what, plan, server, _foretold(Cycle(*cycle)))
    if isinstance(stages, Refusal):
        return Plan(before, after, steps, (stages.text,), after, _joined(drop_left(what), tidy))
    return Plan(before, after, steps, extra=after, later=_joined(*stages, tidy))


def _finished(cycle: Cycle, point: RecoveryPoint, tidy: tuple[Step, ...]) -> Decision:
    """The recovery point is complete: its root is copied into the twin, if the plan says so, then older ones go.

    That it cannot be copied is said last: by then the data is safe, and what is superfluous removed.
    """
    facts = {"recovery_point": point.time}
    twin = cycle.what.twin
    if not is_wanted(cycle.plan, twin):
        return Plan(facts, facts, tidy, extra=facts)
    stages = refresh_stages(cycle.what, cycle.plan, cycle.server, point)
    if isinstance(stages, Refusal):
        left = (*drop_left(cycle.what), *tidy)
        return Plan(facts, facts, left, (stages.text,), facts) if any(step.writes for step in left) else stages
    root = root_of(twin)
    before, after = ({**facts, ROOT_POINT: time} for time in (holds(root) if root else None, point.time))
    staged = [*stages, tidy]
    return Plan(before, after, staged[0], extra=after, later=_joined(*staged[1:]))


def _joined(*stages: tuple[Step, ...]) -> tuple[Step, ...] | None:
    return tuple(step for stage in stages for step in stage) or None


def _foretold(cycle: Cycle) -> RecoveryPoint:
    """The root of the recovery point that is about to be made."""
    name, size = cycle.name("root"), cycle.source("root").size
    return RecoveryPoint(cycle.time, {"root": Volume("", name, "available", size)})


def _replicas(what: Replication, plan: RecoveryPlan, server: PlanServer) -> list[Volume]:
    return replicas_of(what.volumes_b, plan.name, server.name)


def _sources(seen: Seen, server: PlanServer, wanted: str) -> dict[str, Attachment] | Refusal:
    if seen.server is None:
        return Refusal(
            "no_server", wanted, "there is no such server at site A", "Run provision first, or check the name."
        )
    root = which_root(seen)
    disks = {disk.tag: find_disk(disk, seen, root) for disk in server.at_a.disks if disk.tag in server.disks}
    found = {
        tag: attachment for tag, attachment in disks.items() if attachment and attachment.volume_id in seen.volumes
    }
    lost = [tag for tag in disks if tag not in found]
    if lost:
        saw = f"nothing tells which volume of the server at site A is {', '.join(lost)}"
        return Refusal("no_disk", wanted, saw, "Tag the attachments, or name the volumes in the plan.")
    return found


def _failed_over(what: Replication, plan: RecoveryPlan, server: PlanServer, wanted: str) -> Refusal | None:
    """Site B leads from the moment that a replica is the twin's volume, or that the twin woke on a refreshed root."""
    ran, root = may_have_run(what.twin, plan.name), refreshed_root(what.twin, plan.name)
    if ran and root:
        todo = f"If site B leads, replicate the other way. If what it wrote is not needed: {new_twin(root)}"
        return Refusal("failed_over", wanted, ran, todo)
    attached = {a.volume_id for a in what.twin.server.attachments} if what.twin.server else set()
    copies = [v for v in what.twin.volumes.values() if v.id in attached and is_copy(v, plan.name, server.name)]
    used = [v.name for v in (*copies, *_replicas(what, plan, server)) if v.id in attached or v.attached_to]
    if not used:
        return None
    saw = f"site B uses the replica {', '.join(sorted(used))}: it was failed over"
    todo = "take the replica off the twin." if not copies else f"if what it wrote is not needed: {new_twin(copies[0])}"
    return Refusal("failed_over", wanted, saw, f"Site B leads now. Replicate the other way, or {todo}")
