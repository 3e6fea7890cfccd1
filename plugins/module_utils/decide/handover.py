# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a replica becomes the root of its server: what the plan says, and whether the cloud can."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Offer
from ..plan import Refusal
from .recovery_plan import RecoveryPlan


@dataclass(frozen=True)
class Chosen:
    """A way of handing over, and why it is that one."""

    method: str
    reason: str

    @property
    def facts(self) -> dict[str, str]:
        """For the result of a wave."""
        return {"handover": self.method, "handover_reason": self.reason}


def choose(plan: RecoveryPlan, offer: Offer, wanted: str) -> Chosen | Refusal:
    """The way that the plan names, never another one: decided from what the cloud tells, before anything is changed.

    "auto" is "attach" where the cloud offers it, else the plan's fallback.
    """
    if plan.handover in ("recreate", "reimage"):
        return Chosen(plan.handover, "the plan says so")
    if offer.guarded_api:
        return Chosen("attach", f"the guarded root volume API of site B is {offer.how}")
    lacks = "site B does not advertise the guarded root volume API (os-root-volume is not in its extension list)"
    if plan.handover == "attach":
        todo = "The handover attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate."
        return Refusal("no_guarded_api", wanted, lacks, todo)
    if plan.fallback is None:
        todo = "The plan says handover: auto without a fallback. Add fallback: reimage, or fallback: recreate."
        return Refusal("no_fallback", wanted, lacks, todo)
    return Chosen(plan.fallback, f"{lacks}; the plan's fallback")
