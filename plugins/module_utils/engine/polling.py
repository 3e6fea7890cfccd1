# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs of a fleet wait for: which states to ask for, when, and what an answer means for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any

from ..data.errors import CloudError, StandbyError, TimedOut, Unreachable
from ..data.steps import Until
from .converge import Pause
from .waits import GONE, State, interval, reached, wait_kind

#: (cloud, kind, ids, since) -> the state of each id that exists; reads that began before ``since`` do not count.
Poll = Callable[[str, str, "set[Any]", float], Mapping[Any, State]]

#: Seconds from the first wait for a kind to its first poll: others that begin to wait meanwhile share it.
GATHER = 0.05

_GONE = State(GONE)

#: Seconds of an interval for each target that is asked by itself: together they ask at most 100 times a second.
SHARE = 0.01


@dataclass(eq=False)
class Waiter:
    """Something that may wait. Reads that began before ``since`` (seconds of the clock) do not count for it.

    ``trouble`` is why the last read failed, where that was forgiven.
    """

    since: float = field(default=0.0, init=False)
    last_seen: State | None = field(default=None, init=False)
    trouble: str = field(default="", init=False)


@dataclass(eq=False)
class _Watch:
    """Waits that one poll answers. ``newest``: when the last of them began or ended.

    ``single``: there is one wait, which no list answers.
    """

    cloud: str
    kind: str
    single: bool
    waits: dict[Waiter, Pause] = field(default_factory=dict)
    newest: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A poll that is on its way: for which waits, and when it began."""

    watch: _Watch
    waits: Mapping[Waiter, Pause]
    began: float

    @property
    def cloud(self) -> str:
        """The cloud to ask."""
        return self.watch.cloud

    @property
    def kind(self) -> str:
        """The kind of resource."""
        return self.watch.kind

    @property
    def targets(self) -> set[Any]:
        """What to ask for."""
        return {_target(pause.until) for pause in self.waits.values()}


class Watches:
    """All waits of a run."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._watches: dict[tuple[Any, ...], _Watch] = {}
        self._of: dict[Waiter, tuple[Any, ...]] = {}
        self._singles = 0
        #: The watches without a poll on its way, by the moment of their next one. Some may have no waits any more.
        self._queue: list[tuple[float, int, _Watch]] = []
        self._numbers = count()

    def __bool__(self) -> bool:
        return bool(self._of)

    def add(self, waiter: Any, pause: Pause) -> None:
        """Adds a waiter."""
        cloud, kind, now = pause.step.cloud, pause.until.kind, self._clock()
        single = wait_kind(pause.until).single
        key = (cloud, kind, pause.until) if single else (cloud, kind)
        watch = self._watches.get(key) or self._watch(key, _Watch(cloud, kind, single))
        watch.waits[waiter], watch.newest = pause, now
        waiter.last_seen, self._of[waiter] = None, key

    def _watch(self, key: tuple[Any, ...], watch: _Watch) -> _Watch:
        self._watches[key] = watch
        self._singles += watch.single
        self._line_up(watch, self._clock() + GATHER)
        return watch

    def _line_up(self, watch: _Watch, due: float) -> None:
        heappush(self._queue, (due, next(self._numbers), watch))

    def drop(self, waiter: Any) -> None:
        """Removes a waiter, if it is there."""
        key = self._of.pop(waiter, None)
        if key is not None:
            watch = self._watches[key]
            del watch.waits[waiter]
            if not watch.waits:
                self._singles -= watch.single
                del self._watches[key]

    def all(self) -> list[tuple[Any, Pause]]:
        """All waiters, and what each waits for."""
        return [pair for watch in self._watches.values() for pair in watch.waits.items()]

    @property
    def next_due(self) -> float:
        """The moment of the next poll, as far as is known now."""
        while self._queue and not self._queue[0][-1].waits:
            heappop(self._queue)
        return self._queue[0][0] if self._queue else float("inf")

    def due(self) -> Iterator[Asked]:
        """The polls whose time has come."""
        now = self._clock()
        while self.next_due <= now:
            _due, _number, watch = heappop(self._queue)
            yield Asked(watch, dict(watch.waits), now)

    def judge(self, asked: Asked, future: Future) -> list[tuple[Any, State | BaseException]]:
        """The waiters whose wait a poll ended, each with the state or with the error.

        A passing fault of a read ends no wait before the deadline.
        """
        watch, now = asked.watch, self._clock()
        ends = _ends(asked, future)
        if ends:
            watch.newest = now  # what ends together began together: more are likely to follow soon
        cost = self._singles * SHARE if watch.single else now - asked.began
        self._line_up(watch, now + interval(now - watch.newest, cost))
        return ends


def _ends(asked: Asked, future: Future) -> list[tuple[Any, State | BaseException]]:
    waits = asked.watch.waits
    # the deadline may have ended others meanwhile
    group = [(waiter, pause) for waiter, pause in asked.waits.items() if waits.get(waiter) is pause]
    error = future.exception()
    for waiter, _pause in group:
        waiter.trouble = str(error) if error else ""
    if error:
        return [] if _passing(error) else [(waiter, error) for waiter, _pause in group]
    states = future.result()
    ends = ((waiter, _end(waiter, pause, states)) for waiter, pause in group)
    return [(waiter, end) for waiter, end in ends if end is not None]


def _end(waiter: Waiter, pause: Pause, states: Mapping[Any, State]) -> State | StandbyError | None:
    """The state that ends a wait, the error that does, or None."""
    state = states.get(_target(pause.until), _GONE)
    if state is waiter.last_seen:  # it did not end the wait before: few of 5,000 servers change from poll to poll
        return None
    waiter.last_seen = state
    try:
        return state if reached(pause.until, state, pause.step.text) else None
    except StandbyError as unexpected:
        return unexpected


def _target(until: Until) -> Any:
    """What a poll is asked for: an id, or all that a single wait says."""
    return until if wait_kind(until).single else until.id


def _passing(error: BaseException) -> bool:
    """Whether a read that failed so may succeed when repeated."""
    if isinstance(error, CloudError):
        return error.status >= 500 or error.status == 429
    return isinstance(error, (Unreachable, TimedOut))
