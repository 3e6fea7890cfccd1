# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the networks and security groups of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.network_problems import network_problems
from recovery_builders import plan_data, row


def subnet(**changes: Any) -> dict[str, Any]:
    return {"name": "net", "cidr": "10.0.0.0/24", **changes}


def network(*subnets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": "net", "subnets": list(subnets or (subnet(),)), **changes}


def group(**rule: Any) -> dict[str, Any]:
    return {"name": "inside", "rules": [rule]}


NETWORKS = {
    "fine": ([network(subnet(gateway_ip="10.0.0.1"))], []),
    "two networks": ([network(), network(subnet(name="other"))], ["2 networks are named net"]),
    "two subnets": ([network(subnet(), subnet())], ["2 subnets are named net"]),
    "no cidr": (
        [network(subnet(cidr="10.0.0.5/24"))],
        ["subnet net has the cidr 10.0.0.5/24, which is no network such as 192.168.10.0/24"],
    ),
    "a gateway elsewhere": (
        [network(subnet(gateway_ip="10.0.1.1"))],
        ["address 10.0.1.1 of subnet net is not in 10.0.0.0/24"],
    ),
    "a gateway that is no address": (
        [network(subnet(gateway_ip="router"))],
        ["address router of subnet net is not in 10.0.0.0/24"],
    ),
    "a gateway and none": (
        [network(subnet(gateway_ip="10.0.0.1", disable_gateway_ip=True))],
        ["subnet net names a gateway and disables it"],
    ),
    "a pool elsewhere": (
        [network(subnet(allocation_pools=[{"start": "10.0.0.9", "end": "10.0.9.9"}]))],
        ["address 10.0.9.9 of subnet net is not in 10.0.0.0/24"],
    ),
    "an address in no subnet": (
        [network(subnet(cidr="10.9.0.0/24"), subnet(name="other", cidr="10.8.0.0/24"))],
        ["address 10.0.0.5 of server db is in no subnet of network net"] * 2,
    ),
    "an address in the second subnet": ([network(subnet(name="other", cidr="10.8.0.0/24"), subnet())], []),
    "not at site B": (
        [network(sites=["a"])],
        ["server db has a port on network net, which is not at site b"],
    ),
    "not at site A": (
        [network(sites=["b"])],
        ["server db has a port on network net, which is not at site a"],
    ),
    "another network": ([network(subnet(cidr="10.9.0.0/24"), name="other")], []),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_networks(case: str) -> None:
    networks, expected = NETWORKS[case]
    assert list(network_problems(plan_data(networks=networks))) == expected


def test_a_network_of_one_site_is_fine_for_a_server_that_has_another_at_the_other() -> None:
    elsewhere = {"ports": [{"network": "net-b", "fixed_ip": "10.1.0.5"}]}
    networks = [network(sites=["a"]), network(subnet(name="net-b", cidr="10.1.0.0/24"), name="net-b", sites=["b"])]
    assert list(network_problems(plan_data(row(site_b=elsewhere), networks=networks))) == []


RULES = {
    "fine": (group(protocol="tcp", port_range_min=1, port_range_max=2, remote_ip_prefix="10.0.0.0/8"), []),
    "all of a group": (group(remote_group="inside"), []),
    "two remotes": (
        group(remote_group="inside", remote_ip_prefix="10.0.0.0/8"),
        ["a rule of security group inside names both remote_ip_prefix and remote_group"],
    ),
    "no prefix": (
        group(remote_ip_prefix="anywhere"),
        ["a rule of security group inside has the remote_ip_prefix anywhere, which is no network"],
    ),
    "half a range": (
        group(protocol="tcp", port_range_min=1),
        ["a rule of security group inside names one end of a range of ports only"],
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_rules(case: str) -> None:
    groups, expected = RULES[case]
    assert list(network_problems(plan_data(security_groups=[groups]))) == expected


def test_two_groups_of_one_name() -> None:
    found = network_problems(plan_data(security_groups=[group(protocol="icmp"), group(protocol="tcp")]))
    assert list(found) == ["2 security groups are named inside"]


@pytest.mark.parametrize("name", ["network shop", "security group web", "security groups web and inside"])
def test_a_server_that_is_named_like_a_network(name: str) -> None:
    found = list(network_problems(plan_data(row(name=name))))
    assert found == [f"server {name} is named like the job of a network or of a security group"]
