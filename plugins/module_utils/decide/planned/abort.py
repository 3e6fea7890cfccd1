# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back of a planned failover, as long as the target was not asked to run anything.

The replicas come off the twin, and the server at the source that was stopped for the failover is started again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from ...data.direction import Direction
from ...data.marks import POINT, ROLE, STATE, STOPPED
from ...data.parts import Part
from ...data.seen import Seen, Server
from ...data.steps import Decision, Plan, Refusal, Step, Until, for_part
from ...data.texts import listed
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..root.root_state import Kind, kind_of, root_state, sleeps
from ..server.root_volume import which_root
from ..server.shelve import until_stopped
from ..server.states import busy, locked
from ..twin.prepare import take_off
from .stop import NO_TWIN, STOPPING, noted, server_facts


@dataclass(frozen=True)
class HalfWay:
    """One server in the middle of a planned failover.

    :param source: the server at the source.
    :param twin: the server at the target, with woken; its volumes tell whether it holds a recovery point.
    :param moved: names of all servers of the run that the target was asked to run.
    """

    source: Seen
    twin: Seen
    moved: Collection[str] = ()


def may_have_run(source: Seen, twin: Seen, plan: str) -> bool:
    """Whether the target was asked to run a server since it was stopped for the failover.

    Nova's record of the twin tells: it is the one that was noted at the source as long as nobody woke it. A twin that
    is gone was deleted to be built anew, and a server that is being built shows no volumes yet. A server without the
    mark is no part of the failover: the target may lead it since long ago.
    """
    mark = noted(source.server)[1] if source.server else ""
    if not mark:
        return False
    if twin.server is None:
        return mark != NO_TWIN
    if sleeps(twin) and not handed_over(twin, plan):
        return False
    return not sleeps(twin) or mark != (twin.woken or NO_TWIN)


def handed_over(twin: Seen, plan: str) -> bool:
    """Whether there is a twin that holds data of a recovery point, which only a failover puts there."""
    handed = {Kind.REPLICA, Kind.COPY}
    return twin.server is not None and any(
        kind_of(volume, plan, twin.found.name) in handed for volume in twin.volumes.values()
    )


def decide_abort(what: HalfWay, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Takes a planned failover back; does nothing where none was begun."""
    direction, wanted = plan.direction, f"take the planned failover of {server.name} back"
    if what.moved:
        saw = f"{direction.target} was asked to run {listed(sorted(what.moved))}"
        todo = "From here it only goes forward: repeat the planned failover. Others can be taken back alone: with only."
        return Refusal("too_late", wanted, saw, todo)
    found = what.source.server
    before = server_facts(found)
    if found is None or not noted(found)[1]:
        return Plan(before, before)
    refusal = _refusal(found, wanted)
    if refusal:
        return refusal
    steps = (*_emptied(what.twin, plan.name), *_started(found, direction))
    starts = any(step.verb == "start" for step in steps)
    return Plan(before, {**before, "status": "ACTIVE"} if starts else before, steps)


def _refusal(found: Server, wanted: str) -> Refusal | None:
    if found.status == "ACTIVE":
        return None
    if found.status != "SHUTOFF":
        saw = f"the server at the source is {found.status}, not SHUTOFF"
        return Refusal("wrong_state", wanted, saw, "Bring it to SHUTOFF or ACTIVE, then repeat.")
    return busy(found, wanted) or locked(found, wanted)


def _emptied(twin: Seen, plan: str) -> Iterator[Step]:
    """Takes the volumes off the twin. A root that the failover claimed stays, and counts as a placeholder again."""
    if not handed_over(twin, plan):
        return
    state, root = root_state(twin, plan), which_root(twin).volume_id
    kept = state.volume if state.kind is Kind.COPY else None
    ids = [a.volume_id for a in twin.found.attachments if kept is None or a.volume_id != kept.id]
    steps = list(take_off(twin, sorted(ids, key=lambda one: one != root)))
    if kept:
        args = {"volume_id": kept.id, "metadata": {ROLE: "placeholder", STATE: "", POINT: ""}}
        steps.append(Step("set_volume_metadata", f"note at the root {kept.name} that nothing ran on it", args))
    yield from (replace(step, cloud="target") for step in for_part(Part.TAKE_OFF, steps))


def _started(found: Server, direction: Direction) -> Iterator[Step]:
    """Starts the server, unless it was off before. The mark goes last, so that a run that is killed can be repeated."""
    ran, _twin = noted(found)
    args, at = {"server_id": found.id}, f"server {found.name} at {direction.source}"
    if found.task_state == STOPPING:
        yield Step("wait", f"wait until {at} is stopped", until=until_stopped(found.id), cloud="source")
    if ran and (found.status != "ACTIVE" or found.task_state == STOPPING):
        until = Until("server", found.id, frozenset({"ACTIVE"}), frozenset({"SHUTOFF"}))
        yield Step("start", f"start {at}", args, until, cloud="source")
    cleared = {**args, "metadata": {STOPPED: ""}}
    yield Step("set_server_metadata", f"note at {at} that nothing is begun any more", cleared, cloud="source")
