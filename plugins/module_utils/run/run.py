# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of an operation, from its first moment to its last: its lock, its journal, and what it carries on.

Knows no Ansible.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..claims import PATIENCE, Claim, Claims
from ..data.errors import Refused, StandbyError
from ..data.plan_record import FAILOVER, PLAN_HASH, TOOK, UNKNOWN, Holder, Move, lock_name, record_name
from ..data.steps import Refusal
from ..decide.plan.one_run import Asker
from ..engine.events import Event
from ..jobs import Wave
from .closing_lines import recovery_time
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

    :param me: who this run is: "run", "operation", "user", "host" and "process".
    :param lease: seconds after its last sign of life for which it holds the plan at the sites; 0 holds it nowhere.
    :param move: the move that it is a part of.
    """

    wave: Wave
    journal: Journal
    me: Mapping[str, Any] = field(default_factory=dict)
    lease: int = 0
    move: Move = field(default_factory=Move)
    lock: Lock | None = None
    carries_on: str | None = None
    passed_over: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    wrote: bool = False

    def __post_init__(self) -> None:
        self.networks = frozenset(one.label for one in self.wave.networks)
        self._claims = Claims([], UNKNOWN, lambda: None)
        self._facts: dict[str, dict[str, str]] = {}

    def look(self, say: Callable[[str], None], go_on: Callable[[], None]) -> None:
        """Before anything is read: whether another run holds the plan at a site. Such a run may be dead, so it waits.

        :param say: gets lines for people.
        :param go_on: raises when the run must not go on.
        :raises Refused: if another run is under way.
        """
        if self.lease and self.wave.operation.lock:
            self._claims = claims_of(self, go_on)
            self._claims.look(say)
            self.wave.hold(self._claims.take, self._claims.check)

    def check(self) -> None:
        """Again and again while it runs.

        :raises StandbyError: if the plan is not held any more, or could not be.
        """
        self._claims.check()

    def close(self) -> None:
        """The run is over, however it ended: the next may begin."""
        self.journal.close()
        self._claims.release(self._facts)
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
        self.wrote = self.wrote or bool(event.step and event.step.writes and self._claims.given)
        if event.job in self.networks:
            self.journal.event(event, network_row(event.result) if event.result else {}, "network")
        else:
            self.journal.event(event, server_row(self.wave, event.result) if event.result else {})

    def end(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the last line; returns the result with the place of the journal."""
        self.journal.end(self.seconds, result)
        if result["changed"] and self.lease:
            self._facts = _facts(self.wave, result)
        return {**result, **({"journal": self.journal.path} if self.journal.path else {})}


def begin(wave: Wave, folder: str, parameters: Mapping[str, Any], user: str = "", **more: Any) -> Run:
    """Takes the lock of the plan on this machine and begins the journal.

    :param folder: where the journal and the lock are; "" for neither.
    :param user: who is known to have started it, if not the user of the process.
    :param more: ``lease`` and ``move``, see `Run`.
    :raises Refused: if not; nothing was changed.
    """
    me = {"run": run_id(wave.now), "operation": wave.operation.name, **who(user)}
    move = more.get("move", Move())
    if not folder:
        return Run(wave, Journal(None), me, **more)
    place, lock = Path(folder), None
    try:
        make_folder(place)
        if wave.operation.lock:
            lock = take(
                place / f"{_locked(wave)}.lock",
                _wanted(wave),
                {**me, "move": move.id, "recorded": bool(more.get("lease"))},
            )
        earlier, passed_over = unfinished(place, wave.plan.name, wave.operation.name) if lock else (None, [])
        journal = Journal(place / f"{file_name(wave.plan.name, wave.operation.name, me['run'])}.jsonl")
        journal.begin(**me, **_head(wave), parameters=dict(parameters), carries_on=earlier)
    except OSError as error:
        if lock:
            lock.release()
        raise _no_journal(wave, error) from error
    return Run(wave, journal, me, lock=lock, carries_on=earlier, passed_over=passed_over, **more)


def rehearse(wave: Wave, folder: str) -> Run:
    """For check mode: a run that leaves nothing behind.

    :raises Refused: if a journal could not be written in the folder.
    """
    place = Path(folder).absolute()
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    if folder and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise _no_journal(wave, f"{there} is not a folder that can be written to")
    return Run(wave, Journal(None))


def claims_of(run: Run, go_on: Callable[[], None]) -> Claims:
    """The records that a run holds: one at each site that its operation or move changes, always in the same order."""
    wave, me = run.wave, {**run.me, "run": run.move.id or run.me["run"]}
    asker = Asker(_wanted(wave), frozenset({me["run"]}), run.lock.gone if run.lock else frozenset())
    roles = ("source", "target") if run.move.id else wave.operation.clouds
    sites = sorted((getattr(wave.plan.direction, role).letter, role) for role in roles)
    name = record_name(wave.plan.name, wave.operation.lock)
    claims = [
        Claim(wave.inventory(role).cloud.aside(PATIENCE), str(wave.plan.direction.site(letter)), name, asker, role)
        for letter, role in sites
    ]
    holder = Holder(me["run"], me["operation"], me["user"], me["host"], run.lease)
    return Claims(claims, holder, go_on, more=bool(run.move.id) and not run.move.last)


def _facts(wave: Wave, result: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By role what the records of the plan are told of a run that changed something."""
    used, more = {PLAN_HASH: wave.digest}, {}
    if wave.operation.brings_up and not wave.operation.rehearses:
        took = recovery_time(result.get("servers", {}))
        more = {FAILOVER: wave.moment.isoformat(), TOOK: "" if took is None else str(round(took))}
    return {"source": used, "target": {**used, **more}}


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
        "rto": plan.rto,
        "versions": versions(),
        **plan.direction.data,
    }


def _locked(wave: Wave) -> str:
    """The name of the lock file. No other name of a file has a "+"."""
    return lock_name(file_name(wave.plan.name), wave.operation.lock)


def _wanted(wave: Wave) -> str:
    return f"{wave.operation.words.verb} {wave.plan.name}"


def _no_journal(wave: Wave, why: object) -> Refused:
    todo = (
        "Make room or name another folder (-e journal_folder=/path); -e journal_folder= runs without a journal and a "
        "lock file."
    )
    seen = f"cannot write the journal or the lock: {why}"
    return Refused(Refusal("no_journal", _wanted(wave), seen, todo))
