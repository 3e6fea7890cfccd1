# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a plan at one site: built, unless the other site leads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...data.direction import other as other_letter
from ...data.seen import Offer, Seen, Server, Site, Volume
from ...data.steps import Decision, Refusal
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..server.present_absent import decide_present
from ..status.leadership import AtSite, Standing, at_site, leadership
from .fence import SiteAnswer

#: Roles of volumes on which only a failover brings a server up.
_LED = frozenset({"replica", "copy"})

#: States of a volume that a server has, also one that sleeps.
_HAD = frozenset({"in-use", "reserved", "attaching", "detaching"})

_LISTED = Offer(False, "not asked")


def decide_provision(site: Site, other: SiteAnswer | None, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Builds the server or mends it, as `decide_present`.

    :param other: what the other site answered; None if it was not asked, because nothing is to be built.
    """
    refusal = _led(other, server, plan) if other else None
    if refusal:
        return refusal
    decided = decide_present(site, server.source)
    if isinstance(decided, Refusal) or other is None or (other.reached and not other.error):
        return decided
    why, there = other.error.rstrip("."), server.direction.target
    note = f"nothing tells whether {there} leads {server.name} ({why}): make sure that it does not run there"
    return replace(decided, notes=(*decided.notes, note))


def _led(other: SiteAnswer, server: PlanServer, plan: RecoveryPlan) -> Refusal | None:
    """Refuses a server that the other site leads, or may lead."""
    saw = _led_by_server(other, server, plan)
    used = _used(other.volumes, plan.name, server.name)
    if used:
        saw = f"{server.direction.target} leads it: its {', '.join(used)} is in use there"
    if not saw:
        return None
    todo = (
        "A second server would run beside it, on other data. If it does not lead, detach its volumes there or give the "
        "server another name, then repeat."
    )
    return Refusal("other_site_leads", f"build {server.name} at {server.direction.source}", saw, todo)


def _led_by_server(other: SiteAnswer, server: PlanServer, plan: RecoveryPlan) -> str:
    """What the servers of the other site tell, by the rule that `dr_status` has; "" if none of them leads."""
    here, there = server.direction.source.letter, server.direction.target
    for one in _shown(other, server.name, plan.name):
        called = "" if one.name == server.name else f", called {one.name} there"
        found = at_site(_as_seen(replace(one, name=server.name), other.volumes), plan.name)
        led = leadership({here: AtSite(Standing.MISSING), other_letter(here): found})
        if led.leader:
            return f"{there} leads it: its {server.name} ({one.status}{called}) holds data there"
        if not led.sure:
            return f"{there} has {server.name} ({one.status}{called}), and nothing tells what it holds"
    return ""


def _shown(other: SiteAnswer, server: str, plan: str) -> Iterator[Server]:
    """The servers with the name of the planned one, and those that have a volume of it."""
    users = {user for v in other.volumes if v.marks.of(plan, server) for user in v.attached_to}
    return (one for one in other.servers if one.name == server or one.id in users)


def _as_seen(server: Server, volumes: Iterable[Volume]) -> Seen:
    own = {a.volume_id for a in server.attachments}
    return Seen(server, _LISTED, {v.id: v for v in volumes if v.id in own})


def _used(volumes: Iterable[Volume], plan: str, server: str) -> list[str]:
    """The volumes on which a failover brought the server up, in words. Whose they are now does not matter."""
    found = (v for v in volumes if v.marks.of(plan, server) and v.marks.role in _LED)
    return sorted(f"{v.marks.role} {v.name or v.id}" for v in found if v.attached_to or v.status in _HAD)
