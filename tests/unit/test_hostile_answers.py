# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One kind of request is answered wrongly: no operation hangs, fails unexpectedly or does what it never said.

Real HTTP and the real SDK stand between the operations and two clouds in memory.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import session as session_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.engine import polling
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.run.result import summary
from builders import volume
from loopback_cloud import Fails, LoopbackCloud, Request
from memory_cloud.state import BEGIN
from memory_cloud.world import World
from recovery_builders import row, the_plan
from wrong_answers import KINDS, SLOW, mutated

hypothesis = pytest.importorskip("hypothesis")  # not in the oldest environment
from hypothesis import strategies as some  # noqa: E402

#: Seconds of a run, of a request, and after which a run hangs on the slowest machine too.
RUN, REQUEST, HANGS = 5, 1, 60
#: How often check mode may be asked once more what it foretells.
TRIES = 3
#: What came before each operation. Before a failover and a re-protection the source was stopped.
PROTECTED = ("provision", "prepare", "replicate")
BEFORE: dict[str, tuple[str, ...]] = {
    "provision": (),
    "prepare": PROTECTED[:1],
    "replicate": PROTECTED[:2],
    "readiness": PROTECTED,
    "failover": PROTECTED,
    "drill": PROTECTED,
    "drill_cleanup": (*PROTECTED, "drill"),
    "stop_source": PROTECTED,
    "abort": (*PROTECTED, "stop_source", "replicate"),
    "status": (*PROTECTED, "failover"),
    "fence": (*PROTECTED, "failover"),
    "reprotect": (*PROTECTED, "failover"),
}
#: Those that each run of the tests fuzzes; `make soak` fuzzes all.
COURSE = (*PROTECTED, "readiness", "failover")
WAYS = {
    "attach": {"handover": "attach"},
    "recreate": {"handover": "recreate"},
    "reimage": {"handover": "reimage", "when": "at_replication"},
}
#: What stands in a path in the place of an id.
IDS = re.compile(r"(/[a-z_-]+)/[^/?]*\d[^/?]*")


class Served(LoopbackCloud):
    """Hands each request on to one site of a world. ``wrong`` says which answers are mutated, and how."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role, self.lock = role, threading.Lock()
        self.world: Any = None
        self.wrong: tuple[str, str, int] | None = None

    def respond(self, request: Request) -> Any:
        """Whatever is begun has ended at the next reading."""
        with self.lock:
            answer = self._right(*request.line.split(" ", 2), request.body)
        line, kind, seed = self.wrong or ("", "", 0)
        return mutated(answer, kind, seed) if f"{self.role} {_like(request.line)}" == line else answer

    def _right(self, method: str, service: str, path: str, body: Any) -> Any:
        if method == "GET":
            self.world.settle()
        try:
            answer = getattr(self.world, self.role).handle(method, service, path, body)
            return json.loads(json.dumps(answer, default=vars))
        except CloudError as error:
            return Fails(error.status, {"error": {"message": str(error)}})
        except Exception as error:  # noqa: BLE001 - a request that no operation should send is refused, as a cloud does
            return Fails(400, {"badRequest": {"message": repr(error)}})


def _like(line: str) -> str:
    """A request without ids and query, so that all of its kind are the same."""
    return IDS.sub(r"\1/ID", line.partition("?")[0])


@pytest.fixture(scope="module")
def clouds() -> Iterator[dict[str, Served]]:
    made = {role: Served(role) for role in ("source", "target")}
    with patch.object(polling, "interval", lambda age, cost: 0.001), patch.object(polling, "GATHER", 0.001):
        yield made
    for cloud in made.values():
        cloud.close()


@cache
def world_before(operation: str, way: str) -> World:
    """Two clouds where the operation is the next one."""
    world = World(the_plan(row(health_checks=[]), **WAYS[way]), guarded=way == "attach")
    world.clock.seconds = int((utc_now() - BEGIN).total_seconds())
    for site in (world.source, world.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
        site.volumes["payroll"] = volume("payroll", size=2, created_at=site.now)
        site.contents["payroll"] = "payroll"
    for earlier in BEFORE[operation]:
        assert all(isinstance(end, Outcome) for end in world.run(earlier).values())
        world.settle()
    if operation in ("failover", "reprotect"):
        for server in list(world.source.servers):
            world.source.change(server, status="SHUTOFF")
    return world


def run(clouds: dict[str, Served], operation: str, plan: Any, now: Any, check: bool) -> tuple[Any, list[str]]:
    """What a run told at its end, or the error that kept it from beginning; and the steps that it said while it ran."""

    def connect(name: str, timeout: int | None = None) -> Session:
        cloud = clouds["source" if name.startswith("site_a") else "target"]
        return Session({**cloud.config(), "api_timeout": timeout or REQUEST}, 2, seconds=RUN)

    said: list[str] = []
    wave = Wave(OPERATIONS[operation], plan, connect, now, check=check)

    def tell(event: Event) -> None:
        if event.step and event.step.writes:
            said.append(event.text)

    fleet = Fleet(wave.clouds.poll, timeout=RUN, threads=2, stop=wave.stop, tell=tell)
    try:
        if wave.operation.fenced:
            wave.fence(None)
        ends = fleet.run(wave.jobs(), check=check)
        if wave.operation.looks_first:
            wave.shortage()
    except StandbyError as error:
        return error, said
    assert not fleet.untold
    unread = {name: end for name, end in ends.items() if not isinstance(end, (Outcome, StandbyError))}
    assert not unread, unread
    told = json.dumps(summary(wave, fleet), default=str)
    assert '"unexpected"' not in told, told
    steps = [step.text for end in ends.values() if isinstance(end, Outcome) for step in end.plan.steps if step.writes]
    return steps, said


@contextmanager
def no_hang() -> Iterator[None]:
    """Neither this nor what is in it waits for what never comes."""
    began = time.monotonic()
    with patch.object(session_module, "retry_after", lambda answer: 0.01):
        yield
    assert time.monotonic() - began < HANGS


def requests_of(clouds: dict[str, Served], operation: str, way: str) -> list[str]:
    """Each kind of request of an operation that is answered rightly. It succeeds, and does what check mode foretold."""
    world, now = copy.deepcopy(world_before(operation, way)), utc_now()
    for cloud in clouds.values():
        cloud.world, cloud.wrong, cloud.sent = world, None, []
    foretold, _said = run(clouds, operation, world.plan, now, check=True)
    done, said = run(clouds, operation, world.plan, now, check=False)
    assert foretold == done
    assert set(said) <= set(foretold)
    return sorted({f"{role} {_like(line)}" for role, cloud in clouds.items() for line in cloud.lines()})


KNOWN: dict[tuple[str, str], list[str]] = {}


def answered_wrongly(clouds: dict[str, Served], operation: str, way: str, wrong: tuple[int, str, int]) -> None:
    """In check mode, and then really: the first foretells all that the second does, and sends nothing that writes."""
    if (operation, way) not in KNOWN:
        KNOWN[operation, way] = requests_of(clouds, operation, way)
    lines = KNOWN[operation, way]
    line, now = lines[wrong[0] % len(lines)], utc_now()
    world = begin(clouds, operation, way, (line, *wrong[1:]))
    foretold = foretell(clouds, world, operation, now)
    with no_hang():
        _done, said = run(clouds, operation, world.plan, now, check=False)
    for site in (world.source, world.target):
        assert site.contents["payroll"] == "payroll"
        assert site.volumes["payroll"].status == "available"
    for _again in range(TRIES):
        if set(said) <= foretold:
            return
        # on a busy machine a request that is answered rightly may time out as well, so that nothing was foretold
        foretold |= foretell(clouds, begin(clouds, operation, way, (line, *wrong[1:])), operation, now)
    assert set(said) <= foretold, (set(said) - foretold, foretold)


def begin(clouds: dict[str, Served], operation: str, way: str, wrong: tuple[str, str, int]) -> World:
    """The two clouds before the operation, with one kind of request that is answered wrongly."""
    world = copy.deepcopy(world_before(operation, way))
    for cloud in clouds.values():
        cloud.world, cloud.wrong, cloud.sent = world, wrong, []
    return world


def foretell(clouds: dict[str, Served], world: World, operation: str, now: Any) -> set[str]:
    """The steps that check mode tells; it sends nothing that writes."""
    with no_hang():
        foretold, said = run(clouds, operation, world.plan, now, check=True)
    assert not said
    assert [line for cloud in clouds.values() for line in cloud.writes() if "console" not in line] == []
    return set() if isinstance(foretold, StandbyError) else set(foretold)


def fuzz(clouds: dict[str, Served], operation: str, way: str, examples: int, **more: Any) -> None:
    """So many wrong answers; a failure tells which one it was."""
    kinds = some.sampled_from([kind for kind in KINDS if not more or kind not in SLOW])
    wrong = some.tuples(some.integers(0, 60), kinds, some.integers(0, 10_000))

    @hypothesis.settings(max_examples=examples, deadline=None, database=None, phases=list(hypothesis.Phase)[:3], **more)
    @hypothesis.given(wrong=wrong)
    def one(wrong: tuple[int, str, int]) -> None:
        answered_wrongly(clouds, operation, way, wrong)

    one()


def test_each_operation_is_fuzzed() -> None:
    assert set(BEFORE) == set(OPERATIONS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", BEFORE)
def test_check_mode_foretells_what_is_done(clouds: dict[str, Served], operation: str, way: str) -> None:
    """Nothing is answered wrongly: without this the other tests would say little."""
    assert requests_of(clouds, operation, way)


@pytest.mark.parametrize("operation", COURSE)
def test_some_wrong_answers(clouds: dict[str, Served], operation: str) -> None:
    """The same ones each time; none of those that take seconds."""
    fuzz(clouds, operation, "recreate", 5, derandomize=True)


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", BEFORE)
def test_hundreds_of_wrong_answers(clouds: dict[str, Served], operation: str, way: str) -> None:
    fuzz(clouds, operation, way, 300)
