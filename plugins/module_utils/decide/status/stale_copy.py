# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tames a copy that a site still holds after the other one took over: it is stopped, and locked against a start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...data.parts import Part
from ...data.seen import Server
from ...data.steps import Decision, Plan, Refusal, Step
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..server.shelve import stop_step
from ..server.states import AT_REST, busy, locked
from .leadership import AtSite, Leadership, Standing, disputed, leadership

#: What Nova shows to whoever asks why the server is locked.
REASON = "standby.openstack: a stale copy, the other site leads"

#: From these Nova stops a server (nova/compute/api.py, stop: check_instance_state).
_CAN_STOP = frozenset({"ACTIVE", "ERROR"})

#: States in which a server does not run and cannot be stopped; the lock keeps it there.
_FROZEN = frozenset({"PAUSED", "SUSPENDED"})


def decide_fence(sites: Mapping[str, AtSite], server: PlanServer, plan: RecoveryPlan, only_at: str = "") -> Decision:
    """Stops and locks the stale copy of a server, and touches nothing else. Its volumes stay on it.

    :param sites: by letter how the server stands there; both answered.
    :param only_at: the letter of the only site whose copies may be stopped, "" for either. Whoever may write to the
        volumes of a site can claim a generation; with this the claim cannot stop the servers of the other site.
    """
    led, wanted = leadership(sites), f"fence {server.name}"
    dispute = disputed(led, wanted)
    if dispute:
        return dispute
    site = sites.get(led.stale)
    stale = site.seen.server if site and site.seen else None
    if stale is None:
        facts = _facts(led, None)
        return Plan(facts, facts)
    refusal = _not_that_one(sites, plan, only_at, wanted) or _refusal(stale, wanted)
    if refusal:
        return refusal
    after = {"status": "SHUTOFF"} if stale.status in _CAN_STOP else {}
    steps = _steps(stale, plan.direction.role(led.stale), str(plan.direction.site(led.stale)))
    return Plan(_facts(led, stale), {**_facts(led, stale), **after, "locked": True}, steps)


def _facts(led: Leadership, stale: Server | None) -> dict[str, Any]:
    told = {"id": stale.id, "status": stale.status, "locked": stale.locked} if stale else {}
    return {"leader": led.leader or None, "generation": led.generation, "stale": led.stale or None, **told}


def _not_that_one(sites: Mapping[str, AtSite], plan: RecoveryPlan, only_at: str, wanted: str) -> Refusal | None:
    """Refuses to stop a copy at a site that was not named, and without a name the only copy that runs.

    A failover that was killed before it started the server leaves the old copy as the only one that runs.
    """
    led = leadership(sites)
    where, leader = str(plan.direction.site(led.stale)), str(plan.direction.site(led.leader))
    if only_at not in ("", led.stale):
        saw = f"the stale copy is at {where}: {leader} claims generation {led.generation}"
        todo = f"Look whether {leader} leads. If it does, say dr_plan_site: {led.stale}."
        return Refusal("wrong_site", wanted, saw, todo)
    if only_at or not led.two_copies or sites[led.leader].standing is Standing.RUNS:
        return None
    saw = f"{leader} leads with generation {led.generation} and is at rest, so only the older copy at {where} runs"
    todo = f"Find out which of them is to run. If the one at {where} is to be stopped, say dr_plan_site: {led.stale}."
    return Refusal("leader_at_rest", wanted, saw, todo)


def _refusal(stale: Server, wanted: str) -> Refusal | None:
    if stale.status in AT_REST | _FROZEN:
        return busy(stale, wanted)
    if stale.status not in _CAN_STOP:
        saw = f"the stale copy is {stale.status}, and Nova stops only servers that are ACTIVE or in ERROR"
        return Refusal("wrong_state", wanted, saw, "Bring it to ACTIVE or SHUTOFF, then repeat.")
    return busy(stale, wanted) or locked(stale, wanted)


def _steps(stale: Server, cloud: str, where: str) -> tuple[Step, ...]:
    lock = Step(
        "lock", f"lock the stale copy {stale.name} at {where}", {"server_id": stale.id, "reason": REASON},
        cloud=cloud, part=Part.FENCE,
    )  # fmt: skip
    stops = (replace(stop_stale_copy(stale, where), cloud=cloud),) if stale.status in _CAN_STOP else ()
    return (*stops, *(() if stale.locked else (lock,)))


def stop_stale_copy(stale: Server, where: str) -> Step:
    """The step that stops a stale copy."""
    return stop_step(stale.id, f"the stale copy {stale.name} at {where}", Part.FENCE, _CAN_STOP)
