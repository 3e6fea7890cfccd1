# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decision returns: a plan of steps, or a refusal. Data only; nothing here acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Union

from .parts import Part


@dataclass(frozen=True)
class Ref:
    """Stands for the answer of an earlier step of the same plan: its id, or with ``key`` that field of it."""

    name: str
    key: str = "id"


@dataclass(frozen=True)
class Until:
    """A state to wait for.

    :param kind: a resource such as "volume", or one of `WAIT_KINDS` in engine/waits.py.
    :param id: the id of the resource, or a `Ref` to a step that makes it. "tcp": "address:port".
    :param target: states that end the wait.
    :param pending: states on the way. A *server* must also be busy (it has a task) in them.
    :param idle_pending: states of a server that are on the way even when it has no task.
    :param match: "console": the text that must appear.
    :param todo: what to do when it ends in another state; "" if nothing better is known than to look.
    """

    kind: str
    id: Any
    target: frozenset[str]
    pending: frozenset[str] = frozenset()
    idle_pending: frozenset[str] = frozenset()
    match: str = ""
    todo: str = ""


@dataclass(frozen=True)
class Step:
    """One request, and what to wait for after it.

    :param verb: a verb of ``executors.py``, most of them requests to a cloud, or "wait": no request, only the wait.
    :param text: the step in words, for people.
    :param args: arguments of the verb; a `Ref` anywhere in them is replaced by the answer of that step.
    :param until: what must hold before the next step starts.
    :param result: the name under which later steps refer to the answer.
    :param cloud: which cloud carries it out: "source", "target", "source_admin", "target_admin", or "here": the site
        that the operation is about, and the only cloud of a module.
    :param safe: what people should know if it fails: what is safe, and what to do.
    :param part: what it is for.
    :param only_reads: whether it changes nothing that anybody but us would see.
    """

    verb: str
    text: str
    args: Mapping[str, Any] = field(default_factory=dict)
    until: Until | None = None
    result: str = ""
    cloud: str = "here"
    safe: str = ""
    part: Part = Part.WORK
    only_reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether the step changes anything."""
        return self.verb != "wait" and not self.only_reads


def for_part(part: Part, steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps as those of a part of the work."""
    return tuple(replace(step, part=part) for step in steps)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as wanted: as data, and by `str` as text.

    :param what: what it is about, such as "flavor" or "address of port db-port0".
    :param wanted: what the description or the plan says, or what an operation needs.
    :param seen: what is there; None if there is nothing.
    :param words: the text, where "<what> is <seen>, wanted <wanted>" does not say it well.
    :param blocks: whether it stands in the way, or only should be known.
    :param todo: what to do about it, "" if the text says it.
    """

    what: str
    wanted: Any
    seen: Any
    words: str = ""
    blocks: bool = True
    todo: str = ""

    def __str__(self) -> str:
        saw, wanted = ("none" if value in (None, "") else value for value in (self.seen, self.wanted))
        return self.words or f"{self.what} is {saw}, wanted {wanted}"

    @property
    def data(self) -> dict[str, Any]:
        """For the result of a module."""
        return {
            "what": self.what,
            "wanted": self.wanted,
            "seen": self.seen,
            "text": str(self),
            "blocks": self.blocks,
        }


@dataclass(frozen=True)
class Plan:
    """Ordered steps from ``before`` to ``after``, both as the facts that a module returns.

    :param notes: what people should know although it stops nothing.
    :param extra: further values to return beside the facts.
    :param findings: what was not as wanted when the plan was made; the steps mend it, or a note tells of it. None if
        the decision does not compare.
    :param later: what follows the steps, as far as it can be told now; maybe nothing. Not None: when the steps are
        done, everything is read and decided again, for only then can be told what is to be done.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    later: tuple[Step, ...] | None = None
    findings: tuple[Finding, ...] | None = None

    @property
    def found(self) -> dict[str, list[dict[str, Any]]]:
        """The findings, for the result of a module."""
        return {} if self.findings is None else {"findings": [finding.data for finding in self.findings]}

    @property
    def changed(self) -> bool:
        """Whether carrying the plan out changes anything."""
        return any(step.writes for step in self.foretold)

    @property
    def foretold(self) -> tuple[Step, ...]:
        """All steps that can be told now."""
        return (*self.steps, *(self.later or ()))


@dataclass(frozen=True)
class Refusal:
    """Why something is not done: what was wanted, what was seen, what to do.

    :param findings: the items of ``seen`` as data, where it lists what was found.
    """

    code: str
    wanted: str
    seen: str
    todo: str
    findings: tuple[Finding, ...] = ()

    @property
    def text(self) -> str:
        """For people: one line, or a line for each of several findings."""
        if len(self.findings) < 2:
            return f"Refused to {self.wanted}: {self.seen.rstrip('.')}. {self.todo}"
        lines = "".join(f"\n  {number}. {finding}" for number, finding in enumerate(self.findings, 1))
        return f"Refused to {self.wanted}:{lines}\n{self.todo}"


def first_refusal(wanted: str, rows: Iterable[tuple[Any, str, str, str]]) -> Refusal | None:
    """The refusal of the first row that holds; each has whether it does, the code, what was seen, and what to do."""
    return next((Refusal(code, wanted, saw, todo) for holds, code, saw, todo in rows if holds), None)


def refused_for(code: str, wanted: str, findings: Sequence[Finding], todo: str) -> Refusal:
    """A refusal because of all that was found."""
    return Refusal(code, wanted, "; ".join(map(str, findings)), todo, tuple(findings))


Decision = Union[Plan, Refusal]

#: In `Plan.extra` of a failover: it is proved that nothing is lost.
PROVED = "proved"
