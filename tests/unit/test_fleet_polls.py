# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many share what: lists that are new enough, polls that delay no other, many jobs without N x N work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import FEW, Inventory
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, TimedOut
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job, Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import FRESH, Fleet, Skipped
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import State
from fleet_fakes import READY, Cloud, run, until

#: Seconds that no run on real threads takes, on the slowest machine.
LONG = 120


class Lists:
    """A session whose volumes are `creating` in the first lists and `available` in every later one."""

    label = "lists"

    def __init__(self, names: list[str], creating: int) -> None:
        self.names, self.creating, self.count = names, creating, 0

    def pages(self, service: str, path: str, key: str) -> Iterator[dict[str, Any]]:
        self.count += 1
        status = "creating" if self.count <= self.creating else "available"
        yield from ({"id": name, "status": status} for name in self.names)


def test_every_poll_of_many_reads_the_list_anew() -> None:
    """A list that was new enough for the first poll must not answer the next ones: the wait would never end."""
    names = [f"v{number}" for number in range(FEW + 5)]
    lists = Lists(names, creating=4)
    cloud = Cloud()
    inventory = Inventory(lists, cloud.time)  # type: ignore[arg-type]
    jobs = [cloud.job(name) for name in names]
    results = run(cloud, *jobs, poll=lambda _cloud, *poll: inventory.states(*poll))
    assert all(isinstance(result, Outcome) for result in results.values()), results
    assert lists.count == 5


def test_the_reading_at_the_end_is_not_older_than_the_poll_that_ended_the_wait() -> None:
    sinces: list[float] = []
    began: list[float] = []

    def poll(cloud: str, kind: str, ids: set[Any], since: float) -> dict[Any, State]:
        began.append(since)
        return dict.fromkeys(ids, READY if len(began) == 3 else State("creating"))

    cloud = Cloud()
    job = cloud.job("db")
    run(cloud, Job("db", sinces.append, job.decide, job.perform), poll=poll)
    assert began == sorted(set(began)), "each poll asks for newer states than the one before"
    assert sinces[-1] == began[-1] > sinces[0]


def test_jobs_that_end_together_ask_for_the_same_lists() -> None:
    names = [f"s{number}" for number in range(50)]
    cloud, sinces = Cloud(**{name: [State("creating")] * 3 + [READY] for name in names}), []
    jobs = [cloud.job(name) for name in names]
    run(cloud, *(Job(job.name, sinces.append, job.decide, job.perform) for job in jobs), threads=50)
    assert len(set(sinces[50:])) < 10, "each would read lists of its own"


def test_a_job_that_starts_late_reads_no_list_of_long_ago() -> None:
    now = [1000.0]
    sinces: dict[str, float] = {}
    first = Job("db", lambda since: sinces.update(db=since), lambda *_seen: Plan({}, {}), lambda step: {})
    late = Job(
        "web",
        lambda since: sinces.update(web=since),
        lambda *_seen: Plan({}, {}),
        lambda step: {},
        None,
        frozenset({"db"}),
    )

    def tell(event: Any) -> None:
        now[0] += 100.0

    Fleet(lambda *poll: {}, timeout=1000, tell=tell, clock=lambda: now[0]).run([first, late])
    assert sinces == {"db": 1000.0 - FRESH, "web": 1100.0 - FRESH}


def test_a_target_that_answers_slowly_delays_no_other() -> None:
    release = threading.Event()

    def poll(cloud: str, kind: str, asked: set[Any], since: float) -> dict[Any, State]:
        (until,) = asked  # what no list answers is asked one by one
        if until.id == "slow:1":
            assert release.wait(LONG), "the other was not finished meanwhile"
        return {until: State("open")}

    def job(name: str) -> Job:
        check = Step(
            "wait", f"check {name}", until=Until("tcp", f"{name}:1", frozenset({"open"}), frozenset({"closed"}))
        )
        return Cloud().job(name, check)

    fleet = Fleet(poll, timeout=2 * LONG, threads=2)
    fleet.tell = lambda event: release.set() if (event.job, event.kind) == ("quick", "unchanged") else None
    assert all(isinstance(result, Outcome) for result in fleet.run([job("slow"), job("quick")]).values())


def test_an_interrupted_run_sends_nothing_more() -> None:
    cloud, steps, stopped = Cloud(), [], []

    def interrupt(event: Any) -> None:
        steps.append(event)
        if len(steps) == 100:
            raise KeyboardInterrupt

    jobs = [cloud.job(str(number)) for number in range(200)]
    with pytest.raises(KeyboardInterrupt):
        run(cloud, *jobs, threads=1, tell=interrupt, stop=lambda: stopped.append(1))
    assert stopped == [1], "threads that wait for their turn to send must be told"
    assert len(cloud.log) < 50, "what waited for a thread was sent although the run was interrupted"


@pytest.mark.parametrize("critical", [True, False])
def test_what_waits_for_a_job_that_the_deadline_ends_ends_too(critical: bool) -> None:
    cloud = Cloud(db=[State("creating")])
    jobs = cloud.job("db", critical=critical), cloud.job("web", after=frozenset({"db"}))
    results = run(cloud, *jobs, timeout=0.4)
    assert [type(results[name]) for name in ("db", "web")] == [TimedOut, Skipped if critical else TimedOut]
    assert cloud.log == ["make db"]


def test_a_long_chain_of_dependent_jobs_is_given_up_at_once() -> None:
    cloud = Cloud()
    after = [frozenset[str]()] + [frozenset({str(number)}) for number in range(2999)]
    jobs = [cloud.job(str(number), after=names) for number, names in enumerate(after)]
    jobs[0] = cloud.job("0", error=CloudError("no", 400))
    results = run(cloud, *jobs)
    assert len(results) == 3000
    assert all(isinstance(result, Skipped) for name, result in results.items() if name != "0")
    assert cloud.log == ["make 0"]


def test_servers_in_tiers_take_no_noticeable_time_of_the_processor() -> None:
    tiers = [frozenset(f"{tier}-{number}" for number in range(100)) for tier in range(4)]
    done = Step("make", "make", {}, until("x"))
    cloud, begin = Cloud(), time.process_time()
    jobs = [
        Job(name, lambda since: None, _plans(done), lambda step: {}, None, frozenset().union(*tiers[:tier]))
        for tier, names in enumerate(tiers)
        for name in sorted(names)
    ]
    results = run(cloud, *jobs, threads=8)
    assert sum(isinstance(result, Outcome) for result in results.values()) == 400
    assert time.process_time() - begin < 2


def _plans(step: Step) -> Any:
    plans = [Plan({}, {}, (step,)), Plan({}, {})]
    return lambda *_seen: plans.pop(0)
