# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom a plan may be connected to its clouds, and whose networks and groups its names mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import ANY_TIME, Lookup, Shared
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import build as read_build
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.data.direction import Direction, PlanSite
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Ambiguous, Foreign, Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import server_wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.identity import (
    Identity,
    identity_problem,
)
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from loopback_cloud import LoopbackCloud
from recovery_builders import the_plan

MEMBER, ADMIN = frozenset({"member", "reader"}), frozenset({"admin", "member"})
THERE = Direction(PlanSite("a", "a1", "a2"), PlanSite("b", "b1", "b2"))
BACK = Direction(THERE.target, THERE.source)

IS_ADMIN = (
    "Refused to replicate shop: sites.b.cloud (b1) has the role admin, which sees networks and groups of all projects. "
    "Name an ordinary member of the project there. An administrator belongs into sites.b.admin_cloud."
)
OTHER_PROJECT = (
    "Refused to replicate shop: sites.a.admin_cloud (a2) is in project p2, and sites.a.cloud (a1) in project p1. "
    "Name clouds of the same project in both places."
)


@pytest.mark.parametrize(
    ("key", "known", "text"),
    [
        ("target", {"target": Identity("p", MEMBER)}, None),
        ("target", {"target": Identity(None, frozenset())}, None),
        ("target", {"target": Identity("p", ADMIN)}, IS_ADMIN),
        ("target_admin", {"target": Identity("p", MEMBER), "target_admin": Identity("p", ADMIN)}, None),
        ("source_admin", {"target": Identity("p", MEMBER), "source_admin": Identity("p2", ADMIN)}, None),
        ("source_admin", {"source": Identity("p1", MEMBER), "source_admin": Identity("p2", ADMIN)}, OTHER_PROJECT),
        ("source", {"source": Identity("p1", MEMBER), "source_admin": Identity("p2", ADMIN)}, OTHER_PROJECT),
        ("source_admin", {"source": Identity(None, frozenset()), "source_admin": Identity("p2", ADMIN)}, None),
    ],
)
def test_as_whom_a_cloud_may_be_used(key: str, known: dict[str, Identity], text: str | None) -> None:
    problem = identity_problem("replicate shop", key, THERE, known)
    assert (problem.text if problem else None) == text


def test_the_other_direction_names_the_other_site() -> None:
    problem = identity_problem("replicate shop", "source", BACK, {"source": Identity("p", ADMIN)})
    assert problem
    assert problem.text == IS_ADMIN


def test_a_cloud_that_is_described_by_the_plan_is_not_shown() -> None:
    clouds = Direction(PlanSite("a", "a1"), PlanSite("b", {"auth": {"password": "secret"}}))
    problem = identity_problem("replicate shop", "target", clouds, {"target": Identity("p", ADMIN)})
    assert problem
    assert problem.seen.startswith("sites.b.cloud (without a name) has the role admin")


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_administrator_as_the_cloud_of_a_site_is_refused_before_anything_is_read(
    cloud: LoopbackCloud, session: Any, operation: str
) -> None:
    session.authenticate = lambda: None
    session.who = lambda: ("p", ADMIN)
    with pytest.raises(Refused, match=r"sites\.[ab]\.cloud \(.*\) has the role admin"):
        Wave(OPERATIONS[operation], the_plan(), lambda name, timeout=None: session, utc_now()).jobs()
    assert cloud.sent == []


def looks(session: Any) -> list[Lookup]:
    return [Lookup(session), Shared(Inventory(session), ANY_TIME)]


def row(resource_id: str, project: str, name: str = "net") -> dict[str, Any]:
    return {"id": resource_id, "name": name, "project_id": project}


def lists(cloud: LoopbackCloud, kind: str, *rows: dict[str, Any]) -> None:
    key = kind.replace("-", "_")
    cloud.answers |= {f"GET network /{kind}{query}": {key: list(rows)} for query in ("", "?name=net")}


@pytest.mark.parametrize("kind", ["networks", "security-groups"])
def test_the_own_project_comes_first(cloud: LoopbackCloud, session: Any, kind: str) -> None:
    session.who = lambda: ("mine", MEMBER)
    lists(cloud, kind, row("1", "theirs"), row("2", "mine"), row("3", "others"))
    for look in looks(session):
        assert look.find(kind.replace("-", "_")[:-1], "net") == row("2", "mine")


@pytest.mark.parametrize(("kind", "words"), [("networks", "network"), ("security-groups", "security group")])
def test_what_only_others_have_is_not_ours(cloud: LoopbackCloud, session: Any, kind: str, words: str) -> None:
    session.who = lambda: ("mine", MEMBER)
    lists(cloud, kind, row("2", "others"), row("1", "theirs"))
    for look in looks(session):
        with pytest.raises(Foreign) as error:
            look.find(kind.replace("-", "_")[:-1], "net")
        assert str(error.value) == (
            f"loopback: the {words} net (1, 2) is of another project, which may share it under any name. If you "
            "mean it, name it by its id."
        )


def test_what_others_have_may_be_named_by_its_id(cloud: LoopbackCloud, session: Any) -> None:
    session.who = lambda: ("mine", MEMBER)
    id_ = "5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11"
    lists(cloud, "networks", row(id_, "theirs"))
    cloud.answers[f"GET network /networks/{id_}"] = {"network": row(id_, "theirs")}
    for look in looks(session):
        assert look.find("network", id_) == row(id_, "theirs")


def test_two_of_the_own_project_are_still_too_many(cloud: LoopbackCloud, session: Any) -> None:
    session.who = lambda: ("mine", MEMBER)
    lists(cloud, "networks", row("1", "mine"), row("2", "mine"), row("3", "theirs"))
    for look in looks(session):
        with pytest.raises(Ambiguous, match=r"carried by 2 networks \(1, 2\)"):
            look.find("network", "net")


def test_where_nothing_tells_whose_they_are_all_count(cloud: LoopbackCloud, session: Any) -> None:
    lists(cloud, "networks", row("1", "theirs"))
    for look in looks(session):
        assert look.find("network", "net") == row("1", "theirs")


def test_check_mode_foretells_a_network_that_only_another_project_has(cloud: LoopbackCloud, session: Any) -> None:
    """The roles make the plan's own network before the servers."""
    session.who = lambda: ("mine", MEMBER)
    lists(cloud, "networks", row("1", "theirs"))
    cloud.answers |= {
        "GET compute /flavors/detail": {"flavors": []},
        "GET image /images?name=cirros": {"images": []},
        "GET network /ports?name=db-port0": {"ports": []},
        "GET block_storage /volumes/detail?name=db-root": {"volumes": []},
    }
    nic = {"network": "net", "fixed_ip": "192.168.1.5"}
    wanted = server_wanted({"name": "db", "flavor": "f", "boot_volume": {"image": "cirros"}, "ports": [nic]})
    around = read_build.around(Lookup(session), wanted, foretold=frozenset({("network", "net")}))
    assert around.ids["network", "net"] == "net (to be made)"
    assert around.foreign_networks == frozenset()
    with pytest.raises(Foreign):
        read_build.around(Lookup(session), wanted)
