# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building servers: from each kind of source, what is made and what is left as it was."""

from __future__ import annotations

from typing import Any

import pytest
from factory import Factory
from rounds import Rounds

from playbooks import Playbooks

BUILD = "server_boot_volume"
BLANK = {"blank": True, "size": 1}


def described(make: Factory, **options: Any) -> dict[str, Any]:
    """A small server that boots from the image."""
    return {"name": make.name(), "flavor": "m1.tiny", "boot_volume": {"image": "cirros", "size": 1}, **options}


def everything(make: Factory) -> dict[str, Any]:
    """A server with all that can be said of one."""
    return described(
        make,
        volumes=[{"tag": "data", **BLANK}, {"tag": "logs", **BLANK, "delete_on_termination": True}],
        ports=[
            {"network": make.shared_net, "security_groups": ["default"]},
            {"network": make.shared_net, "name": make.name("own")},
        ],
        availability_zone="nova",
        config_drive=True,
        user_data="#cloud-config\n",
        metadata={"tier": 1},
        description="a database",
    )


def test_everything_that_can_be_said(make: Factory, rounds: Rounds) -> None:
    foretold, applied = rounds(BUILD, **everything(make))
    name, server = make.name(), applied["server"]
    assert applied["steps"] == [
        f"make volume {name}-root (1 GiB) from image cirros",
        f"make volume {name}-data (1 GiB) from nothing",
        f"make volume {name}-logs (1 GiB) from nothing",
        f"make port {name}-port0 on network {make.shared_net}",
        f"make port {make.name('own')} on network {make.shared_net}",
        f"make server {name}",
        *(f"mark volume {name}-{tag} as finished" for tag in ("root", "data", "logs")),
    ]
    rows = {
        row["tag"]: (row["name"], row["size"], row["is_root"], row["delete_on_termination"])
        for row in server["volumes"]
    }
    assert rows == {
        "root": (f"{name}-root", 1, True, False),
        "data": (f"{name}-data", 1, False, False),
        "logs": (f"{name}-logs", 1, False, True),
    }
    told = ("name", "status", "flavor", "availability_zone", "config_drive", "metadata", "description", "dormant")
    assert {key: foretold["server"][key] for key in told} == {key: server[key] for key in told}
    held_by_the_cloud(make, server)


def held_by_the_cloud(make: Factory, server: dict[str, Any]) -> None:
    """Nova, Cinder and Neutron say the same as the module."""
    real = make.api.server(server["id"])
    assert (real["description"], real["metadata"], real["config_drive"]) == ("a database", {"tier": "1"}, "True")
    ports = make.api.get("network", f"/ports?device_id={server['id']}", "ports")
    assert sorted(port["name"] for port in ports) == sorted(port["name"] for port in server["ports"])
    for row in server["volumes"]:
        volume = make.api.volume(row["id"])
        marks = {"standby_server": server["name"], "standby_disk": row["tag"], "standby_volume": volume["id"]}
        assert volume["metadata"] == marks
        assert volume["attachments"][0]["server_id"] == server["id"]
    console = make.api.send("POST", "compute", f"/servers/{server['id']}/action", {"os-getConsoleOutput": {}})["output"]
    assert f"boot_index=0 volume={server['root_volume']['volume_id']} head=cirros-golden-00" in console


def test_from_a_snapshot_and_from_a_backup(make: Factory, ansible: Playbooks) -> None:
    original = make.volume("original")
    body = {"name": make.name("snap"), "volume_id": original}
    snapshot = make.api.send("POST", "block_storage", "/snapshots", {"snapshot": body})["snapshot"]["id"]
    body = {"name": make.name("backup"), "volume_id": original}
    backup = make.api.send("POST", "block_storage", "/backups", {"backup": body})["backup"]["id"]
    for kind, what in (("snapshot", snapshot), ("backup", backup)):
        path, key = f"/{kind}s/{what}", kind
        make.api.wait(lambda path=path, key=key: make.api.get("block_storage", path, key)["status"], {"available"})
    sources = {"snapshot": make.name("snap"), "backup": backup}
    for kind, ref in sources.items():
        options = {**described(make), "name": make.name(kind), "boot_volume": {kind: ref}}
        result = ansible(BUILD, **options)
        assert result["steps"][0] == f"make volume {make.name(kind)}-root (1 GiB) from {kind} {ref}"
        assert result["server"]["root_volume"]["present"]
        assert not ansible(BUILD, **options)["changed"]


def test_from_a_volume(make: Factory, rounds: Rounds) -> None:
    """It is used as it is: not renamed, not marked."""
    volume = make.volume("precious", metadata={"mine": "1"})
    _foretold, applied = rounds(BUILD, **described(make, boot_volume={"volume": make.name("precious")}))
    assert applied["steps"] == [f"make server {make.name()}"]
    assert applied["server"]["root_volume"]["volume_id"] == volume
    assert make.api.volume(volume)["metadata"] == {"mine": "1"}
    assert make.api.volume(volume)["name"] == make.name("precious")


def test_a_blank_volume_and_a_cd(make: Factory, rounds: Rounds) -> None:
    iso = {
        "tag": "installer",
        "image": "cirros",
        "device_type": "cdrom",
        "disk_bus": "sata",
        "delete_on_termination": True,
    }
    _foretold, applied = rounds(BUILD, **described(make, boot_volume=BLANK, volumes=[iso]))
    name = make.name()
    assert f"mark volume {name}-root bootable" in applied["steps"]
    rows = {row["tag"]: (row["is_root"], row["delete_on_termination"]) for row in applied["server"]["volumes"]}
    assert rows == {"root": (True, False), "installer": (False, True)}
    server = applied["server"]["id"]
    console = make.api.send("POST", "compute", f"/servers/{server}/action", {"os-getConsoleOutput": {}})["output"]
    assert "boot_index=1" in console


def test_on_a_port_that_exists(make: Factory, rounds: Rounds) -> None:
    """It keeps its address, and outlives the server."""
    port = make.port("mine")
    _foretold, applied = rounds(BUILD, **described(make, ports=[{"port": make.name("mine")}]))
    assert [row["id"] for row in applied["server"]["ports"]] == [port["id"]]
    assert applied["server"]["ports"][0]["fixed_ips"] == [port["fixed_ips"][0]["ip_address"]]


def test_an_address_and_a_mac_address(make: Factory, ansible: Playbooks) -> None:
    nic = {"network": make.network(), "fixed_ip": "10.9.0.77", "mac_address": "FA:16:3E:00:00:77"}
    port = ansible(BUILD, **described(make, ports=[nic]))["server"]["ports"][0]
    assert (port["fixed_ips"], port["mac_address"]) == (["10.9.0.77"], "fa:16:3e:00:00:77")
    assert not ansible(BUILD, **described(make, ports=[nic]))["changed"]


@pytest.mark.parametrize("state", ["stopped", "shelved", "dormant", "locked"])
def test_a_second_run_changes_nothing(make: Factory, rounds: Rounds, ansible: Playbooks, state: str) -> None:
    options = described(make, volumes=[{"tag": "data", **BLANK}], metadata={"a": 1}, description="text")
    server = ansible(BUILD, **options)["server"]["id"]
    if state in ("stopped", "locked"):
        make.api.act(server, "os-stop" if state == "stopped" else "lock")
    if state in ("shelved", "dormant"):
        ansible("server_shelve", server=server)
    if state == "stopped":
        make.api.wait_server(server, "SHUTOFF")
    if state == "dormant":
        assert ansible("server_root_volume_detach", server=server)["server"]["dormant"]
    result = rounds.changes_nothing(BUILD, **options)
    assert result["server"]["dormant"] is (state == "dormant")


def test_without_waiting_for_the_last_step(make: Factory, ansible: Playbooks) -> None:
    volume = make.volume()
    result = ansible(BUILD, **described(make, boot_volume={"volume": volume}), wait=False)
    assert result["changed"]
    server = make.api.named("compute", "/servers", "servers", make.name())["id"]
    make.api.wait_server(server, "ACTIVE")


def test_at_a_stock_cloud(make_a: Factory, ansible_a: Playbooks) -> None:
    """Building needs no guarded API."""
    first = ansible_a(BUILD, **described(make_a))
    assert (first["changed"], first["server"]["root_volume"]["found_by"]) == (True, "tag root")
    assert not ansible_a(BUILD, **described(make_a))["changed"]
