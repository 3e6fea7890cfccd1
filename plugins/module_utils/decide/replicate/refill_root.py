# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reimage while dormant: replication copies each recovery point into the root of the twin, once it is complete.

Then a failover copies nothing. While it is copied the twin has no usable root; the replicas of the recovery point stay,
and those of the one before it until the copy is complete. The root is overwritten only while the twin has slept without
a break since it was first filled.
"""

from __future__ import annotations

from dataclasses import replace

from ...data.marks import WOKEN
from ...data.parts import Part
from ...data.seen import Seen, Volume
from ...data.steps import Refusal, Step, Until
from ..handover.bring_up import unfit_twin
from ..handover.by_reimage import fill_steps, if_it_fails, unfit_root
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint
from ..root.refreshed_root import forget_steps, woken_unknown
from ..root.root_state import Kind, root_state, sleeps
from ..root.volume_copy import boot_properties, check_step, clean_steps, drop_steps, earlier_copy
from ..root.ways import Chosen, choose
from ..server.states import busy
from .replication import Replication


def is_wanted(plan: RecoveryPlan, seen: Seen) -> bool:
    """Whether replication refreshes the root of this twin: the plan says so, and its way of handing over is reimage."""
    chosen = choose(plan, seen.offer, "refresh")
    return plan.when == "at_replication" and isinstance(chosen, Chosen) and chosen.method == "reimage"


def refresh_stages(
    what: Replication, plan: RecoveryPlan, server: PlanServer, point: RecoveryPoint
) -> list[tuple[Step, ...]] | Refusal:
    """What is left until the root of the twin is a copy of a recovery point; that the target ran is refused before.

    After each stage it must be read and decided again. What the root holds is forgotten, then looked whether a failover
    has claimed it meanwhile, then copied (see _staged in handover/by_reimage.py).
    """
    seen, wanted = what.twin, f"refresh the root of the twin {server.name}"
    refusal = unfit_twin(seen, wanted) or _awake(seen, wanted)
    if refusal:
        return refusal
    state, replica = root_state(seen, plan.name), point.volumes["root"]
    root = state.volume
    if root is None or not state.sure:
        saw = "nothing tells which volume is the root of the twin"
        return Refusal("root_unknown", wanted, saw, "Delete the twin and run dr_prepare: it tags the root.")
    refusal = unfit_root(seen, root, replica, plan.name, wanted) or _unfit(replica, seen, wanted)
    if refusal:
        return refusal
    ours = state.kind is Kind.REFRESHED
    if ours and state.holds == point.time:
        return _staged((*clean_steps(root, root.image_metadata), *drop_left(what)))
    begin = forget_steps(root) if ours else _mark(root, seen.woken)
    forgotten = replace(root, image_metadata=boot_properties(root))
    fill = fill_steps(forgotten, point, server)
    first = (check_step(root.id), *begin) if begin else ()
    return _staged(earlier_copy(root, if_it_fails(root)), first, (*drop_left(what), *fill))


def _awake(seen: Seen, wanted: str) -> Refusal | None:
    twin = seen.found
    if sleeps(seen) and not twin.task_state:
        return None
    saw = f"the twin is {twin.status}, not at rest"
    return busy(twin, wanted) or Refusal("wrong_state", wanted, saw, "Run dr_prepare, then repeat.")


def _unfit(replica: Volume, seen: Seen, wanted: str) -> Refusal | None:
    if replica.status != "available":
        saw = f"the replica {replica.name} is {replica.status}"
        return Refusal("replica_busy", wanted, saw, "Wait until it is available, then repeat.")
    return woken_unknown(seen, wanted)


def _mark(root: Volume, woken: str | None) -> tuple[Step]:
    args = {"volume_id": root.id, "metadata": {WOKEN: woken}}
    return (Step("set_volume_metadata", f"mark the root {root.name} as one that is refreshed", args),)


def drop_left(what: Replication) -> tuple[Step, ...]:
    """Removes what a killed run left, and waits: the replica of which a snapshot is left may be the next to go."""
    waits = (
        Step(
            "wait",
            f"wait until snapshot {snapshot.name} is gone",
            until=Until("snapshot", snapshot.id, frozenset({"gone"}), frozenset({"deleting"})),
        )
        for snapshot in what.helpers.snapshots
    )
    return _at_target((*drop_steps(what.helpers), *waits))


def _staged(*stages: tuple[Step, ...]) -> list[tuple[Step, ...]]:
    """Those in which anything is done."""
    return [_at_target(stage) for stage in stages if stage]


def _at_target(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps at the cloud at which the twin is."""
    return tuple(replace(step, cloud="target", part=Part.REFRESH) for step in steps)
