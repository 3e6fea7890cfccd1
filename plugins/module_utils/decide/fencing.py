# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate against two running copies of one application: may site B take over?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..plan import Refusal

#: States in which a server does not run (nova/compute/vm_states.py). Any other state counts as running.
AT_REST = frozenset({"SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "DELETED"})


@dataclass(frozen=True)
class SiteAnswer:
    """What site A answered.

    :param reached: whether anything answered at all.
    :param error: why the servers could not be read, "" if they could.
    :param statuses: name and status of each server that site A knows under a name of the plan.
    """

    reached: bool
    error: str = ""
    statuses: Sequence[tuple[str, str]] = ()


def may_fail_over(answer: SiteAnswer, plan: str, reason: str | None) -> Refusal | str:
    """Whether the servers may be brought up at site B: a refusal, or in words why they may.

    :param reason: the operator's own words why site A is down, which overrule what it answers.
    """
    running = sorted(f"{name} ({status})" for name, status in answer.statuses if status not in AT_REST)
    if reason:
        return f"the operator says that site A is down: {reason}"
    if not answer.reached:
        return f"site A does not answer ({answer.error})"
    if not running and not answer.error:
        return "site A answers, and none of these servers runs there"
    saw = f"site A answers, and there run {', '.join(running)}" if running else f"site A answers, with {answer.error}"
    unsafe = "Two copies of one application would run" if running else "Nobody knows whether its servers run"
    todo = (
        f"{unsafe}. Stop the servers at site A first, or if you know that they cannot run, say why: "
        'dr_site_b_site_a_is_down: "<reason>".'
    )
    return Refusal("site_a_answers", f"fail over {plan}", saw, todo)
