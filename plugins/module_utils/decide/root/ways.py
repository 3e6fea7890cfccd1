# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a volume becomes the root of a server: what was asked for, and whether the cloud can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...data.seen import Offer
from ...data.steps import Refusal
from ..plan.recovery_plan import RecoveryPlan
from ..server.states import lacks_guarded_api

_KEPT = dict.fromkeys(
    ("server_id", "smbios_uuid", "cloud_init_instance_id", "ports", "mac_addresses", "ip_addresses"), "kept"
)

#: What each way does to that by which guests, licences and other systems know a server.
IDENTITY: Mapping[str, Mapping[str, str]] = {
    "attach": {**_KEPT, "root_volume_id": "new"},
    "reimage": {**_KEPT, "root_volume_id": "kept"},
    "recreate": {
        **dict.fromkeys(("server_id", "smbios_uuid", "cloud_init_instance_id"), "new"),
        **dict.fromkeys(("ports", "mac_addresses", "ip_addresses"), "kept"),
        "root_volume_id": "new",
    },
}


@dataclass(frozen=True)
class Chosen:
    """A way of handing over, and why it is that one."""

    method: str
    reason: str

    @property
    def facts(self) -> dict[str, Any]:
        """For results: the way, why it is that one, and what it does to the identity of the server."""
        identity = dict(IDENTITY[self.method])
        return {"handover": self.method, "handover_reason": self.reason, "identity": identity}


@dataclass(frozen=True)
class Asked:
    """What was asked for, and how messages name who asked and the cloud: a recovery plan by default."""

    handover: str
    fallback: str | None = None
    who: str = "the plan"
    cloud: str = "the target"


def choose(plan: RecoveryPlan, offer: Offer, wanted: str) -> Chosen | Refusal:
    """The way that a plan names."""
    return choose_way(Asked(plan.handover, plan.fallback), offer, wanted)


def choose_way(asked: Asked, offer: Offer, wanted: str) -> Chosen | Refusal:
    """The way that was asked for, never another one: decided from what the cloud tells, before anything is changed.

    "auto" is "attach" where the cloud offers it, else the fallback.
    """
    if asked.handover in ("recreate", "reimage"):
        return Chosen(asked.handover, f"{asked.who} says so")
    if offer.guarded_api:
        return Chosen("attach", f"the guarded root volume API of {asked.cloud} is {offer.how}")
    lacks = lacks_guarded_api(asked.cloud)
    if asked.handover == "attach":
        todo = "The handover attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate."
        return Refusal("no_guarded_api", wanted, lacks, todo)
    if asked.fallback is None:
        who = asked.who[:1].upper() + asked.who[1:]
        todo = f"{who} says handover: auto without a fallback. Add fallback: reimage, or fallback: recreate."
        return Refusal("no_fallback", wanted, lacks, todo)
    return Chosen(asked.fallback, f"{lacks}; {asked.who}'s fallback")
