# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who carries out a step, by its verb: a cloud, or this machine. Modules and waves do it in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .cloud.errors import understood
from .cloud.session import Session
from .cloud.verbs import VERBS
from .data.steps import Step
from .engine.converge import Answered
from .run.definition_file import write_record
from .run.programs import Programs


class Executor:
    """Carries out the steps of one run.

    :param session: by the name of a cloud in steps, such as "target", the session.

    ``claim`` is called right before each step that changes something, and raises if it must not be carried out.
    """

    def __init__(self, session: Callable[[str], Session]) -> None:
        self.session, self.programs = session, Programs()
        self.claim: Callable[[], None] = lambda: None

    def __call__(self, step: Step) -> Answered:
        """The answer to a step whose references are resolved; may block."""
        if step.writes:
            self.claim()
        return EXECUTORS[step.verb](self, step)

    def stop(self) -> None:
        """Ends what runs on this machine, and lets nothing more begin. Sessions are stopped by those who made them."""
        self.programs.stop()


#: By verb what later steps take from its answer, and its type, if that is not the id.
_RESULTS: Mapping[str, tuple[str, type]] = {"export_backup": ("backup-record", dict)}


def _request(executor: Executor, step: Step) -> Answered:
    cloud = executor.session(step.cloud)
    with understood(cloud.label, step.text):
        answer = VERBS[step.verb](cloud, **step.args)
        if step.result:
            _check(answer, *_RESULTS.get(step.verb, ("id", str)))
        return Answered(answer, cloud.request_id)


def _check(answer: Any, key: str, kind: type) -> None:
    """Later steps are about what an answer names."""
    if not isinstance(answer[key], kind) or not answer[key]:
        raise TypeError(f"{key} is {type(answer[key]).__name__}")


def _here(function: Callable[[Executor], Callable[..., Any]]) -> Callable[[Executor, Step], Answered]:
    """On this machine, which gives no id to a request."""
    return lambda executor, step: Answered(function(executor)(**step.args), "")


#: By verb. What else than a request to a cloud a step may be is a row here.
EXECUTORS: Mapping[str, Callable[[Executor, Step], Answered]] = {
    **dict.fromkeys(VERBS, _request),
    "write_record": _here(lambda _executor: write_record),
    "command": _here(lambda executor: executor.programs.run),
}
