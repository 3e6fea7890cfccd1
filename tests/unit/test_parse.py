# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the JSON of the APIs to dataclasses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import parse
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Backup,
    Flavor,
    Port,
    RootAnswer,
    Server,
    Snapshot,
    Source,
    Volume,
)

#: What Nova 34 answers to a member at microversion 2.96, without what nobody reads.
SERVER: dict[str, Any] = {
    "id": "srv",
    "name": "db",
    "status": "ACTIVE",
    "OS-EXT-STS:task_state": "shelving",
    "flavor": {
        "vcpus": 1,
        "ram": 64,
        "disk": 0,
        "ephemeral": 0,
        "swap": 0,
        "original_name": "m1.tiny",
        "extra_specs": {},
    },
    "OS-EXT-AZ:availability_zone": "nova",
    "OS-EXT-SRV-ATTR:host": "compute1",
    "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
    "locked": True,
    "image": "",
    "metadata": {"a": "1"},
    "description": "text",
    "key_name": "k",
    "config_drive": "True",
    "os-extended-volumes:volumes_attached": [{"id": "vol-1", "delete_on_termination": True}],
    "fault": {"code": 500, "message": "No valid host was found."},
}

MADE, TAKEN = "2026-11-20T20:00:00.000000", "2026-11-20T19:00:00Z"


def test_a_server() -> None:
    attachments: list[Any] = [
        {"id": "vol-1", "volumeId": "vol-1", "device": "/dev/vda", "tag": "root", "delete_on_termination": False}
    ]
    assert parse.server(SERVER, attachments) == Server(
        id="srv",
        name="db",
        status="ACTIVE",
        task_state="shelving",
        flavor=Flavor("m1.tiny", "", 1, 64, 0),
        availability_zone="nova",
        host="compute1",
        locked=True,
        image_id=None,
        root_device_name="/dev/vda",
        attachments=(Attachment("vol-1", "/dev/vda", "root", False),),
        metadata={"a": "1"},
        description="text",
        key_name="k",
        config_drive=True,
        fault="No valid host was found.",
    )


def test_a_server_of_a_list_tells_its_volumes_itself() -> None:
    assert parse.server(SERVER).attachments == (Attachment("vol-1", None, None, True),)


def test_the_least_that_a_server_tells() -> None:
    assert parse.server({"id": "s", "status": "BUILD"}) == Server("s", "", "BUILD")


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("config_drive", "", "config_drive", False),
        ("config_drive", None, "config_drive", False),
        ("config_drive", True, "config_drive", True),
        ("image", {"id": "img"}, "image_id", "img"),
        ("image", None, "image_id", None),
        ("OS-EXT-AZ:availability_zone", "", "availability_zone", ""),
        ("OS-EXT-AZ:availability_zone", None, "availability_zone", ""),
        ("description", None, "description", ""),
        ("OS-EXT-STS:task_state", None, "task_state", None),
        ("locked", False, "locked", False),
        ("fault", {}, "fault", ""),
        ("pinned_availability_zone", "az2", "pinned_zone", "az2"),
        ("pinned_availability_zone", None, "pinned_zone", ""),
    ],
)
def test_values_of_a_server(key: str, value: Any, field: str, expected: Any) -> None:
    assert getattr(parse.server({**SERVER, key: value}), field) == expected


VOLUME: dict[str, Any] = {
    "id": "vol",
    "name": "db-root",
    "status": "in-use",
    "size": 2,
    "bootable": "true",
    "availability_zone": "nova",
    "volume_type": "fast",
    "multiattach": True,
    "attachments": [{"server_id": "srv"}, {"server_id": "srv-2"}],
    "metadata": {"a": "1"},
    "volume_image_metadata": {"min_disk": "0"},
    "created_at": "2026-11-20T20:00:00.000000",
}


def test_a_volume() -> None:
    assert parse.volume(VOLUME) == Volume(
        id="vol",
        name="db-root",
        status="in-use",
        size=2,
        bootable=True,
        availability_zone="nova",
        volume_type="fast",
        multiattach=True,
        attached_to=("srv", "srv-2"),
        metadata={"a": "1"},
        image_metadata={"min_disk": "0"},
        created_at="2026-11-20T20:00:00.000000",
    )


def test_the_least_that_a_volume_tells() -> None:
    assert parse.volume({"id": "v", "status": "creating", "size": 1, "name": None}) == Volume("v", "", "creating", 1)


@pytest.mark.parametrize(
    ("told", "bootable"),
    [("true", True), ("True", True), (True, True), ("false", False), (False, False), (None, False)],
)
def test_the_bootable_flag_is_a_text(told: Any, bootable: bool) -> None:
    assert parse.volume({**VOLUME, "bootable": told}).bootable is bootable


def test_a_volume_that_is_reserved_for_no_server() -> None:
    assert parse.volume({**VOLUME, "attachments": [{"server_id": None}]}).attached_to == ()


def test_a_port() -> None:
    data = {
        "id": "p",
        "name": "n",
        "network_id": "net",
        "mac_address": "fa:16:3e:00:00:01",
        "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}, {"subnet_id": "s", "ip_address": "fd00::5"}],
        "security_groups": ["b", "a"],
        "device_id": "srv",
        "status": "ACTIVE",
    }
    expected = Port("p", "n", "net", "fa:16:3e:00:00:01", ("10.0.0.5", "fd00::5"), ("a", "b"), "srv", "ACTIVE")
    assert parse.port(data) == expected
    assert parse.port({"id": "p", "network_id": "net"}) == Port("p", "", "net", "")


@pytest.mark.parametrize(
    ("data", "name"), [({"name": "m1", "original_name": "old"}, "old"), ({"name": "m1"}, "m1"), ({}, "")]
)
def test_the_name_of_a_flavor(data: dict[str, Any], name: str) -> None:
    assert parse.flavor(data).name == name


@pytest.mark.parametrize(
    ("data", "size"),
    [
        ({"size": 0}, 0),
        ({"size": 1}, 1),
        ({"size": 1 << 30}, 1),
        ({"size": (1 << 30) + 1}, 2),
        ({"size": 10, "virtual_size": 5 << 30}, 5),
        ({"size": 10, "virtual_size": None}, 1),
        ({"size": None}, 0),
    ],
)
def test_the_size_of_an_image_is_full_gib(data: dict[str, Any], size: int) -> None:
    assert parse.image_source({"id": "i", "status": "active", **data}).size == size


def test_an_image() -> None:
    data = {"id": "i", "name": "n", "status": "active", "min_disk": 2, "min_ram": 64, "size": 1}
    data |= {"hw_firmware_type": "uefi", "tags": []}
    properties = {"id": "i", "name": "n", "status": "active", "hw_firmware_type": "uefi"}
    assert parse.image_source(data) == Source("image", "i", "n", "active", 1, 2, 64, properties=properties)


def test_a_snapshot() -> None:
    data = {
        "id": "s",
        "name": "n",
        "status": "available",
        "volume_id": "v",
        "size": 1,
        "metadata": {"a": "1"},
        "created_at": MADE,
    }
    assert parse.snapshot(data) == Snapshot("s", "n", "available", "v", 1, {"a": "1"}, MADE)
    assert parse.snapshot({"id": "s", "status": "error"}) == Snapshot("s", "", "error", "", 0)


def test_a_backup() -> None:
    data = {
        "id": "b", "name": "n", "status": "available", "volume_id": "v", "size": 1, "is_incremental": True,
        "metadata": {"a": "1"}, "created_at": MADE, "data_timestamp": TAKEN,
    }  # fmt: skip
    assert parse.backup(data) == Backup("b", "n", "available", "v", 1, True, {"a": "1"}, MADE, TAKEN)
    assert parse.backup({"id": "b", "status": "error", "metadata": None}) == Backup("b", "", "error", "", 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"device": "/dev/vda", "device_present": True, "volume_id": "v"}, RootAnswer("/dev/vda", True, "v")),
        ({"device": "/dev/vda", "device_present": False, "volume_id": None}, RootAnswer("/dev/vda", False, None)),
        ({"device": None, "device_present": False}, RootAnswer("", False, None)),
        (
            {"device": "/dev/vda", "device_present": True, "volume_id": "v", "task": "detaching"},
            RootAnswer("/dev/vda", True, "v", "detaching"),
        ),
    ],
)
def test_the_answer_of_the_guarded_api(data: dict[str, Any], expected: RootAnswer) -> None:
    assert parse.root_answer({"root_volume": data}) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5), ("status", None), ("status", ["x"]), ("name", {"a": 1}), ("size", "3"), ("size", True),
        ("metadata", ["a"]), ("metadata", {"a": 5}), ("volume_image_metadata", {"a": None}), ("attachments", [5]),
        ("attachments", [{"server_id": 5}]), ("created_at", "yesterday"), ("created_at", 5), ("attachments", "x"),
    ],
)  # fmt: skip
def test_what_has_another_type_than_the_api_says_is_not_taken(field: str, value: Any) -> None:
    data = {"id": "v", "status": "available", "size": 1, field: value}
    with pytest.raises((TypeError, ValueError, AttributeError)):
        parse.volume(data)


def test_texts_of_a_cloud_cannot_forge_lines() -> None:
    data = {"id": "v", "name": "a\nFAKE [1/1] done\x1b[2J\u202e", "status": "available\r", "size": 1}
    found = parse.volume(data)
    assert (found.name, found.status) == ("a\ufffdFAKE [1/1] done\ufffd[2J\ufffd", "available\ufffd")
    fault = parse.server({"id": "s", "status": "ERROR", "fault": {"message": "x\ny"}}).fault
    assert fault == "x\ufffdy"
