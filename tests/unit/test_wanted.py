# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `server_boot_volume` as dataclasses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import (
    SOURCES,
    DiskWanted,
    NicWanted,
    ServerWanted,
    server_wanted,
)

IMAGE = {"image": "cirros"}


def wanted(**options: Any) -> ServerWanted:
    return server_wanted({"name": "db", "flavor": "m1.tiny", "boot_volume": IMAGE, **options})


def disks(**options: Any) -> tuple[DiskWanted, ...]:
    return wanted(**options).disks


def test_the_least_that_can_be_said() -> None:
    assert wanted() == ServerWanted(
        name="db",
        flavor="m1.tiny",
        disks=(
            DiskWanted(
                "image",
                "cirros",
                "db-root",
                "root",
                boot_index=0,
                metadata={"standby_server": "db", "standby_disk": "root"},
            ),
        ),
    )


def test_nothing_but_a_name() -> None:
    assert server_wanted({"name": "db"}) == ServerWanted("db")


def test_plain_options_are_taken_over() -> None:
    given = {
        "key_name": "k",
        "availability_zone": "az2",
        "server_group": "g",
        "config_drive": True,
        "user_data": "#!",
        "description": "",
    }
    found = wanted(**given)
    assert {key: getattr(found, key) for key in given} == given


@pytest.mark.parametrize(
    ("given", "expected"), [(None, None), ({}, {}), ({"a": 1, "b": True, "c": "x"}, {"a": "1", "b": "True", "c": "x"})]
)
def test_metadata_are_texts(given: Any, expected: Any) -> None:
    assert wanted(metadata=given).metadata == expected


@pytest.mark.parametrize("kind", SOURCES)
def test_each_kind_of_disk(kind: str) -> None:
    row = {kind: True, "size": 5} if kind == "blank" else {kind: "ref"}
    found = disks(boot_volume=row)[0]
    assert (found.kind, found.ref) == (kind, "" if kind == "blank" else "ref")


def test_every_option_of_a_disk() -> None:
    taken_over = {
        "name": "n",
        "tag": "data",
        "size": 9,
        "volume_type": "fast",
        "availability_zone": "az2",
        "delete_on_termination": True,
        "disk_bus": "scsi",
        "device_type": "lun",
    }
    marks = {"standby_server": "db", "standby_disk": "data"}
    expected = DiskWanted(kind="snapshot", ref="snap", boot_index=None, metadata=marks, **taken_over)
    assert disks(volumes=[{"snapshot": "snap", **taken_over}])[1] == expected


def test_names_and_tags_by_default() -> None:
    blank = {"blank": True, "size": 1}
    rows = [blank, {**blank, "name": "own"}, {**blank, "tag": "t"}, {**blank, "tag": "t2", "name": "own2"}]
    found = [(disk.tag, disk.name) for disk in disks(volumes=rows)]
    assert found == [("root", "db-root"), ("disk1", "db-disk1"), ("own", "own"), ("t", "db-t"), ("t2", "own2")]


def test_cdroms_are_booted_from_after_the_root_in_their_order() -> None:
    """An empty root is passed over by the firmware, and the CD is next."""
    rows = [
        {"tag": tag, "image": "iso", "device_type": kind} for tag, kind in (("a", "cdrom"), ("b", None), ("c", "cdrom"))
    ]
    found = {disk.tag: disk.boot_index for disk in disks(boot_volume={"blank": True, "size": 9}, volumes=rows)}
    assert found == {"root": 0, "a": 1, "b": None, "c": 2}


def test_a_root_that_is_a_cdrom_is_counted_once() -> None:
    assert [disk.boot_index for disk in disks(boot_volume={"image": "iso", "device_type": "cdrom"})] == [0]


def test_metadata_of_a_plan_are_put_on_each_volume() -> None:
    options = {"name": "db", "boot_volume": IMAGE, "volumes": [{"tag": "data", "image": "x"}]}
    found = server_wanted(options, {"standby_plan": "p"})
    assert [disk.metadata["standby_plan"] for disk in found.disks] == ["p", "p"]


@pytest.mark.parametrize(
    ("options", "code", "saw"),
    [
        ({"boot_volume": {"size": 1}}, "bad_disk", "the boot volume names no source"),
        ({"boot_volume": {"image": "a", "volume": "b"}}, "bad_disk", "the boot volume names volume, image"),
        ({"boot_volume": {"blank": True}}, "bad_disk", "the blank volume root has no size"),
        ({"boot_volume": {"blank": True, "image": "a"}}, "bad_disk", "the boot volume names image, blank"),
        ({"boot_volume": {"image": "a", "size": 0}}, "bad_disk", "the volume root is to have 0 GiB"),
        ({"boot_volume": {"image": "a", "size": -1}}, "bad_disk", "the volume root is to have -1 GiB"),
        ({"volumes": [{"tag": "x"}]}, "bad_disk", "the volume x names no source"),
        ({"volumes": [{"blank": True}]}, "bad_disk", "the blank volume disk1 has no size"),
        ({"volumes": [{"tag": "root", "image": "a"}]}, "bad_disk", "two disks have the tag root"),
        ({"volumes": [{"tag": "a", **IMAGE}, {"name": "a", **IMAGE}]}, "bad_disk", "two disks have the tag a"),
        ({"volumes": [{"tag": "a/b", "image": "a"}]}, "bad_disk", "Nova takes no tag like a/b"),
        ({"volumes": [{"tag": "a,b", "image": "a"}]}, "bad_disk", "Nova takes no tag like a,b"),
        ({"volumes": [{"name": "n" * 61, "image": "a"}]}, "bad_disk", f"Nova takes no tag like {'n' * 61}"),
        (
            {"volumes": [{"tag": "a", "name": "db-root", "image": "a"}]},
            "bad_disk",
            "two volumes that are to be made have the name db-root",
        ),
        ({"ports": [{}]}, "bad_port", "a port names neither or both of port and network"),
        ({"ports": [{"port": "p", "network": "n"}]}, "bad_port", "a port names neither or both of port and network"),
    ],
)  # fmt: skip
def test_what_does_not_say_what_it_is(options: dict[str, Any], code: str, saw: str) -> None:
    with pytest.raises(Refused) as caught:
        wanted(**options)
    assert caught.value.refusal.code == code
    assert str(caught.value).startswith(f"Refused to build server db: {saw}. ")


def test_the_names_of_existing_volumes_may_be_what_they_are() -> None:
    """Only volumes that are made get a name from here."""
    rows = [{"tag": "a", "volume": "x", "name": "same"}, {"tag": "b", "volume": "y", "name": "same"}]
    assert len(disks(volumes=rows)) == 3


def test_the_disk_with_the_tag_root_is_no_root_when_there_is_no_boot_volume() -> None:
    """state: absent without boot_volume; delete_on_termination of a data disk must not reach the root."""
    (found,) = server_wanted({"name": "db", "volumes": [{"tag": "root", "image": "x"}]}).disks
    assert found.boot_index is None


def test_ports() -> None:
    rows = [
        {"network": "net"},
        {"port": "mine"},
        {
            "network": "net",
            "name": "own",
            "fixed_ip": "10.0.0.5",
            "mac_address": "fa:16:3e:00:00:01",
            "security_groups": ["x"],
        },
        {"port": "mine2", "security_groups": ["y"]},
        {"network": "net", "security_groups": []},
    ]
    assert wanted(ports=rows, security_groups=["default"]).nics == (
        NicWanted("db-port0", network="net", security_groups=("default",)),
        NicWanted("db-port1", port="mine", security_groups=None),
        NicWanted("own", None, "net", "10.0.0.5", "fa:16:3e:00:00:01", ("x",)),
        NicWanted("db-port3", port="mine2", security_groups=("y",)),
        NicWanted("db-port4", network="net", security_groups=()),
    )


def test_ports_without_security_groups_are_not_compared() -> None:
    assert wanted(ports=[{"network": "net"}]).nics[0].security_groups is None
