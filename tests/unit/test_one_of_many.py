# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that fails, or that cannot be told, stops no other one; and what was changed before is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError, changed_before
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.run.journal import Journal
from ansible_collections.standby.openstack.plugins.module_utils.run.result import server_row
from fleet_fakes import Cloud, run

pytestmark = pytest.mark.usefixtures("quick_polls")


def test_an_event_that_cannot_be_told_stops_neither_its_job_nor_others() -> None:
    """An unreadable recovery point of one server ended the failover of all."""
    told: list[str] = []

    def tell(event: Event) -> None:
        if event.job == "odd":
            raise ValueError("unreadable")
        told.append(event.job)

    cloud = Cloud()
    fleet = Fleet(cloud.poll, threads=4, tell=tell)
    results = fleet.run([cloud.job("odd"), cloud.job("db")])
    assert [name for name, result in sorted(results.items()) if isinstance(result, Outcome)] == ["db", "odd"]
    assert set(told) == {"db"}
    assert set(fleet.untold) == {"odd: ValueError: unreadable"}


def test_an_interrupt_while_something_is_told_still_ends_the_run() -> None:
    def tell(event: Event) -> None:
        raise KeyboardInterrupt

    cloud = Cloud()
    with pytest.raises(KeyboardInterrupt):
        run(cloud, cloud.job("db"), tell=tell)


READS = Step("wait", "wait")


@pytest.mark.parametrize("error", [StandbyError("no"), KeyError("no")])
@pytest.mark.parametrize(
    ("steps", "changed"), [((Step("mark", "mark"),), True), ((Step("look", "look", only_reads=True),), False)]
)
def test_a_server_that_failed_after_a_request_that_writes_is_changed(
    steps: tuple[Step, ...], changed: bool, error: Exception
) -> None:
    """The failover said "changed: false" after an unshelve."""
    cloud = Cloud()
    result = run(cloud, cloud.job("db", *steps, error=type(error)(*error.args)))["db"]
    assert changed_before(result) is changed
    row = server_row(None, result)  # type: ignore[arg-type]
    assert (row["changed"], "error" in row) == (changed, True)


def lag(_point: str) -> int:
    raise ValueError("Invalid isoformat string")


def test_a_server_whose_row_cannot_be_made_is_told_alone() -> None:
    wave: Any = SimpleNamespace(lag=lag)
    outcome = Outcome(Plan({}, {}, (Step("unshelve", "unshelve server db"),)), {}, {"recovery_point": "zzz"})
    row = server_row(wave, outcome)
    assert (row["changed"], row["steps"]) == (True, ["unshelve server db"])
    assert row["msg"] == "Unexpected ValueError: Invalid isoformat string"


def test_a_line_that_no_json_can_hold_ends_the_journal_and_not_the_run(tmp_path: Any) -> None:
    journal = Journal(tmp_path / "x.jsonl")
    circle: dict[str, Any] = {}
    circle["itself"] = circle
    journal.line("server", 1.0, odd=circle)
    assert journal.broken
