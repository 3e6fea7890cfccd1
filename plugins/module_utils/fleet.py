# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives many jobs at once: bounded threads for requests, one poller for all waits, no thread for a wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_futures
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Union

from .apply import Call, Course, Job, Outcome, Pause, converge
from .errors import CloudError, StandbyError, TimedOut, Unreachable
from .plan import Until
from .wait import GONE, Deadline, State, interval, reached

Result = Union[Outcome, Exception]

#: (cloud, kind, ids, since) -> the state of each id that exists; reads that began before ``since`` do not count.
Poll = Callable[[str, str, "set[Any]", float], Mapping[Any, State]]


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


@dataclass
class _Task:
    job: Job
    course: Course
    pause: Pause | None = None
    since: float = 0.0
    last_seen: State | None = None


@dataclass
class Fleet:
    """One run of many jobs.

    :param poll: reads states for the waits.
    :param timeout: seconds for the whole run.
    :param threads: how many requests may be on their way at once.
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
        self._pending = [_Task(job, converge(job, check, wait), since=self._start) for job in jobs]
        self._critical = {task.job.name for task in self._pending if task.job.critical}
        self._total, self._polls, self._polling, self._next_poll = len(self._pending), 0, 0, 0.0
        self._under_way: list[_Task] = []
        self._futures: dict[Future, Any] = {}
        with ThreadPoolExecutor(self.threads + 1) as self._pool:
            while self._pending or self._under_way:
                self._start_ready()
                self._poll_if_due()
                self._collect()
        return self.results

    def _start_ready(self) -> None:
        """Starts, or skips, the jobs whose time has come."""
        waiting = len(self._pending)
        for task in list(self._pending):
            verdict = self._readiness(task.job)
            full = self.max_in_flight and len(self._under_way) >= self.max_in_flight
            if verdict is None or (verdict == "" and full):
                continue
            self._pending.remove(task)
            self._under_way.append(task)
            if verdict:
                self._skip(task, f"{verdict} failed. Repair it, then repeat.")
            else:
                self._advance(task, partial(task.course.send, None))
        if self._pending and not self._under_way and len(self._pending) == waiting:
            self._break_circle()

    def _break_circle(self) -> None:
        """Nothing runs and nothing may start: what is left waits for itself."""
        names = ", ".join(sorted(task.job.name for task in self._pending))
        while self._pending:
            self._under_way.append(self._pending.pop(0))
            self._skip(self._under_way[-1], f"{names} wait for each other. Correct what they come after.")

    def _skip(self, task: _Task, because: str) -> None:
        self._finish(task, Skipped(f"{task.job.name} was not started because {because}"))

    def _readiness(self, job: Job) -> str | None:
        """None: wait for others; "": go; else the name of the failed job that stops this one."""
        waiting = {t.job.name: t.job for t in (*self._pending, *self._under_way)}
        for name in sorted(job.after):
            if isinstance(self.results.get(name), Exception) and name in self._critical:
                return name
        return None if job.after & set(waiting) else ""

    def _advance(self, task: _Task, push: Callable[[], Any]) -> None:
        """Pushes the course of a job one step on, and does what it asks for."""
        try:
            ask = push()
        except StopIteration as stop:
            self._finish(task, stop.value)
        except Exception as error:  # noqa: BLE001 - one failing job must never stop the others
            self._finish(task, error)
        else:
            task.pause = ask if isinstance(ask, Pause) else None
            if isinstance(ask, Call):
                self._submit(task, ask)

    def _submit(self, task: _Task, call: Call) -> None:
        if self._deadline.passed:
            late = TimedOut(f"{task.job.name}: the {self.timeout:g} s of this run are over. Repeat to carry on.")
            self._throw(task, late)
        elif call.step:
            self._say("step", task, call.step.text)
            self._futures[self._pool.submit(call.function)] = task
        else:
            self._futures[self._pool.submit(call.function, task.since)] = task

    def _collect(self) -> None:
        """Waits for answers, at the longest until the next poll is due, and hands them on."""
        due = self._deadline.end if self._polling else min(self._next_poll, self._deadline.end)
        timeout = max(0.0, due - self.clock()) if self._waiting() else None
        if not self._futures:
            time.sleep(timeout or 0.0)
            return
        done, _rest = wait_futures(self._futures, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            owner = self._futures.pop(future)
            if isinstance(owner, _Task):
                owner.since = self.clock()
                self._advance(owner, partial(_push, owner.course, future))
            else:
                self._judge(owner, future)

    def _waiting(self) -> list[tuple[_Task, Pause]]:
        return [(task, task.pause) for task in self._under_way if task.pause]

    def _poll_if_due(self) -> None:
        waiting = self._waiting()
        if not waiting:
            return
        if self._deadline.passed:
            for task, pause in waiting:
                self._throw(task, self._deadline.error(pause.step.text, pause.until, task.last_seen))
            return
        if self._polling or self.clock() < self._next_poll:
            return
        self._polls += 1
        groups: dict[tuple[str, str], list[tuple[_Task, Pause]]] = {}
        for task, pause in waiting:
            groups.setdefault((pause.step.cloud, pause.until.kind), []).append((task, pause))
        for (cloud, kind), group in groups.items():
            targets = {_target(pause.until) for _task, pause in group}
            since = max(task.since for task, _pause in group)
            self._futures[self._pool.submit(self.poll, cloud, kind, targets, since)] = group
            self._polling += 1

    def _judge(self, asked: list[tuple[_Task, Pause]], future: Future) -> None:
        """Ends the waits that a poll answered; a passing fault of a read is forgiven until the deadline."""
        group = [(task, pause) for task, pause in asked if task.pause is pause]  # the deadline may have ended others
        self._polling -= 1
        self._next_poll = self.clock() + interval(len(self._waiting()), self._polls)
        error = future.exception()
        if error and not _passing(error):
            for task, _pause in group:
                self._throw(task, error)
        states = {} if error else future.result()
        for task, pause in group if not error else ():
            task.last_seen = states.get(_target(pause.until), State(GONE))
            try:
                over = reached(pause.until, task.last_seen, pause.step.text)
            except StandbyError as unexpected:
                self._throw(task, unexpected)
                continue
            if over:
                self._advance(task, partial(task.course.send, task.last_seen))

    def _throw(self, task: _Task, error: BaseException) -> None:
        self._advance(task, partial(task.course.throw, error))

    def _finish(self, task: _Task, result: Result) -> None:
        task.pause = None
        self._under_way.remove(task)
        self.results[task.job.name] = result
        self.seconds[task.job.name] = round(self.clock() - self._start, 1)
        if isinstance(result, Skipped):
            self._say("skipped", task, str(result))
        elif isinstance(result, Exception):
            self._say("failed", task, str(result))
        else:
            self._say("done" if result.plan.changed else "unchanged", task, "")

    def _say(self, kind: str, task: _Task, text: str) -> None:
        self.tell(Event(kind, task.job.name, text, self.clock() - self._start, len(self.results), self._total))


def _target(until: Until) -> Any:
    """What a poll is asked for: an id, for a console also the text."""
    return until if until.kind == "console" else until.id


def _push(course: Course, future: Future) -> Any:
    error = future.exception()
    return course.throw(error) if error else course.send(future.result())


def _passing(error: BaseException) -> bool:
    """Whether a read that failed so may succeed when repeated."""
    if isinstance(error, CloudError):
        return error.status >= 500 or error.status == 429
    return isinstance(error, (Unreachable, TimedOut))
