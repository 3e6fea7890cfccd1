# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another root for a shelved server at the stock site, by making the server again: nothing of it may be lost."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from api import Json
from factory import Factory
from killing import kill_when
from rounds import Rounds, same
from test_server_root_volume_replace import REPLACE, SOME_KINDS, blank_root, source, source_name

from playbooks import Playbooks, Task

BOTH = {"source_type": "volume", "destination_type": "volume"}
OWN = ("name", "addresses", "metadata", "key_name", "description", "tags", "flavor", "config_drive", "server_groups",
       "pinned_availability_zone", "OS-EXT-SRV-ATTR:hostname", "accessIPv4")  # fmt: skip


@pytest.fixture
def rounds_a(ansible_a: Playbooks, make_a: Factory) -> Rounds:
    """Check, apply, check, apply at the stock site."""
    return Rounds(ansible_a, make_a)


def rich(make: Factory, *networks: Json) -> str:
    """A shelved server that has of everything; by default with two ports of its own."""
    groups = {"server_group": {"name": make.name("group"), "policy": "soft-anti-affinity"}}
    group = make.api.send("POST", "compute", "/os-server-groups", groups)["server_group"]["id"]
    nics = networks or ({"port": make.port("port1")["id"], "tag": "front"}, {"port": make.port("port0")["id"]})
    disks = [
        {**BOTH, "uuid": blank_root(make), "boot_index": 0, "tag": "root", "delete_on_termination": True},
        {**BOTH, "uuid": make.volume("data", imageRef=None), "boot_index": -1, "delete_on_termination": True},
        {**BOTH, "uuid": make.volume("logs", imageRef=None), "boot_index": -1, "tag": "logs"},
    ]
    fields = {
        "metadata": {"role": "db"}, "description": "the database", "tags": ["gold", "shop"], "hostname": "db-1",
        "config_drive": True, "accessIPv4": "192.0.2.7", "user_data": "I2Nsb3VkLWNvbmZpZw==",
    }  # fmt: skip
    together = {"os:scheduler_hints": {"group": group}}
    server = make.boot("srv", "m1.tiny", together, networks=list(nics), block_device_mapping_v2=disks, **fields)
    make.api.act(server, "shelve")
    make.api.wait_server(server, "SHELVED_OFFLOADED")
    return server


def told(make: Factory, server: str) -> Json:
    """Everything that must come back."""
    shown = make.api.server(server)
    cards = make.api.get("compute", f"/servers/{server}/os-interface", "interfaceAttachments")
    disks = {a["volumeId"]: a["tag"] for a in make.api.attachments(server) if a["tag"] != "root"}
    return {
        **{key: shown[key] for key in OWN},
        "cards": sorted((card["port_id"], card["mac_addr"], card["tag"]) for card in cards),
        "disks": disks,
    }


def the_server(make: Factory) -> Json:
    (server,) = make.servers()
    return server


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_recreate(make_a: Factory, rounds_a: Rounds, tmp_path: Path, kind: str) -> None:
    make = make_a
    server = rich(make)
    before, old = told(make, server), make.api.named("block_storage", "/volumes", "volumes", make.name("old-root"))
    record = tmp_path / "run.json"
    options = {"handover": "recreate", "record": str(record), "user_data": "#cloud-config"}
    foretold, applied = rounds_a(REPLACE, server=make.name(), **options, **{kind: source(make, kind)})
    for result in (foretold, applied):
        assert (result["handover"], result["handover_reason"]) == ("recreate", "the task says so")
        assert (result["identity"]["server_id"], result["identity"]["mac_addresses"]) == ("new", "kept")
        assert result["old_root"] == {"id": old["id"], "name": old["name"]}
        assert result["definition"]["server_id"] == server
        assert "user_data" not in json.dumps({k: v for k, v in result["definition"].items() if k != "user_data"})
    made = applied["server"]
    assert (made["id"] != server, made["status"]) == (True, "ACTIVE")
    assert told(make, made["id"]) == before
    assert json.loads(record.read_text()) == applied["definition"]
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert make.api.volume(old["id"])["status"] == "available"
    assert not any(volume["delete_on_termination"] for volume in made["volumes"])
    console = make.api.send("POST", "compute", f"/servers/{made['id']}/action", {"os-getConsoleOutput": {}})["output"]
    assert f"boot_index=0 volume={made['root_volume']['volume_id']} head=cirros-golden-00" in console
    # a member cannot read user_data back; an administrator can
    shown = make.admin.server(made["id"])
    assert shown["OS-EXT-SRV-ATTR:user_data"] == "I2Nsb3VkLWNvbmZpZw=="
    rounds_a.changes_nothing(REPLACE, server=make.name(), **options, **{kind: source_name(make, kind)})


def test_ports_that_nova_made(make_a: Factory, rounds_a: Rounds, ansible_a: Playbooks, tmp_path: Path) -> None:
    """Nova deletes those with the server, so they are taken off it before, if the user says so."""
    make = make_a
    network = make.shared_net
    server = rich(make, {"uuid": network}, {"port": make.port("port1")["id"]})
    before = told(make, server)
    options: dict[str, Any] = {
        "handover": "recreate", "record": str(tmp_path / "run.json"), "user_data": "", "volume": source(make, "volume")
    }  # fmt: skip
    untouched = make.everything()
    (made,) = [p for p in make.api.get("network", "/ports", "ports") if p["device_id"] == server and not p["name"]]
    for check in (True, False):
        refused = ansible_a(REPLACE, server=make.name(), check=check, **options)
        assert refused["msg"] == (
            f"Refused to hand volume {make.name('replica')} over as the root of server {make.name()}: Nova deletes the "
            f"ports that it made together with the server, and these may be such: port {made['id']} "
            f"({made['fixed_ips'][0]['ip_address']}) has no name. Say release_ports: true, which takes them off the "
            "server before it is deleted, so that Nova finds none."
        )
    same(untouched, make.everything())
    _foretold, applied = rounds_a(REPLACE, server=make.name(), release_ports=True, **options)
    assert told(make, applied["server"]["id"]) == before
    make.admin.send("PUT", "network", f"/ports/{made['id']}", {"port": {"name": make.name("made")}})


def seen_record(make: Factory, record: Path) -> bool:
    return record.exists()


def seen_no_server(make: Factory, _record: Path) -> bool:
    return not make.servers()


def seen_another(make: Factory, record: Path) -> bool:
    return record.exists() and any(s["id"] != json.loads(record.read_text())["server_id"] for s in make.servers())


@pytest.mark.soak
@pytest.mark.parametrize("moment", [seen_record, seen_no_server, seen_another], ids=lambda m: m.__name__)
def test_killed_and_repeated(make_a: Factory, ansible_a: Playbooks, tmp_path: Path, moment: Any) -> None:
    make, record = make_a, tmp_path / "run.json"
    server = rich(make)
    before = told(make, server)
    options: dict[str, Any] = {
        "server": server, "handover": "recreate", "record": str(record), "user_data": "", "image": "cirros"
    }  # fmt: skip
    assert kill_when(ansible_a, Task(REPLACE, options), lambda: moment(make, record)), (
        "it ended before it could be killed"
    )
    make.api.wait(lambda: str(any(s["OS-EXT-STS:task_state"] for s in make.servers())), {"False"})
    result = ansible_a(REPLACE, **options)
    assert not result["failed"], result["msg"]
    assert told(make, the_server(make)["id"]) == before
    left = sorted(v["name"].removeprefix(make.prefix) for v in make.everything()["volumes"])
    assert [name.partition("-root-")[0] for name in left] == ["-data", "-logs", "-old-root", "-srv"]
    assert not ansible_a(REPLACE, **options)["changed"]
