# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four times as many servers take four times as many operations of Python. They are counted: no matter of time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import recovery_plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.select_servers import chosen
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job, Outcome, Pause
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.engine.order import Follower, Order
from ansible_collections.standby.openstack.plugins.module_utils.engine.polling import Asked, Waiter, Watches
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import State
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.run.closing_lines import closing
from ansible_collections.standby.openstack.plugins.module_utils.run.result import summary
from memory_cloud.world import World, at_once
from recovery_builders import plan_data, row

FEW, TIMES = 20, 4

#: What makes something of a list: once for each list. How many lists a run reads is a matter of time, and of the cloud:
#: a list that is on its way serves all who wait. In memory none is on its way.
OF_LISTS = {"_fetch", "_remembered", "by_key", "_by_marks", "_by_address", "_by_note", "each"}


def operations(function: Callable[[], Any]) -> int:
    """How many operations of Python a call takes in the files of the collection, without `OF_LISTS`."""
    count, before = 0, sys.gettrace()

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        nonlocal count
        if event == "call" and not _counts(frame):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def _counts(frame: Any) -> bool:
    code, caller = frame.f_code, frame.f_back
    inside = {code.co_name, caller.f_code.co_name if caller else ""}
    return "/plugins/" in code.co_filename and not inside & OF_LISTS


def assert_linear(of: Callable[[int], Callable[[], Any]], few: int = FEW) -> None:
    """``of`` makes what is counted for a number of servers."""
    once, more = operations(of(few)), operations(of(few * TIMES))
    assert once > 20 * few, "nothing was counted"
    assert more <= TIMES * once, (once, more)


def three_tiers(number: int, count: int) -> dict[str, Any]:
    return {"tier": 1 + number * 3 // count}


def a_tier_each(number: int, _count: int) -> dict[str, Any]:
    return {"tier": number + 1}


def a_chain(number: int, _count: int) -> dict[str, Any]:
    return {"depends_on": [f"s{number - 1}"] if number else []}


def a_star(number: int, _count: int) -> dict[str, Any]:
    return {"depends_on": ["s0"] if number else []}


def a_ring(number: int, count: int) -> dict[str, Any]:
    return {"depends_on": [f"s{(number + 1) % count}"]}


def a_network_each(number: int, _count: int) -> dict[str, Any]:
    return {"ports": [{"network": f"n{number}", "security_groups": [f"g{number}"]}]}


SHAPES = [three_tiers, a_tier_each, a_chain, a_star, a_network_each]


def data(count: int, shape: Any) -> dict[str, Any]:
    """A plan of so many servers."""
    rows = [row(name=f"s{number}", ports=[{"network": "net"}]) | shape(number, count) for number in range(count)]
    made = range(count if shape is a_network_each else 0)
    networks = [{"name": f"n{number}"} for number in made]
    return plan_data(*rows, networks=networks, security_groups=[{"name": f"g{number}"} for number in made])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plan_is_read(shape: Any) -> None:
    def reading(count: int) -> Callable[[], Any]:
        given = data(count, shape)
        return lambda: recovery_plan(given)

    assert_linear(reading)


def test_a_plan_is_refused() -> None:
    def refusing(count: int) -> Callable[[], Any]:
        given = data(count, a_ring)

        def refused() -> None:
            with pytest.raises(Refused):
                recovery_plan(given)

        return refused

    assert_linear(refusing)


def test_servers_are_chosen() -> None:
    def choosing(count: int) -> Callable[[], Any]:
        given = data(count, three_tiers)
        plan = recovery_plan(given)
        return lambda: chosen(plan, given, "servers[?tier==`1`]")

    assert_linear(choosing)


PROTECTED = ["provision", "prepare", "replicate"]
#: What came before each operation.
BEFORE = {
    "provision": [],
    "prepare": PROTECTED[:1],
    "replicate": PROTECTED[:2],
    "readiness": PROTECTED,
    "failover": PROTECTED,
    "drill": PROTECTED,
    "drill_cleanup": [*PROTECTED, "drill"],
    "stop_source": PROTECTED,
    "abort": [*PROTECTED, "stop_source", "replicate"],
    "status": [*PROTECTED, "failover"],
    "fence": [*PROTECTED, "failover"],
    "reprotect": [*PROTECTED, "stop_source", "replicate", "failover"],
}


def world_before(operation: str, count: int) -> World:
    """Two clouds where the operation is the next one."""
    plan = recovery_plan(data(count, three_tiers) | {"handover": "recreate"})
    world = World(plan)
    for site in (world.source, world.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
    for earlier in BEFORE[operation]:
        succeed(world, earlier)
        world.settle()
    return world


def succeed(world: World, operation: str) -> None:
    """Runs an operation."""
    ends = world.run(operation)
    assert all(isinstance(end, Outcome) for end in ends.values()), ends


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wave(operation: str) -> None:
    def wave(count: int) -> Callable[[], Any]:
        world = world_before(operation, count)
        return lambda: succeed(world, operation)

    assert_linear(wave, few=10)


class Task(Follower):
    """A job that is in order."""

    def __init__(self, number: int, tier: int) -> None:
        super().__init__()
        self.job = Job(str(number), lambda since: None, lambda *_seen: Plan({}, {}), lambda step: None, tier=tier)


@pytest.mark.parametrize("tiers", [1, 3, 3000])
def test_three_thousand_jobs_have_no_link_for_each_pair(tiers: int) -> None:
    tasks = {str(number): Task(number, number % tiers) for number in range(3000)}
    order = Order(tasks)
    assert sum(len(task.open) for task in tasks.values()) <= 3000
    done: list[int] = []
    while order.ready:
        task = order.ready.popleft()
        order.take(task)
        done.append(task.job.tier)
        order.release(task.job.name, "")
    assert (len(done), done) == (3000, sorted(done))


def closing_of(count: int) -> Callable[[], Any]:
    """The lines at the end of a failover, and what stands above them."""
    world = world_before("failover", count)
    wave = world.wave("failover")

    def poll(*asked: Any) -> Any:
        world.settle()
        return wave.clouds.poll(*asked)

    with at_once():
        fleet = Fleet(poll, timeout=60, stop=wave.stop)
        fleet.run(wave.jobs())
    return lambda: list(closing("shop", summary(wave, fleet)))


def waits(count: int) -> Callable[[], Any]:
    """So many health checks, each of which is asked by itself, twice."""

    def run() -> None:
        now = [0.0]
        watches = Watches(lambda: now[0])
        step = Step("wait", "look", {}, cloud="target")
        for number in range(count):
            until = Until("tcp", f"host:{number}", frozenset({"open"}), frozenset({"closed"}))
            watches.add(Waiter(), Pause(until, step))
        for state in ("closed", "open"):
            now[0] = watches.next_due
            for asked in list(watches.due()):
                look(watches, asked, State(state))
        assert not watches

    return run


def look(watches: Watches, asked: Asked, state: State) -> None:
    """A poll finds everything in one state."""
    answer: Future = Future()
    answer.set_result(dict.fromkeys(asked.targets, state))
    for waiter, _end in watches.judge(asked, answer):
        watches.drop(waiter)
    assert watches.next_due


def test_health_checks() -> None:
    assert_linear(waits, few=100)


def test_what_is_told_at_the_end() -> None:
    assert_linear(closing_of, few=10)
