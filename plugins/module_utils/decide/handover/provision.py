# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a plan at one site: built, unless the other site leads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...data.seen import Site, Volume
from ...data.steps import Decision, Refusal
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..server.present_absent import decide_present
from .fence import SiteAnswer

#: Roles of volumes on which only a failover brings a server up.
_LED = frozenset({"replica", "copy"})

#: States of a volume that a server has, also one that sleeps.
_HAD = frozenset({"in-use", "reserved", "attaching", "detaching"})


def decide_provision(site: Site, other: SiteAnswer | None, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Builds the server or mends it, as `decide_present`.

    :param other: what the other site answered; None if it was not asked, because nothing is to be built.
    """
    used = led(other.volumes, plan.name, server.name) if other else []
    direction = server.direction
    if used:
        saw = f"{direction.target} leads it: its {', '.join(used)} is in use there"
        todo = (
            "A second server would run beside it, on other data. If it does not lead, detach the volume there, then "
            "repeat."
        )
        return Refusal("other_site_leads", f"build {server.name} at {direction.source}", saw, todo)
    decided = decide_present(site, server.source)
    if isinstance(decided, Refusal) or other is None or (other.reached and not other.error):
        return decided
    why = other.error.rstrip(".")
    note = f"nothing tells whether {direction.target} leads {server.name} ({why}): make sure that it does not run there"
    return replace(decided, notes=(*decided.notes, note))


def led(volumes: Iterable[Volume], plan: str, server: str) -> list[str]:
    """The volumes on which a failover brought the server up, in words."""
    found = (v for v in volumes if v.marks.of(plan, server) and v.marks.role in _LED)
    return sorted(f"{v.marks.role} {v.name or v.id}" for v in found if v.attached_to or v.status in _HAD)
