# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first half of a planned failover: the server of the source is stopped, so that its last recovery point holds all.

A mark tells that it was stopped for this, so that the way back starts no server that was off before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.marks import STOPPED
from ...data.seen import Seen, Server
from ...data.steps import Decision, Plan, Refusal, Step, Until
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..server.states import AT_REST, busy, locked
from ..status.leadership import AtSite, leadership

#: The task of a server that is being stopped (nova/compute/task_states.py).
STOPPING = "powering-off"

#: What to do in a state from which a server is not stopped.
_ADVICE = {
    "PAUSED": "What is in its memory is not on its disks. Unpause it (openstack server unpause), then repeat.",
    "SUSPENDED": "What is in its memory is not on its disks. Resume it (openstack server resume), then repeat.",
}


def decide_stop(sites: Mapping[str, AtSite], woken: str | None, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Stops the server that the source leads. One that the target leads already is left alone.

    :param sites: by letter how the server stands there; both answered.
    :param woken: when the twin was last made or unshelved, by Nova's record; None if there is no twin.
    """
    source, target = plan.direction.source, plan.direction.target
    wanted, led = f"stop {server.name} at {source}", leadership(sites)
    if led.disputed:
        saw = "both sites hold data of the same generation, so nothing tells which leads"
        return Refusal("disputed", wanted, saw, "Look at both, and stop the one that you do not want.")
    found = _server(sites[source.letter].seen)
    facts = {"leader": led.leader or None, "generation": led.generation, **_facts(found)}
    if led.leader == target.letter:
        return Plan(facts, facts, notes=(f"{target} leads it already",))
    if found is None or not led.leader:
        saw = f"{source} does not lead it: it holds no data of it"
        return Refusal("no_leader", wanted, saw, "Look at dr_status. dr_failover without planned needs no source.")
    refusal = _refusal(found, wanted)
    if refusal:
        return refusal
    steps = () if found.status in AT_REST else _steps(found, woken, str(source))
    return Plan(facts, {**facts, "status": "SHUTOFF"} if steps else facts, steps)


def _server(seen: Seen | None) -> Server | None:
    return seen.server if seen else None


def _facts(found: Server | None) -> dict[str, Any]:
    return {"id": found.id, "status": found.status} if found else {}


def _refusal(found: Server, wanted: str) -> Refusal | None:
    if found.status in AT_REST:
        return busy(found, wanted)
    if found.status != "ACTIVE":
        todo = _ADVICE.get(found.status, "Bring it to ACTIVE or SHUTOFF, then repeat.")
        return Refusal("wrong_state", wanted, f"it is {found.status}, and only ACTIVE servers are stopped", todo)
    stopping = found.task_state == STOPPING
    return None if stopping else busy(found, wanted) or locked(found, wanted)


def _steps(found: Server, woken: str | None, source: str) -> tuple[Step, ...]:
    """The mark comes first: it changes Nova's record, which must not change once the server is at rest."""
    until = until_stopped(found.id)
    if found.task_state == STOPPING:
        return (Step("wait", f"wait until server {found.name} at {source} is stopped", until=until, cloud="source"),)
    marks = {"server_id": found.id, "metadata": {STOPPED: woken or "no twin"}}
    note = Step("set_server_metadata", f"note at server {found.name} that it is stopped", marks, cloud="source")
    stop = Step("stop", f"stop server {found.name} at {source}", {"server_id": found.id}, until, cloud="source")
    return note, stop


def until_stopped(server_id: str) -> Until:
    """The end of a stop."""
    return Until("server", server_id, frozenset({"SHUTOFF"}), frozenset({"ACTIVE"}))
