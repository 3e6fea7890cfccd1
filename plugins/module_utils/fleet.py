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
from queue import Empty, SimpleQueue
from typing import Any

from .apply import Answered, Call, Course, Job, Pause, converge
from .errors import StandbyError, TimedOut, UnexpectedState
from .events import Event, Result
from .plan import Step
from .wait import Deadline
from .watch import Asked, Poll, Waiter, Watches

#: Seconds for which a list that was read before, for all or for others, is good enough for a job that starts. What the
#: job then does is refused by the cloud, or seen in the last reading, if it rested on something that was outdated.
FRESH = 10.0

#: Seconds between two calls of ``tick`` at the longest.
TICK = 1.0


class Skipped(StandbyError):
    """A job that was not started because one that it depends on failed."""

    code = "skipped"


@dataclass(eq=False)
class _Task(Waiter):
    """A job of this run. ``open`` are the jobs that it still waits for, ``blocked`` the critical one that failed.

    ``step`` is the step that is under way and ``sent`` whether its request is, ``number`` that of the newest step,
    ``request_id`` that of its request.
    """

    job: Job
    course: Course
    open: set[str] = field(default_factory=set)
    blocked: str = ""
    step: Step | None = None
    sent: bool = False
    number: int = -1
    request_id: str = ""


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

    def run(self, jobs: Iterable[Job], check: bool = False, wait: bool = True) -> dict[str, Result]:
        """Runs all jobs; one that fails never stops another that does not depend on it.

        :return: by name of the job its outcome, or the exception that ended it.
        """
        self._start = self.clock() if self.begin is None else self.begin
        self._deadline = Deadline(self.timeout, self.clock)
        self._answers: SimpleQueue[tuple[Any, Future]] = SimpleQueue()
        self._watches = Watches(self.clock)
        self._line_up({job.name: _Task(job, converge(job, check, wait)) for job in jobs})
        # polls have threads of their own: behind 500 requests that wait for one, they would come seconds late
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
            self.tick()
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
                self._advance(task, None)
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

    def _advance(self, task: _Task, answer: Any) -> None:
        """Pushes the course of a job one step on with what it asked for, or an error, and does what it asks next."""
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
            if not failed:  # after a failure it asks why, and its step is still open
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
        """Waits for answers, at the longest until the next poll is due, and hands all that are there on."""
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
        self._end_step(task, result if isinstance(result, Exception) else None)
        self._under_way -= 1
        self.results[task.job.name] = result
        self.seconds[task.job.name] = round(self.clock() - self._start, 1)
        failed = isinstance(result, Exception) and task.job.critical
        self._release(task, task.blocked or (task.job.name if failed else ""))
        if isinstance(result, Exception):
            self._say("skipped" if isinstance(result, Skipped) else "failed", task, str(result), result=result)
        else:
            self._say("done" if result.plan.changed else "unchanged", task, "", result=result)

    def _release(self, task: _Task, root: str) -> None:
        """Lets those go on that waited for a job, or gives them up.

        :param root: the critical job that failed: this one, or that for which this one was not started, critical or
            not. "" if there is none.
        """
        for follower in self._followers.pop(task.job.name, ()):
            if follower.blocked or follower.job.name not in self._pending:
                continue
            follower.open.discard(task.job.name)
            if root:
                follower.blocked = root
                self._ready.appendleft(follower)
            elif not follower.open:
                self._ready.append(follower)

    def _say_step(self, task: _Task, phase: str, **more: str) -> None:
        if task.step:
            self._say("step", task, task.step.text, phase=phase, step=task.step, number=task.number, more=more)

    def _say(self, kind: str, task: _Task, text: str, **of_it: Any) -> None:
        seconds = self.clock() - self._start
        self.tell(Event(kind, task.job.name, text, seconds, len(self.results), self._total, **of_it))
