# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Neutron's quota lets a drill make its networks and ports, and a failover the ports that are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from circle import Circle, interrupted
from drill_scene import clean_up, drill, network, outcome, standing
from memory_cloud.drive import act


def room(circle: Circle, operation: str = "drill", **options: Any) -> list[str]:
    """What the quota lacks, told or refused."""
    wave = circle.world.wave(operation, plan=circle.plan("b"), **options)
    wave.jobs()
    try:
        return [str(finding) for finding in wave.shortage()]
    except Refused as refused:
        return [str(finding) for finding in refused.refusal.findings]


def limited(circle: Circle, **left: int) -> None:
    """So many networks, subnets or ports are left at site B."""
    site = circle.site("b")
    site.most |= {what: len(getattr(site, what)) + number for what, number in left.items()}


def of_neutron(circle: Circle, owner: str, network: str = "net-1") -> None:
    """Neutron puts a port of its own on a network."""
    site = circle.site("b")
    act(site, "create_port", name="", network_id=network)
    made = list(site.ports.values())[-1]
    site.ports[made.id] = replace(made, owner=owner)


def says(need: int, what: str, left: int, most: int) -> str:
    return f"the drill needs {need} {what}, and {left} of the {most} of the quota of site B are left"


def test_a_drill_that_has_not_room_enough_makes_nothing() -> None:
    circle = Circle("recreate").protected()
    limited(circle, networks=0, subnets=0, ports=0)
    assert room(circle) == [says(1, "networks", 0, 1), says(1, "subnets", 0, 1), says(1, "ports", 0, 1)]
    limited(circle, networks=1, subnets=1, ports=1)
    assert room(circle) == []
    outcome(drill(circle)["db"])


def test_ports_that_neutron_makes_take_room_as_well() -> None:
    """As many as on the network of the plan: for DHCP or metadata. A router has none on the network of a drill."""
    circle = Circle("recreate").protected()
    for owner in ("network:dhcp", "network:dhcp", "network:router_interface"):
        of_neutron(circle, owner)
    limited(circle, ports=2)
    assert room(circle) == [says(3, "ports", 2, 6)]
    limited(circle, ports=3)
    assert room(circle) == []


def test_what_a_killed_drill_made_needs_no_more_room() -> None:
    for other in interrupted(Circle("recreate").protected(), "killed", "drill"):
        site = other.site("b")
        of_drill = len([p for p in site.ports.values() if p.description])
        limited(other, networks=2 - len(site.networks), subnets=2 - len(site.subnets), ports=1 - of_drill)
        assert room(other) == []
        outcome(drill(other)["db"])


def test_what_an_earlier_drill_left_is_gone_before() -> None:
    """With the ports that Neutron made on its network."""
    circle = Circle("recreate").protected()
    of_neutron(circle, "network:dhcp")
    drill(circle)
    of_neutron(circle, "network:dhcp", network(circle, "net-drill"))
    limited(circle, networks=0, subnets=0, ports=0)
    assert standing(circle)
    assert room(circle, anew=True) == []
    limited(circle, networks=-1, subnets=-1, ports=-1)
    assert room(circle, anew=True) == [says(1, "networks", 0, 1), says(1, "subnets", 0, 1), says(2, "ports", 1, 3)]


def test_an_existing_network_instead() -> None:
    circle = Circle("recreate").protected()
    act(circle.site("b"), "create_network", name="test")
    circle.says(drill={"networks": {"net": "test"}})
    limited(circle, networks=0, subnets=0, ports=0)
    assert room(circle) == [says(1, "ports", 0, 1)]


@pytest.mark.parametrize("refuses", ["networks", "servers"])
def test_a_service_that_does_not_tell_its_quota_stops_nothing_and_hides_no_other(refuses: str) -> None:
    circle = Circle("recreate").protected()
    limited(circle, ports=0, servers=0)
    site = circle.site("b")
    site.most["instances"] = site.most["servers"]
    site.silent = {"networks": {"/quotas/project/details"}, "servers": {"/limits"}}[refuses]
    told = room(circle)
    assert [text.split(",")[0] for text in told] == (
        ["the server that is not up needs 1 instances"] if refuses == "networks" else ["the drill needs 1 ports"]
    )


@pytest.mark.parametrize("operation", ["failover", "readiness"])
def test_a_failover_that_has_to_make_a_port(operation: str) -> None:
    """Somebody deleted the twin and its port. Nothing is asked of Neutron while they are there."""
    circle = Circle("recreate").protected()
    circle.world.source.reachable = False
    limited(circle, ports=0)
    site = circle.site("b")
    assert room(circle, operation) == []
    assert "/quotas/project/details" not in site.asked
    twin = circle.server("b")
    act(site, "delete_server", server_id=twin.id)
    circle.world.settle()
    assert room(circle, operation) == []
    for port in list(site.ports):
        act(site, "delete_port", port_id=port)
    limited(circle, ports=0)
    text = "the server that is not up needs 1 ports, and 0 of the 0 of the quota of site B are left"
    assert room(circle, operation) == [text]
    limited(circle, ports=1)
    assert room(circle, operation) == []
    outcome(circle.run("failover")["db"])


def test_the_clean_up_needs_no_room() -> None:
    circle = Circle("recreate").protected()
    drill(circle)
    limited(circle, networks=-1, ports=-1)
    outcome(clean_up(circle)["db"])


def test_a_drill_does_not_give_its_place_for_a_port() -> None:
    """Its servers go for a failover where Nova's quota is short. Its ports stay then, so they would go for nothing."""
    circle = Circle("recreate").protected()
    drill(circle, keep=True)
    site = circle.site("b")
    twin = next(s for s in site.servers.values() if s.name == "db")
    act(site, "delete_server", server_id=twin.id)
    circle.world.settle()
    act(site, "delete_port", port_id=next(p.id for p in site.ports.values() if p.name == "db-port0"))
    limited(circle, ports=0)
    circle.world.source.reachable = False
    assert [text.split(",")[0] for text in room(circle, "failover")] == ["the server that is not up needs 1 ports"]
    found = outcome(circle.run("failover")["db"])
    assert not [step.text for step in found.plan.steps if "in the way" in step.text]
    assert standing(circle).status == "ACTIVE"
