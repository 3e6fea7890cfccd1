# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations status and fence, on two clouds in memory: a failover, the return of the source, its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused, StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from memory_cloud.drive import act
from memory_cloud.world import World
from recovery_builders import row, the_plan

WAYS: dict[str, dict[str, Any]] = {
    "attach": {"handover": "attach"},
    "recreate": {"handover": "recreate"},
    "reimage": {"handover": "reimage", "when": "at_failover"},
}


@pytest.fixture(params=sorted(WAYS))
def world(request: pytest.FixtureRequest) -> World:
    """A server that runs at the source, its dormant twin, and one recovery point."""
    plan = the_plan(row(), replication={"keep": 2, "full_every": 3, "rpo": 3600}, **WAYS[request.param])
    made = World(plan, guarded=request.param == "attach")
    for site in (made.source, made.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
    for operation in ("provision", "prepare", "replicate"):
        good(made.run(operation))
        made.settle()
    return made


def good(results: dict[str, Result]) -> Outcome:
    (result,) = results.values()
    assert isinstance(result, Outcome), result
    return result


def status(world: World) -> dict[str, Any]:
    """The facts of the server; by ``what`` its findings."""
    result = good(world.run("status"))
    assert result.plan.steps == ()
    return {**result.facts, "found": {finding.what: str(finding) for finding in result.plan.findings or ()}}


def failed_over(world: World) -> None:
    """The source is gone, and the target has taken over."""
    world.source.reachable = False
    good(world.run("failover"))
    world.settle()


def server(site: Any) -> Any:
    return next(iter(site.servers.values()))


def test_before_a_disaster_the_source_leads(world: World) -> None:
    found = status(world)
    assert (found["leader"], found["generation"], found["sure"], found["stale"]) == ("a", 1, True, None)
    assert {site: shown["standing"] for site, shown in found["sites"].items()} == {"a": "runs", "b": "dormant"}
    assert (found["recovery_points"]["site"], found["recovery_points"]["number"]) == ("b", 1)
    assert found["recovery_points"]["age"] >= 0
    assert found["superseded"] == []
    assert found["found"] == {}


def test_a_source_that_is_stopped_still_leads(world: World) -> None:
    act(world.source, "stop", server_id=server(world.source).id)
    world.settle()
    found = status(world)
    assert (found["leader"], found["sites"]["a"]["standing"]) == ("a", "at rest")


def test_a_point_that_is_too_old(world: World) -> None:
    world.plan = replace(world.plan, rpo=5)
    world.clock.seconds += 3600
    assert "is older than the rpo of 5 s" in status(world)["found"]["rpo"]


def test_with_one_site_dead(world: World) -> None:
    failed_over(world)
    found = status(world)
    assert (found["leader"], found["generation"], found["sure"]) == ("b", 2, False)
    assert found["sites"]["a"] == {"standing": "unknown", "status": None, "id": None, "generation": 0}
    assert found["recovery_points"] is None
    assert found["found"] == {}
    wave = world.wave("status")
    wave.jobs()
    assert list(wave.clouds.unanswered) == ["source"]
    assert "does not answer" in wave.clouds.unanswered["source"]


def test_with_the_leader_dead(world: World) -> None:
    """What a failover can choose from is shown, newest first."""
    world.source.reachable = False
    found = status(world)
    assert (found["leader"], found["sure"]) == (None, False)
    points = sorted({v.marks.point for v in world.target.volumes.values() if v.marks.role == "replica"}, reverse=True)
    shown = found["recovery_points"]
    assert (shown["site"], shown["number"], shown["times"], shown["newest"]) == ("b", 1, points, points[0])


def test_with_both_dead(world: World) -> None:
    world.source.reachable = world.target.reachable = False
    with pytest.raises(StandbyError, match=r"Neither site answers: .*site_a .*; .*site_b "):
        world.wave("status").jobs()


def test_the_source_comes_back(world: World) -> None:
    """Its server runs beside that of the target: status says so, and fence ends it, once."""
    failed_over(world)
    world.source.reachable = True
    found = status(world)
    assert (found["leader"], found["generation"], found["stale"], found["two_copies"]) == ("b", 2, "a", True)
    assert found["recovery_points"] == {"site": "a", "number": 0, "times": [], "newest": None, "age": None}
    assert found["found"]["two_copies"].startswith("TWO COPIES RUN: site A holds a stale copy of db of generation 1")
    before = dict(world.source.volumes), server(world.target)
    done = good(world.run("fence"))
    assert [step.text for step in done.plan.steps] == [
        "stop the stale copy db at site A",
        "lock the stale copy db at site A",
    ]
    assert (server(world.source).status, server(world.source).locked) == ("SHUTOFF", True)
    assert (dict(world.source.volumes), server(world.target)) == before
    assert good(world.run("fence")).plan.steps == ()
    found = status(world)
    assert (found["stale"], found["two_copies"]) == ("a", False)
    assert list(found["found"]) == ["stale", "no_point"]


def test_a_site_that_is_named(world: World) -> None:
    """A member of site A can write any generation there. Who names the site that came back is not fooled by that."""
    failed_over(world)
    world.source.reachable = True
    refused = world.run("fence", site="b")["db"]
    assert isinstance(refused, Refused)
    assert str(refused) == (
        "Refused to fence db: the stale copy is at site A: site B claims generation 2. "
        "Look whether site B leads. If it does, say dr_plan_site: a."
    )
    assert len(good(world.run("fence", site="a")).plan.steps) == 2


def test_a_failover_that_was_killed_before_it_started_the_server(world: World) -> None:
    """The only copy that runs is the old one. It is stopped only if the operator names its site."""
    failed_over(world)
    world.source.reachable = True
    world.target.change(server(world.target).id, status="SHUTOFF")
    said = status(world)["found"]["two_copies"]
    assert said.endswith("It is at rest, so find out first which of them is to run")
    assert not said.startswith("TWO COPIES")
    refused = world.run("fence")["db"]
    assert isinstance(refused, Refused)
    assert refused.refusal.code == "leader_at_rest"
    assert len(good(world.run("fence", site="a")).plan.steps) == 2


def test_killed_between_the_two_requests(world: World) -> None:
    failed_over(world)
    world.source.reachable = True
    assert isinstance(world.run("fence", {2: "refused"})["db"], StandbyError)
    assert (server(world.source).status, server(world.source).locked) == ("SHUTOFF", False)
    assert [step.verb for step in good(world.run("fence")).plan.steps] == ["lock"]


def test_nothing_is_stale(world: World) -> None:
    assert good(world.run("fence")).plan.steps == ()
    assert server(world.source).status == "ACTIVE"


@pytest.mark.parametrize("who", ["source", "target"])
def test_fence_needs_both_sites(world: World, who: str) -> None:
    getattr(world, who).reachable = False
    with pytest.raises(StandbyError, match="does not answer"):
        world.wave("fence").jobs()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"locked": True}, "the server is locked. Unlock it"),
        ({"status": "RESCUE"}, "the stale copy is RESCUE, and Nova stops only servers that are ACTIVE or in ERROR"),
        ({"task_state": "rebooting"}, "busy with the task rebooting"),
    ],
)
def test_a_stale_copy_that_cannot_be_stopped(world: World, change: dict[str, Any], said: str) -> None:
    failed_over(world)
    world.source.reachable = True
    world.source.change(server(world.source).id, **change)
    refused = world.run("fence")["db"]
    assert isinstance(refused, Refused)
    assert said in str(refused)


def test_a_stale_copy_that_is_suspended_is_locked(world: World) -> None:
    failed_over(world)
    world.source.reachable = True
    world.source.change(server(world.source).id, status="SUSPENDED")
    assert [step.verb for step in good(world.run("fence")).plan.steps] == ["lock"]
    assert good(world.run("fence")).plan.steps == ()


def test_the_same_generation_twice(world: World) -> None:
    """Provision ran at both sites, each time without an answer of the other: nobody can tell which has the data."""
    world.target.servers.clear()
    world.target.ports.clear()
    world.source.reachable = False
    good(World.run(world, "provision", plan=turned(world)))
    world.source.reachable = True
    world.settle()
    found = status(world)
    assert (found["leader"], found["disputed"], found["two_copies"]) == (None, True, True)
    assert "nothing tells which is newer" in found["found"]["disputed"]
    refused = world.run("fence")["db"]
    assert isinstance(refused, Refused)
    assert refused.refusal.code == "disputed"


def turned(world: World) -> Any:
    """The plan in the other direction."""
    sites = world.plan.direction
    towards = type(sites)(source=sites.target, target=sites.source)
    return replace(
        world.plan, direction=towards, servers=tuple(replace(s, direction=towards) for s in world.plan.servers)
    )
