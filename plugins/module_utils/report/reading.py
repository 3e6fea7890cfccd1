# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the journal of a run, put in order: what is known of the run, of each server and of each of its steps.

A run that was killed has no last line, and the line before may be cut off. Lines of unknown kinds are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import StandbyError

Line = Mapping[str, Any]

#: The form of the lines that is understood here.
FORMAT = 1

#: What neither XML 1.0 nor UTF-8 can carry: control characters, halves of surrogate pairs, two non-characters.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class NoJournal(StandbyError):
    """A file that is not the journal of a run."""

    code = "no_journal"


@dataclass
class StepTold:
    """One step of a server, as far as it came; times in seconds since the start of the run."""

    number: int
    verb: str
    text: str
    cloud: str
    begin: float
    answered: float | None = None
    ended: float | None = None
    failed: float | None = None
    request_id: str = ""
    msg: str = ""


@dataclass
class Told:
    """All that a journal tells.

    :param seconds: of its last line, since the start of the run.
    :param steps: by server, in the order in which they began.
    :param servers: by server the line about what became of it.
    :param unread: how many lines could not be read, a last one that is cut off included.
    """

    run: Line
    fence: Line | None = None
    end: Line | None = None
    steps: dict[str, list[StepTold]] = field(default_factory=dict)
    servers: dict[str, Line] = field(default_factory=dict)
    seconds: float = 0.0
    unread: int = 0


def read(text: str) -> Told:
    """What a journal tells.

    :raises NoJournal: if the text does not begin like a journal, or has a form of another release.
    """
    lines = [_parsed(line) for line in text.split("\n") if line.strip()]
    run = lines[0] if lines else None
    if run is None or run.get("kind") != "run":
        raise NoJournal(
            "Wanted the journal of a run, saw a file that does not begin like one. Name a file *.jsonl of dr_wave."
        )
    if run.get("format") != FORMAT:
        saw = f"saw format {run.get('format')}"
        raise NoJournal(f"Wanted a journal of format {FORMAT}, {saw}. Use the release that wrote it, or a newer one.")
    told = Told(run, unread=sum(line is None for line in lines))
    _take_in(told, (line for line in lines[1:] if line is not None))
    return told


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = clean(json.loads(line))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def clean(value: Any) -> Any:
    """The value with every character replaced that the files of a report cannot carry."""
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list) else value


def _take_in(told: Told, lines: Iterable[Line]) -> None:
    begin = moment(told.run["time"])
    for line in lines:
        seconds = line.get("seconds")
        since = float(seconds) if seconds is not None else (moment(line["time"]) - begin).total_seconds()
        told.seconds = max(told.seconds, since)
        if line.get("kind") == "fence":
            told.fence = line
        elif line.get("kind") == "end":
            told.end = line
        elif line.get("kind") == "server":
            told.servers[line["server"]] = {**line, "seconds": since}
        elif line.get("kind") == "step":
            _take_in_step(told.steps.setdefault(line["server"], []), line, since)


def _take_in_step(steps: list[StepTold], line: Line, seconds: float) -> None:
    phase, number = line["phase"], line["number"]
    if phase == "begin":
        steps.append(StepTold(number, line["verb"], line["text"], line["cloud"], seconds))
    for step in steps[-1:]:
        step.request_id = line.get("request_id") or step.request_id
        step.msg = line.get("msg") or step.msg
        if phase in ("answered", "ended", "failed"):
            setattr(step, phase, seconds)


def moment(text: str) -> datetime:
    """A time as the journal writes it; Python 3.9 does not know the "Z" for UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
