# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that people see while a wave runs: one for each server and step, groups where there would be a flood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap

from ..data.texts import one_line
from ..engine.events import Event

#: More lines than this in one second are grouped: people cannot read them, and a slow terminal would lag behind.
MOST = 50

#: Seconds for which lines are held back while they are grouped.
WINDOW = 1.0

#: The width of the column with the names of servers, at most.
WIDEST = 24

#: Lines are no longer than this, so that few terminals wrap them.
LONGEST = 100

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\+00:00")

_WORDS = {"done": "done", "unchanged": "nothing to do", "failed": "FAILED", "skipped": "SKIPPED"}


def brief(text: str) -> str:
    """The first sentence of an error: the whole of it is told at the end of the run."""
    first: str = re.split(r"(?<=[^. ])\.(?: |$)|:?\n", text, maxsplit=1)[0]
    return first


def wrapped(text: str) -> Iterator[str]:
    """The lines of a text, as short as those of the run if possible. All but the first are indented."""
    for line in text.splitlines():
        further = f"{line[: len(line) - len(line.lstrip())]}    "
        yield from wrap(line, LONGEST, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def _fitting(text: str, room: int) -> str:
    """Shortens a text in the middle, because its end tells the state that was reached."""
    if len(text) <= room:
        return text
    end = room // 3
    return f"{text[: room - end - 3]}...{text[-end:]}"


def _of_step(event: Event, text: str) -> str:
    """The text of a step, without the name of its server, which stands before it, and with the state that it reached.

    The time of a recovery point, which ends the names of its volumes, is written shorter.

    :param text: the step in words; for many servers the part of the work that it is.
    """
    for word in ("of", "to", "from"):
        text = text.removesuffix(f" {word} server {event.job}")
    short = _TIME.sub(r"\1\2\3T\4\5\6Z", text)
    return f"{short}: {event.more['state']}" if "state" in event.more else short


def line(event: Event, who: str, text: str, width: int = 12) -> str:
    """A line: how many servers are finished, the time since the start, the server, what happens."""
    total = str(event.total)
    begin = f"[{event.finished:>{len(total)}}/{total}] {event.seconds:6.1f} s  {who:<{width}} "
    return one_line(begin) + _fitting(one_line(text), max(LONGEST - len(begin), 20))


class Lines:
    """Shows each event at once, up to `MOST` in a second; what comes above that is held back and grouped.

    A server that failed is always shown at once, on a line of its own.

    :param show: takes a line, and the kind of event that it is about.
    :param names: of the servers, for the width of their column.
    :param unchanged: what is said of a server for which nothing had to be done.
    """

    def __init__(
        self, show: Callable[[str, str], None], names: Iterable[str] = (), unchanged: str = "nothing to do"
    ) -> None:
        self._show = show
        self._words = {**_WORDS, "unchanged": unchanged}
        self._width = min(max([12, *map(len, names)]), WIDEST)
        self._held: list[Event] = []
        self._shown, self._since, self._flood = 0, 0.0, False

    def tell(self, event: Event) -> None:
        """Shows an event if it is for people: not the answer to a request, and not a wait that was over at once."""
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
        """Takes the time since the start of the run. Shows what was held back, once its second is over."""
        if seconds - self._since >= WINDOW:
            self.flush()
            self._since = seconds

    def flush(self) -> None:
        """Shows what was held back: as groups if there are many lines, else line by line."""
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
        of_words: dict[str, list[Event]] = {}
        for event in events:
            of_words.setdefault(self._what(event), []).append(event)
        for words, same in of_words.items():
            count = len({event.job for event in same})
            if count == 1:
                self._one(same[-1])
            else:
                self._show(line(events[-1], f"{count} servers", words, self._width), same[-1].kind)

    def _one(self, event: Event) -> None:
        if event.step:
            text = _of_step(event, event.text)
        else:
            why = f": {brief(event.text)}" if event.kind in ("failed", "skipped") else ""
            text = self._words[event.kind] + why
        self._show(line(event, event.job, text, self._width), event.kind)

    def _what(self, event: Event) -> str:
        """What many servers do at the same time, in a few words."""
        return _of_step(event, event.step.part.label) if event.step else self._words[event.kind]
