# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries the course of one job out, step by step, so that a test can stop it, or let another one go on beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Call, Job, Pause, converge
from ansible_collections.standby.openstack.plugins.module_utils.engine.polling import Poll
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import GONE, State, reached

from .connection import Connection
from .site import Site

#: What `drive` tells before a wait.
WAIT = "..."


def drive(job: Job, poll: Poll, settle: Callable[[], None]) -> Iterator[str]:
    """Carries a run out; stops before each step, which it tells, and before each wait.

    A wait that is not over at once is over when time has passed; if not then, it fails.
    """
    course = converge(job, check=False)
    push = partial(course.send, None)
    while True:
        try:
            ask = push()
        except StopIteration:
            return
        if isinstance(ask, Pause) or ask.step:
            yield WAIT if isinstance(ask, Pause) else ask.step.text
        try:
            answer = _wait(ask, poll, settle) if isinstance(ask, Pause) else _call(ask)
        except Exception as error:  # noqa: BLE001 - as the fleet: the course says what becomes of it
            push = partial(course.throw, error)
        else:
            push = partial(course.send, getattr(answer, "value", answer))


def _call(ask: Call) -> Any:
    return ask.function() if ask.step else ask.function(time.monotonic())


def _wait(pause: Pause, poll: Poll, settle: Callable[[], None]) -> State:
    for last in (False, True):
        asked = pause.until if pause.until.kind == "console" else pause.until.id
        state = poll(pause.step.cloud, pause.until.kind, {asked}, time.monotonic()).get(asked, State(GONE))
        if reached(pause.until, state, pause.step.text):
            return state
        if not last:
            settle()
    raise AssertionError(f"{pause.step.text}: {pause.until.id} is {state} for ever")


def to_the_end(run: Iterable[str]) -> list[str]:
    """Carries a run out; returns what it did."""
    return [text for text in run if text != WAIT]


def killed(run: Iterator[str], after: int) -> bool:
    """Carries out so many steps and waits of a run; whether it had more."""
    return len(list(islice(run, after + 1))) == after + 1


def carry_out(run: Iterator[str], steps: int | None) -> None:
    """Carries a run out, or only its first steps, without the wait after the last of them."""
    done = 0
    for text in run:
        if steps is not None and (done >= steps):
            return
        done += text != WAIT


def act(site: Site, verb: str, **args: Any) -> Any:
    """One request by hand, by a verb of cloud/verbs.py."""
    return VERBS[verb](Connection(site), **args)


def run_steps(
    site: Site, steps: tuple[Step, ...], stop_after: int | None = None, perform: Callable[[Step], Any] | None = None
) -> None:
    """Carries steps out at one site, as a module does; ``perform`` stands in for a request."""
    plans, cloud = [Plan({}, {}, steps), Plan({}, {})], Connection(site)
    inventory = Inventory(cloud)
    request = perform or (lambda step: VERBS[step.verb](cloud, **step.args))
    job = Job("steps", lambda since: None, lambda now, first: plans.pop(0), request)
    carry_out(drive(job, lambda _cloud, *asked: inventory.states(*asked), site.settle), stop_after)
