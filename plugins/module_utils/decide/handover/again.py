# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing a recovery point again, after a failover to one that was bad as well.

What the target wrote since is superseded and kept: its server is put to rest like one of a site that led before. Then
the failover begins anew, on the other recovery point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...data.seen import Seen, Snapshot
from ...data.steps import Decision, Plan, Refusal
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..reprotect.rest import cannot_rest, rest_steps
from ..reprotect.superseded import Old
from ..root.root_state import is_superseded, sleeps
from ..root.ways import Chosen, choose
from ..server.facts import server_facts
from ..server.root_volume import which_root
from ..server.states import CAN_SHELVE, SHELVE_TASKS, advice, busy
from .failover import OTHER_POINT, decide_failover
from .recovery import Recovery


@dataclass(frozen=True)
class Again:
    """What is looked at beside a `Recovery`.

    :param snapshots: of the target, those with the marks of the server.
    :param now: UTC, for the marks.
    """

    snapshots: Sequence[Snapshot]
    now: str


def decide_again(what: Recovery, more: Again, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """As `decide_failover`, but a server on data of another recovery point is put to rest first."""
    decided = decide_failover(what, server, plan)
    chosen = choose(plan, what.seen.offer, "")
    if isinstance(chosen, Refusal) or what.seen.server is None:
        return decided
    other = isinstance(decided, Refusal) and decided.code == OTHER_POINT
    if not (other or _half_way(what.seen, plan.name, chosen)):
        return decided
    old = Old(what.seen, more.snapshots, server, chosen.method, more.now, _generation(what.seen))
    refusal = _refusal(old, server)
    if refusal:
        return refusal
    before = server_facts(what.seen, which_root(what.seen))
    steps = tuple(replace(step, cloud="here") for step in rest_steps(old, str(server.direction.target)))
    note = "what the target wrote since the failover is superseded and kept"
    return Plan(before, {**before, "status": "SHELVED_OFFLOADED"}, steps, (note,), chosen.facts, later=())


def _half_way(seen: Seen, plan: str, chosen: Chosen) -> bool:
    """Whether a run that was killed marked the volumes and did not put the server to rest."""
    marked = any(is_superseded(volume, plan, seen.found.name) for volume in seen.volumes.values())
    return marked and (chosen.method == "attach" or not sleeps(seen))


def _generation(seen: Seen) -> int:
    return max((volume.marks.generation for volume in seen.volumes.values()), default=1)


def _refusal(old: Old, server: PlanServer) -> Refusal | None:
    wanted, target = f"choose another recovery point for {server.name}", server.direction.target
    if old.it.task_state not in SHELVE_TASKS and old.it.status != "SHELVED":
        refusal = busy(old.it, wanted)
        if refusal:
            return refusal
        if old.it.status not in CAN_SHELVE | {"SHELVED_OFFLOADED"}:
            return Refusal("wrong_state", wanted, f"the server is {old.it.status}", advice(old.it.status))
    return cannot_rest(old, target, wanted)
