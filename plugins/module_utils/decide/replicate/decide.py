# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication of one server, whatever carries it out: who may be replicated, and whether a new point is needed.

A provider makes the recovery point. When it is complete, its root is copied into the twin if the plan says so. Then,
and only then, older recovery points go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...data.seen import Attachment, Seen, Volume
from ...data.steps import Decision, Plan, Refusal, Step
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint, doubts, points_of
from ..revert.progress import under_way
from ..root.refreshed_root import may_have_run, new_twin
from ..root.root_state import ROOT_POINT, Kind, root_state
from ..server.differences import find_disk
from ..server.root_volume import which_root
from .providers.contract import Provider
from .refill_root import drop_left, is_wanted, refresh_stages
from .replication import Cycle, Goal, Replication
from .retention import kept_replicas, retire

#: What to do when the target leads.
_TURN = (
    "Look who leads: dr_status. If it is the target, dr_fence stops copies that still run at the source, and "
    "dr_reprotect turns the direction round."
)


def open_point(what: Replication, plan: RecoveryPlan, server: PlanServer, provider: Provider) -> str | None:
    """The newest recovery point that an earlier run began and did not finish, if it can be finished.

    One that is older than the newest complete point is none: what there is of it only waits to be deleted.
    """
    sources = _sources(what.source, server, "")
    if isinstance(sources, Refusal):
        return None
    begun = provider.begun(Cycle(what, plan, server, "", sources))
    done = (p.time for p in points_of(what.replicas(plan, server)) if p.complete(server.disks))
    newest_done = next(done, "")
    return max((time for time in begun if time > newest_done), default=None)


def decide_replication(
    what: Replication, plan: RecoveryPlan, server: PlanServer, goal: Goal, provider: Provider
) -> Decision:
    """The steps that are left until the recovery point of ``goal`` is complete and older ones are tidied away.

    One that an earlier run began is finished, however fresh the one before it is.
    """
    wanted = f"replicate {server.name} to {server.direction.target}"
    sources = _sources(what.source, server, wanted)
    if isinstance(sources, Refusal):
        return sources
    refusal = _reverting(what.source, wanted) or _failed_over(what, plan, server, wanted)
    if refusal:
        return refusal
    begun = open_point(what, plan, server, provider) == goal.time
    decided = _decide(Cycle(what, plan, server, goal.time, sources, goal.rested), goal, begun, provider)
    if isinstance(decided, Refusal):
        return decided
    marked = (*what.volumes, *provider.marked(what.made))
    told = (*_unplanned(what.source, server), *doubts(marked, plan.name, server.name, what.latest))
    return replace(decided, notes=(*decided.notes, *told))


def unplanned_volumes(seen: Seen, server: PlanServer) -> list[str]:
    """Names or ids of the volumes of the server at the source of which the plan knows nothing."""
    root = which_root(seen)
    known = {found.volume_id for disk in server.source.disks if (found := find_disk(disk, seen, root))}
    strange = [seen.volumes.get(a.volume_id, a) for a in seen.found.attachments if a.volume_id not in known]
    return [one.name or one.id if isinstance(one, Volume) else one.volume_id for one in strange]


def _unplanned(seen: Seen, server: PlanServer) -> Iterator[str]:
    for name in unplanned_volumes(seen, server):
        saw = f"volume {name} of the server at {server.direction.source} is not replicated: the plan does not name it"
        yield f"{saw}. Add it to the volumes of the server in the plan, and run dr_prepare."


def _decide(cycle: Cycle, goal: Goal, begun: bool, provider: Provider) -> Decision:
    points = (point for point in points_of(cycle.replicas) if point.complete(cycle.server.disks))
    newest = next((point for point in points if provider.proves(cycle, point)), None)
    if newest and newest.time >= (goal.time if begun else min(goal.time, goal.fresh_from)):
        cycle = replace(cycle, time=newest.time)
        decided = _finished(cycle, newest, _tidy(cycle, provider))
    else:
        decided = (None if begun else _not_ready(cycle)) or provider.refusal(cycle) or _make(cycle, newest, provider)
    if isinstance(decided, Refusal):
        return decided
    return replace(decided, notes=(*decided.notes, *kept_replicas(cycle), *provider.left(cycle)))


def _not_ready(cycle: Cycle) -> Refusal | None:
    """Why no new recovery point can begin: Cinder would refuse to take the snapshots (cinder/volume/api.py)."""
    busy = [v for disk in cycle.server.disks if (v := cycle.source(disk)).status not in ("in-use", "available")]
    if not busy:
        return None
    direction, server = cycle.server.direction, cycle.what.source.found
    names = ", ".join(f"{volume.name or volume.id} {volume.status}" for volume in busy)
    saw = f"the server at {direction.source} is {server.status} and its volume {names}, and Cinder takes snapshots only"
    todo = "Wait until the volume is in-use or available, then repeat."
    if server.status.startswith("SHELVED"):
        todo = (
            "Unshelve the server, then repeat. A server that does not run writes nothing, so a recovery point made "
            "since it was stopped holds all."
        )
    wanted = f"replicate {server.name} to {direction.target}"
    return Refusal("source_not_ready", wanted, f"{saw} of volumes that are in-use or available", todo)


def _make(cycle: Cycle, newest: RecoveryPoint | None, provider: Provider) -> Plan:
    """The recovery point is not complete yet."""
    before, after = {"recovery_point": newest.time if newest else None}, {"recovery_point": cycle.time}
    steps, tidy = tuple(provider.protect(cycle)), _tidy(cycle, provider)
    if not is_wanted(cycle.plan, cycle.what.twin):
        return Plan(before, after, (*steps, *tidy), extra=after)
    stages = refresh_stages(cycle.what, cycle.plan, cycle.server, _foretold(cycle))
    if isinstance(stages, Refusal):
        return Plan(before, after, steps, (stages.text,), after, _joined(drop_left(cycle.what), tidy))
    return Plan(before, after, steps, extra=after, later=_joined(*stages, tidy))


def _tidy(cycle: Cycle, provider: Provider) -> tuple[Step, ...]:
    return (*retire(cycle), *provider.superfluous(cycle))


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
    before, after = ({**facts, ROOT_POINT: time} for time in (root_state(twin, cycle.plan.name).holds, point.time))
    staged = [*stages, tidy]
    return Plan(before, after, staged[0], extra=after, later=_joined(*staged[1:]))


def _joined(*stages: tuple[Step, ...]) -> tuple[Step, ...] | None:
    return tuple(step for stage in stages for step in stage) or None


def _foretold(cycle: Cycle) -> RecoveryPoint:
    """The root of the recovery point that is about to be made."""
    name, size = cycle.name("root"), cycle.source("root").size
    return RecoveryPoint(cycle.time, {"root": Volume("", name, "available", size)})


def _sources(seen: Seen, server: PlanServer, wanted: str) -> dict[str, Attachment] | Refusal:
    if seen.server is None:
        return Refusal(
            "no_server", wanted, "there is no such server at the source", "Run provision first, or check the name."
        )
    root = which_root(seen)
    disks = {disk.tag: find_disk(disk, seen, root) for disk in server.source.disks if disk.tag in server.disks}
    found = {
        tag: attachment for tag, attachment in disks.items() if attachment and attachment.volume_id in seen.volumes
    }
    lost = [tag for tag in disks if tag not in found]
    if lost:
        saw = f"nothing tells which volume of the server at the source is {', '.join(lost)}"
        return Refusal("no_disk", wanted, saw, "Tag the attachments, or name the volumes in the plan.")
    return found


def _reverting(seen: Seen, wanted: str) -> Refusal | None:
    """In the middle of a revert the volumes of a server are of different moments, so they are no recovery point."""
    names = sorted(v.name or v.id for v in seen.volumes.values() if under_way(v, seen.found.id))
    if not names:
        return None
    saw = f"a revert of the server at the source is not finished: volume {', '.join(names)}"
    todo = "Repeat server_root_volume_revert as it was called, then repeat. Recovery points from before it are kept."
    return Refusal("reverting", wanted, saw, todo)


def _failed_over(what: Replication, plan: RecoveryPlan, server: PlanServer, wanted: str) -> Refusal | None:
    """The target leads from the moment that a replica is on the twin, or that the twin woke on a refreshed root."""
    state = root_state(what.twin, plan.name)
    ran, root = may_have_run(what.twin, state), state.volume
    if ran and root:
        return Refusal("failed_over", wanted, ran, f"{_TURN} If what the target wrote is not needed: {new_twin(root)}")
    attached = {a.volume_id for a in what.twin.server.attachments} if what.twin.server else set()
    copies = [root] if root and state.kind is Kind.COPY else []
    in_use = (v for v in what.replicas(plan, server) if v.id in attached or v.attached_to)
    used = [v.name for v in (*copies, *in_use)]
    if not used:
        return None
    saw = f"the target uses the replica {', '.join(sorted(used))}: it was failed over"
    todo = new_twin(copies[0]) if copies else "take the replica off the twin."
    return Refusal("failed_over", wanted, saw, f"{_TURN} If what the target wrote is not needed: {todo}")
