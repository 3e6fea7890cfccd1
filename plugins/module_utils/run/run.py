# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of an operation, from its first moment to its last: its lock, its journal, and what it carries on.

Knows no Ansible.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.errors import Refused, StandbyError
from ..data.steps import Refusal
from ..engine.events import Event
from ..jobs import Wave
from .identity import versions, who
from .journal import Journal, file_name, run_id, unfinished
from .lock import Lock, take
from .own_files import make_folder
from .result import network_row, server_row


class Killed(StandbyError):
    """The process that started the run is gone, so the run must not go on."""

    code = "killed"


@dataclass
class Run:
    """A run that may begin, and holds its lock. The seconds of its journal count from here.

    ``wrote`` is whether anything was sent that changes something.
    """

    wave: Wave
    journal: Journal
    lock: Lock | None = None
    carries_on: str | None = None
    passed_over: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    wrote: bool = False

    def __post_init__(self) -> None:
        self.networks = frozenset(one.label for one in self.wave.networks)

    def close(self) -> None:
        """The run is over, however it ended: the next may begin."""
        self.journal.close()
        if self.lock:
            self.lock.release()

    @property
    def notes(self) -> list[str]:
        """What people should know before it begins."""
        on = f"Carries on run {self.carries_on}, which did not come to its end; what it did is read from the clouds."
        of = f"The journal is {self.journal.path}."
        told = [
            self.lock.taken_over if self.lock else "",
            on if self.carries_on else "",
            of if self.journal.path else "",
            *self.passed_over,
        ]
        return [text for text in told if text]

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    def fence(self, reason: str | None) -> str:
        """Why a failover may go on, in words; see `Wave.fence`."""
        try:
            why = self.wave.fence(reason)
        except Refused as refused:
            self.journal.line("fence", self.seconds, allowed=False, text=str(refused))
            raise
        self.journal.line("fence", self.seconds, allowed=True, text=why)
        return why

    def tell(self, event: Event) -> None:
        """Writes an event down."""
        self.wrote = self.wrote or bool(event.step and event.step.writes)
        if event.job in self.networks:
            self.journal.event(event, network_row(event.result) if event.result else {}, "network")
        else:
            self.journal.event(event, server_row(self.wave, event.result) if event.result else {})

    def end(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the last line; returns the result with the place of the journal."""
        self.journal.end(self.seconds, result)
        return {**result, **({"journal": self.journal.path} if self.journal.path else {})}


def begin(wave: Wave, folder: str, parameters: Mapping[str, Any], user: str = "") -> Run:
    """Takes the lock of the plan and begins the journal.

    :param folder: where the journal is written; "" for none, and for no lock.
    :param user: who is known to have started it, if not the user of the process.
    :raises Refused: if not; nothing was changed.
    """
    if not folder:
        return Run(wave, Journal(None))
    me = {"run": run_id(wave.now), "operation": wave.operation.name, **who(user)}
    place, lock = Path(folder), None
    try:
        make_folder(place)
        if wave.operation.lock:
            lock = take(place / f"{_locked(wave)}.lock", _wanted(wave), me)
        earlier, passed_over = unfinished(place, wave.plan.name, wave.operation.name) if lock else (None, [])
        journal = Journal(place / f"{file_name(wave.plan.name, wave.operation.name, me['run'])}.jsonl")
        journal.begin(**me, **_head(wave), parameters=dict(parameters), carries_on=earlier)
    except OSError as error:
        if lock:
            lock.release()
        raise _no_journal(wave, error) from error
    return Run(wave, journal, lock, earlier, passed_over)


def rehearse(wave: Wave, folder: str) -> Run:
    """For check mode: a run that leaves nothing behind.

    :raises Refused: if a journal could not be written in the folder.
    """
    place = Path(folder).absolute()
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    if folder and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise _no_journal(wave, f"{there} is not a folder that can be written to")
    return Run(wave, Journal(None))


def _head(wave: Wave) -> dict[str, Any]:
    plan = wave.plan
    return {
        "plan": plan.name,
        "check": False,
        "servers": [server.name for server in plan.servers],
        "tiers": {server.name: server.tier for server in plan.servers},
        "networks": [one.label for one in wave.networks],
        "critical": {server.name: server.critical for server in plan.servers},
        "rpo": plan.rpo,
        "versions": versions(),
        **plan.direction.data,
    }


def _locked(wave: Wave) -> str:
    """The name of the lock. With "+", which no other has, the drill of "shop" does not hold the plan "shop-drill"."""
    plan, own = file_name(wave.plan.name), wave.operation.lock
    return plan if own == "plan" else f"{plan}+{own}"


def _wanted(wave: Wave) -> str:
    return f"{wave.operation.words.verb} {wave.plan.name}"


def _no_journal(wave: Wave, why: object) -> Refused:
    todo = (
        "Make room or name another folder (-e journal_folder=/path); -e journal_folder= runs without a journal, and "
        "without the lock that keeps a second run away."
    )
    seen = f"cannot write the journal or the lock: {why}"
    return Refused(Refusal("no_journal", _wanted(wave), seen, todo))
