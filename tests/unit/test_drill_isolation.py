# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could lead out of a drill, or be told of it wrongly: routers, ports, networks, recovery points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import wish
from circle import Circle
from drill_scene import LEFT, clean_up, drill, network, outcome, refusal, standing
from memory_cloud.drive import act
from recovery_builders import row, the_plan

TWO = [{"network": "net", "fixed_ip": "10.0.0.5"}, {"network": "back", "fixed_ip": "10.1.0.5"}]


def more_networks(circle: Circle, *names: str) -> None:
    """Networks at both sites."""
    for name in names:
        act(circle.site("a"), "create_network", name=name)
        act(circle.site("b"), "create_network", name=name)


@pytest.mark.parametrize(
    "owner",
    ["network:router_interface", "network:router_interface_distributed", "network:ha_router_replicated_interface"],
)
def test_every_kind_of_router_is_seen(owner: str) -> None:
    """Neutron names the port of a highly available router otherwise (DEVICE_OWNER_HA_REPLICATED_INT)."""
    circle = Circle("recreate").protected()
    drill(circle, keep=True)
    site = circle.site("b")
    act(site, "create_port", name="", network_id=network(circle, "net-drill"))
    port = list(site.ports.values())[-1]
    site.ports[port.id] = replace(port, owner=owner)
    assert "so it is not isolated" in refusal(drill(circle, keep=True)["network net-drill"], "not_isolated")
    text = refusal(clean_up(circle)[LEFT], "cleanup_incomplete")
    assert f"network net-drill has ports that are not of the drill: take the router off it ({port.id})" in text


@pytest.mark.parametrize(("instead", "told"), [({"back": "test"}, "connected"), ({"net": "test"}, "connected")])
def test_one_connected_port_makes_a_drill_connected(instead: dict[str, str], told: str) -> None:
    circle = Circle("recreate", ports=TWO)
    more_networks(circle, "back", "test")
    circle.protected().says(drill={"networks": instead})
    assert outcome(drill(circle)["db"]).extra["network"] == told


@pytest.mark.parametrize("again", [False, True])
def test_a_check_is_made_at_the_connected_port_alone(again: bool) -> None:
    """The address of an isolated port may be that of the running application, for whoever is outside."""
    dhcp = [{"network": "net"}, {"network": "back", "fixed_ip": "10.1.0.5"}]
    circle = Circle("recreate", ports=dhcp)
    more_networks(circle, "back", "test")
    circle.protected().says(drill={"networks": {"net": "test"}})
    if again:
        outcome(drill(circle)["db"])
        site = circle.site("b")
        site.ports = dict(reversed(site.ports.items()))
    circle.row["health_checks"] = [{"port": 22}]
    job = circle.world.job("drill", plan=circle.plan("b"), check=True)
    seen = job.read(0)
    decided = job.decide(seen, seen)
    assert isinstance(decided, Plan), decided
    (check,) = [step.text for step in decided.foretold if step.text.startswith("check")]
    assert "10.1.0.5" not in check


def test_a_port_of_that_name_elsewhere_is_not_taken() -> None:
    """Left by a drill that was connected, or made by somebody: the server would come up on a network that is used."""
    circle = Circle("recreate").protected()
    more_networks(circle, "test")
    act(
        circle.site("b"),
        "create_port",
        name="db-port0-drill",
        network_id=network(circle, "test"),
        fixed_ips=[{"ip_address": "10.0.0.5"}],
    )
    assert "port db-port0-drill is not of this drill" in refusal(drill(circle)["db"], "cannot_build")
    assert standing(circle) is None


def test_a_network_of_the_plan_by_its_id() -> None:
    circle, its_id = Circle("recreate", ports=[{"network": "real"}]), "0f0e0d0c-0000-4000-8000-000000000001"
    for letter in "ab":
        site = circle.site(letter)
        act(site, "create_network", name="real")
        made = site.networks.popitem()[1]
        site.networks[its_id] = {**made, "id": its_id}
    circle.protected().says(drill={"networks": {"real": its_id}})
    text = refusal(drill(circle)["db"], "not_isolated")
    assert "where the plan runs" in text
    assert standing(circle) is None


@pytest.mark.parametrize("to", ["a", "b"])
def test_networks_that_are_called_otherwise_at_the_other_site(to: str) -> None:
    """A plan that says how drills at site B are connected can be used towards site A."""
    there = row(site_b={"ports": [{"network": "net-b", "fixed_ip": "10.0.0.5"}]})
    assert the_plan(there, to=to, drill={"networks": {"net-b": "test"}}).drill == {"net-b": "test"}


def test_a_drill_that_stands_is_of_another_point_than_wanted() -> None:
    circle = Circle("recreate").protected()
    first = outcome(drill(circle, keep=True)["db"]).extra["recovery_point"]
    circle.write("a", "more")
    outcome(circle.run("replicate")["db"])
    newest = circle.status()["recovery_points"]["times"][0]
    assert newest != first
    text = refusal(drill(circle, keep=True, wish=wish(newest))["db"], "other_point")
    assert first in text
    assert newest in text
    outcome(drill(circle, keep=True, wish=wish(first))["db"])


def test_subnets_of_one_name() -> None:
    """Neutron allows that, as with one for each version of IP."""
    circle = Circle("recreate").protected()
    site = circle.site("b")
    for cidr in ("10.0.0.0/16", "10.9.0.0/16"):
        options: dict[str, Any] = {"cidr": cidr, "ip_version": 4, "enable_dhcp": True}
        act(site, "create_subnet", name="same", network_id=network(circle, "net"), **options)
    for _run in range(2):
        found = drill(circle, keep=True)
        outcome(found["network net-drill"])
    there = [s["cidr"] for s in site.subnets.values() if s["network_id"] == network(circle, "net-drill")]
    assert sorted(there) == ["10.0.0.0/16", "10.0.0.0/16", "10.9.0.0/16"]


def test_a_drill_that_stands_on_other_networks_than_it_is_told() -> None:
    """The plan was connected when it was made, or somebody put the server on one more network."""
    circle = Circle("recreate").protected()
    more_networks(circle, "test")
    circle.says(drill={"networks": {"net": "test"}})
    outcome(drill(circle, keep=True)["db"])
    circle.says(drill={"networks": "isolated"})
    text = refusal(drill(circle, keep=True)["db"], "not_isolated")
    assert "port db-port0-drill" in text
    clean_up(circle)
    assert outcome(drill(circle, keep=True)["db"]).extra["network"] == "isolated"
