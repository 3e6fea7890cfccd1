# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-protection, and the circle that it closes, on two clouds in memory that both have the guarded API."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from circle import good, refused, texts
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.world import World
from planned_scene import disks, server, write
from recovery_builders import row, the_plan

OPTIONS: dict[str, Any] = {"replication": {"keep": 2, "full_every": 3, "rpo": 3600}, "handover": "attach"}


def plan(to: str) -> Any:
    return the_plan(row(), to=to, **OPTIONS)


@pytest.fixture
def world() -> World:
    """A server that runs at site A, its dormant twin at site B, and one recovery point there."""
    made = World(plan("b"), guarded=True)
    made.source.guarded = True
    for site in (made.source, made.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
    for operation in ("provision", "prepare", "replicate"):
        good(run(made, operation))
    return made


def run(world: World, operation: str, to: str = "b", **options: Any) -> dict[str, Result]:
    results = world.run(operation, plan=plan(to), **options)
    world.settle()
    world.clock.seconds += 60
    return results


def status(world: World) -> dict[str, Any]:
    return dict(good(run(world, "status")).facts)


def failed_over(world: World) -> None:
    """Site A is lost, site B takes over, site A comes back: two copies run."""
    world.source.reachable = False
    good(run(world, "failover"))
    world.source.reachable = True


def test_the_steps(world: World) -> None:
    failed_over(world)
    good(run(world, "fence", site="a"))
    done = good(run(world, "reprotect"))
    assert [step.text for step in done.plan.steps] == [
        "mark volume db-root as superseded",
        "mark volume db-data as superseded",
        "unlock server db",
        "mark server db as a twin of the plan",
        "shelve server db",
        "detach volume db-root from server db",
        "detach volume db-data from server db",
    ]
    assert {step.cloud for step in done.plan.steps} == {"source"}
    assert done.plan.notes == (
        "superseded and kept at site A: db-data, db-root. Delete them when nobody needs them any more",
    )


def test_the_old_server_is_put_to_rest_and_its_data_kept(world: World) -> None:
    failed_over(world)
    old, before = disks(world.source), dict(world.source.contents)
    good(run(world, "reprotect", stale="stop"))
    rested = server(world.source)
    assert (rested.status, rested.attachments, rested.locked) == ("SHELVED_OFFLOADED", (), False)
    assert dict(world.source.contents) == before
    kept = [v for v in world.source.volumes.values() if v.marks.role == "superseded"]
    assert {volume.marks.disk: world.source.contents[volume.id] for volume in kept} == old
    assert {(volume.status, volume.marks.generation, volume.marks.named) for volume in kept} == {("available", 1, True)}
    found = status(world)
    assert {site: shown["standing"] for site, shown in found["sites"].items()} == {"a": "dormant", "b": "runs"}
    assert [(one["site"], one["name"], one["size"]) for one in found["superseded"]] == [
        ("a", "db-data", 2),
        ("a", "db-root", 1),
    ]


def test_again_it_does_nothing(world: World) -> None:
    failed_over(world)
    good(run(world, "reprotect", stale="stop"))
    assert texts(run(world, "reprotect")) == []


def test_a_stale_copy_that_runs_is_stopped_only_on_request(world: World) -> None:
    failed_over(world)
    assert refused(run(world, "reprotect"), "stale_runs") == (
        "Refused to re-protect db: the server at site A is ACTIVE: two copies may run. "
        "Stop it with dr_fence -e dr_plan_site=a, or say stale: stop."
    )
    assert "shelve server db" in texts(run(world, "reprotect", stale="stop"))


def test_a_site_that_is_named(world: World) -> None:
    failed_over(world)
    assert "say dr_plan_site: a" in refused(run(world, "reprotect", site="b", stale="stop"), "wrong_site")
    assert texts(run(world, "reprotect", site="a", stale="stop"))


def test_before_a_failover_there_is_nothing_to_do(world: World) -> None:
    """Site B's twin is dormant already."""
    assert texts(run(world, "reprotect")) == []
    assert server(world.source).status == "ACTIVE"


def test_the_old_server_is_gone(world: World) -> None:
    failed_over(world)
    world.source.servers.clear()
    assert "Run dr_prepare -e to=a" in refused(run(world, "reprotect"), "no_twin")


def test_a_site_without_the_guarded_api(world: World) -> None:
    failed_over(world)
    world.source.guarded = False
    assert "guarded root volume API" in refused(run(world, "reprotect", stale="stop"), "no_guarded_api")


@pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
@pytest.mark.parametrize("write_number", range(1, 8))
def test_killed_at_any_request(world: World, write_number: int, happens: str) -> None:
    failed_over(world)
    good(run(world, "fence"))
    kept = dict(world.source.contents)
    try:
        run(world, "reprotect", trouble={write_number: happens})
    except Killed:
        world.settle()
    good(run(world, "reprotect"))
    assert texts(run(world, "reprotect")) == []
    assert dict(world.source.contents) == kept
    assert {v.marks.role for v in world.source.volumes.values()} == {"superseded"}
    assert (server(world.source).status, server(world.source).attachments) == ("SHELVED_OFFLOADED", ())


def test_the_circle(world: World) -> None:
    """A leads, then B, then A again, and so on: the same servers, with all that was written, and one that leads."""
    first = {"a": server(world.source).id, "b": server(world.target).id}
    sites = {"a": world.source, "b": world.target}
    for turn, (old, new) in enumerate([("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")]):
        written = write(sites[old], f"turn {turn}")
        good(run(world, "replicate", to=new))
        good(run(world, "readiness", to=new))
        act(sites[old], "stop", server_id=server(sites[old]).id)
        world.settle()
        good(run(world, "failover", to=new))
        assert disks(sites[new]) == written
        good(run(world, "reprotect", site=old))
        shown = status(world)
        assert (shown["leader"], shown["generation"], shown["disputed"]) == (new, turn + 2, False)
        assert shown["sites"][old]["standing"] == "dormant"
    assert {letter: server(site).id for letter, site in sites.items()} == first
    assert server(world.source).status == "ACTIVE"


def test_a_point_that_is_older_than_what_led_meanwhile_outranks_it(world: World) -> None:
    """A leads, then B, then A again, which dies before it was replicated. B has an old point, and A comes back."""
    good(run(world, "replicate"))
    act(world.source, "stop", server_id=server(world.source).id)
    world.settle()
    good(run(world, "failover"))
    good(run(world, "reprotect"))
    old = write(world.target, "at B")
    good(run(world, "replicate", to="a"))
    act(world.target, "stop", server_id=server(world.target).id)
    world.settle()
    good(run(world, "failover", to="a"))
    good(run(world, "reprotect"))
    assert disks(world.source) == old
    world.source.reachable = False
    steps = texts(run(world, "failover"))
    assert any("outranks generation 3" in text for text in steps)
    world.source.reachable = True
    shown = status(world)
    assert (shown["leader"], shown["generation"], shown["stale"]) == ("b", 4, "a")
