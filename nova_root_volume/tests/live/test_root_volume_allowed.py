# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Each row of the API's table that allows something, from detach to the boot of the new root."""

from __future__ import annotations

import json

from conftest import HEAD, REPLICA_HEAD
from root_volume_client import ATTACHED, MICROVERSION, fault

MIB = 1 << 20
ALIASES = ("os-root-volume", "os-root-volumes")


def replica_image(member):
    """An image whose disk begins with other bytes than that of the first root."""
    fields = {"name": "replica", "disk_format": "raw", "container_format": "bare"}
    answer = member.call("POST", "image", "/images", fields)
    assert answer.status_code == 201, answer.text
    image = answer.json()["id"]
    disk = REPLICA_HEAD.encode().ljust(MIB, b"\0")
    headers = {"Content-Type": "application/octet-stream"}
    assert member.call("PUT", "image", f"/images/{image}/file", data=disk, headers=headers).status_code == 204
    return image


def assert_boots_the_new_root(member, server, old, new):
    """Unshelve; the console must show the old root before, and only the new one after."""
    assert member.act(server, "unshelve").status_code == 202
    member.wait_server(server, "ACTIVE")
    assert member.volume(new)["status"] == "in-use"
    assert member.volume(old)["status"] == "available"
    before, after = member.console(server).split("boot at")[-2:]
    assert f"volume={old}" in before
    assert HEAD in before
    assert f"boot_index=0 volume={new}" in after
    assert REPLICA_HEAD in after
    assert HEAD not in after
    assert after.count("disk ") == 1


def test_failover_cycle(member, make):
    """Detach, see that it is gone, attach another volume, boot from it: the console proves whose bytes ran."""
    server, old = make.rootless()
    device = member.root(server)["device"]
    image = replica_image(member)
    new = make.volume(imageRef=image)
    answer = member.attach(server, new, device=device)
    assert answer.status_code == ATTACHED, answer.text
    assert answer.json()["volumeAttachment"] == {
        "id": new,
        "volumeId": new,
        "serverId": server,
        "device": device,
        "tag": "root",
        "delete_on_termination": False,
    }
    assert member.root(server) == {"device": device, "device_present": True, "volume_id": new, "task": None}
    assert member.volume(new)["status"] == "reserved"
    assert [each["instance"] for each in member.reservations(new)] == [server]

    assert_boots_the_new_root(member, server, old, new)
    member.call("DELETE", "image", f"/images/{image}")


def test_detach_keeps_the_volume(member, make):
    """Whatever delete_on_termination says: neither the detach nor the later delete of the server removes the volume."""
    server, volume = make.offloaded(delete_on_termination=True)
    device = member.root(server)["device"]
    answer = member.detach(server, volume)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["OpenStack-API-Version"] == f"compute {MICROVERSION}"
    assert member.volume(volume)["status"] == "available"
    assert member.reservations(volume) == []
    assert member.root(server) == {"device": device, "device_present": False, "volume_id": None, "task": None}

    member.call("DELETE", "compute", f"/servers/{server}")
    member.wait_gone("compute", f"/servers/{server}")
    assert member.volume(volume)["status"] == "available"


def test_novas_own_views_of_a_server_without_root(member, admin, make):
    """Nothing in Nova trips over the empty mapping, at any microversion of the views."""
    server, volume = make.rootless()
    for version in ("2.1", "2.70", "2.79", "2.89", MICROVERSION, "latest"):
        for path in (f"/servers/{server}", "/servers/detail", f"/servers/{server}/os-volume_attachments"):
            answer = member.call("GET", "compute", path, version=version)
            assert answer.status_code == 200, f"{path} {version}: {answer.text}"
            assert volume not in answer.text
    assert member.server(server)["image"] == ""
    assert member.server(server)["os-extended-volumes:volumes_attached"] == []
    attachments = f"/servers/{server}/os-volume_attachments"
    assert member.call("GET", "compute", f"{attachments}/{volume}").status_code == 404
    body = {"volumeAttachment": {"volumeId": volume, "delete_on_termination": True}}
    assert member.call("PUT", "compute", f"{attachments}/{volume}", body).status_code == 404
    swap = {"volumeAttachment": {"volumeId": make.volume()}}
    assert admin.call("PUT", "compute", f"{attachments}/{volume}", swap).status_code == 404
    assert fault(member.detach(server, volume)) == (
        404,
        "itemNotFound",
        f"Instance {server} is not attached to volume {volume}",
    )


def test_actions_that_novas_states_refuse(member, admin, make):
    """No way around the guard: none of these starts the server or makes it another root."""
    server, _ = make.rootless()
    image = make.image
    for action, value in (
        ("os-start", None),
        ("reboot", {"type": "HARD"}),
        ("rebuild", {"imageRef": image}),
        ("rescue", {}),
        ("resize", {"flavorRef": make.disk_flavor}),
        ("shelve", None),
    ):
        assert member.act(server, action, value).status_code == 409, action
    assert admin.act(server, "shelveOffload").status_code == 409
    assert admin.act(server, "migrate", {}).status_code == 409
    assert admin.act(server, "evacuate", {}).status_code == 400
    assert member.server(server)["status"] == "SHELVED_OFFLOADED"
    assert member.root(server)["device_present"] is False


def test_is_root_and_delete_on_termination(member, make):
    """is_root: true needs no device name; delete_on_termination is honoured when asked for, and off otherwise."""
    server, first = make.rootless(delete_on_termination=True)
    answer = member.attach(server, first, is_root=True)
    assert answer.status_code == ATTACHED, answer.text
    assert answer.json()["volumeAttachment"]["delete_on_termination"] is False
    assert member.detach(server, first).status_code == 202
    answer = member.attach(server, first, is_root=True, delete_on_termination=True)
    assert answer.json()["volumeAttachment"]["delete_on_termination"] is True
    (listed,) = member.read("compute", f"/servers/{server}/os-volume_attachments")
    assert listed["delete_on_termination"] is True
    assert listed["tag"] == "root", "the tag belongs to the device and stays"
    assert member.detach(server, first).status_code == 202
    assert member.volume(first)["status"] == "available"


def test_bodies_by_microversion(member, make):
    """As Nova: code and fields by microversion, and no body from 2.101."""
    server, volume = make.rootless()
    common = {"id", "volumeId", "serverId", "device"}
    for version, fields in (
        ("2.20", common),
        ("2.69", common),
        ("2.70", common | {"tag"}),
        ("2.79", common | {"tag", "delete_on_termination"}),
        ("2.95", common | {"tag", "delete_on_termination"}),
    ):
        answer = member.attach(server, volume, version=version, is_root=True)
        assert answer.status_code == ATTACHED, answer.text
        assert set(answer.json()["volumeAttachment"]) == fields, version
        assert member.detach(server, volume, version=version).status_code == 202
    if member.knows("2.101"):  # from Nova 33 on
        answer = member.attach(server, volume, version="2.101", is_root=True)
        assert (answer.status_code, answer.content) == (202, b"")


def test_data_volume_while_the_root_is_missing(member, make):
    """An attach that names neither the root device nor is_root is Nova's: a data disk, never the root."""
    server, old = make.rootless()
    plain, named, denied = make.volume(imageRef=None), make.volume(imageRef=None), make.volume(imageRef=None)
    assert member.attach(server, plain).status_code == 200
    assert member.attach(server, named, device="/dev/sdx").status_code == 200
    assert member.attach(server, denied, is_root=False).status_code == 200
    assert {member.volume(each)["status"] for each in (plain, named, denied)} == {"in-use"}
    assert member.root(server)["device_present"] is False
    refused = member.act(server, "unshelve")
    assert fault(refused) == (403, "forbidden", "Can't unshelve instance without a root device volume")

    assert member.attach(server, old, is_root=True).status_code == ATTACHED
    assert member.act(server, "unshelve").status_code == 202
    member.wait_server(server, "ACTIVE")
    last = member.console(server).split("boot at")[-1]
    assert f"boot_index=0 volume={old}" in last
    assert last.count("disk ") == 4
    assert last.count("boot_index=0") == 1


def test_server_actions_are_recorded(member, make):
    """The server's history shows both, with their results."""
    server, volume = make.rootless()
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    actions = member.read("compute", f"/servers/{server}/os-instance-actions")
    assert [each["action"] for each in actions][:2] == ["attach_volume", "detach_volume"]
    for each in actions[:2]:
        detail = member.read("compute", f"/servers/{server}/os-instance-actions/{each['request_id']}")
        assert [event["result"] for event in detail["events"]] == ["Success"]


def test_list_of_all_roots(member, make):
    """One request for all: each entry is what the single call says."""
    running = [make.server(make.volume()) for _ in range(2)]
    rootless, _ = make.rootless()
    listed = {each["server_id"]: each for each in member.read("compute", "/os-root-volumes")}
    for server in (*running, rootless):
        assert listed[server] == {"server_id": server, **member.root(server)}


def test_extensions(member, stock):
    """How a client knows: the alias is in the list of the guarded site only, all others are as they were."""
    guarded, plain = member.read("compute", "/extensions"), stock.read("compute", "/extensions")
    assert [each["alias"] for each in guarded if each not in plain] == list(ALIASES)
    for alias in ALIASES:
        assert member.read("compute", f"/extensions/{alias}") in guarded
        assert stock.call("GET", "compute", f"/extensions/{alias}").status_code == 404
    assert [each for each in guarded if each["alias"] not in ALIASES] == plain


def test_other_requests_pass_unchanged(member, make):
    """A data volume of an ACTIVE server, and bodies with blanks and any letters, arrive at Nova as they were sent."""
    server = make.server(make.volume())
    data = make.volume(imageRef=None)
    answer = member.attach(server, data, device="/dev/sdq")
    assert answer.status_code == 200, answer.text
    member.wait_volume(data, "in-use")
    assert member.detach(server, data).status_code == 202
    member.wait_volume(data, "available")
    name = "café  \u4f8b"
    text = json.dumps({"createBackup": {"name": name, "backup_type": "daily", "rotation": "no number"}}, indent=3)
    headers = {"Content-Type": "application/json"}
    answer = member.call("POST", "compute", f"/servers/{server}/action", data=text.encode(), headers=headers)
    assert answer.status_code == 400
    assert "no number" in answer.text
