# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: steps, waits, reads again, decides again. It is a generator, so one thread can drive many."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..data.errors import CloudError, NotConverged, Refused, StandbyError, UnexpectedState
from ..data.steps import Decision, Plan, Ref, Refusal, Step, Until
from .advice import after_refusal, after_wait
from .waits import wait_kind

#: How often a plan may ask to be made again. A replication that refreshes a root asks once for each of its stages.
MOST_ROUNDS = 20

#: Takes a step whose references are resolved; returns the answer of the cloud.
Perform = Callable[[Step], Any]


@dataclass(frozen=True)
class Job:
    """One server (or other unit) of a run.

    :param read: reads what is there, from lists that began after the given moment; may block.
    :param decide: pure, (what was read now, what this run read first) -> plan or refusal. The first reading tells
        what was done before this run.
    :param perform: carries out one step; may block.
    :param explain: (cloud, id of a server) -> why its last action failed, "" if nothing tells; may block.
    :param after: names of jobs that must be finished first.
    :param tier: all jobs of lower tiers must be finished first too.
    :param critical: whether jobs that come after are given up when this one fails.
    """

    name: str
    read: Callable[[float], Any]
    decide: Callable[[Any, Any], Decision]
    perform: Perform
    explain: Callable[[str, str], str] | None = None
    after: frozenset[str] = frozenset()
    critical: bool = True
    tier: int = 0


@dataclass(frozen=True)
class Outcome:
    """The result of a job. ``facts`` and ``extra`` are the plan's in check mode, else what was read afterwards."""

    plan: Plan
    facts: Mapping[str, Any]
    extra: Mapping[str, Any]
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """The answer of a cloud to a step, with the id that it gave the request, "" if it gave none.

    `Job.perform` may return it instead of the bare answer.
    """

    value: Any
    request_id: str


@dataclass(frozen=True)
class Call:
    """Asks the driver of the generator to run ``function``, which may block, and to send its result."""

    function: Callable[..., Any]
    step: Step | None = None


@dataclass(frozen=True)
class Pause:
    """Asks the driver of the generator to wait until ``until`` holds."""

    until: Until
    step: Step


Course = Generator[Any, Any, Outcome]


def converge(job: Job, check: bool, wait: bool = True) -> Course:
    """Read, decide, apply, read again, decide again. The one place that knows check mode.

    :param wait: false leaves out waits that no later step needs, and the second reading.
    :raises Refused: if the decision is a refusal; nothing was changed.
    :raises NotConverged: if steps are left after all were carried out, though the plan foretold none for later.
    """
    seen = yield Call(job.read)
    plan = first = _plan(job.decide(seen, seen))
    if check or not plan.steps:
        return Outcome(replace(plan, steps=plan.foretold, later=None), plan.after, plan.extra)
    done: tuple[Step, ...] = ()
    for _round in range(MOST_ROUNDS):
        done = (*done, *plan.steps)
        answers = yield from _carry_out(job, plan.steps, wait)
        whole = replace(plan, before=first.before, steps=done, later=None)
        if not wait:
            return Outcome(whole, plan.after, plan.extra, answers)
        carry_on, plan = plan.later is not None, _plan(job.decide((yield Call(job.read)), seen))
        if not plan.changed or not carry_on:
            break
    if plan.changed:
        left = "; ".join(step.text for step in plan.foretold if step.writes)
        raise NotConverged(
            f"All steps for {job.name} were carried out, yet something is still to do: {left}.", left=left
        )
    return Outcome(whole, plan.before, plan.extra, answers)


def _carry_out(job: Job, steps: Sequence[Step], wait: bool) -> Generator[Any, Any, dict[str, Any]]:
    """The steps in their order; returns the answers that have a name."""
    answers: dict[str, Any] = {}
    for number, step in enumerate(steps):
        with _telling(step):
            yield from _step(job, step, answers, wait or number < len(steps) - 1)
    return answers


def _step(job: Job, step: Step, answers: dict[str, Any], wait: bool) -> Generator[Any, Any, None]:
    ready = resolve(step, answers)
    answer = yield from _request(job, ready)
    if step.result:
        answers[step.result] = answer
    until = resolve(step, answers).until
    if until and wait:
        yield from _pause(job, Pause(until, ready))


def _request(job: Job, step: Step) -> Generator[Any, Any, Any]:
    """Carries out one step; an error says what is safe."""
    try:
        return (yield Call(partial(job.perform, step), step))
    except CloudError as error:
        error.add("todo", after_refusal(step, error))
        raise


@contextmanager
def _telling(step: Step) -> Iterator[None]:
    """Adds to an error what is safe when the step fails."""
    try:
        yield
    except StandbyError as error:
        error.add("safe", step.safe)
        raise


def _pause(job: Job, pause: Pause) -> Generator[Any, Any, None]:
    """Waits. If the wait ends in a wrong state, adds to the error what the cloud says about it, and what to do."""
    try:
        yield pause
    except UnexpectedState as error:
        if wait_kind(pause.until).explained and job.explain:
            error.add("cloud_says", (yield from _why(job.explain, pause)))
        error.add("todo", after_wait(pause.step, error))
        raise


def _why(explain: Callable[[str, str], str], pause: Pause) -> Generator[Any, Any, str]:
    """What the cloud says. If it cannot be asked, the first error must still be shown."""
    try:
        return (yield Call(lambda since: explain(pause.step.cloud, pause.until.id)))
    except StandbyError as error:
        return f"(why could not be asked: {str(error).rstrip('.')})"


def _plan(decision: Decision) -> Plan:
    if isinstance(decision, Refusal):
        raise Refused(decision)
    return decision


def resolve(step: Step, answers: Mapping[str, Any]) -> Step:
    """The step with its references replaced. What it waits for may be its own answer, so that one may stay open.

    :raises KeyError: for a reference in the arguments that no earlier step answers: a plan that must not be sent.
    """
    until = step.until
    if until is not None and isinstance(until.id, Ref) and until.id.name in answers:
        until = replace(until, id=_value(until.id, answers))
    return replace(step, args=_value(step.args, answers), until=until)


def _value(value: Any, answers: Mapping[str, Any]) -> Any:
    if isinstance(value, Ref):
        return answers[value.name][value.key]
    if isinstance(value, Mapping):
        return {key: _value(item, answers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item, answers) for item in value]
    return value
