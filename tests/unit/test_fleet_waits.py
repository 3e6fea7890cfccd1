# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many at once: faults of polls, states, the deadline, what is polled and when."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    CloudError,
    TimedOut,
    UnexpectedState,
    Unreachable,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job, Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import State
from fleet_fakes import MAKING, READY, Cloud, run, until

PASSING = [Unreachable("no answer"), CloudError("busy", 503), CloudError("broken", 500), CloudError("slow down", 429)]
LASTING = [CloudError("who are you", 401), CloudError("forbidden", 403), RuntimeError("a bug")]


def named(error: Exception) -> str:
    return f"{type(error).__name__} {getattr(error, 'status', '')}"


@pytest.mark.parametrize("error", PASSING, ids=named)
def test_a_passing_fault_of_a_poll_is_forgiven(error: Exception) -> None:
    cloud = Cloud(db=[MAKING, error, error, READY])
    assert isinstance(run(cloud, cloud.job("db"))["db"], Outcome)
    assert len(cloud.polls) == 4


@pytest.mark.parametrize("error", LASTING, ids=named)
def test_a_lasting_fault_of_a_poll_ends_all_that_wait_for_it(error: Exception) -> None:
    cloud = Cloud(a=[error], b=[error])
    results = run(cloud, cloud.job("a"), cloud.job("b"))
    assert results == {"a": error, "b": error}


def test_a_fault_that_does_not_pass_ends_with_the_deadline() -> None:
    cloud = Cloud(db=[Unreachable("no answer")])
    result = run(cloud, cloud.job("db"), timeout=0.4)["db"]
    assert isinstance(result, TimedOut)
    assert "the volume db is still unknown after 0.4 s; expected available. The last reading failed: no answer." in str(
        result
    )


def test_a_state_that_is_not_on_the_way_ends_the_job() -> None:
    cloud = Cloud(db=[MAKING, State("error", reason="disk full")])
    results = run(cloud, cloud.job("db"), cloud.job("good"))
    assert isinstance(results["db"], UnexpectedState)
    assert "make db: the volume db is error (disk full), expected was available" in str(results["db"])
    assert isinstance(results["good"], Outcome)


def test_what_vanished_is_seen_as_gone() -> None:
    cloud = Cloud(db=[MAKING, None])
    assert "the volume db is gone" in str(run(cloud, cloud.job("db"))["db"])


def test_the_deadline_ends_every_wait_and_says_what_was_seen_last() -> None:
    cloud = Cloud(a=[MAKING], b=[MAKING])
    results = run(cloud, cloud.job("a"), cloud.job("b"), cloud.job("c"), timeout=0.4)
    assert isinstance(results["c"], Outcome)
    for name in ("a", "b"):
        assert isinstance(results[name], TimedOut)
        assert f"make {name}: the volume {name} is still creating after 0.4 s; expected available." in str(
            results[name]
        )


def test_after_the_deadline_no_further_request_is_sent() -> None:
    cloud = Cloud()
    slow = cloud.job("db", Step("first", "first"), Step("second", "second"))
    perform = slow.perform
    slow = Job("db", slow.read, slow.decide, lambda step: (cloud.time.sleep(0.1), perform(step)))
    result = run(cloud, slow, timeout=0.05)["db"]
    assert str(result) == "db: the 0.05 s of this run are over. Repeat to carry on."
    assert cloud.log == ["first db"]


def test_a_poll_that_answers_after_the_deadline_harms_no_job_that_still_works() -> None:
    """One job is ended by the deadline while a poll for it is on its way, another is in the middle of a request."""
    cloud = Cloud(a=[MAKING])
    poll = cloud.poll

    def slow_poll(*arguments: Any) -> Any:
        cloud.time.sleep(0.15)
        return poll(*arguments)

    busy = cloud.job("b", Step("work", "work"))
    busy = Job("b", busy.read, busy.decide, lambda step: cloud.time.sleep(0.4))
    results = run(cloud, cloud.job("a"), busy, poll=slow_poll, timeout=0.1)
    assert isinstance(results["a"], TimedOut)
    assert isinstance(results["b"], (Outcome, TimedOut))


@pytest.mark.parametrize("error", [CloudError("who are you", 401), None])
def test_a_late_poll_with_an_error_does_not_end_a_job_twice(error: Exception | None) -> None:
    def slow_poll(*arguments: Any) -> Any:
        cloud.time.sleep(0.15)
        if error:
            raise error
        return {}

    cloud = Cloud()
    busy = Job("b", lambda since: cloud.time.sleep(0.4), lambda *_seen: Plan({}, {}), lambda step: {})
    results = run(cloud, cloud.job("a"), busy, poll=slow_poll, timeout=0.1)
    assert isinstance(results["a"], TimedOut)
    assert isinstance(results["b"], Outcome)


def test_each_kind_at_each_cloud_is_polled_by_itself() -> None:
    asked: list[tuple[str, str, frozenset[Any]]] = []

    def poll(cloud: str, kind: str, ids: set[Any], since: float) -> dict[Any, State]:
        asked.append((cloud, kind, frozenset(ids)))
        return dict.fromkeys(ids, READY)

    cloud = Cloud()
    here, there = Step("make", "m", {}, until("v")), Step("make", "m", {}, until("v"), cloud="there")
    server, console = Step("make", "m", {}, until("s", "server")), Step("make", "m", {}, until("s", "console"))
    jobs = [cloud.job(str(number), step) for number, step in enumerate((here, there, server, console))]
    run(cloud, *jobs, poll=poll)
    expected = {("here", "volume", "v"), ("there", "volume", "v"), ("here", "server", "s")}
    assert {(cloud, kind, *ids) for cloud, kind, ids in asked if kind != "console"} == expected
    assert [ids for _cloud, kind, ids in asked if kind == "console"] == [frozenset({until("s", "console")})]


def test_a_wait_counts_only_reads_that_began_after_its_request() -> None:
    moments: list[float] = []
    done: list[float] = []

    def poll(cloud: str, kind: str, ids: set[Any], since: float) -> dict[Any, State]:
        moments.append(since)
        return dict.fromkeys(ids, READY)

    cloud = Cloud()
    job = cloud.job("db")
    perform = job.perform
    job = Job("db", job.read, job.decide, lambda step: (perform(step), done.append(cloud.time())))
    run(cloud, job, poll=poll)
    assert done[0] <= moments[0] <= cloud.time()
