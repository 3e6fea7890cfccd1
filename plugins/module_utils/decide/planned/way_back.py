# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would keep the old site from becoming the standby after a planned failover: told before the first server stops.

It stops nothing: the move itself needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...data.seen import Limits, Offer
from ...data.steps import Finding, Refusal
from ..plan.quota import need_findings
from ..plan.recovery_plan import RecoveryPlan, problems_back
from ..root.volume_copy import too_old
from ..root.ways import Asked, choose_way


@dataclass(frozen=True)
class WayBack:
    """What is known of the direction back before the move.

    :param offer: what the old site offers for root volumes.
    :param refused: clouds that replication in that direction needs and that cannot be used, by key in the plan: why.
    :param limits: the quota of Cinder at the old site.
    :param sizes: of the volumes of the servers that are to be moved, in GiB.
    """

    offer: Offer
    refused: Mapping[str, str]
    limits: Limits
    sizes: Sequence[int]


def way_back_findings(what: WayBack, plan: RecoveryPlan) -> list[Finding]:
    """All of it, the plan first."""
    site = plan.direction.source
    until = f"Until this is mended, {site} cannot become the standby, and nothing protects the servers."
    found = [
        *_of_plan(plan),
        *(Finding(key, "one that can be used", None, why) for key, why in what.refused.items()),
        *_of_handover(what, plan),
    ]
    return [Finding(one.what, one.wanted, one.seen, str(one), False, f"The move goes on. {until}") for one in found]


def _of_plan(plan: RecoveryPlan) -> Iterator[Finding]:
    for problem in problems_back(plan):
        words = f"towards {plan.direction.source} the plan has a problem: {problem}"
        yield Finding("plan", "one for both directions", problem, words)


def _of_handover(what: WayBack, plan: RecoveryPlan) -> Iterator[Finding]:
    """Whether the old site can be handed over to, and has room for a recovery point beside the old volumes."""
    site = str(plan.direction.source)
    chosen = choose_way(Asked(plan.handover, plan.fallback, cloud=site), what.offer, "")
    if isinstance(chosen, Refusal):
        yield _refused(chosen)
        return
    reimages = chosen.method == "reimage"
    refusal = too_old(what.offer, "", site, "Say handover: recreate in the plan.") if reimages else None
    if refusal:
        yield _refused(refusal)
    needs = {"volumes": len(what.sizes), "gigabytes": sum(what.sizes)}
    if reimages:  # a snapshot keeps what is on each old volume
        needs = {**needs, "gigabytes": 2 * needs["gigabytes"], "snapshots": len(what.sizes)}
    yield from need_findings(what.limits, needs, "the way back needs", site)


def _refused(refusal: Refusal) -> Finding:
    return Finding("handover", "possible", refusal.seen, f"{refusal.seen}. {refusal.todo}".rstrip("."))
