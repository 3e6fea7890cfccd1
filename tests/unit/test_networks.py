# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and security groups of a plan: what is wanted at a site, what must be made or changed, what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.filter.network_changes import FilterModule
from ansible_collections.standby.openstack.plugins.module_utils.decide.network_problems import network_problems
from ansible_collections.standby.openstack.plugins.module_utils.decide.networks import wanted_networks

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
        {"name": "inside", "rules": [{"remote_group": "web"}, {"direction": "egress", "remote_ip_prefix": "10.0.0.1"}]},
    ],
    "servers": [{"name": "db", "ports": [{"network": "shop", "fixed_ip": "192.168.10.10"}]}],
}

NETWORKS = [{"name": "shop", "id": "n1", "mtu": 1400, "is_port_security_enabled": True}]
SUBNETS = [
    {
        "name": "shop",
        "network_id": "n1",
        "cidr": "192.168.10.0/24",
        "is_dhcp_enabled": True,
        "gateway_ip": "192.168.10.1",
        "dns_nameservers": ["10.0.0.1", "10.0.0.2"],
        "allocation_pools": [{"start": "192.168.10.2", "end": "192.168.10.254"}],
        "host_routes": [],
    }
]


def rule(**fields: Any) -> dict[str, Any]:
    """A rule as Neutron tells it."""
    names = ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id")
    return {"direction": "ingress", "ethertype": "IPv4", **dict.fromkeys(names), **fields}


OUT = [rule(direction="egress"), rule(direction="egress", ethertype="IPv6")]
WEB = {
    "name": "web",
    "id": "g1",
    "description": "customers",
    "security_group_rules": [rule(protocol="tcp", port_range_min=443, port_range_max=443), *OUT],
}
INSIDE = {
    "name": "inside",
    "id": "g2",
    "description": "",
    "security_group_rules": [
        rule(remote_group_id="g1"),
        rule(direction="egress", remote_ip_prefix="10.0.0.1/32"),
    ],
}


def changes(
    networks: Any = None, subnets: Any = None, groups: Any = (WEB, INSIDE), plan: Any = None, site: str = "a"
) -> dict[str, Any]:
    there = NETWORKS if networks is None else networks, SUBNETS if subnets is None else subnets
    return FilterModule().filters()["network_changes"](PLAN if plan is None else plan, site, *there, groups)


def test_nothing_to_do() -> None:
    assert changes() == {"networks": [], "subnets": [], "security_groups": [], "texts": []}


def test_a_plan_without_networks() -> None:
    assert changes(plan={"servers": []})["texts"] == []


def test_everything_is_missing() -> None:
    found = changes((), (), ())
    assert found["texts"] == [
        "make network shop",
        "make subnet shop (192.168.10.0/24) of network shop",
        "make security group web with 3 rules",
        "make security group inside with 2 rules",
    ]
    assert found["networks"] == [{"name": "shop", "mtu": 1400}]
    assert found["subnets"][0]["network"] == "shop"


def test_what_is_wanted_is_wanted_at_its_sites_only() -> None:
    assert [row["name"] for row in wanted_networks(PLAN, "a")["subnets"]] == ["shop"]
    six = wanted_networks(PLAN, "b")["subnets"][1]
    assert (six["name"], six["ip_version"], six["enable_dhcp"]) == ("six", 6, False)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("cidr", "192.168.10.0/23", "change cidr of subnet shop from 192.168.10.0/23 to 192.168.10.0/24"),
        ("is_dhcp_enabled", False, "change enable_dhcp of subnet shop from False to True"),
        (
            "dns_nameservers",
            ["10.0.0.1"],
            "change dns_nameservers of subnet shop from ['10.0.0.1'] to ['10.0.0.2', '10.0.0.1']",
        ),
    ],
)
def test_a_subnet_differs(field: str, value: Any, text: str) -> None:
    found = changes(subnets=[{**SUBNETS[0], field: value}])
    assert found["texts"] == [text]
    assert [row["name"] for row in found["subnets"]] == ["shop"]


def test_a_gateway_that_shall_not_be() -> None:
    plan = copy.deepcopy(PLAN)
    plan["networks"][0]["subnets"][0]["disable_gateway_ip"] = True
    assert changes(plan=plan)["texts"] == ["change gateway_ip of subnet shop from 192.168.10.1 to None"]
    assert changes(plan=plan, subnets=[{**SUBNETS[0], "gateway_ip": None}])["texts"] == []


def test_a_subnet_of_that_name_on_another_network_is_another_one() -> None:
    assert changes(subnets=[{**SUBNETS[0], "network_id": "n2"}])["texts"][0].startswith("make subnet shop")


def test_a_network_differs() -> None:
    assert changes(networks=[{**NETWORKS[0], "mtu": 1500}])["texts"] == ["change mtu of network shop from 1500 to 1400"]


def test_rules_differ() -> None:
    other = {
        **WEB,
        "description": "",
        "security_group_rules": [rule(protocol="tcp", remote_ip_prefix="10.0.0.0/8"), *OUT],
    }
    assert changes(groups=[other, INSIDE])["texts"] == [
        "change description of security group web from  to customers",
        "add rule ingress IPv4 tcp 443 from anywhere to security group web",
        "remove rule ingress IPv4 tcp from 10.0.0.0/8 from security group web",
    ]


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ({"protocol": "any"}, {}),
        ({"protocol": "tcp", "port_range_min": 1, "port_range_max": 65535}, {"protocol": "tcp"}),
        ({"protocol": "udp", "port_range_min": -1, "port_range_max": -1}, {"protocol": "udp"}),
        ({"protocol": "icmp", "port_range_min": 8, "port_range_max": -1}, {"protocol": "icmp", "port_range_min": 8}),
        (
            {"ether_type": "IPv6", "remote_ip_prefix": "fd00::1"},
            {"ethertype": "IPv6", "remote_ip_prefix": "fd00::1/128"},
        ),
        ({"remote_group": "g9"}, {"remote_group_id": "g9"}),
        ({"description": "words"}, {"description": ""}),
    ],
)
def test_rules_that_are_the_same(wanted: dict[str, Any], there: dict[str, Any]) -> None:
    plan = {"security_groups": [{"name": "one", "rules": [wanted]}], "servers": []}
    group = {"name": "one", "id": "g3", "security_group_rules": [rule(**there), *OUT]}
    assert changes(groups=[group], plan=plan)["texts"] == []


def problems(**changed: Any) -> list[str]:
    return list(network_problems({**copy.deepcopy(PLAN), **changed}))


def test_no_problem() -> None:
    assert problems() == []


def networks(**subnet: Any) -> dict[str, Any]:
    return {"networks": [{"name": "shop", "subnets": [{"name": "shop", "cidr": "192.168.10.0/24", **subnet}]}]}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            networks(cidr="192.168.10.1/24"),
            "subnet shop has the cidr 192.168.10.1/24, which is no network such as 192.168.10.0/24",
        ),
        (networks(gateway_ip="192.168.11.1"), "address 192.168.11.1 of subnet shop is not in 192.168.10.0/24"),
        (networks(gateway_ip="nonsense"), "address nonsense of subnet shop is not in 192.168.10.0/24"),
        (
            networks(gateway_ip="192.168.10.1", disable_gateway_ip=True),
            "subnet shop names a gateway and disables it",
        ),
        (
            networks(allocation_pools=[{"start": "192.168.10.5", "end": "192.168.12.5"}]),
            "address 192.168.12.5 of subnet shop is not in 192.168.10.0/24",
        ),
        ({"networks": [{"name": "shop"}, {"name": "shop"}]}, "2 networks are named shop"),
        ({"security_groups": [{"name": "g"}, {"name": "g"}]}, "2 security groups are named g"),
        (
            {"security_groups": [{"name": "g", "rules": [{"remote_group": "g", "remote_ip_prefix": "10.0.0.0/8"}]}]},
            "a rule of security group g names both remote_ip_prefix and remote_group",
        ),
        (
            {"security_groups": [{"name": "g", "rules": [{"remote_ip_prefix": "everywhere"}]}]},
            "a rule of security group g has the remote_ip_prefix everywhere, which is no network",
        ),
        (
            {"security_groups": [{"name": "g", "rules": [{"protocol": "tcp", "port_range_min": 80}]}]},
            "a rule of security group g names one end of a range of ports only",
        ),
        (
            {"servers": [{"name": "db", "ports": [{"network": "only-b"}]}]},
            "server db has a port on network only-b, which is not at site a",
        ),
    ],
)
def test_a_problem(changed: dict[str, Any], problem: str) -> None:
    assert problem in problems(**changed)


def test_an_address_outside_its_network_is_told_for_each_site() -> None:
    ports = [{"network": "shop", "fixed_ip": "10.1.1.1"}]
    text = "address 10.1.1.1 of server db is in no subnet of network shop"
    assert problems(servers=[{"name": "db", "ports": ports}]) == [text, text]
    inside = [{"network": "shop", "fixed_ip": "192.168.10.9"}]
    assert problems(servers=[{"name": "db", "ports": inside, "site_b": {"ports": ports}}]) == [text]
