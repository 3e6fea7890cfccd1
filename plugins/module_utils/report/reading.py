# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the journal of a run, put in order: what is known of the run, of each server and of each of its steps.

A run that was killed has no last line, and the line before may be cut off. Lines of unknown kinds are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..data.errors import StandbyError
from ..data.parts import Part
from ..data.texts import object_in

Line = Mapping[str, Any]

#: The form of the lines that is understood here.
FORMAT = 1

#: A part that only another release knows is shown as work.
_PARTS = frozenset(part.value for part in Part)


class NoJournal(StandbyError):
    """A file that is not the journal of a run."""

    code = "no_journal"


@dataclass
class StepTold:
    """One step of a server, as far as it came; times in seconds since the start of the run."""

    number: int
    part: str
    verb: str
    text: str
    cloud: str
    begin: float
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
    :param networks: the same by network, or by security groups, and ``network_steps`` their steps.
    :param unread: how many lines could not be read, a last one that is cut off included.
    """

    run: Line
    fence: Line | None = None
    end: Line | None = None
    steps: dict[str, list[StepTold]] = field(default_factory=dict)
    servers: dict[str, Line] = field(default_factory=dict)
    networks: dict[str, Line] = field(default_factory=dict)
    network_steps: dict[str, list[StepTold]] = field(default_factory=dict)
    seconds: float = 0.0
    unread: int = 0


def read(text: str) -> Told:
    """What a journal tells.

    :raises NoJournal: if the text does not begin like a journal, or has a form of another release.
    """
    lines = [object_in(line) for line in text.split("\n") if line.strip()]
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
        elif line.get("kind") == "network":
            told.networks[line["network"]] = {**line, "seconds": since}
        elif line.get("kind") == "step":
            of, name = (told.steps, "server") if "server" in line else (told.network_steps, "network")
            _take_in_step(of.setdefault(line[name], []), line, since)


def _take_in_step(steps: list[StepTold], line: Line, seconds: float) -> None:
    phase, number = line["phase"], line["number"]
    if phase == "begin":
        part = line["part"] if line["part"] in _PARTS else Part.WORK.value
        steps.append(StepTold(number, part, line["verb"], line["text"], line["cloud"], seconds))
    for step in steps[-1:]:
        step.request_id = line.get("request_id") or step.request_id
        step.msg = line.get("msg") or step.msg
        if phase in ("ended", "failed"):
            setattr(step, phase, seconds)


def moment(text: str) -> datetime:
    """A time as the journal writes it; Python 3.9 does not know the "Z" for UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
