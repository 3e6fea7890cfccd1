# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building a server: every problem that is found before anything is made, and the steps and their order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import BUILDING
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Flavor, Site
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Ref, Until
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import ServerWanted, server_wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_present
from builders import around, new_site, nothing, plan, port, refusal, source, verbs, volume

PORT = {"network": "net"}


def wanted(**options: Any) -> ServerWanted:
    defaults: dict[str, Any] = {
        "name": "db",
        "flavor": "m1.tiny",
        "boot_volume": {"image": "cirros", "size": 1},
        "ports": [PORT],
    }
    return server_wanted({**defaults, **options})


def left_over(name: str = "db-root", **changes: Any) -> Any:
    """A volume that a killed run made."""
    return volume(f"old-{name}", name=name, metadata={BUILDING: "db", "standby_disk": "root"}, **changes)


def test_the_steps_and_their_order() -> None:
    options = {
        "volumes": [{"tag": "data", "blank": True, "size": 2}, {"tag": "old", "volume": "v"}],
        "ports": [{**PORT, "fixed_ip": "10.0.0.5"}],
    }
    site = new_site(same_name={}, given={"old": volume("v")})
    found = plan(decide_present(site, wanted(**options)))
    assert [step.text for step in found.steps] == [
        "make volume db-root (1 GiB) from image cirros",
        "make volume db-data (2 GiB) from nothing",
        "wait until volume db-root is available",
        "wait until volume db-data is available",
        "make port db-port0 on network net with address 10.0.0.5",
        "make server db",
        "mark volume db-root as finished",
        "mark volume db-data as finished",
    ]


def test_what_is_sent_for_a_volume() -> None:
    row = {"image": "cirros", "size": 3, "volume_type": "fast", "availability_zone": "az2"}
    found = plan(decide_present(new_site(), wanted(boot_volume=row))).steps[0]
    assert (found.verb, found.result) == ("create_volume", "disk root")
    assert dict(found.args) == {
        "name": "db-root",
        "size": 3,
        "volume_type": "fast",
        "availability_zone": "az2",
        "metadata": {"standby_server": "db", "standby_disk": "root", BUILDING: "db"},
        "imageRef": "image-1",
    }


@pytest.mark.parametrize(
    ("row", "made_from", "size"),
    [
        ({"image": "i"}, ("imageRef", source(size=1)), 1),
        ({"image": "i"}, ("imageRef", source(size=1, min_disk=4)), 4),
        ({"image": "i"}, ("imageRef", source(size=0)), 1),
        ({"image": "i", "size": 9}, ("imageRef", source(min_disk=4)), 9),
        ({"snapshot": "s"}, ("snapshot_id", source("snapshot", size=7)), 7),
        ({"backup": "b"}, ("backup_id", source("backup", size=6)), 6),
    ],
)
def test_the_size_of_a_volume_is_what_its_source_needs(row: Any, made_from: Any, size: int) -> None:
    key, what = made_from
    args = plan(decide_present(new_site(sources={"root": what}), wanted(boot_volume=row))).steps[0].args
    assert (args["size"], args[key]) == (size, what.id)


@pytest.mark.parametrize(
    ("row", "marked"),
    [
        ({"image": "i"}, False),
        ({"blank": True, "size": 1}, True),
        ({"snapshot": "s"}, True),
        ({"backup": "b"}, True),
    ],
)
def test_what_may_lack_the_bootable_flag_gets_it(row: dict[str, Any], marked: bool) -> None:
    kind = next(iter(row))
    sources = {} if kind == "blank" else {"root": source(kind)}
    assert ("set_bootable" in verbs(decide_present(new_site(sources=sources), wanted(boot_volume=row)))) is marked


def test_a_data_disk_is_never_marked_bootable() -> None:
    site = new_site(same_name={})
    assert "set_bootable" not in verbs(decide_present(site, wanted(volumes=[{"blank": True, "size": 1}])))


FULL: dict[str, Any] = {
    "volumes": [
        {"tag": "cd", "volume": "iso", "device_type": "cdrom", "disk_bus": "sata", "delete_on_termination": True}
    ],
    "key_name": "k",
    "availability_zone": "nova",
    "server_group": "g",
    "config_drive": False,
    "user_data": "#cloud-config",
    "metadata": {"a": 1},
    "description": "text",
}
FULL_IDS = {("network", "net"): "net-1", ("server_group", "g"): "group-1", ("key", "k"): "k"}


def test_what_is_sent_for_the_server() -> None:
    site = new_site(ids=FULL_IDS, zones=frozenset({"nova"}), given={"cd": volume("iso")})
    step = next(s for s in plan(decide_present(site, wanted(**FULL))).steps if s.verb == "create_server")
    root = {"uuid": Ref("disk root"), "boot_index": 0, "tag": "root", "delete_on_termination": False}
    cdrom = {"uuid": "iso", "boot_index": 1, "tag": "cd", "delete_on_termination": True}
    both = {"source_type": "volume", "destination_type": "volume"}
    assert dict(step.args) == {
        "name": "db",
        "flavorRef": "flavor-1",
        "networks": [{"port": Ref("port db-port0")}],
        "block_device_mapping_v2": [{**both, **root}, {**both, **cdrom, "device_type": "cdrom", "disk_bus": "sata"}],
        "key_name": "k",
        "availability_zone": "nova",
        "config_drive": False,
        "user_data": "#cloud-config",
        "metadata": {"a": "1"},
        "description": "text",
        "hints": {"group": "group-1"},
    }
    building = frozenset({"BUILD"})
    assert step.until == Until("server", Ref("server"), frozenset({"ACTIVE"}), building, building)


def test_what_is_not_asked_for_is_not_sent() -> None:
    """An attach from later on would be a data disk with boot index -1; Nova refuses null values."""
    site = new_site(ports={}, ids={}, same_name={})
    step = next(s for s in plan(decide_present(site, wanted(ports=[]))).steps if s.verb == "create_server")
    assert set(step.args) == {"name", "flavorRef", "networks", "block_device_mapping_v2"}
    assert step.args["networks"] == "none"


def test_a_disk_that_is_not_booted_from() -> None:
    site = new_site(given={"data": volume("v")})
    steps = plan(decide_present(site, wanted(volumes=[{"tag": "data", "volume": "v"}]))).steps
    mapping = next(s for s in steps if s.verb == "create_server").args["block_device_mapping_v2"][1]
    assert (mapping["boot_index"], mapping["uuid"], "device_type" in mapping) == (-1, "v", False)


def test_what_is_sent_for_a_port() -> None:
    row = {**PORT, "fixed_ip": "10.0.0.5", "mac_address": "fa:16:3e:00:00:01", "security_groups": ["x"]}
    site = new_site(ids={("network", "net"): "net-1", ("security_group", "x"): "sg-x"})
    step = next(s for s in plan(decide_present(site, wanted(ports=[row]))).steps if s.verb == "create_port")
    assert dict(step.args) == {
        "name": "db-port0",
        "network_id": "net-1",
        "fixed_ips": [{"ip_address": "10.0.0.5"}],
        "mac_address": "fa:16:3e:00:00:01",
        "security_groups": ["sg-x"],
    }


KILLED_AFTER = ("nothing", "volume creating", "volume available", "port")


@pytest.mark.parametrize(("killed", "kind"), list(itertools.product(KILLED_AFTER, ("image", "blank"))))
def test_a_killed_run_is_carried_on_with_what_it_made(killed: str, kind: str) -> None:
    status = "creating" if killed == "volume creating" else "available"
    volumes = () if killed == "nothing" else (left_over(status=status, bootable=kind == "image"),)
    ports = (port(device_id=""),) if killed == "port" else ()
    sources = {} if kind == "blank" else {"root": source()}
    site = new_site(sources=sources, same_name={"root": volumes}, ports={"db-port0": ports})
    row = {"blank": True, "size": 1} if kind == "blank" else {"image": "cirros"}
    expected = ["create_volume"] if killed == "nothing" else []
    expected += ["wait"] if killed in ("nothing", "volume creating") else []
    expected += ["set_bootable"] if kind == "blank" else []
    expected += ["create_port"] if killed != "port" else []
    found = plan(decide_present(site, wanted(boot_volume=row)))
    assert [step.verb for step in found.steps] == [*expected, "create_server", "replace_volume_metadata"]
    server = next(step for step in found.steps if step.verb == "create_server").args
    assert server["block_device_mapping_v2"][0]["uuid"] == (Ref("disk root") if not volumes else "old-db-root")
    assert server["networks"] == [{"port": "port-0" if ports else Ref("port db-port0")}]


def test_a_blank_volume_that_was_marked_already_is_not_marked_again() -> None:
    site = new_site(same_name={"root": (left_over(bootable=True),)})
    assert "set_bootable" not in verbs(decide_present(site, wanted(boot_volume={"blank": True, "size": 1})))


def test_the_server_as_it_will_be() -> None:
    options = {
        "volumes": [{"tag": "data", "volume": "v", "delete_on_termination": True}],
        "ports": [{**PORT, "fixed_ip": "10.0.0.5"}, {"port": "mine"}],
        "metadata": {"a": 1},
    }
    site = new_site(given={"data": volume("v", name="precious", size=8)}, ports={"db-port1": (port(device_id=""),)})
    found = plan(decide_present(site, wanted(**options)))
    assert (found.changed, found.before) == (True, {})
    after = found.after
    assert (after["id"], after["name"], after["status"], after["flavor"]) == ("(new)", "db", "ACTIVE", "m1.tiny")
    assert after["root_volume"]["volume_id"] == "(new db-root)"
    assert [(v["id"], v["size"], v["is_root"], v["delete_on_termination"]) for v in after["volumes"]] == [
        ("(new db-root)", 1, True, False), ("v", 8, False, True),
    ]  # fmt: skip
    assert [(p["id"], p["fixed_ips"]) for p in after["ports"]] == [("(new)", ["10.0.0.5"]), ("port-0", ["10.0.0.5"])]
    assert after["metadata"] == {"a": "1"}


def test_a_flavor_that_is_missing_says_so_without_an_image_check() -> None:
    site = Site(nothing(), around(flavor=None, sources={"root": source(min_ram=999)}))
    assert refusal(decide_present(site, wanted())).seen == "the cloud knows no flavor m1.tiny"


def test_memory_is_checked_for_the_root_only() -> None:
    site = new_site(sources={"root": source(), "data": source(min_ram=999)}, flavor=Flavor("m1.tiny", "f", 1, 64))
    assert decide_present(site, wanted(volumes=[{"tag": "data", "image": "big"}]))
