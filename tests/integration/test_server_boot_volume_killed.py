# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any moment is carried on by repeating it: one server, no volume or port too many."""

from __future__ import annotations

import time
from typing import Any

import pytest
from factory import Factory
from killing import kill_when
from rounds import Rounds
from test_server_boot_volume_build import BLANK, BUILD, described

from playbooks import Playbooks, Task


def seen_volumes(make: Factory) -> bool:
    return bool(make.ids("block_storage", "volumes"))


def seen_ports(make: Factory) -> bool:
    return bool(make.ids("network", "ports"))


def seen_server(make: Factory) -> bool:
    return bool(make.servers())


def seen_active(make: Factory) -> bool:
    return any(server["status"] == "ACTIVE" for server in make.servers())


def wanted(make: Factory, slow: str = "") -> dict[str, Any]:
    """A server with two volumes that are made, and a port."""
    return described(
        make,
        boot_volume={"image": "cirros", "size": 1, "name": make.name(f"root{slow}")},
        volumes=[{"tag": "data", **BLANK, "name": make.name(f"data{slow}")}],
        ports=[{"network": make.shared_net}],
    )


def exactly_one_of_each(make: Factory, options: dict[str, Any]) -> None:
    found = make.everything()
    assert [server["status"] for server in found["servers"]] == ["ACTIVE"]
    names = sorted([options["boot_volume"]["name"], options["volumes"][0]["name"]])
    assert sorted(volume["name"] for volume in found["volumes"]) == names
    assert {volume["status"] for volume in found["volumes"]} == {"in-use"}
    assert not [volume for volume in found["volumes"] if "standby_building" in volume["metadata"]]
    assert [port["name"] for port in found["ports"]] == [f"{make.name()}-port0"]


@pytest.mark.parametrize("moment", [seen_volumes, seen_ports, seen_server, seen_active], ids=lambda m: m.__name__)
def test_killed_and_repeated(make: Factory, rounds: Rounds, ansible: Playbooks, moment: Any) -> None:
    options = wanted(make, slow="[slow-2]" if moment is seen_volumes else "")
    killed = kill_when(ansible, Task(BUILD, options), lambda: moment(make))
    assert killed or moment is seen_active, "the run ended before it could be killed: nothing was tested"
    result = ansible(BUILD, **options)
    assert not result["failed"], result["msg"]
    exactly_one_of_each(make, options)
    rounds.changes_nothing(BUILD, **options)


def test_killed_again_and_again(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    """A little later each time, until a run gets through."""
    options = wanted(make)
    kills = 0
    for tenths in range(10, 90, 5):
        end = time.monotonic() + tenths / 10
        killed = kill_when(ansible, Task(BUILD, options), lambda end=end: time.monotonic() > end)
        kills += killed
        if not killed:
            break
    assert kills > 1
    assert not ansible(BUILD, **options)["failed"]
    exactly_one_of_each(make, options)
    rounds.changes_nothing(BUILD, **options)


def test_absent_killed_and_repeated(make: Factory, ansible: Playbooks) -> None:
    options = wanted(make)
    ansible(BUILD, **options)
    gone = {"name": make.name(), "state": "absent", "delete_ports": True, "ports": options["ports"]}
    kill_when(ansible, Task(BUILD, gone), lambda: not seen_active(make))
    assert not ansible(BUILD, **gone)["failed"]
    found = make.everything()
    assert (found["servers"], found["ports"], len(found["volumes"])) == ([], [], 2)
