# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of a plan: what is wanted at a site, what is made or changed there, what is refused; all of it killed."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Ambiguous, Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.networks import NetworkWanted
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from neutron_model import Neutron, run, steps, wanted

PLAN: dict[str, Any] = {
    "networks": [
        {
            "name": "shop",
            "mtu": 1400,
            "port_security_enabled": None,
            "subnets": [{"name": "shop", "cidr": "192.168.10.0/24", "dns_nameservers": ["10.0.0.2", "10.0.0.1"]}],
        },
        {"name": "only-b", "sites": ["b"], "subnets": [{"name": "six", "cidr": "fd00::/64", "enable_dhcp": False}]},
    ],
    "security_groups": [
        {
            "name": "web",
            "description": "customers",
            "rules": [{"protocol": "tcp", "port_range_min": 443, "port_range_max": 443}],
        },
        {"name": "alone", "rules": [{"protocol": "icmp"}]},
        {"name": "inside", "rules": [{"remote_group": "web"}, {"direction": "egress", "remote_ip_prefix": "10.0.0.1"}]},
    ],
}


def one_subnet(**more: Any) -> dict[str, Any]:
    return {"networks": [{"name": "shop", "subnets": [{"name": "shop", "cidr": "192.168.10.0/24", **more}]}]}


def test_everything_is_missing() -> None:
    cloud = Neutron()
    assert run(cloud, PLAN) == [
        "make network shop",
        "make subnet shop (192.168.10.0/24) of network shop",
        "make security group alone",
        "add rule ingress IPv4 icmp from anywhere to security group alone",
        "make security group web",
        "make security group inside",
        "add rule ingress IPv4 tcp 443 from anywhere to security group web",
        "add rule ingress IPv4 any protocol from group web to security group inside",
        "add rule egress IPv4 any protocol to 10.0.0.1/32 to security group inside",
        "remove rule egress IPv4 any protocol to anywhere from security group inside",
        "remove rule egress IPv6 any protocol to anywhere from security group inside",
    ]
    (network,) = list(cloud.items["networks"].values())
    assert (network["name"], network["mtu"], "subnets" in network) == ("shop", 1400, False)
    (subnet,) = list(cloud.items["subnets"].values())
    assert (subnet["network_id"], subnet["ip_version"], subnet["enable_dhcp"]) == (network["id"], 4, True)
    groups = {group["name"]: group for group in cloud.items["security_groups"].values()}
    assert groups["web"]["description"] == "customers"
    assert groups["inside"]["security_group_rules"][0]["remote_group_id"] == groups["web"]["id"]


def test_a_plan_without_networks() -> None:
    assert wanted({"servers": []}) == ()


def test_what_is_wanted_is_wanted_at_its_sites_only() -> None:
    assert [one.label for one in wanted(PLAN)] == [
        "network shop",
        "security group alone",
        "security groups web and inside",
    ]
    six = next(one for one in wanted(PLAN, site="b") if one.label == "network only-b")
    assert isinstance(six, NetworkWanted)
    assert six.subnets[0].options == {"cidr": "fd00::/64", "ip_version": 6, "enable_dhcp": False}


def test_what_another_project_has_is_not_ours() -> None:
    cloud = Neutron()
    for kind in ("network", "security_group"):
        cloud.add(kind, name="shop", project_id="other")
    plan = {**one_subnet(), "security_groups": [{"name": "shop"}]}
    assert run(cloud, plan) == [
        "make network shop",
        "make subnet shop (192.168.10.0/24) of network shop",
        "make security group shop",
    ]


@pytest.mark.parametrize("kind", ["network", "security_group"])
def test_a_name_that_two_carry(kind: str) -> None:
    cloud = Neutron()
    for _twice in range(2):
        cloud.add(kind, name="shop")
    (found,) = list(cloud.run(wanted({f"{kind}s": [{"name": "shop"}]})).values())
    assert isinstance(found, Ambiguous)
    assert cloud.writes == []


def site_with(**subnet: Any) -> Neutron:
    """A cloud with the network and the subnet of the plan."""
    cloud = Neutron()
    network = cloud.add("network", name="shop")
    fields = {"name": "shop", "network_id": network["id"], "cidr": "192.168.10.0/24", "ip_version": 4}
    cloud.add("subnet", **{**fields, "enable_dhcp": True, **subnet})
    return cloud


@pytest.mark.parametrize(
    ("said", "seen", "text"),
    [
        ({}, {"enable_dhcp": False}, "enable_dhcp from False to True"),
        ({"enable_dhcp": False}, {}, "enable_dhcp from True to False"),
        ({"disable_gateway_ip": True}, {}, "gateway_ip from 192.168.10.1 to none"),
        (
            {"dns_nameservers": ["10.0.0.2", "10.0.0.1"]},
            {"dns_nameservers": ["10.0.0.1"]},
            "dns_nameservers from [10.0.0.1] to [10.0.0.2, 10.0.0.1]",
        ),
        (
            {"allocation_pools": [{"start": "192.168.10.9", "end": "192.168.10.19"}], "gateway_ip": "192.168.10.2"},
            {},
            "gateway_ip from 192.168.10.1 to 192.168.10.2, allocation_pools from [] to [192.168.10.9-192.168.10.19]",
        ),
    ],
)
def test_a_subnet_differs(said: dict[str, Any], seen: dict[str, Any], text: str) -> None:
    cloud = site_with(**seen)
    assert run(cloud, one_subnet(**said)) == [f"change subnet shop: {text}"]
    (subnet,) = list(cloud.items["subnets"].values())
    assert {key: subnet[key] for key in said if key != "disable_gateway_ip"} == {
        key: value for key, value in said.items() if key != "disable_gateway_ip"
    }


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ({"dns_nameservers": ["10.0.0.2", "10.0.0.1"]}, {"dns_nameservers": ["10.0.0.1", "10.0.0.2"]}),
        ({"disable_gateway_ip": True}, {"gateway_ip": None}),
        ({"dns_nameservers": ["fd00:0::2"]}, {"dns_nameservers": ["fd00::2"]}),
        (
            {"host_routes": [{"destination": "fd00:0::/64", "nexthop": "fd00::0001"}]},
            {"host_routes": [{"nexthop": "fd00::1", "destination": "fd00::/64"}]},
        ),
    ],
)
def test_a_subnet_is_the_same(said: dict[str, Any], seen: dict[str, Any]) -> None:
    assert run(site_with(**seen), one_subnet(**said)) == []


def test_a_range_of_addresses_cannot_be_changed() -> None:
    cloud = site_with(cidr="192.168.10.0/23")
    (found,) = list(cloud.run(wanted(one_subnet())).values())
    assert isinstance(found, Refused)
    assert found.refusal.code == "other_subnet"
    assert str(found) == (
        "Refused to make subnet shop of network shop: a subnet of that name is there with 192.168.10.0/23, and Neutron "
        "changes no range of addresses. Correct the plan, or give the subnet another name in it."
    )
    assert cloud.writes == []


def test_a_subnet_of_that_name_on_another_network_is_another_one() -> None:
    assert run(site_with(network_id="n2"), one_subnet()) == ["make subnet shop (192.168.10.0/24) of network shop"]


def test_a_network_differs() -> None:
    plan = {"networks": [{"name": "shop", "mtu": 1400, "port_security_enabled": False}]}
    assert run(site_with(), plan) == [
        "change network shop: mtu from 1500 to 1400, port_security_enabled from True to False"
    ]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_and_repeated(when: str) -> None:
    """Cut off before a request arrives, or before its answer does: the next run comes to the same end."""
    whole = Neutron()
    whole.run(wanted(PLAN))
    for number in range(len(whole.writes)):
        cloud = Neutron()
        numbers = count()
        cloud.cut_off = lambda now, n=number, numbers=numbers: now == when and next(numbers) >= n  # type: ignore[misc]
        assert any(isinstance(result, Exception) for result in cloud.run(wanted(PLAN)).values())
        cloud.cut_off = lambda now: False
        cloud.run(wanted(PLAN))
        assert cloud.state() == whole.state(), number
        made = len(cloud.writes)
        assert steps(cloud.run(wanted(PLAN))) == {}
        assert len(cloud.writes) == made


def test_what_a_run_tells_of_a_network() -> None:
    cloud = site_with()
    outcome = cloud.run(wanted({"networks": [{"name": "shop", "mtu": 1400}]}))["network shop"]
    network = {"id": "network-1", "name": "shop", "mtu": 1400, "port_security_enabled": True}
    assert {key: outcome.facts["network"][key] for key in network} == network
    assert [subnet["cidr"] for subnet in outcome.facts["network"]["subnets"]] == ["192.168.10.0/24"]
    assert outcome.plan.after == outcome.facts
    assert outcome.plan.before["network"]["mtu"] == 1500
    assert {step.part for step in outcome.plan.steps} == {Part.NETWORK}
