# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs at once, on fakes: what one job does to others, waits, the deadline, faults of reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    CloudError,
    Refused,
    StandbyError,
    Unreachable,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Refusal, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job, Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet, Skipped
from fleet_fakes import MAKING, READY, Cloud, run


def test_one_job() -> None:
    cloud = Cloud(db=[MAKING, MAKING, READY])
    result = run(cloud, cloud.job("db"))["db"]
    assert isinstance(result, Outcome)
    assert (result.facts, cloud.log, len(cloud.polls)) == ({"name": "db"}, ["make db"], 3)


def test_check_mode_performs_nothing_and_polls_nothing() -> None:
    cloud = Cloud()
    result = run(cloud, cloud.job("a"), cloud.job("b"), check=True)
    assert [outcome.plan.changed for outcome in result.values()] == [True, True]
    assert (cloud.log, cloud.polls) == ([], [])


def test_without_waiting_nothing_is_polled() -> None:
    cloud = Cloud(db=[MAKING])
    assert isinstance(run(cloud, cloud.job("db"), wait=False)["db"], Outcome)
    assert (cloud.log, cloud.polls) == (["make db"], [])


def test_many_jobs_share_the_polls_and_hold_no_thread_while_they_wait() -> None:
    names = [f"s{number}" for number in range(100)]
    cloud = Cloud(**{name: [MAKING] * 5 + [READY] for name in names})
    begin = cloud.time.now
    results = run(cloud, *(cloud.job(name) for name in names), threads=10)
    assert all(isinstance(results[name], Outcome) for name in names)
    assert len(cloud.polls) < 20, "polls of one job each"
    assert max(len(ids) for ids in cloud.polls) == 100
    assert cloud.time.now - begin < 1.5, "ten jobs after the other"


@pytest.mark.parametrize(
    "error",
    [CloudError("no", 400), Unreachable("gone"), StandbyError("own"), RuntimeError("a bug"), KeyError("x")],
    ids=lambda error: type(error).__name__,
)
def test_one_failure_stops_no_other(error: Exception) -> None:
    cloud = Cloud()
    results = run(cloud, cloud.job("bad", error=error), cloud.job("good"), cloud.job("better"))
    assert results["bad"] is error
    assert isinstance(results["good"], Outcome)
    assert isinstance(results["better"], Outcome)


@pytest.mark.parametrize("where", ["read", "decide"])
def test_a_failing_read_or_decision_stops_no_other(where: str) -> None:
    cloud = Cloud()
    steps: dict[str, Callable[..., Any]] = {"read": lambda since: None, "decide": lambda *_seen: Plan({}, {})}
    steps[where] = lambda *_arguments: 1 / 0
    bad = Job("bad", steps["read"], steps["decide"], lambda step: {})
    results = run(cloud, bad, cloud.job("good"))
    assert isinstance(results["bad"], ZeroDivisionError)
    assert isinstance(results["good"], Outcome)


def test_a_refusal_is_a_result() -> None:
    refusal = Refusal("no", "do it", "it is so", "Do not.")
    result = run(Cloud(), Job("db", lambda since: None, lambda *_seen: refusal, lambda step: {}))["db"]
    assert isinstance(result, Refused)


def test_a_job_starts_when_those_before_it_are_finished() -> None:
    cloud = Cloud(db=[MAKING, MAKING, READY])
    results = run(
        cloud, cloud.job("web", after=frozenset({"app"})), cloud.job("app", after=frozenset({"db"})), cloud.job("db")
    )
    assert list(results) == ["db", "app", "web"]
    assert cloud.log == ["make db", "make app", "make web"]


def test_a_job_that_nobody_knows_is_not_waited_for() -> None:
    cloud = Cloud()
    assert isinstance(run(cloud, cloud.job("db", after=frozenset({"not in this run"})))["db"], Outcome)


def test_when_a_critical_job_fails_all_that_follow_are_skipped() -> None:
    cloud = Cloud()
    results = run(
        cloud,
        cloud.job("db", error=CloudError("no", 400)),
        cloud.job("app", after=frozenset({"db"})),
        cloud.job("web", after=frozenset({"app"})),
        cloud.job("other"),
    )
    assert cloud.log.count("make app") == cloud.log.count("make web") == 0
    assert isinstance(results["app"], Skipped)
    assert isinstance(results["other"], Outcome)
    assert str(results["app"]) == "app was not started because db failed. Repair it, then repeat."
    assert str(results["web"]) == "web was not started because db failed. Repair it, then repeat."


def test_who_needs_an_optional_job_that_was_not_started_is_not_started_either() -> None:
    """What that one waited for in vain is missing for all who come after it."""
    cloud = Cloud()
    results = run(
        cloud,
        cloud.job("db", error=CloudError("no", 400)),
        cloud.job("cache", after=frozenset({"db"}), critical=False),
        cloud.job("app", after=frozenset({"cache"}), critical=False),
        cloud.job("web", after=frozenset({"app"})),
    )
    for name in ("cache", "app", "web"):
        assert str(results[name]) == f"{name} was not started because db failed. Repair it, then repeat."
    assert cloud.log == ["make db"]


def test_when_an_optional_job_fails_others_go_on() -> None:
    cloud = Cloud()
    bad = cloud.job("cache", error=CloudError("no", 400), critical=False)
    results = run(cloud, bad, cloud.job("web", after=frozenset({"cache"})))
    assert isinstance(results["cache"], CloudError)
    assert isinstance(results["web"], Outcome)


def test_jobs_that_wait_for_each_other_are_an_error_and_not_a_run_without_end() -> None:
    cloud = Cloud()
    jobs = (cloud.job("a", after=frozenset({"b"})), cloud.job("b", after=frozenset({"a"})), cloud.job("c"))
    results = run(cloud, *jobs)
    assert isinstance(results["c"], Outcome)
    for name in ("a", "b"):
        assert (
            str(results[name])
            == f"{name} was not started because a, b wait for each other. Correct what they come after."
        )
    assert cloud.log == ["make c"]


def test_no_more_jobs_than_allowed_are_under_way() -> None:
    cloud = Cloud(**{f"s{number}": [MAKING, MAKING, READY] for number in range(6)})
    events: list[Event] = []
    run(cloud, *(cloud.job(f"s{number}") for number in range(6)), max_in_flight=2, tell=events.append)
    begun = done = 0
    for event in events:
        begun += event.phase == "begin"
        done += event.kind == "done"
        assert begun - done <= 2
    assert (begun, done) == (6, 6)


def test_what_is_told() -> None:
    events: list[Event] = []
    cloud = Cloud()
    idle = Job("idle", lambda since: None, lambda *_seen: Plan({}, {}), lambda step: {})
    jobs = [
        cloud.job("db"),
        cloud.job("bad", error=CloudError("no", 400)),
        idle,
        cloud.job("web", after=frozenset({"bad"})),
    ]
    run(cloud, *jobs, tell=events.append)
    told = {(event.job, event.kind, event.text) for event in events}
    assert told == {
        ("db", "step", "make db"),
        ("db", "done", ""),
        ("bad", "step", "make bad"),
        ("bad", "failed", "no"),
        ("idle", "unchanged", ""),
        ("web", "skipped", "web was not started because bad failed. Repair it, then repeat."),
    }
    assert [event.total for event in events] == [4] * len(events)
    assert events[-1].finished == 4
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)


def test_no_jobs_at_all() -> None:
    assert run(Cloud()) == {}


def test_a_run_that_waits_looks_only_when_something_is_due() -> None:
    cloud, rounds = Cloud(db=[MAKING]), list[int]()
    run(cloud, cloud.job("db"), timeout=60, tick=lambda: rounds.append(1))
    assert 60 <= len(rounds) < 2 * (60 + len(cloud.polls))


def test_one_request_at_a_time_unless_more_are_wanted() -> None:
    cloud = Cloud()
    fleet, begin = Fleet(cloud.poll, clock=cloud.time), cloud.time.now
    with cloud.time.rules():
        fleet.run(cloud.job(str(number), Step("mark", "mark")) for number in range(10))
    assert round(cloud.time.now - begin, 3) == 10 * 0.005
