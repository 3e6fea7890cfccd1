# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What happens when something breaks between Cinder and Nova, and that repeating the call then succeeds."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
from root_volume_client import ATTACHED, MICROVERSION, User, fault
from sites import RUN, cell0, change, python, python_path

#: Each faulty request starts a nova-api of its own: too long for each change.
pytestmark = pytest.mark.soak

CRASHED = 66
TASK = "block_device_mapping"
CANT_UNSHELVE = (403, "forbidden", "Can't unshelve instance without a root device volume")


class FaultyApi:
    """Another nova-api at the guarded site that fails or dies at a given point; see faulty_nova_api.py."""

    def __init__(self, user: User) -> None:
        self.user = user

    def send(self, method, path, body=None, **what):
        """Send one request: (status, body), or None if that nova-api died as told."""
        headers = {"X-Auth-Token": self.user.session.get_token(), "OpenStack-API-Version": f"compute {MICROVERSION}"}
        request = {"method": method, "path": f"/v2.1{path}", "headers": headers, "body": body}
        order = {"config": str(RUN / "b" / "etc"), **what}
        script = pathlib.Path(__file__).with_name("faulty_nova_api.py")
        done = subprocess.run(
            [python("b"), "-W", "ignore", script],
            check=False,  # a crash is what was asked for
            input=json.dumps({**order, "request": request}),
            env={**os.environ, "PYTHONPATH": python_path()},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode == CRASHED:
            return None
        assert done.returncode == 0, done.stderr[-3000:]
        answer = json.loads(done.stdout.splitlines()[-1])
        return answer["status"], answer["body"]

    def detach(self, server, volume, **what):
        """DELETE the attachment."""
        return self.send("DELETE", f"/servers/{server}/os-volume_attachments/{volume}", **what)

    def attach(self, server, volume, **what):
        """POST the root attachment."""
        body = {"volumeAttachment": {"volumeId": volume, "is_root": True}}
        return self.send("POST", f"/servers/{server}/os-volume_attachments", body, **what)


@pytest.fixture
def faulty(member):
    """The faulty nova-api, used as the member."""
    return FaultyApi(member)


def pass_time(server):
    """Let the mark of the dead nova-api be old, as it is a minute later."""
    old = "2026-01-01T00:00:00Z"
    change(
        "b",
        "UPDATE block_device_mapping SET connection_info = json_set(connection_info, '$.nova_root_volume.since', ?) "
        "WHERE instance_uuid = ? AND boot_index = 0 AND deleted = 0",
        old,
        server,
    )


def unfinished(text, volume):
    """The refusal of an unshelve while a call that broke off is not repeated."""
    return f"{CANT_UNSHELVE[2]}: the {text} of volume {volume} began at"


def boots(member, server, volume):
    """Unshelve and read from the console that the volume was the root."""
    answer = member.act(server, "unshelve")
    assert answer.status_code == 202, answer.text
    member.wait_server(server, "ACTIVE")
    assert f"boot_index=0 volume={volume}" in member.console(server).split("boot at")[-1]


# -- detach


def test_detach_fails_after_cinder(member, faulty, make):
    """The volume is free in Cinder, Nova still knows of it: no unshelve and no attach; the repeat succeeds at once."""
    server, volume = make.offloaded()
    status, _ = faulty.detach(server, volume, fail="mapping.clear")
    assert status == 500
    assert member.volume(volume)["status"] == "available"
    root = member.root(server)
    assert (root["device_present"], root["volume_id"], root["task"]) == (True, volume, "detaching")
    assert member.server(server)["OS-EXT-STS:task_state"] is None
    assert unfinished("detach", volume) in fault(member.act(server, "unshelve"))[2]
    status, _, text = fault(member.attach(server, volume, is_root=True))
    assert status == 409
    assert f"the detach of volume {volume} began at" in text
    assert member.detach(server, volume).status_code == 202
    assert member.root(server)["device_present"] is False
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    boots(member, server, volume)


def test_detach_dies_after_cinder(member, faulty, make):
    """As above, but nova-api dies: its task state blocks for a minute, then a repeated detach takes over."""
    server, volume = make.offloaded()
    assert faulty.detach(server, volume, crash="mapping.clear") is None
    assert member.server(server)["OS-EXT-STS:task_state"] == TASK
    text = f"Another request is working on instance {server}; read it again and decide again."
    assert fault(member.detach(server, volume)) == (409, "conflictingRequest", text)
    assert unfinished("detach", volume) in fault(member.act(server, "unshelve"))[2]
    pass_time(server)
    assert unfinished("detach", volume) in fault(member.act(server, "unshelve"))[2], "an unshelve never takes over"
    assert member.detach(server, volume).status_code == 202
    found = member.server(server)
    assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)
    assert member.root(server)["device_present"] is False
    assert member.volume(volume)["status"] == "available"


def test_detach_dies_before_cinder(member, faulty, make):
    """Cinder was not asked, but nobody can know that: the detach has to be repeated before the server can start."""
    server, volume = make.offloaded()
    assert faulty.detach(server, volume, crash="cinder.attachment_delete") is None
    assert member.volume(volume)["status"] == "reserved"
    pass_time(server)
    assert unfinished("detach", volume) in fault(member.act(server, "unshelve"))[2]
    assert member.detach(server, volume).status_code == 202
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    boots(member, server, volume)


def test_detach_dies_before_its_mark(member, faulty, make):
    """Nothing has happened."""
    server, volume = make.offloaded()
    assert faulty.detach(server, volume, crash="mapping.begin") is None
    boots(member, server, volume)


def test_cinder_fails_the_detach(member, faulty, make):
    """Cinder may carry it out later: no unshelve until a repeated detach has succeeded, which may be at once."""
    server, volume = make.offloaded()
    status, body = faulty.detach(server, volume, fail="cinder.attachment_delete")
    assert status == 503
    assert "Cinder did not delete attachment" in body
    assert member.volume(volume)["status"] == "reserved"
    assert unfinished("detach", volume) in fault(member.act(server, "unshelve"))[2]
    assert member.detach(server, volume).status_code == 202
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    boots(member, server, volume)


def test_cinder_fails_before_the_detach(member, faulty, make):
    """Cinder is asked before anything is changed: then nothing has happened."""
    server, volume = make.offloaded()
    for call in ("cinder.attachment_get", "cinder.get"):
        status, body = faulty.detach(server, volume, fail=call)
        assert status == 503, body
        assert "Cinder did not read" in body
    assert member.root(server)["task"] is None
    boots(member, server, volume)


def test_cinder_fails_before_the_unshelve(member, faulty, make):
    """Nova would take the server to a compute host and fail there; here it is told at once."""
    server, volume = make.offloaded()
    status, body = faulty.send("POST", f"/servers/{server}/action", {"unshelve": None}, fail="cinder.attachment_get")
    assert status == 503, body
    boots(member, server, volume)


# -- attach


def test_attach_fails_after_cinder(member, faulty, make):
    """Nobody can know whether the mapping was written: the reservation stays, and a repeat replaces it."""
    server, volume = make.rootless()
    status, _ = faulty.attach(server, volume, fail="mapping.fill")
    assert status == 500
    (left,) = member.reservations(volume)
    assert member.server(server)["OS-EXT-STS:task_state"] is None
    assert fault(member.act(server, "unshelve")) == CANT_UNSHELVE
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    (anew,) = member.reservations(volume)
    assert anew["id"] != left["id"]
    boots(member, server, volume)


def test_cinder_fails_the_attach(member, faulty, make):
    """Rolled back: the volume is free, the server as before."""
    server, volume = make.rootless()
    status, body = faulty.attach(server, volume, fail="cinder.attachment_create")
    assert status == 503
    assert f"Cinder did not reserve volume {volume}" in body
    assert member.volume(volume)["status"] == "available"
    assert member.server(server)["OS-EXT-STS:task_state"] is None
    assert member.root(server)["task"] is None
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    boots(member, server, volume)


def test_attach_dies_after_cinder(member, faulty, make):
    """The volume stays reserved; the repeat with the same volume replaces the reservation."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="mapping.fill") is None
    (left,) = member.reservations(volume)
    assert left["status"] == "reserved"
    assert unfinished("attach", volume) in fault(member.act(server, "unshelve"))[2]
    assert member.attach(server, volume, is_root=True).status_code == 409
    pass_time(server)
    assert unfinished("attach", volume) in fault(member.act(server, "unshelve"))[2]
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    (anew,) = member.reservations(volume)
    assert anew["id"] != left["id"], "an attachment is made the root's only by the call that created it"
    boots(member, server, volume)


def test_another_volume_after_a_dead_attach(member, faulty, make):
    """The next call with another volume frees the one that was left reserved; data volumes are not touched."""
    server, volume = make.rootless()
    other, data = make.volume(), make.volume(imageRef=None)
    assert member.attach(server, data).status_code == 200
    assert faulty.attach(server, volume, crash="mapping.fill") is None
    pass_time(server)
    assert member.attach(server, other, is_root=True).status_code == ATTACHED
    assert member.volume(volume)["status"] == "available"
    assert member.reservations(volume) == []
    assert member.volume(data)["status"] == "in-use"
    boots(member, server, other)


def test_attach_dies_at_the_end(member, faulty, make):
    """Mark and task state ended together: a repeat says that the root is there, and it boots."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="operations._require_alive") is None
    status, _, text = fault(member.attach(server, volume, is_root=True))
    assert status == 409
    assert f"is present (volume {volume})" in text
    boots(member, server, volume)


def test_server_deleted_after_a_dead_attach(member, faulty, make):
    """Nova deletes a server in any task state. It knows nothing of the reservation, which its owner can remove."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="mapping.fill") is None
    assert member.call("DELETE", "compute", f"/servers/{server}").status_code == 204
    member.wait_gone("compute", f"/servers/{server}")
    (left,) = member.reservations(volume)
    assert member.call("DELETE", "volume", f"/attachments/{left['id']}").status_code == 200
    assert member.volume(volume)["status"] == "available"


def test_server_deleted_at_the_end_of_an_attach(member, faulty, make):
    """The mapping has the attachment by then, so Nova deletes both."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="operations._require_alive") is None
    assert member.call("DELETE", "compute", f"/servers/{server}").status_code == 204
    member.wait_gone("compute", f"/servers/{server}")
    member.wait_volume(volume, "available")


# -- from outside


def test_root_attachment_deleted_in_cinder(member, make):
    """A member may do this at Cinder; stock Nova then loses the server at unshelve. Here it is kept and repaired."""
    server, volume = make.offloaded()
    (attachment,) = member.reservations(volume)
    assert member.call("DELETE", "volume", f"/attachments/{attachment['id']}").status_code == 200
    assert fault(member.act(server, "unshelve")) == CANT_UNSHELVE
    assert member.detach(server, volume).status_code == 202
    assert member.attach(server, volume, is_root=True).status_code == ATTACHED
    boots(member, server, volume)


def test_several_cells(member, faulty, make):
    """nova-api whose own database is cell0: both operations find the server's cell."""
    server, volume = make.offloaded()
    settings = {"OS_DATABASE__CONNECTION": cell0("b")}
    status, body = faulty.detach(server, volume, settings=settings)
    assert status == 202, body
    assert member.root(server)["device_present"] is False
    status, body = faulty.attach(server, volume, settings=settings)
    assert status == ATTACHED, body
    assert member.volume(volume)["status"] == "reserved"
    boots(member, server, volume)


def test_novas_strict_check_of_its_answers(faulty, make):
    """Nova's own views of a server without root keep to their schemas: an answer that does not would be a 500."""
    server, volume = make.rootless()
    settings = {"OS_API__RESPONSE_VALIDATION": "error"}
    for path in (f"/servers/{server}", f"/servers/{server}/os-volume_attachments", "/servers/detail"):
        status, body = faulty.send("GET", path, settings=settings)
        assert status == 200, body
        assert volume not in body


def test_zones(member, faulty, make):
    """On clouds without cross_az_attach Nova's own check of the zones is made, before anything is changed."""
    server, volume = make.rootless()
    status, body = faulty.attach(server, volume, settings={"OS_CINDER__CROSS_AZ_ATTACH": "false"})
    assert status == 400
    assert f"Instance {server} and volume {volume} are not in the same availability_zone" in body
    assert member.volume(volume)["status"] == "available"
    assert member.server(server)["OS-EXT-STS:task_state"] is None


def test_unguarded_unshelve_fails_closed(stock):
    """Should an unshelve get past the guard: no disk is made up, and the server stays shelved."""
    from conftest import Factory

    make = Factory(stock)
    server, volume = make.offloaded()
    (attachment,) = stock.reservations(volume)
    assert stock.call("DELETE", "volume", f"/attachments/{attachment['id']}").status_code == 200
    change(
        "a",
        "UPDATE block_device_mapping SET volume_id = NULL, attachment_id = NULL, connection_info = NULL, "
        "source_type = 'volume', destination_type = 'volume' WHERE instance_uuid = ? AND boot_index = 0",
        server,
    )
    before = {each["id"] for each in stock.read("volume", "/volumes")}
    assert stock.act(server, "unshelve").status_code == 202
    found = stock.wait_server(server, "SHELVED_OFFLOADED")
    assert found["OS-EXT-STS:power_state"] != 1
    assert {each["id"] for each in stock.read("volume", "/volumes")} == before
    make.clean()
