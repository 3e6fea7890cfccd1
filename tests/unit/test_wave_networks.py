# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and security groups in a wave: which jobs there are, in which order, and what servers then see of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from builders import plan, refusal
from loopback_cloud import LoopbackCloud
from recovery_builders import row, the_plan
from test_wave import CLOUDS, NOW, Clouds, clouds, jobs

__all__ = ["clouds"]

NETWORKS: dict[str, Any] = {
    "networks": [
        {"name": "net", "subnets": [{"name": "net", "cidr": "10.0.0.0/24"}]},
        {"name": "other", "sites": ["b"]},
    ],
    "security_groups": [{"name": "web"}],
}


#: The jobs before those of the servers; provision is at site A, prepare at site B.
NAMES = {
    "provision": ["network net", "security group web"],
    "prepare": ["network net", "network other", "security group web"],
    "readiness": ["network net", "network other", "security group web"],
}


@pytest.mark.parametrize("operation", CLOUDS)
def test_networks_come_before_the_servers_that_need_them(clouds: Clouds, operation: str) -> None:
    found = jobs(clouds, operation, **NETWORKS)
    names = NAMES.get(operation, [])
    assert [job.name for job in found] == [*names, "db", "app", "web"]
    assert all(job.critical for job in found[: len(names)])
    if operation == "readiness":  # compares them; no server waits for that
        assert not any(job.after for job in found)
    elif names:
        assert {job.name: set(job.after) for job in found} == {
            **{name: set() for name in names},
            "db": {"network net"},
            "app": set(),
            "web": set(),
        }


def test_networks_are_made_at_their_sites_only(clouds: Clouds) -> None:
    at_b = jobs(clouds, "provision", to="a", **NETWORKS)
    assert [job.name for job in at_b][:3] == ["network net", "network other", "security group web"]


def test_what_a_server_needs_is_read_after_it_was_made(clouds: Clouds, cloud: LoopbackCloud, session: Any) -> None:
    """The lists of the beginning know no network; that a job has made one is seen by those that come after it."""
    session.who = lambda: ("own", frozenset())
    shop = the_plan(row(ports=[{"network": "net", "security_groups": ["web"]}]), **NETWORKS)
    of = Wave(OPERATIONS["prepare"], shop, clouds.connect, NOW)
    made: dict[str, Any] = {"networks": [], "subnets": [], "security-groups": []}
    for path, items in made.items():
        cloud.answers[f"GET network /{path}"] = {path.replace("-", "_"): items}
    found = {job.name: job for job in of.jobs()}
    assert set(found["db"].after) == {"network net", "security group web"}
    steps = plan(found["network net"].decide(seen := found["network net"].read(0), seen)).steps
    assert [step.verb for step in steps] == ["create_network", "create_subnet"]
    made["networks"] += [{"id": "n", "name": "net", "project_id": "own"}]
    group = {"id": "g", "name": "web", "project_id": "own", "security_group_rules": []}
    made["security-groups"] += [group]
    later = time.monotonic()
    for name in ("network net", "security group web"):
        found[name].read(later)
    assert found["db"].read(0).around.ids == {("network", "net"): "n", ("security_group", "web"): "g"}


def test_check_mode_takes_networks_as_made(clouds: Clouds) -> None:
    shop = the_plan(row(ports=[{"network": "net", "security_groups": ["web", "x"]}]), **NETWORKS)
    of = Wave(OPERATIONS["prepare"], shop, clouds.connect, NOW, check=True)
    (db,) = [job for job in of.jobs() if job.name == "db"]
    assert db.read(0).around.ids == {
        ("network", "net"): "net (to be made)",
        ("security_group", "web"): "web (to be made)",
        ("security_group", "x"): None,
    }


def test_readiness_compares_networks_and_rules_and_changes_nothing(
    clouds: Clouds, cloud: LoopbackCloud, session: Any
) -> None:
    """Somebody deleted the rules of a group: it said "ready"."""
    session.who = lambda: ("own", frozenset())
    rule = {"id": "r", "direction": "egress", "ethertype": "IPv4"}
    group = {"id": "g", "name": "web", "project_id": "own", "security_group_rules": [rule]}
    network = {"id": "n", "name": "net", "project_id": "own"}
    cloud.answers["GET network /networks"] = {"networks": [network, {**network, "id": "o", "name": "other"}]}
    cloud.answers["GET network /subnets"] = {"subnets": []}
    cloud.answers["GET network /security-groups"] = {"security_groups": [group]}
    of = Wave(OPERATIONS["readiness"], the_plan(**NETWORKS), clouds.connect, NOW)
    found = {job.name: job.decide(seen := job.read(0), seen) for job in of.jobs() if job.name != "db"}
    assert plan(found["network other"]).steps == ()
    network_text, group_text = (refusal(found[name]).text for name in ("network net", "security group web"))
    assert network_text == (
        "Refused to call network net ready: not as planned: make subnet net (10.0.0.0/24) of network net. Run "
        "dr_prepare, which does this."
    )
    assert group_text == (
        "Refused to call security group web ready: not as planned: add rule egress IPv6 any protocol to anywhere to "
        "security group web. Run dr_prepare, which does this."
    )
