# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate against two running copies of one application: may the target take over?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...data.marks import read
from ...data.seen import Server, Volume
from ...data.steps import Refusal
from ...data.texts import listed
from ..plan.recovery_plan import RecoveryPlan
from ..server.states import AT_REST


@dataclass(frozen=True)
class SiteAnswer:
    """What the source answered.

    :param reached: whether anything answered at all.
    :param error: why its servers and volumes could not be read, "" if they could.
    :param servers: all servers of its project.
    :param volumes: all volumes of its project.
    """

    reached: bool
    error: str = ""
    servers: Sequence[Server] = ()
    volumes: Sequence[Volume] = ()


def may_fail_over(
    answer: SiteAnswer, plan: RecoveryPlan, noted: Mapping[str, Sequence[str]], reason: str | None
) -> Refusal | str:
    """Whether the servers may be brought up at the target: a refusal, or in words why they may.

    :param noted: by name of a server the ids that it had at the source when it was replicated, the newest first.
    :param reason: the operator's own words why the source is down, which overrule what it answers.
    """
    source = plan.direction.source
    if reason:
        return f"the operator says that {source} is down: {reason}"
    if not answer.reached:
        return f"{source} does not answer ({answer.error})"
    if answer.error:
        return _refusal(plan, f"with {answer.error}", "It is unknown whether its servers run")
    shown = _Shown(answer, plan, noted)
    running, unseen = sorted(shown.running()), sorted(shown.unseen())
    if running:
        return _refusal(plan, f"and these run there: {listed(running)}", "Two copies of one application would run")
    if unseen:
        unsafe = (
            "It is unknown whether they run under another name or in another project: look there, and look that "
            f"sites.{source.letter}.cloud is the project of the plan"
        )
        return _refusal(plan, f"and does not show {listed(unseen)}", unsafe)
    return f"{source} answers, and none of these servers runs there"


def silent_source(answer: SiteAnswer, plan: RecoveryPlan) -> Refusal | None:
    """Refuses a planned failover whose source does not answer: nothing could be proved."""
    if answer.reached and not answer.error:
        return None
    saw = f"{plan.direction.source} does not answer ({answer.error})"
    todo = "Without it nothing proves that nothing is lost. If it is lost, fail over without planned."
    return Refusal("source_silent", f"fail {plan.name} over without loss", saw, todo)


def _refusal(plan: RecoveryPlan, saw: str, unsafe: str) -> Refusal:
    source = plan.direction.source
    todo = (
        f"{unsafe}. Stop the servers at {source} first, or if you know that they cannot run, say why: "
        'dr_site_b_source_is_down: "<reason>".'
    )
    return Refusal("source_answers", f"fail over {plan.name}", f"{source} answers, {saw}", todo)


class _Shown:
    """What the source shows of the planned servers: by name, by noted id, by volumes with the marks of the plan."""

    def __init__(self, answer: SiteAnswer, plan: RecoveryPlan, noted: Mapping[str, Sequence[str]]) -> None:
        self._plan, self._wanted, self._all_noted = plan.name, frozenset(s.name for s in plan.servers), noted
        self._by_id = {server.id: server for server in answer.servers}
        self._named = {server.name for server in answer.servers}
        self._volumes = answer.volumes

    def running(self) -> Iterator[str]:
        """What may run, in words: every server and every volume in use that is not known to be at rest."""
        named = {(server.name, server.id) for server in self._by_id.values() if server.name in self._wanted}
        noted = {(name, id_) for name in self._wanted for id_ in self._noted(name) if id_ in self._by_id}
        marked, lost = self._in_use()
        for name, id_ in named | noted | marked:
            server = self._by_id[id_]
            if server.status not in AT_REST:
                called = "" if server.name == name else f", called {server.name} there"
                yield f"{name} ({server.status}{called})"
        yield from lost

    def unseen(self) -> Iterator[str]:
        """The servers that are not shown: neither their name nor, if one is noted, their newest id."""
        for name in self._wanted:
            noted = self._noted(name)[:1]
            if name not in self._named and not (noted and noted[0] in self._by_id):
                yield name
            elif noted and noted[0] not in self._by_id:
                yield f"{name} with the id {noted[0]} that its newest recovery point notes"

    def _noted(self, name: str) -> Sequence[str]:
        return self._all_noted.get(name, ())

    def _in_use(self) -> tuple[set[tuple[str, str]], set[str]]:
        """Name and id of the servers that use volumes of the plan; and in words those volumes whose user is unseen."""
        known, lost = set(), set()
        for name, volume in self._marked():
            known |= {(name, id_) for id_ in volume.attached_to if id_ in self._by_id}
            strangers = [id_ for id_ in volume.attached_to if id_ not in self._by_id]
            if strangers or (volume.status == "in-use" and not volume.attached_to):
                user = f"server {', '.join(strangers)}, which is not shown" if strangers else "what is not shown"
                lost.add(f"{name}, whose volume {volume.id} is in use by {user}")
        return known, lost

    def _marked(self) -> Iterator[tuple[str, Volume]]:
        """Copies of marks count as well: what was made of a volume of the plan may be a copy of its server."""
        for volume in self._volumes:
            marks = read(volume.metadata)
            if marks.plan == self._plan and marks.server in self._wanted:
                yield marks.server, volume
