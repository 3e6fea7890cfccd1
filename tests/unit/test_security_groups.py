# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups of a plan: which groups and rules are made, changed and removed, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from neutron_model import TEMPLATE, Neutron, run, steps, wanted
from test_networks import PLAN


def one_group(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"security_groups": [{"name": "one", "rules": list(rules), **more}]}


def test_groups_that_name_each_other_over_others_come_together() -> None:
    rows = [{"name": name, "rules": [{"remote_group": other}]} for name, other in ("ax", "bb", "cd", "da")]
    assert [one.label for one in wanted({"security_groups": rows})] == [
        "security group b",
        "security groups a and 2 more",
    ]


def test_groups_that_name_each_other_in_a_circle() -> None:
    rows = [{"name": name, "rules": [{"remote_group": other}]} for name, other in ("ab", "ba")]
    assert run(Neutron(), {"security_groups": rows}) == [
        "make security group a",
        "make security group b",
        "add rule ingress IPv4 any protocol from group b to security group a",
        "add rule ingress IPv4 any protocol from group a to security group b",
    ]


def test_a_rule_that_names_a_group_beside_the_plan() -> None:
    cloud = Neutron()
    other = cloud.add("security_group", name="default")
    foreign = "01234567-89ab-cdef-0123-456789abcdef"
    plan = one_group({"remote_group": "default"}, {"remote_group": foreign})
    assert run(cloud, plan)[1:] == [
        "add rule ingress IPv4 any protocol from group default to security group one",
        f"add rule ingress IPv4 any protocol from group {foreign} to security group one",
    ]
    one = next(group for group in cloud.items["security_groups"].values() if group["name"] == "one")
    assert [r["remote_group_id"] for r in one["security_group_rules"]][2:] == [other["id"], foreign]


def test_a_rule_that_names_a_group_that_is_not_there() -> None:
    cloud = Neutron()
    cloud.add("security_group", name="default", project_id="other")
    (found,) = list(cloud.run(wanted(one_group({"remote_group": "default"}))).values())
    assert isinstance(found, Refused)
    assert found.refusal.code == "no_security_group"
    assert str(found) == (
        "Refused to make security group one: its rules name default, and the project has no such security group. Make "
        "it before, or describe it in security_groups of the plan."
    )
    assert cloud.writes == []


def test_rules_differ() -> None:
    cloud = Neutron((*TEMPLATE, {"direction": "ingress", "ethertype": "IPv4", "remote_ip_prefix": "10.0.0.0/8"}))
    cloud.add("security_group", name="one", description="old")
    assert run(cloud, one_group({"protocol": "tcp", "description": "words"}, description="new")) == [
        "change description of security group one from old to new",
        "add rule ingress IPv4 tcp from anywhere to security group one",
        "remove rule ingress IPv4 any protocol from 10.0.0.0/8 from security group one",
    ]
    (group,) = list(cloud.items["security_groups"].values())
    assert [rule.get("description") for rule in group["security_group_rules"]] == [None, None, "words"]


def test_a_cloud_whose_new_groups_hold_other_rules() -> None:
    """An administrator may change what a new group holds: then what check mode foretells is not all of it."""
    ingress = {"direction": "ingress", "ethertype": "IPv4"}
    cloud = Neutron(({**ingress, "protocol": "tcp"}, {**ingress, "protocol": "icmp"}))
    done = steps(cloud.run(wanted(one_group({"protocol": "icmp"}))))["security group one"]
    assert done == [
        "make security group one",
        "add rule egress IPv4 any protocol to anywhere to security group one",
        "add rule egress IPv6 any protocol to anywhere to security group one",
        "remove rule ingress IPv4 tcp from anywhere from security group one",
    ]


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ({"protocol": "any"}, {}),
        ({"protocol": "TCP"}, {"protocol": "tcp"}),
        ({"protocol": 6}, {"protocol": "tcp"}),
        ({"protocol": "tcp", "port_range_min": 1, "port_range_max": 65535}, {"protocol": "tcp"}),
        ({"protocol": "udp", "port_range_min": -1, "port_range_max": -1}, {"protocol": "udp"}),
        ({"protocol": "icmp", "port_range_min": 8, "port_range_max": -1}, {"protocol": "icmp", "port_range_min": 8}),
        ({"ether_type": "IPv6", "protocol": "icmp"}, {"ethertype": "IPv6", "protocol": "ipv6-icmp"}),
        (
            {"ether_type": "IPv6", "remote_ip_prefix": "fd00::1"},
            {"ethertype": "IPv6", "remote_ip_prefix": "fd00::1/128"},
        ),
        ({"remote_ip_prefix": "0.0.0.0/0"}, {}),
        ({}, {"remote_ip_prefix": "0.0.0.0/0"}),
        ({"description": "words"}, {"description": ""}),
    ],
)
def test_rules_that_are_the_same(said: dict[str, Any], there: dict[str, Any]) -> None:
    cloud = Neutron((*TEMPLATE, {"direction": "ingress", "ethertype": "IPv4", **there}))
    cloud.add("security_group", name="one")
    assert run(cloud, one_group(said)) == []


def test_what_a_run_tells_of_security_groups() -> None:
    cloud = Neutron()
    foretold = cloud.run(wanted(PLAN), check=True)["security groups web and inside"].facts
    done = cloud.run(wanted(PLAN))["security groups web and inside"]
    assert done.plan.before == {"security_groups": []}
    assert {step.part for step in done.plan.steps} == {Part.NETWORK}
    assert [group.pop("id") for group in foretold["security_groups"]] == ["(new)", "(new)"]
    assert [group.pop("id")[:14] for group in done.facts["security_groups"]] == ["security_group"] * 2
    assert foretold == done.facts
    assert done.facts["security_groups"][1] == {
        "name": "inside",
        "description": "",
        "rules": ["egress IPv4 any protocol to 10.0.0.1/32", "ingress IPv4 any protocol from group web"],
    }
