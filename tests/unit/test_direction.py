# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the sites, and how playbooks are called for a direction."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.direction import Direction, direction
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Finding, Plan, Refusal, Step, Until
from recovery_builders import row, the_plan

SITES = {"a": {"cloud": "fra", "title": "Frankfurt"}, "b": {"cloud": "ber", "admin_cloud": "ber_admin"}}


def towards(to: str) -> Direction:
    return direction(SITES, to)


@pytest.mark.parametrize(
    ("to", "names", "clouds"),
    [
        ("b", ("Frankfurt (site A)", "site B"), ["fra", None, "ber", "ber_admin"]),
        ("a", ("site B", "Frankfurt (site A)"), ["ber", "ber_admin", "fra", None]),
    ],
)
def test_who_is_who(to: str, names: tuple[str, str], clouds: list[str | None]) -> None:
    found = towards(to)
    assert (str(found.source), str(found.target)) == names
    assert [found.clouds[role] for role in ("source", "source_admin", "target", "target_admin")] == clouds
    assert tuple(found.data[role]["name"] for role in ("source", "target")) == names


REFUSAL = Refusal(
    "x", "w", "run dr_replicate", "Run dr_prepare, then dr_replicate -e to=a.", (Finding("f", 1, 2, "dr_readiness"),)
)
STEPS = (
    Step("wait", "dr_prepare", until=Until("volume", "v", frozenset(), todo="run dr_prepare"), safe="dr_failover"),
)


def test_playbooks_are_called_for_the_direction() -> None:
    told = towards("a").addressed(REFUSAL)
    assert isinstance(told, Refusal)
    assert (told.seen, told.todo) == ("run dr_replicate -e to=a", "Run dr_prepare -e to=a, then dr_replicate -e to=a.")
    assert [finding.words for finding in told.findings] == ["dr_readiness -e to=a"]
    plan = towards("a").addressed(Plan({}, {}, STEPS, ("Run dr_prepare.",), later=STEPS))
    assert isinstance(plan, Plan)
    assert plan.steps == plan.later
    (step,) = plan.steps
    assert step.until
    assert (step.text, step.until.todo, step.safe) == ("dr_prepare", "run dr_prepare -e to=a", "dr_failover -e to=a")
    assert plan.notes == ("Run dr_prepare -e to=a.",)


def test_towards_b_nothing_has_to_be_said() -> None:
    for decision in (REFUSAL, Plan({}, {}, STEPS)):
        assert towards("b").addressed(decision) is decision


def test_the_other_direction_turns_everything_around() -> None:
    over = {"flavor": "m1.small", "ports": [{"network": "net-b"}]}
    (server,) = the_plan(row(site_b=over), to="a").servers
    assert (server.source.flavor, server.source.nics[0].network, server.twin.flavor) == ("m1.small", "net-b", "m1.tiny")
    assert [disk.name for disk in server.source.disks] == ["db-root", "db-data"]
    assert [disk.name for disk in server.twin.disks] == ["db-root-placeholder", "db-data-placeholder"]
    assert (server.twin.metadata, server.source.metadata) == ({"standby_plan": "shop"}, None)
    assert (server.direction.clouds["source"], server.direction.clouds["target"]) == ("site_b", "site_a")


def test_a_twin_that_would_be_an_existing_volume_matters_only_in_its_own_direction() -> None:
    given = row(boot_volume={"volume": "disk"}, site_b={"boot_volume": {"image": "cirros"}})
    assert the_plan(given).servers[0].twin.disks[0].kind == "image"
    with pytest.raises(Refused, match="would be the existing volume disk: make it from an image"):
        the_plan(given, to="a")


def test_what_is_different_at_site_b() -> None:
    over = {
        "flavor": "m1.small",
        "boot_volume": {"image": "other", "size": 4},
        "ports": [{"network": "net-b", "fixed_ip": "10.1.0.5"}],
        "security_groups": ["b"],
        "key_name": "key-b",
        "availability_zone": "az-b",
        "server_group": "group-b",
    }
    (server,) = the_plan(row(key_name="key-a", user_data="#!", metadata={"a": 1}, site_b=over)).servers
    a, b = server.source, server.twin
    assert (a.flavor, a.key_name, a.disks[0].ref, a.nics[0].network) == ("m1.tiny", "key-a", "cirros", "net")
    assert (b.flavor, b.key_name, b.availability_zone, b.server_group) == ("m1.small", "key-b", "az-b", "group-b")
    assert (b.disks[0].ref, b.disks[0].size) == ("other", 4)
    nic = b.nics[0]
    assert (nic.network, nic.fixed_ip, nic.security_groups) == ("net-b", "10.1.0.5", ("b",))
    assert (b.user_data, b.metadata, a.metadata) == ("#!", {"a": "1", "standby_plan": "shop"}, {"a": "1"})


def test_what_is_not_said_of_site_b_is_as_at_site_a() -> None:
    (server,) = the_plan(row(key_name="key-a", site_b={"flavor": "m1.small"})).servers
    assert (server.at("source").flavor, server.at("target").flavor) == ("m1.tiny", "m1.small")
    assert (server.twin.key_name, server.twin.nics) == ("key-a", server.source.nics)
