# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill: the server comes up on clones in a network of its own, and nothing of the plan is touched."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import KEPT
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import wish
from circle import WAYS, Circle
from drill_scene import LEFT, clean_up, drill, outcome, refusal, standing, untouched
from memory_cloud.drive import act


@pytest.fixture(params=WAYS)
def circle(request: pytest.FixtureRequest) -> Circle:
    """A server that runs at site A, its twin at rest at site B, and one recovery point there."""
    return Circle(request.param).protected()


def test_a_server_comes_up_on_clones_and_nothing_else_is_touched(circle: Circle) -> None:
    before = untouched(circle.site("b")), copy.deepcopy(vars(circle.site("a"))["servers"])
    point = next(v.marks.point for v in circle.site("b").volumes.values() if v.marks.role == "replica")
    found = outcome(drill(circle)["db"])
    made = standing(circle)
    site = circle.site("b")
    on = {site.volumes[a.volume_id].marks.disk: site.volumes[a.volume_id] for a in made.attachments}
    replicas = {v.marks.disk: site.contents[v.id] for v in site.volumes.values() if v.marks.role == "replica"}
    assert (made.status, {disk: site.contents[v.id] for disk, v in on.items()}) == ("ACTIVE", replicas)
    assert {v.marks.role for v in on.values()} == {""}
    assert found.extra == {"recovery_point": point, "network": "isolated"}
    (network,) = [n for n in site.networks.values() if n["name"] == "net-drill"]
    (port,) = [p for p in site.ports.values() if p.device_id == made.id]
    assert (port.network_id, port.fixed_ips, port.name) == (network["id"], ("10.0.0.5",), "db-port0-drill")
    assert [s["cidr"] for s in site.subnets.values() if s["network_id"] == network["id"]] == ["10.0.0.0/16"]
    assert (untouched(site), circle.site("a").servers) == before


def test_replication_goes_on_during_a_drill_and_keeps_what_it_noted(circle: Circle) -> None:
    drill(circle, keep=True)
    last = circle.status()["last_drill"]
    assert last["time"]
    for _round in range(3):  # more than are kept: the point that was cloned goes
        circle.write("a", "more")
        outcome(circle.run("replicate")["db"])
    assert circle.status()["last_drill"]["time"] == last["time"]
    assert outcome(drill(circle, keep=True)["db"]).plan.changed is False
    facts = circle.status()
    assert facts["drills"] == [{"site": "b", "name": "db-drill", "status": "ACTIVE", "kept": True}]
    assert (facts["leader"], facts["two_copies"]) == ("a", False)
    clean_up(circle)
    assert circle.status()["drills"] == []


def test_what_a_killed_drill_left_becomes_one_that_is_kept(circle: Circle) -> None:
    drill(circle)
    found = outcome(drill(circle, keep=True)["db"])
    assert [step.text for step in found.plan.steps if step.writes] == ["note at server db-drill that its drill is kept"]
    assert standing(circle).metadata[KEPT] == "yes"


@pytest.mark.parametrize("point", ["2026-01-01T00:00:00Z", "before:2026-01-01T00:00:00Z"])
def test_a_point_that_is_not_there(circle: Circle, point: str) -> None:
    text = refusal(drill(circle, wish=wish(point))["db"], "no_recovery_point")
    assert text.endswith("Run dr_replicate, or choose one of those that dr_status shows.")
    assert standing(circle) is None


CHECKS = [{"console": "login:"}, {"port": 22}, {"port": 80, "address": "10.9.9.9"}]


@pytest.mark.parametrize(
    ("networks", "made", "not_checked"),
    [
        (
            "isolated",
            ["check that the console of db-drill shows 'login:'"],
            [f"NOT CHECKED: port {port}, because nothing outside reaches an isolated network" for port in (22, 80)],
        ),
        (
            {"net": "test"},
            ["check that the console of db-drill shows 'login:'", "check that db-drill answers at 10.0.0.5:22"],
            ["NOT CHECKED: port 80, because its address is not that of the drill"],
        ),
    ],
)
def test_checks_that_a_drill_cannot_make_are_told(networks: Any, made: list[str], not_checked: list[str]) -> None:
    """In check mode: no port answers in memory."""
    circle = Circle("recreate").protected()
    circle.row["health_checks"] = CHECKS
    act(circle.site("b"), "create_network", name="test")
    circle.says(drill={"networks": networks})
    job = circle.world.job("drill", plan=circle.plan("b"), check=True)
    seen = job.read(0)
    found = job.decide(seen, seen)
    assert isinstance(found, Plan), found
    assert [step.text for step in found.foretold if step.text.startswith("check")] == made
    assert list(found.notes) == not_checked


def test_a_router_on_the_network_of_a_drill() -> None:
    circle = Circle("recreate").protected()
    drill(circle, keep=True)
    site = circle.site("b")
    network = next(key for key, n in site.networks.items() if n["name"] == "net-drill")
    act(site, "create_port", name="", network_id=network)
    port = list(site.ports.values())[-1]
    site.ports[port.id] = replace(port, owner="network:router_interface")
    ends = drill(circle, keep=True)
    assert "so it is not isolated" in refusal(ends["network net-drill"], "not_isolated")


def test_names_that_are_taken() -> None:
    circle = Circle("recreate").protected()
    site = circle.site("b")
    act(site, "create_network", name="net-drill")
    ends = drill(circle)
    assert "its description does not say that it is of a drill" in refusal(
        ends["network net-drill"], "not_of_the_drill"
    )
    assert standing(circle) is None
    outcome(clean_up(circle)[LEFT])
    assert "net-drill" in {n["name"] for n in site.networks.values()}


def test_the_other_direction(circle: Circle) -> None:
    """After a failover and re-protection the drill is at site A."""
    circle.failed_over()
    circle.reprotect("a", stale="stop")
    outcome(circle.run("replicate", to="a")["db"])
    found = outcome(circle.run("drill", to="a")["db"])
    assert found.extra["network"] == "isolated"
    assert {s.name for s in circle.site("a").servers.values()} == {"db", "db-drill"}
    outcome(circle.run("drill_cleanup", to="a")[LEFT])
    assert {s.name for s in circle.site("a").servers.values()} == {"db"}


def test_an_existing_network_instead() -> None:
    circle = Circle("recreate").protected()
    site = circle.site("b")
    act(site, "create_network", name="test")
    circle.says(drill={"networks": {"net": "test"}})
    found = drill(circle)
    assert set(found) == {"db"}
    assert outcome(found["db"]).extra["network"] == "connected"
    clean_up(circle)
    assert {n["name"] for n in site.networks.values()} == {"net", "test"}
