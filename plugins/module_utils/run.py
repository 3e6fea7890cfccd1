# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of an operation, from its first moment to its last: its journal, and what it carries on. Knows no Ansible."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .about import versions, who
from .errors import Refused, StandbyError
from .events import Event
from .journal import Journal, file_name, run_id, unfinished
from .plan import Refusal
from .progress import server_row
from .wave import Wave

_VERBS = {"failover": "fail over"}


class Killed(StandbyError):
    """Whoever started the run is gone, so that it must not go on."""

    code = "killed"


@dataclass
class Run:
    """A run that may begin. The seconds of its journal count from here."""

    wave: Wave
    journal: Journal
    carries_on: str | None = None
    began: float = field(default_factory=time.monotonic)

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
        self.journal.event(event, server_row(self.wave, event.result) if event.result else {})

    def end(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the last line; returns the result with the place of the journal."""
        self.journal.end(self.seconds, result)
        return {**result, **({"journal": self.journal.path} if self.journal.path else {})}


def begin(wave: Wave, operation: str, folder: str, parameters: Mapping[str, Any], user: str = "") -> Run:
    """Makes sure that the run can be written down, before anything is changed.

    :param folder: where the journal is written; "" for none.
    :raises Refused: if it cannot be.
    """
    if not folder:
        return Run(wave, Journal(None))
    try:
        return _begin(wave, operation, Path(folder), {"parameters": dict(parameters), **who(user)})
    except OSError as error:
        todo = "Make room or name another folder in journal_folder; journal_folder: '' runs without a journal."
        wanted = f"{_VERBS.get(operation, operation)} {wave.plan.name}"
        raise Refused(Refusal("no_journal", wanted, f"its journal cannot be written: {error}", todo)) from error


def _begin(wave: Wave, operation: str, folder: Path, fields: Mapping[str, Any]) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    plan, number = wave.plan, run_id(wave.now)
    earlier = unfinished(folder, plan.name, operation)
    run = Run(wave, Journal(folder / f"{file_name(plan.name, operation, number)}.jsonl"), earlier)
    run.journal.begin(
        run=number,
        operation=operation,
        plan=plan.name,
        site=wave.site,
        check=False,
        servers=[server.name for server in plan.servers],
        tiers={server.name: server.tier for server in plan.servers},
        critical={server.name: server.critical for server in plan.servers},
        rpo=plan.rpo,
        versions=versions(),
        clouds={site: plan.clouds[site] for site in ("a", "b")},
        carries_on=earlier,
        **fields,
    )
    return run
