# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that passes only while a fleet waits: a run takes the same seconds on an idle machine and on a busy one."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from itertools import count
from queue import Empty
from typing import Any, Self
from unittest.mock import patch

from ansible_collections.standby.openstack.plugins.module_utils.engine import fleet

#: A fleet that looks for answers more often than this never ends.
MOST_LOOKS = 100_000


class VirtualTime:
    """A clock, and what happens when: the fleet asks it for the time, works in its pools and waits in its queues."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._slept = 0.0

    def __call__(self) -> float:
        """The seconds of the clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Called by a function in a pool: its worker is busy for so long."""
        self._slept += seconds

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Does something when the moment has come; what is due at the same moment keeps its order."""
        heapq.heappush(self._events, (moment, next(self._numbers), action))

    def step(self, latest: float) -> bool:
        """Does the next thing, unless it is due after the latest moment. Returns whether there was one."""
        if not self._events or self._events[0][0] > latest:
            return False
        moment, _number, action = heapq.heappop(self._events)
        self.now = max(self.now, moment)
        action()
        return True

    def pool(self, workers: int) -> Pool:
        """In the place of `ThreadPoolExecutor`."""
        return Pool(self, workers)

    def queue(self) -> Queue:
        """In the place of `SimpleQueue`."""
        return Queue(self)

    @contextmanager
    def rules(self) -> Iterator[None]:
        """A fleet that runs meanwhile has no threads of its own; its clock must be this one."""
        with patch.object(fleet, "ThreadPoolExecutor", self.pool), patch.object(fleet, "SimpleQueue", self.queue):
            yield

    def timed(self, function: Callable[[], Any]) -> tuple[float, Callable[[Future], None]]:
        """Calls a function; returns the seconds that it slept, and what gives a future its result."""
        self._slept = 0.0
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - as a pool does
            failed = error
            return self._slept, lambda future: future.set_exception(failed)
        return self._slept, lambda future: future.set_result(value)


class Pool:
    """Workers that each do one thing at a time. A function runs when its worker is free; it ends when it has slept."""

    def __init__(self, time: VirtualTime, workers: int) -> None:
        self._time, self._free = time, workers
        self._waiting: deque[tuple[Future, Callable[[], Any]]] = deque()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Begins at once if a worker is free."""
        future: Future = Future()
        self._waiting.append((future, lambda: function(*arguments)))
        self._begin()
        return future

    def _begin(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            self._time.at(self._time.now, partial(self._work, *self._waiting.popleft()))

    def _work(self, future: Future, function: Callable[[], Any]) -> None:
        slept, answer = self._time.timed(function)
        self._time.at(self._time.now + slept, lambda: self._end(future, answer))

    def _end(self, future: Future, answer: Callable[[Future], None]) -> None:
        self._free += 1
        answer(future)
        self._begin()

    def shutdown(self, wait: bool = True, cancel_futures: bool = False) -> None:
        """What has not begun never begins."""
        if cancel_futures:
            self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        while self._time.step(float("inf")):
            pass


class Queue:
    """A queue whose readers let time pass."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._items: deque[Any] = deque()
        self.put = self._items.append
        self._looks = count()

    def get(self, timeout: float) -> Any:
        """The next item. Time passes until there is one, or until the timeout."""
        assert next(self._looks) < MOST_LOOKS, "the run does not end"
        latest = self._time.now + timeout
        while not self._items and self._time.step(latest):
            pass
        if not self._items:
            self._time.now = latest
        return self.get_nowait()

    def get_nowait(self) -> Any:
        """The next item that is there."""
        if not self._items:
            raise Empty
        return self._items.popleft()
