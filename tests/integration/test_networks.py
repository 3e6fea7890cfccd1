# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and security groups of a plan at a real Neutron: a second run changes nothing, nor does one after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.networks import wanted_networks
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.security_groups import wanted_groups
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.network_jobs import network_jobs
from api import Api, Json
from factory import Factory

LISTS = (("/networks", "networks"), ("/subnets", "subnets"), ("/security-groups", "security_groups"))
#: What differs from run to run: how the names of such fields end.
VOLATILE = ("_at", "revision_number", "segmentation_id", "project_id", "tenant_id")

#: The newest SDK warns of itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),
    pytest.mark.filterwarnings("ignore:The 'service_type' parameter is unnecesary"),
]


def plan_of(name: str) -> Json:
    """One of each kind of subnet and rule that Neutron may tell in other words than it was told."""
    four = {
        "name": f"{name}-4",
        "cidr": "192.168.40.0/24",
        "dns_nameservers": ["10.0.0.2", "10.0.0.1"],
        "allocation_pools": [{"start": "192.168.40.20", "end": "192.168.40.40"}],
        "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "192.168.40.9"}],
    }
    six = {"name": f"{name}-6", "cidr": "fd00:0:40::/64", "disable_gateway_ip": True, "enable_dhcp": False}
    rules = [
        {"protocol": "tcp", "port_range_min": 1, "port_range_max": 65535},
        {"protocol": "UDP", "port_range_min": 53, "port_range_max": 53, "remote_ip_prefix": "10.0.0.7"},
        {"protocol": 47, "remote_ip_prefix": "0.0.0.0/0"},
        {"protocol": "icmp", "port_range_min": 8, "port_range_max": -1},
        {"protocol": "icmp", "ether_type": "IPv6", "remote_ip_prefix": "fd00::/8"},
        {"remote_group": f"{name}-web", "description": "words"},
    ]
    out = {"direction": "egress", "protocol": "tcp", "remote_group": f"{name}-in"}
    return {
        "networks": [{"name": name, "mtu": 1400, "subnets": [four, six]}],
        "security_groups": [
            {"name": f"{name}-in", "description": "inside", "rules": rules},
            {"name": f"{name}-web", "rules": [out]},
        ],
    }


class Killed(Exception):
    """Nothing is sent any more."""


class Site:
    """Runs the jobs of the plan at site B, each time in a session of its own, as each playbook does."""

    def __init__(self, api: Api, name: str) -> None:
        self.api, self.name = api, name

    def run(self, last: int | None = None, after: bool = False, check: bool = False) -> list[str]:
        """What was done, in words. After so many requests it is killed, before or after the next one."""
        cloud, numbers, plan = Session({"cloud": "site_b"}), count(), plan_of(self.name)

        def perform(step: Any) -> Any:
            kill = last is not None and next(numbers) >= last
            if kill and not after:
                raise Killed
            answer = VERBS[step.verb](cloud, **step.args)
            if kill:
                raise Killed
            return answer

        wanted = (*wanted_networks(plan, "b"), *wanted_groups(plan, "b"))
        results = Fleet(lambda *_poll: {}).run(network_jobs(wanted, Inventory(cloud), perform), check=check)
        told = [results[one.label] for one in wanted]
        if last is None:
            assert all(isinstance(result, Outcome) for result in told), told
            writes = sum(number for what, number in cloud.requests.items() if not what.startswith("GET "))
            assert writes == (0 if check else sum(len(result.plan.steps) for result in told))
        return [step.text for result in told if isinstance(result, Outcome) for step in result.plan.steps]

    def state(self) -> Any:
        """Everything that is there, without what differs from run to run."""
        found = {key: self.mine(path, key) for path, key in LISTS}
        names = {item["id"]: item["name"] for items in found.values() for item in items}
        rules = [rule for group in found["security_groups"] for rule in group["security_group_rules"]]
        names.update((rule["id"], "a rule") for rule in rules)
        return lasting(found, names)

    def mine(self, path: str, key: str) -> list[Json]:
        return [item for item in self.api.get("network", path, key) if item["name"].startswith(self.name)]

    def clean(self) -> None:
        groups = self.mine("/security-groups", "security_groups")
        rules = [f"/security-group-rules/{rule['id']}" for group in groups for rule in group["security_group_rules"]]
        networks = [f"/networks/{network['id']}" for network in self.mine("/networks", "networks")]
        for path in (*rules, *networks, *(f"/security-groups/{group['id']}" for group in groups)):
            self.api.send("DELETE", "network", path)


def lasting(value: Any, names: dict[str, str]) -> Any:
    """The value with names in the place of ids, and lists sorted."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not key.endswith(VOLATILE)}
        return {key: lasting(item, names) for key, item in kept.items()}
    if isinstance(value, list):
        return sorted((lasting(item, names) for item in value), key=str)
    return names.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def site(make: Factory) -> Iterator[Site]:
    made = Site(make.api, make.name("net"))
    yield made
    made.clean()


def test_a_second_run_changes_nothing(site: Site) -> None:
    foretold = site.run(check=True)
    assert not any(site.mine(path, key) for path, key in LISTS)
    assert site.run() == foretold
    before = site.state()
    assert (site.run(), site.run(check=True), site.state()) == ([], [], before)


@pytest.mark.soak
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_and_repeated(site: Site, after: bool) -> None:
    whole, number = site.run(), 0
    end = site.state()
    while number < len(whole):
        site.clean()
        site.run(last=number, after=after)
        site.run()
        assert site.state() == end, f"killed at request {number}: {whole[number]}"
        assert site.run() == []
        number += 1
