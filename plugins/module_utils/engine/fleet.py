# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives many jobs at once: bounded threads for requests, shared polls for all waits, no thread for a wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from ..data.errors import StandbyError, TimedOut, UnexpectedState, after_writes
from ..data.steps import Step
from ..data.texts import listed
from .converge import Answered, Call, Course, Job, Pause, converge
from .events import Event, Result
from .order import Follower, Order
from .polling import Asked, Poll, Waiter, Watches
from .waits import Deadline

#: A job that starts may use a list that is at most this many seconds old. If the list was outdated, the cloud refuses
#: what the job does, or the last reading finds it.
FRESH = 10.0

#: Seconds between two calls of ``tick`` at the longest.
TICK = 1.0


class Skipped(StandbyError):
    """A job that was not started because one that it depends on failed."""

    code = "skipped"


@dataclass(eq=False)
class _Task(Waiter, Follower):
    """A job of this run.

    ``step`` is the step that is under way and ``sent`` whether its request is, ``number`` that of the newest step,
    ``request_id`` that of its request. ``wrote`` is whether anything was sent that changes something.
    """

    job: Job
    course: Course
    step: Step | None = None
    sent: bool = False
    number: int = -1
    request_id: str = ""
    wrote: bool = False


@dataclass
class Fleet:
    """One run of many jobs.

    :param poll: reads states for the waits.
    :param timeout: seconds for the whole run.
    :param threads: how many requests may be on their way at once, those of polls not counted.
    :param max_in_flight: how many jobs may be under way at once; 0 is no limit.
    :param tell: called with each event, from the thread that calls `run`.
    :param tick: called again and again while the run lasts, about once a second when nothing happens.
    :param stop: called when the run is interrupted: from then on nothing may be sent.
    :param begin: when the run began, if that was before `run` is called; seconds are told from then on.

    ``untold`` has a line for each event that could not be told.
    """

    poll: Poll
    timeout: float = 180.0
    threads: int = 1
    max_in_flight: int = 0
    tell: Callable[[Event], None] = lambda event: None
    tick: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None
    begin: float | None = None
    clock: Callable[[], float] = time.monotonic
    results: dict[str, Result] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)

    def run(self, jobs: Iterable[Job], check: bool = False, wait: bool = True) -> dict[str, Result]:
        """Runs all jobs; one that fails never stops another that does not depend on it.

        :return: by name of the job its outcome, or the exception that ended it.
        """
        self._start = self.clock() if self.begin is None else self.begin
        self._deadline = Deadline(self.timeout, self.clock)
        self._answers: SimpleQueue[tuple[Any, Future]] = SimpleQueue()
        self._watches = Watches(self.clock)
        tasks = {job.name: _Task(job, converge(job, check, wait)) for job in jobs}
        self._order, self._total, self._under_way = Order(tasks), len(tasks), 0
        # polls have their own threads: behind 500 requests in a queue they would come seconds late
        with ThreadPoolExecutor(self.threads) as self._pool, ThreadPoolExecutor(self.threads + 1) as self._pollers:
            try:
                self._drive()
            except BaseException:
                # interrupted: what was not sent yet must not be sent while the pools are waited for
                self.stop()
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pollers.shutdown(wait=False, cancel_futures=True)
                raise
        return self.results

    def _drive(self) -> None:
        while self._order.pending or self._under_way:
            self._start_ready()
            self._poll_if_due()
            self.tick()
            self._collect()

    def _start_ready(self) -> None:
        """Starts or skips the jobs that wait for no other job any more."""
        ready = self._order.ready
        while ready and (ready[0].blocked or not self._full()):
            task = ready.popleft()
            self._take(task)
            if task.blocked:
                self._skip(task, f"{task.blocked} failed. Repair it, then repeat.")
            else:
                task.since = self.clock() - FRESH
                self._advance(task, None)
        if self._order.pending and not self._under_way and not ready:
            self._break_circle()

    def _full(self) -> bool:
        return bool(self.max_in_flight) and self._under_way >= self.max_in_flight

    def _take(self, task: _Task) -> None:
        self._order.take(task)
        self._under_way += 1

    def _break_circle(self) -> None:
        """Nothing runs and nothing may start: the jobs that are left wait for each other."""
        names = listed(sorted(self._order.pending))
        for task in list(self._order.pending.values()):
            self._take(task)
            self._skip(task, f"{names} wait for each other. Correct what they come after.")
        self._order.ready.clear()

    def _skip(self, task: _Task, because: str) -> None:
        self._finish(task, Skipped(f"{task.job.name} was not started because {because}"))

    def _advance(self, task: _Task, answer: Any) -> None:
        """Gives the course of a job what it asked for, or an error, and does what it asks next."""
        self._watches.drop(task)
        failed = isinstance(answer, BaseException)
        try:
            ask = task.course.throw(answer) if failed else task.course.send(answer)
        except StopIteration as stop:
            self._finish(task, stop.value)
        except Exception as error:  # noqa: BLE001 - one failing job must never stop the others
            self._finish(task, error)
        else:
            if isinstance(ask, Pause):
                self._watches.add(task, ask)
                return
            if not failed:  # after a failure the job asks for the reason while its step is still open
                self._end_step(task)
            self._submit(task, ask)

    def _submit(self, task: _Task, call: Call) -> None:
        if self._deadline.passed:
            late = TimedOut(f"{task.job.name}: the {self.timeout:g} s of this run are over. Repeat to carry on.")
            self._advance(task, late)
        elif call.step:
            self._begin_step(task, call.step)
            self._send(self._pool, task, call.function)
        else:
            self._send(self._pool, task, call.function, task.since)

    def _send(self, pool: ThreadPoolExecutor, owner: Any, function: Callable[..., Any], *arguments: Any) -> None:
        future = pool.submit(function, *arguments)
        future.add_done_callback(lambda done: self._answers.put((owner, done)))

    def _poll_if_due(self) -> None:
        if self._deadline.passed:
            for task, pause in self._watches.all():
                self._advance(task, self._late(task, pause))
            return
        for asked in self._watches.due():
            self._send(self._pollers, asked, self.poll, asked.cloud, asked.kind, asked.targets, asked.began)

    def _late(self, task: _Task, pause: Pause) -> TimedOut:
        return self._deadline.error(pause.step.text, pause.until, task.last_seen, task.trouble)

    def _collect(self) -> None:
        """Waits for answers, at most until the next poll is due, and passes on all that have come."""
        if not self._under_way:
            return
        due = min(self._watches.next_due, self._deadline.end) if self._watches else float("inf")
        timeout = min(max(0.0, due - self.clock()), TICK)
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
                self._advance(task, end)
        else:
            owner.since = self.clock()
            self._advance(owner, self._answer(owner, future))

    def _answer(self, task: _Task, future: Future) -> Any:
        """The answer to a call, or its error. The answer to the request of a step is told."""
        answer = future.exception() or future.result()
        request_id = answer.request_id if isinstance(answer, Answered) else ""
        if task.sent and not isinstance(answer, BaseException):
            task.sent, task.request_id = False, request_id
            self._say_step(task, "answered", **({"request_id": request_id} if request_id else {}))
        return answer.value if isinstance(answer, Answered) else answer

    def _begin_step(self, task: _Task, step: Step) -> None:
        task.step, task.sent, task.number = step, step.verb != "wait", task.number + 1
        task.request_id, task.last_seen = "", None
        task.wrote = task.wrote or step.writes
        self._say_step(task, "begin")

    def _end_step(self, task: _Task, error: Exception | None = None) -> None:
        """Tells how the step that is under way ended, if one is: its request, and the wait after it."""
        if task.step and error:
            if task.request_id and isinstance(error, (TimedOut, UnexpectedState)):
                error.details.setdefault("request_id", task.request_id)
            self._say_step(task, "failed", msg=str(error))
        elif task.step:
            self._say_step(task, "ended", **({"state": str(task.last_seen)} if task.last_seen else {}))
        task.step = None

    def _finish(self, task: _Task, result: Result) -> None:
        if task.wrote and isinstance(result, Exception):
            after_writes(result)
        self._end_step(task, result if isinstance(result, Exception) else None)
        self._under_way -= 1
        self.results[task.job.name] = result
        self.seconds[task.job.name] = round(self.clock() - self._start, 1)
        failed = isinstance(result, Exception) and task.job.critical
        self._order.release(task.job.name, task.blocked or (task.job.name if failed else ""))
        if isinstance(result, Exception):
            self._say("skipped" if isinstance(result, Skipped) else "failed", task, str(result), result=result)
        else:
            self._say("done" if result.plan.changed else "unchanged", task, "", result=result)

    def _say_step(self, task: _Task, phase: str, **more: str) -> None:
        if task.step:
            self._say("step", task, task.step.text, phase=phase, step=task.step, number=task.number, more=more)

    def _say(self, kind: str, task: _Task, text: str, **of_it: Any) -> None:
        """Tells an event. An error in telling stops no job."""
        seconds = self.clock() - self._start
        try:
            self.tell(Event(kind, task.job.name, text, seconds, len(self.results), self._total, **of_it))
        except Exception as error:  # noqa: BLE001 - whatever it was, the servers come first
            self.untold.append(f"{task.job.name}: {type(error).__name__}: {error}")
