# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that people see while a wave runs: one for each server and step, groups where there would be a flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from .events import Event

#: More lines than this within one second are grouped: nobody reads them, and a terminal over a slow line lags behind.
MOST = 50

#: Seconds for which lines are held back while they are grouped.
WINDOW = 1.0

#: The width of the column with the names of servers, at most.
WIDEST = 24

_WORDS = {"done": "done", "unchanged": "nothing to do", "failed": "FAILED", "skipped": "SKIPPED"}


def what(event: Event) -> str:
    """What many servers do at the same time, in a few words: the verb, with the state that its wait reached."""
    if event.step is None:
        return _WORDS[event.kind]
    return ": ".join([event.step.verb.replace("_", " "), *(event.more[key] for key in ("state",) if key in event.more)])


def _text(event: Event) -> str:
    if event.phase == "begin":
        return event.text
    if event.step and event.step.verb == "wait":
        return f"{event.text}: {event.more['state']}"
    return f"{what(event)}: {event.text}" if event.kind in ("failed", "skipped") else what(event)


def line(event: Event, who: str, text: str, width: int = 12) -> str:
    """How many servers are finished, the time since the start, who, what happens."""
    total = str(event.total)
    return f"[{event.finished:>{len(total)}}/{total}] {event.seconds:6.1f} s  {who:<{width}} {text}"


class Lines:
    """Shows each event at once, up to `MOST` in a second; what comes above that is held back and grouped.

    A server that failed is always shown at once, on a line of its own.

    :param show: takes a line, and the kind of event that it is about.
    :param names: of the servers, for the width of their column.
    """

    def __init__(self, show: Callable[[str, str], None], names: Iterable[str] = ()) -> None:
        self._show = show
        self._width = min(max([12, *map(len, names)]), WIDEST)
        self._held: list[Event] = []
        self._shown, self._since, self._flood = 0, 0.0, False

    def tell(self, event: Event) -> None:
        """An event, of which only some are for people: the answer to a request is not, nor a wait that did not wait."""
        if event.step and event.phase != "begin" and not (event.phase == "ended" and "state" in event.more):
            return
        self.tick(event.seconds)
        if event.kind == "failed":
            self._one(event)
        elif self._flood or self._shown >= MOST:
            self._held.append(event)
        else:
            self._shown += 1
            self._one(event)

    def tick(self, seconds: float) -> None:
        """The time since the start of the run: shows what was held back, once its second is over."""
        if seconds - self._since >= WINDOW:
            self.flush()
            self._since = seconds

    def flush(self) -> None:
        """Shows what was held back: as groups, unless it is little again."""
        held, self._held = self._held, []
        if self._flood and len(held) <= MOST:
            self._flood = False
            for event in held:
                self._one(event)
        elif held:
            self._flood = True
            self._groups(held)
        self._shown = 0

    def _groups(self, events: list[Event]) -> None:
        """One line for each thing that was done, in the order in which they began; all as of the newest event."""
        last, kinds = events[-1], {what(event): event for event in events}
        for words, count in Counter(map(what, events)).items():
            if count == 1:
                self._one(kinds[words])
            else:
                self._show(line(last, f"{count} servers", words, self._width), kinds[words].kind)

    def _one(self, event: Event) -> None:
        self._show(line(event, event.job, _text(event), self._width), event.kind)
