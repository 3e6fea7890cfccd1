# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives many jobs at once: bounded threads for requests, shared polls for all waits, no thread for a wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Union

from .apply import Call, Course, Job, Outcome, Pause, converge
from .errors import StandbyError, TimedOut
from .wait import Deadline
from .watch import Asked, Poll, Waiter, Watches

Result = Union[Outcome, Exception]

#: Seconds for which a list that was read before, for all or for others, is good enough for a job that starts. What the
#: job then does is refused by the cloud, or seen in the last reading, if it rested on something that was outdated.
FRESH = 10.0


@dataclass(frozen=True)
class Event:
    """What happened: ``kind`` is "step", "done", "unchanged", "failed" or "skipped"; seconds since the start."""

    kind: str
    job: str
    text: str
    seconds: float
    finished: int
    total: int


class Skipped(StandbyError):
    """A job that was not started because one that it depends on failed."""

    code = "skipped"


@dataclass(eq=False)
class _Task(Waiter):
    """A job of this run. ``open`` are the jobs that it still waits for, ``blocked`` a critical one that failed."""

    job: Job
    course: Course
    open: set[str] = field(default_factory=set)
    blocked: str = ""


@dataclass
class Fleet:
    """One run of many jobs.

    :param poll: reads states for the waits.
    :param timeout: seconds for the whole run.
    :param threads: how many requests may be on their way at once, those of polls not counted.
    :param max_in_flight: how many jobs may be under way at once; 0 is no limit.
    :param tell: called with each event, from the thread that calls `run`.
    """

    poll: Poll
    timeout: float = 180.0
    threads: int = 1
    max_in_flight: int = 0
    tell: Callable[[Event], None] = lambda event: None
    clock: Callable[[], float] = time.monotonic
    results: dict[str, Result] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, jobs: Iterable[Job], check: bool = False, wait: bool = True) -> dict[str, Result]:
        """Runs all jobs; one that fails never stops another that does not depend on it.

        :return: by name of the job its outcome, or the exception that ended it.
        """
        self._start, self._deadline = self.clock(), Deadline(self.timeout, self.clock)
        self._answers: SimpleQueue[tuple[Any, Future]] = SimpleQueue()
        self._watches = Watches(self.clock)
        self._line_up({job.name: _Task(job, converge(job, check, wait)) for job in jobs})
        # polls have threads of their own: behind 500 requests that wait for one, they would come seconds late
        with ThreadPoolExecutor(self.threads) as self._pool, ThreadPoolExecutor(self.threads + 1) as self._pollers:
            try:
                self._drive()
            except BaseException:
                # interrupted: what was not sent yet must not be sent while the pools are waited for
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pollers.shutdown(wait=False, cancel_futures=True)
                raise
        return self.results

    def _line_up(self, tasks: dict[str, _Task]) -> None:
        self._total, self._under_way = len(tasks), 0
        self._pending: dict[str, _Task] = tasks
        self._followers: dict[str, list[_Task]] = {}
        for task in tasks.values():
            task.open = set(task.job.after & tasks.keys())
            for name in task.open:
                self._followers.setdefault(name, []).append(task)
        self._ready = deque(task for task in tasks.values() if not task.open)

    def _drive(self) -> None:
        while self._pending or self._under_way:
            self._start_ready()
            self._poll_if_due()
            self._collect()

    def _start_ready(self) -> None:
        """Starts, or skips, the jobs whose time has come."""
        while self._ready and (self._ready[0].blocked or not self._full()):
            task = self._ready.popleft()
            self._take(task)
            if task.blocked:
                self._skip(task, f"{task.blocked} failed. Repair it, then repeat.")
            else:
                task.since = self.clock() - FRESH
                self._advance(task, partial(task.course.send, None))
        if self._pending and not self._under_way and not self._ready:
            self._break_circle()

    def _full(self) -> bool:
        return bool(self.max_in_flight) and self._under_way >= self.max_in_flight

    def _take(self, task: _Task) -> None:
        del self._pending[task.job.name]
        self._under_way += 1

    def _break_circle(self) -> None:
        """Nothing runs and nothing may start: what is left waits for itself."""
        names = ", ".join(sorted(self._pending))
        for task in list(self._pending.values()):
            self._take(task)
            self._skip(task, f"{names} wait for each other. Correct what they come after.")
        self._ready.clear()

    def _skip(self, task: _Task, because: str) -> None:
        self._finish(task, Skipped(f"{task.job.name} was not started because {because}"))

    def _advance(self, task: _Task, push: Callable[[], Any]) -> None:
        """Pushes the course of a job one step on, and does what it asks for."""
        self._watches.drop(task)
        try:
            ask = push()
        except StopIteration as stop:
            self._finish(task, stop.value)
        except Exception as error:  # noqa: BLE001 - one failing job must never stop the others
            self._finish(task, error)
        else:
            if isinstance(ask, Pause):
                self._watches.add(task, ask)
            else:
                self._submit(task, ask)

    def _submit(self, task: _Task, call: Call) -> None:
        if self._deadline.passed:
            late = TimedOut(f"{task.job.name}: the {self.timeout:g} s of this run are over. Repeat to carry on.")
            self._throw(task, late)
        elif call.step:
            self._say("step", task, call.step.text)
            self._send(self._pool, task, call.function)
        else:
            self._send(self._pool, task, call.function, task.since)

    def _send(self, pool: ThreadPoolExecutor, owner: Any, function: Callable[..., Any], *arguments: Any) -> None:
        future = pool.submit(function, *arguments)
        future.add_done_callback(lambda done: self._answers.put((owner, done)))

    def _poll_if_due(self) -> None:
        if self._deadline.passed:
            for task, pause in self._watches.all():
                self._throw(task, self._deadline.error(pause.step.text, pause.until, task.last_seen))
            return
        for asked in self._watches.due():
            self._send(self._pollers, asked, self.poll, asked.cloud, asked.kind, asked.targets, asked.began)

    def _collect(self) -> None:
        """Waits for answers, at the longest until the next poll is due, and hands all that are there on."""
        timeout = max(0.0, min(self._watches.next_due, self._deadline.end) - self.clock()) if self._watches else None
        if not self._under_way:
            return
        try:
            owner, future = self._answers.get(timeout=timeout)
            while True:
                self._hand_on(owner, future)
                owner, future = self._answers.get_nowait()
        except Empty:
            return

    def _hand_on(self, owner: Any, future: Future) -> None:
        if isinstance(owner, Asked):
            for task, end in self._watches.judge(owner, future):
                task.since = owner.began
                self._advance(task, partial(_push, task.course, end))
        else:
            owner.since = self.clock()
            self._advance(owner, partial(_push, owner.course, future.exception() or future.result()))

    def _throw(self, task: Any, error: BaseException) -> None:
        self._advance(task, partial(task.course.throw, error))

    def _finish(self, task: _Task, result: Result) -> None:
        self._under_way -= 1
        self.results[task.job.name] = result
        self.seconds[task.job.name] = round(self.clock() - self._start, 1)
        self._release(task, isinstance(result, Exception) and task.job.critical)
        if isinstance(result, Skipped):
            self._say("skipped", task, str(result))
        elif isinstance(result, Exception):
            self._say("failed", task, str(result))
        else:
            self._say("done" if result.plan.changed else "unchanged", task, "")

    def _release(self, task: _Task, stops: bool) -> None:
        """Lets those go on that waited for a job, or gives them up because it failed and was critical."""
        for follower in self._followers.pop(task.job.name, ()):
            if follower.blocked or follower.job.name not in self._pending:
                continue
            follower.open.discard(task.job.name)
            if stops:
                follower.blocked = task.job.name
                self._ready.appendleft(follower)
            elif not follower.open:
                self._ready.append(follower)

    def _say(self, kind: str, task: _Task, text: str) -> None:
        self.tell(Event(kind, task.job.name, text, self.clock() - self._start, len(self.results), self._total))


def _push(course: Course, answer: Any) -> Any:
    return course.throw(answer) if isinstance(answer, BaseException) else course.send(answer)
