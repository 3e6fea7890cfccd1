# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast requests may follow each other at one cloud: what the user allows, and slower when the cloud says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..data.errors import StandbyError

#: Seconds between two requests after the first "too many requests", if no rate was given: 500 in a second.
FIRST_GAP = 0.002

#: By how much the gap grows when the cloud asks for less, and shrinks with each request that it takes.
#: After a refusal a fleet is back at its old speed after about 400 requests.
SLOWER, FASTER = 1.5, 0.999

#: Longest gap in seconds.
MOST = 1.0


class Pace:
    """Shared by all threads of a session.

    :param rate: most requests in a second; 0 is no limit.
    """

    def __init__(
        self,
        rate: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._least = 1.0 / rate if rate else 0.0
        self.gap = self._least
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._clock, self._sleep = clock, sleep or self._stopped.wait
        self._next = self._paused = float("-inf")

    def wait(self, longest: float = float("inf")) -> None:
        """Returns when the calling thread may send.

        :param longest: seconds after which it returns in any case.
        :raises StandbyError: if it may not any more.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self.gap
        if turn > now:
            self._sleep(min(turn - now, max(0.0, longest)))
        if self._stopped.is_set():
            raise StandbyError("The run was stopped before this request, which was not sent.")

    def stop(self) -> None:
        """Stops all sending, also of requests that wait for their turn."""
        self._stopped.set()

    def taken(self) -> None:
        """The cloud took a request."""
        if self.gap > self._least:
            with self._lock:
                shorter = self.gap * FASTER
                self.gap = max(self._least, shorter if shorter >= FIRST_GAP else 0.0)

    def slow_down(self, pause: float) -> None:
        """The cloud wants fewer requests: none of this session for ``pause`` seconds, then at longer intervals.

        All requests that were on their way get the same answer. Only the first of them counts.
        """
        with self._lock:
            now = self._clock()
            if now >= self._paused:
                self.gap = min(MOST, max(FIRST_GAP, self.gap * SLOWER))
                self._paused = now + pause
                self._next = max(self._next, self._paused)
