# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery point that is no volumes yet becomes volumes before it is handed over."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ...data.steps import Decision, Refusal, Step
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint, points_of
from .recovery import Recovery


class MakesUsable(Protocol):
    """The part of a provider that is needed here."""

    def make_usable(
        self, what: Recovery, plan: RecoveryPlan, server: PlanServer, point: RecoveryPoint
    ) -> tuple[tuple[Step, ...], ...] | Refusal:
        """See `Provider`."""


def made_usable(
    decided: Decision, what: Recovery, server: PlanServer, plan: RecoveryPlan, provider: MakesUsable
) -> Decision:
    """A failover that first has its recovery point made usable, if it is no volumes yet.

    Then everything is read again: what is handed over are the volumes that are there by then.
    """
    if isinstance(decided, Refusal) or not decided.changed:
        return decided
    time = decided.extra.get("recovery_point")
    point = next((one for one in points_of(what.replicas) if one.time == time), None)
    stages = provider.make_usable(what, plan, server, point) if point else ()
    if isinstance(stages, Refusal) or not stages:
        return stages if isinstance(stages, Refusal) else decided
    later = tuple(step for stage in stages[1:] for step in stage)
    return replace(decided, steps=stages[0], later=(*later, *decided.foretold))
