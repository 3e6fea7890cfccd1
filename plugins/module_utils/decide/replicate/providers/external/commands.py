# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of a plan as steps."""

from __future__ import annotations

from typing import Any

from .....data.direction import other
from .....data.external import request
from .....data.parts import Part
from .....data.steps import Step
from ....plan.recovery_plan import PlanServer, RecoveryPlan


def command(plan: RecoveryPlan, server: PlanServer, verb: str, text: str, part: Part, **more: Any) -> Step:
    """Runs a command of the plan about one server; ``more`` is what only this verb gets."""
    source, target = server.direction.source.letter, server.direction.target.letter
    args = {
        "argv": plan.options["commands"][verb],
        "timeout": plan.options["timeout"],
        "given": request(verb, plan.name, source, target, server=server.name, **more),
    }
    return Step("command", f"{text} (command {verb})", args, part=part)


def status_request(plan: RecoveryPlan, target: str) -> dict[str, Any]:
    """What the status command gets: all servers of the run at once, and the site whose points it shall tell."""
    servers = {server.name: list(server.disks) for server in plan.servers}
    return request("status", plan.name, other(target), target, servers=servers)
