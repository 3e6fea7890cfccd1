# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet tells of each step: before its request, when it is answered, and how it ended."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    CloudError,
    StandbyError,
    TimedOut,
    UnexpectedState,
    Unreachable,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Answered, Job, Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import State
from fleet_fakes import MAKING, READY, Cloud, run, until

MAKE = Step("make", "make db", {}, until("db"))
MARK = Step("mark", "mark db")
WAIT = Step("wait", "wait for db", {}, until("db"))


def told(cloud: Cloud, *steps: Step, answer: Any = None, **options: Any) -> list[Any]:
    """The phases of the only job, with what is told beside them; at the end how the job ended."""
    events: list[Event] = []
    job = cloud.job("db", *steps, **options)
    given = Answered({}, answer) if answer else {}

    def perform(step: Step) -> Any:
        job.perform(step)
        return given

    changed = Job("db", job.read, job.decide, perform, job.explain)
    run(cloud, changed, tell=events.append, timeout=options.get("timeout", 3))
    return [(event.number, event.phase, dict(event.more)) if event.step else event.kind for event in events]


def test_a_step_with_a_wait_and_one_without() -> None:
    assert told(Cloud(db=[MAKING, READY]), MARK, MAKE) == [
        (0, "begin", {}),
        (0, "answered", {}),
        (0, "ended", {}),
        (1, "begin", {}),
        (1, "answered", {}),
        (1, "ended", {"state": "available"}),
        "done",
    ]


def test_the_state_of_one_wait_is_not_told_of_the_next_step() -> None:
    phases = told(Cloud(), MAKE, MARK)
    assert phases[2] == (0, "ended", {"state": "available"})
    assert phases[5] == (1, "ended", {})


def test_the_request_id_of_the_answer() -> None:
    phases = told(Cloud(), MAKE, answer="req-1")
    assert phases[1] == (0, "answered", {"request_id": "req-1"})


def test_a_step_that_only_waits_is_not_answered() -> None:
    assert told(Cloud(), WAIT, answer="req-of-an-earlier-request") == [
        (0, "begin", {}),
        (0, "ended", {"state": "available"}),
        "unchanged",
    ]


def test_a_request_that_fails() -> None:
    assert told(Cloud(), MAKE, error=CloudError("no", 400)) == [
        (0, "begin", {}),
        (0, "failed", {"msg": "no"}),
        "failed",
    ]


def test_a_job_whose_reading_fails_has_no_step() -> None:
    events: list[Event] = []
    run(Cloud(), Job("db", lambda since: 1 / 0, lambda *_seen: Plan({}, {}), lambda step: {}), tell=events.append)
    assert [(event.kind, event.step) for event in events] == [("failed", None)]


def test_the_event_of_a_job_holds_its_result() -> None:
    events: list[Event] = []
    cloud = Cloud()
    results = run(cloud, cloud.job("good"), cloud.job("bad", error=CloudError("no", 400)), tell=events.append)
    assert {event.job: event.result for event in events if event.result} == results


@pytest.mark.parametrize("why", ["no host", ""])
def test_a_wait_that_fails_is_told_once_with_the_reason_that_was_asked_for(why: str) -> None:
    """And the error has the id of the request after which the server fell."""
    events: list[Event] = []
    cloud = Cloud(db=[State("ERROR")])
    plan = Plan({}, {}, (Step("unshelve", "unshelve db", {}, until("db", "server"), part=Part.START), MARK))
    job = Job("db", lambda since: None, lambda *_seen: plan, lambda step: Answered({}, "req-7"), lambda *_server: why)
    error = run(cloud, job, tell=events.append)["db"]
    assert [event.phase for event in events] == ["begin", "answered", "failed", ""]
    assert isinstance(error, UnexpectedState)
    assert error.details["request_id"] == "req-7"
    assert events[2].more == {"msg": str(error)}
    assert why in str(error)


@pytest.mark.parametrize(
    "fault",
    [
        Unreachable("no answer."),
        CloudError("not for you", 403),
        CloudError("later", 503),
        TimedOut("db: the 60 s of this run are over. Repeat to carry on."),
    ],
)
def test_a_reason_that_cannot_be_asked_for_does_not_hide_the_error(fault: StandbyError) -> None:
    events: list[Event] = []

    def explain(*_server: str) -> str:
        raise fault

    plan = Plan({}, {}, (Step("unshelve", "unshelve db", {}, until("db", "server"), part=Part.START),))
    job = Job("db", lambda since: None, lambda *_seen: plan, lambda step: Answered({}, "req-9"), explain)
    error = run(Cloud(db=[State("ERROR")]), job, tell=events.append)["db"]
    assert isinstance(error, UnexpectedState)
    assert (error.details["seen"], error.details["request_id"]) == ("ERROR", "req-9")
    why = str(fault).rstrip(".")
    assert f" (why could not be asked: {why}) Its volumes stay attached, and their data is as it was." in str(error)
    assert [event.phase for event in events] == ["begin", "answered", "failed", ""]
    assert events[2].more == {"msg": str(error)}


def test_a_wait_that_the_deadline_ends() -> None:
    events: list[Event] = []
    cloud = Cloud(db=[MAKING])
    job = cloud.job("db")
    with_id = Job("db", job.read, job.decide, lambda step: Answered({}, "req-8"))
    error = run(cloud, with_id, timeout=0.2, tell=events.append)["db"]
    assert [event.phase for event in events] == ["begin", "answered", "failed", ""]
    assert isinstance(error, TimedOut)
    assert error.details["request_id"] == "req-8"


def test_an_error_that_several_share_gets_no_request_id_of_one() -> None:
    shared = Unreachable("gone")
    cloud = Cloud(a=[CloudError("who are you", 401)])
    results = run(cloud, cloud.job("a"), cloud.job("b", error=shared))
    assert "request_id" not in shared.details
    assert "request_id" not in results["a"].details


def test_nothing_is_told_of_steps_in_check_mode() -> None:
    events: list[Event] = []
    cloud = Cloud()
    run(cloud, cloud.job("db"), check=True, tell=events.append)
    assert [event.kind for event in events] == ["done"]


def test_seconds_count_from_when_the_run_began() -> None:
    now = [100.0]
    events: list[Event] = []
    cloud = Cloud()
    fleet = Fleet(cloud.poll, timeout=3, tell=events.append, clock=lambda: now[0], begin=88.0)
    fleet.run([cloud.job("db", MARK)])
    assert {event.seconds for event in events} == {12.0}
    assert fleet.seconds == {"db": 12.0}


def test_the_time_before_the_run_is_not_taken_from_its_timeout() -> None:
    now = [100.0]
    cloud = Cloud()
    results = Fleet(cloud.poll, timeout=3, clock=lambda: now[0], begin=50.0).run([cloud.job("db", MARK)])
    assert isinstance(results["db"], Outcome)


def test_a_tick_ends_a_run_that_only_waits() -> None:
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) > 10:
            raise StandbyError("enough")

    cloud = Cloud(db=[MAKING])
    with pytest.raises(StandbyError, match="enough"):
        run(cloud, cloud.job("db"), tick=tick)
    assert cloud.log == ["make db"]
