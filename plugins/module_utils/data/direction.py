# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which site to which one an operation goes. Below the schema of a plan nothing says "a" or "b"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .steps import Decision, Plan, Refusal, Step

#: The letters of the two sites of a plan.
SITES = ("a", "b")

#: A playbook that takes a direction, where a text tells people to run it.
_PLAYBOOK = re.compile(r"\bdr_(?:prepare|replicate|readiness|failover|drill_cleanup|drill)\b(?! -e to=)")


@dataclass(frozen=True)
class PlanSite:
    """One site of a plan. `str` is what people read: "site A", or with a title "Frankfurt (site A)".

    :param letter: "a" or "b".
    :param cloud: its name in clouds.yaml, or the configuration itself.
    :param admin_cloud: the same for what only administrators may do; None if the plan names none.
    """

    letter: str
    cloud: Any
    admin_cloud: Any = None
    title: str = ""

    def __str__(self) -> str:
        site = f"site {self.letter.upper()}"
        return f"{self.title} ({site})" if self.title else site


@dataclass(frozen=True)
class Direction:
    """The source leads, or led; the target takes over."""

    source: PlanSite
    target: PlanSite

    @property
    def clouds(self) -> Mapping[str, Any]:
        """By the name that steps use: the cloud, None where the plan names none."""
        return {
            "source": self.source.cloud,
            "source_admin": self.source.admin_cloud,
            "target": self.target.cloud,
            "target_admin": self.target.admin_cloud,
        }

    def site(self, letter: str) -> PlanSite:
        """The site with that letter."""
        return self.source if self.source.letter == letter else self.target

    def role(self, letter: str) -> str:
        """What that site is in this direction, "source" or "target": the name of its cloud in steps."""
        return "source" if self.source.letter == letter else "target"

    def addressed(self, decision: Decision) -> Decision:
        """The decision with the playbooks that its texts name as they are called for this direction.

        Decisions say which playbook helps; they know no direction. "dr_prepare" becomes "dr_prepare -e to=a".
        """
        if self.target.letter == "b":
            return decision
        if isinstance(decision, Refusal):
            found = tuple(replace(finding, words=self._called(finding.words)) for finding in decision.findings)
            return replace(decision, seen=self._called(decision.seen), todo=self._called(decision.todo), findings=found)
        return self._plan(decision)

    def _plan(self, plan: Plan) -> Plan:
        later = None if plan.later is None else tuple(map(self._step, plan.later))
        notes = tuple(map(self._called, plan.notes))
        return replace(plan, steps=tuple(map(self._step, plan.steps)), later=later, notes=notes)

    def _step(self, step: Step) -> Step:
        until = step.until and replace(step.until, todo=self._called(step.until.todo))
        return replace(step, until=until, safe=self._called(step.safe))

    def _called(self, text: str) -> str:
        return _PLAYBOOK.sub(lambda found: f"{found[0]} -e to={self.target.letter}", text)

    @property
    def data(self) -> dict[str, dict[str, Any]]:
        """For the journal and results."""
        return {role: {"site": site.letter, "name": str(site)} for role, site in self._roles}

    @property
    def _roles(self) -> tuple[tuple[str, PlanSite], ...]:
        return ("source", self.source), ("target", self.target)


def other(letter: str) -> str:
    """The other site."""
    return "a" if letter == "b" else "b"


def direction(sites: Mapping[str, Mapping[str, Any]], to: str) -> Direction:
    """The direction towards a site.

    :param sites: ``sites`` of a plan: by letter ``cloud``, and maybe ``admin_cloud`` and ``title``.
    :param to: "a" or "b".
    """
    both = {
        letter: PlanSite(letter, row["cloud"], row.get("admin_cloud"), row.get("title") or "")
        for letter, row in ((letter, sites[letter]) for letter in SITES)
    }
    return Direction(source=both[other(to)], target=both[to])
