# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another root for a shelved server, as a member: attach at the guarded site, reimage at the stock one."""

from __future__ import annotations

from typing import Any

import pytest
from api import Json
from factory import Factory
from rounds import Rounds

from playbooks import Playbooks

REPLACE = "server_root_volume_replace"
KINDS = ("volume", "snapshot", "backup", "image")
#: The same, those that show little more than others left to `make soak`.
SOME_KINDS = tuple(
    pytest.param(kind, marks=pytest.mark.soak) if kind in ("volume", "backup") else kind for kind in KINDS
)
KEPT = dict.fromkeys(
    ("server_id", "smbios_uuid", "cloud_init_instance_id", "ports", "mac_addresses", "ip_addresses"), "kept"
)


@pytest.fixture
def rounds_a(ansible_a: Playbooks, make_a: Factory) -> Rounds:
    """Check, apply, check, apply at the stock site."""
    return Rounds(ansible_a, make_a)


def source(make: Factory, kind: str) -> str:
    """The name of a source that holds the bytes of the image cirros."""
    if kind == "image":
        return "cirros"
    volume = make.volume("replica")
    if kind == "volume":
        return make.name("replica")
    body = {"volume_id": volume, "name": make.name("source")}
    made = make.api.send("POST", "block_storage", f"/{kind}s", {kind: body})[kind]["id"]
    path = f"/{kind}s/{made}"
    assert make.api.wait(lambda: make.api.get("block_storage", path, kind)["status"], {"available", "error"}) != "error"
    return make.name("source")


def blank_root(make: Factory) -> str:
    """A root that a copy can be told from: it has no bytes of the image."""
    root = make.volume("old-root", imageRef=None)
    make.api.send("POST", "block_storage", f"/volumes/{root}/action", {"os-set_bootable": {"bootable": True}})
    return root


def shelved_on_a_port(make: Factory) -> tuple[str, Json]:
    """A shelved server with a blank root, a data volume and a port."""
    port = make.port()
    server = make.server(root=blank_root(make), data=make.volume("data", imageRef=None), port=port["id"])
    make.api.act(server, "shelve")
    make.api.wait_server(server, "SHELVED_OFFLOADED")
    return server, identity(make, server)


def identity(make: Factory, server: str) -> Json:
    """What must stay."""
    ports = [port for port in make.api.get("network", "/ports", "ports") if port["device_id"] == server]
    told = {key: make.api.server(server)[key] for key in ("name", "addresses", "metadata", "key_name", "created")}
    return {**told, "ports": [(port["id"], port["mac_address"], port["fixed_ips"]) for port in ports]}


def boots_from(make: Factory, server: str, volume: str, head: str = "cirros-golden-00") -> None:
    """Unshelve it; its console tells from what it booted."""
    make.api.act(server, "unshelve")
    make.api.wait_server(server, "ACTIVE")
    console = make.api.send("POST", "compute", f"/servers/{server}/action", {"os-getConsoleOutput": {}})["output"]
    assert f"boot_index=0 volume={volume} head={head}" in console.split("boot at")[-1]


def root_of(result: Any) -> str:
    return str(result["server"]["root_volume"]["volume_id"])


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_attach(make: Factory, rounds: Rounds, kind: str) -> None:
    server, before = shelved_on_a_port(make)
    old = make.api.named("block_storage", "/volumes", "volumes", make.name("old-root"))["id"]
    foretold, applied = rounds(REPLACE, server=make.name(), **{kind: source(make, kind)})
    for result in (foretold, applied):
        assert (result["handover"], result["handover_reason"]) == (
            "attach", "the guarded root volume API of the cloud is advertised"
        )  # fmt: skip
        assert result["identity"] == {**KEPT, "root_volume_id": "new"}
        assert result["old_root"] == {"id": old, "name": make.name("old-root")}
        assert (result["server"]["status"], result["server"]["root_volume"]["present"]) == ("SHELVED_OFFLOADED", True)
    assert (make.api.volume(old)["status"], make.api.volume(old)["attachments"]) == ("available", [])
    root = make.api.volume(root_of(applied))
    if kind != "volume":
        assert root["name"].startswith(f"{make.name()}-root-")
    assert "standby_building" not in root["metadata"]
    assert identity(make, server) == before
    boots_from(make, server, root["id"])
    rounds.changes_nothing(REPLACE, server=make.name(), **{kind: source_name(make, kind)})


def source_name(make: Factory, kind: str) -> str:
    return {"image": "cirros", "volume": make.name("replica")}.get(kind, make.name("source"))


@pytest.mark.parametrize("kind", KINDS)
def test_reimage(make_a: Factory, rounds_a: Rounds, kind: str) -> None:
    make, rounds = make_a, rounds_a
    server, before = shelved_on_a_port(make)
    old = make.api.named("block_storage", "/volumes", "volumes", make.name("old-root"))["id"]
    options = {"handover": "reimage", "root_volume": make.name("old-root"), kind: source(make, kind)}
    foretold, applied = rounds(REPLACE, server=make.name(), **options)
    for result in (foretold, applied):
        assert (result["handover"], result["handover_reason"]) == ("reimage", "the task says so")
        assert result["identity"] == {**KEPT, "root_volume_id": "kept"}
        assert (result["old_root"], root_of(result)) == (None, old)
    assert identity(make, server) == before
    left = make.everything()
    names = {make.name("old-root"), make.name("data"), *([make.name("replica")] if kind != "image" else [])}
    settled = [volume["name"] for volume in left["volumes"] if volume["status"] != "deleting"]
    assert sorted(settled) == sorted(names)
    assert [snapshot["name"] for snapshot in left["snapshots"] if snapshot["name"] != make.name("source")] == []
    properties = make.api.volume(old).get("volume_image_metadata") or {}
    assert not properties.keys() & {"block_device_mapping", "bdm_v2", "root_device_name"}
    boots_from(make, server, old)
    rounds.changes_nothing(REPLACE, server=make.name(), **options)


@pytest.mark.parametrize("kind", ["snapshot", "image"])
def test_the_same_source_once_more(make_a: Factory, rounds_a: Rounds, kind: str) -> None:
    """Of an image Cinder notes the same id again."""
    make, rounds = make_a, rounds_a
    shelved_on_a_port(make)
    options = {"handover": "reimage", "root_volume": make.name("old-root"), kind: source(make, kind)}
    rounds(REPLACE, server=make.name(), **options)
    foretold = rounds.ansible(REPLACE, check=True, server=make.name(), again=True, **options)
    applied = rounds.ansible(REPLACE, server=make.name(), again=True, **options)
    assert not applied.get("failed"), applied["msg"]
    assert (foretold["steps"], applied["changed"]) == (applied["steps"], True)
    assert [step for step in applied["steps"] if step.startswith(f"copy {kind} ")]
    rounds.changes_nothing(REPLACE, server=make.name(), **options)
