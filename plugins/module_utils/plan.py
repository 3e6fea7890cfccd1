# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decision returns: a plan of steps, or a refusal. Data only; nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union


@dataclass(frozen=True)
class Ref:
    """Stands for the answer of an earlier step of the same plan: its id, or with ``key`` that field of it."""

    name: str
    key: str = "id"


@dataclass(frozen=True)
class Until:
    """A state to wait for.

    :param kind: "server", "volume", "snapshot", "backup", "console" or "tcp".
    :param id: the id of the resource, or a `Ref` to a step that makes it. "tcp": "address:port".
    :param target: states that end the wait.
    :param pending: states on the way. A *server* must also be busy (it has a task) in them.
    :param idle_pending: states of a server that are on the way even when it has no task.
    :param match: "console": the text that must appear.
    """

    kind: str
    id: Any
    target: frozenset[str]
    pending: frozenset[str] = frozenset()
    idle_pending: frozenset[str] = frozenset()
    match: str = ""


@dataclass(frozen=True)
class Step:
    """One request, and what to wait for after it.

    :param verb: a verb of ``cloud/verbs.py``, or "wait": no request, only the wait.
    :param text: the step in words, for people.
    :param args: arguments of the verb; a `Ref` anywhere in them is replaced by the answer of that step.
    :param until: what must hold before the next step starts.
    :param result: the name under which later steps refer to the answer.
    :param cloud: which of the clouds of the job carries it out.
    """

    verb: str
    text: str
    args: Mapping[str, Any] = field(default_factory=dict)
    until: Until | None = None
    result: str = ""
    cloud: str = "here"

    @property
    def writes(self) -> bool:
        """Whether the step changes anything."""
        return self.verb not in ("wait", "export_backup")


@dataclass(frozen=True)
class Plan:
    """Ordered steps from ``before`` to ``after``, both as the facts that a module returns.

    :param notes: what people should know although it stops nothing.
    :param extra: further values to return beside the facts.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether carrying the plan out changes anything."""
        return any(step.writes for step in self.steps)


@dataclass(frozen=True)
class Refusal:
    """Why something is not done: what was wanted, what was seen, what to do."""

    code: str
    wanted: str
    seen: str
    todo: str

    @property
    def text(self) -> str:
        """One line for people."""
        return f"Refused to {self.wanted}: {self.seen.rstrip('.')}. {self.todo}"


Decision = Union[Plan, Refusal]
