# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every problem that would stop a build is found before anything is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import BUILDING
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_present
from builders import new_site, port, refusal, source, volume
from test_building import PORT, left_over, wanted

VOLUME = {"boot_volume": {"volume": "v"}}


def given(**changes: Any) -> dict[str, Any]:
    """Surroundings of a server that boots from an existing volume."""
    return {"sources": {}, "same_name": {}, "given": {"root": volume("v", **changes)}}


PROBLEMS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "flavor": ({}, {"flavor": None}, "the cloud knows no flavor m1.tiny"),
    "no flavor said": ({"flavor": None}, {"flavor": None}, "the cloud knows no flavor (none given)"),
    "image": ({}, {"sources": {"root": None}}, "the cloud knows no image cirros"),
    "image not ready": (
        {},
        {"sources": {"root": source(status="queued")}},
        "image cirros is queued, not active",
    ),
    "too small for min_disk": (
        {},
        {"sources": {"root": source(min_disk=2)}},
        "image cirros needs at least 2 GiB, the volume db-root is to have 1",
    ),
    "too small for the bytes": (
        {},
        {"sources": {"root": source(size=3, min_disk=2)}},
        "image cirros needs at least 3 GiB, the volume db-root is to have 1",
    ),
    "memory": (
        {},
        {"sources": {"root": source(min_ram=128)}},
        "image cirros needs 128 MiB of memory, flavor m1.tiny has 64",
    ),
    "snapshot": (
        {"boot_volume": {"snapshot": "s"}},
        {"sources": {"root": None}},
        "the cloud knows no snapshot s",
    ),
    "snapshot not ready": (
        {"boot_volume": {"snapshot": "s"}},
        {"sources": {"root": source("snapshot", status="creating")}},
        "snapshot s is creating, not available",
    ),
    "backup not ready": (
        {"boot_volume": {"backup": "b", "size": 4}},
        {"sources": {"root": source("backup", status="error", size=5)}},
        "backup b is error, not available; backup b needs at least 5 GiB, the volume db-root is to have 4",
    ),
    "volume": (VOLUME, {**given(), "given": {}}, "the cloud knows no volume v"),
    "volume in use": (
        VOLUME,
        given(status="in-use", attached_to=("other",)),
        "volume v is attached to server other",
    ),
    "volume busy": (VOLUME, given(status="backing-up"), "volume v is backing-up, not available"),
    "volume not bootable": (VOLUME, given(bootable=False), "volume v is not marked bootable"),
    "volume too small": (
        {"boot_volume": {"volume": "v", "size": 2}},
        given(),
        "volume v has 1 GiB, 2 are wanted",
    ),
    "a volume of that name": (
        {},
        {"same_name": {"root": (volume("x", name="db-root"),)}},
        (
            "a volume db-root exists already and was not made for this server (name it as the source volume, choose "
            "another name, or delete it)"
        ),
    ),
    "a volume that is being made for another server": (
        {},
        {"same_name": {"root": (volume("x", name="db-root", metadata={BUILDING: "other"}),)}},
        (
            "a volume db-root exists already and was not made for this server (name it as the source volume, choose "
            "another name, or delete it)"
        ),
    ),
    "a volume left over in error": (
        {},
        {"same_name": {"root": (left_over(status="error"),)}},
        "volume db-root, left over from an earlier run, is error (delete it)",
    ),
    "two volumes left over": (
        {},
        {"same_name": {"root": (left_over(), replace(left_over(), id="old-2"))}},
        "2 volumes db-root are left over from earlier runs (delete all but one)",
    ),
    "a volume left over of another size": (
        {"boot_volume": {"image": "cirros", "size": 5}},
        {"same_name": {"root": (left_over(),)}},
        "volume db-root, left over from an earlier run, has 1 GiB, 5 are wanted (delete it)",
    ),
    "port": ({"ports": [{"port": "p"}]}, {"ports": {"db-port0": ()}, "ids": {}}, "the cloud knows no port p"),
    "two ports of a name": (
        {},
        {"ports": {"db-port0": (port(device_id=""), port(id="port-1", device_id=""))}},
        "2 ports carry the name db-port0",
    ),
    "port in use": ({}, {"ports": {"db-port0": (port(device_id="other"),)}}, "port db-port0 belongs to other"),
    "port with another address": (
        {"ports": [{**PORT, "fixed_ip": "10.0.0.6"}]},
        {"ports": {"db-port0": (port(device_id=""),)}},
        "port db-port0 has the address 10.0.0.5, not 10.0.0.6",
    ),
    "port with another MAC address": (
        {"ports": [{**PORT, "mac_address": "fa:16:3e:00:00:02"}]},
        {"ports": {"db-port0": (port(device_id=""),)}},
        "port db-port0 has the MAC address fa:16:3e:00:00:01, not fa:16:3e:00:00:02",
    ),
    "network": ({}, {"ids": {("network", "net"): None}}, "the cloud knows no network net"),
    "security group": (
        {"security_groups": ["x"]},
        {"ids": {("network", "net"): "n", ("security_group", "x"): None}},
        "the cloud knows no security group x",
    ),
    "server group": (
        {"server_group": "g"},
        {"ids": {("network", "net"): "n", ("server_group", "g"): None}},
        "the cloud knows no server group g",
    ),
    "type of a volume": (
        {},
        {"ids": {("network", "net"): "n", ("volume_type", "fast"): None}},
        "the cloud knows no volume type fast",
    ),
    "zone of a volume": (
        {},
        {"ids": {("network", "net"): "n", ("volume_availability_zone", "az"): None}},
        "the cloud knows no volume availability zone az",
    ),
    "an address that is taken": (
        {},
        {"ids": {("network", "net"): "n", ("free_address", "10.0.0.5"): None}},
        "the cloud knows no free address 10.0.0.5",
    ),
    "key": (
        {"key_name": "k"},
        {"ids": {("network", "net"): "n", ("key", "k"): None}},
        "the cloud knows no key k",
    ),
    "zone": (
        {"availability_zone": "moon"},
        {"zones": frozenset({"nova", "az2"})},
        "there is no availability zone moon, only az2, nova",
    ),
    "no zone at all": ({"availability_zone": "moon"}, {}, "there is no availability zone moon, only none"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_each_problem_is_found_before_anything_is_made(case: str) -> None:
    options, changes, text = PROBLEMS[case]
    found = refusal(decide_present(new_site(**changes), wanted(**options)))
    assert found.code == "cannot_build"
    assert found.seen == text
    assert found.todo == "Nothing was changed. Correct this, then repeat."
    assert [finding.data["text"] for finding in found.findings] == text.split("; ")
    assert all(finding.what for finding in found.findings)


@pytest.mark.parametrize(
    ("nic", "ports", "texts"),
    [
        ({"fixed_ip": "10.0.0.5"}, (), ["address 10.0.0.5"]),
        ({"mac_address": "fa:16:3e:00:00:01"}, (), ["MAC address fa:16:3e:00:00:01"]),
        (
            {"fixed_ip": "10.0.0.5", "mac_address": "fa:16:3e:00:00:01"},
            (),
            ["address 10.0.0.5", "MAC address fa:16:3e:00:00:01"],
        ),
        ({}, (), []),
        ({"fixed_ip": "10.0.0.5"}, (port(device_id=""),), []),
    ],
    ids=["address", "MAC", "both", "none", "the port is there"],
)
def test_an_address_on_a_network_of_another_project(nic: dict[str, str], ports: Any, texts: list[str]) -> None:
    """Neutron would refuse it only after the volumes were made."""
    site = new_site(foreign_networks=frozenset({"net"}), ports={"db-port0": ports})
    found = decide_present(site, wanted(ports=[{"network": "net", **nic}]))
    assert [finding.words for finding in found.findings or ()] == [
        f"network net belongs to another project, and Neutron lets only its owner choose the {text} "
        "(leave it out, or have the port made and name it)"
        for text in texts
    ]


def test_all_problems_are_told_at_once() -> None:
    changes = {"flavor": None, "sources": {"root": None}, "ids": {("network", "net"): None}}
    assert refusal(decide_present(new_site(**changes), wanted())).text == (
        "Refused to build server db:\n"
        "  1. the cloud knows no flavor m1.tiny\n"
        "  2. the cloud knows no image cirros\n"
        "  3. the cloud knows no network net\n"
        "Nothing was changed. Correct this, then repeat."
    )


def test_a_mac_address_may_be_written_in_capitals() -> None:
    site = new_site(ports={"db-port0": (port(device_id=""),)})
    assert decide_present(site, wanted(ports=[{**PORT, "mac_address": "FA:16:3E:00:00:01"}]))
