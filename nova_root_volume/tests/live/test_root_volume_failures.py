# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when something breaks between Cinder and Nova, and that repeating the call then succeeds."""

from __future__ import annotations

import configparser
import json
import os
import pathlib
import sqlite3
import subprocess

import pytest
from root_volume_client import User, fault

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("POCKET_CLOUD_BUILD") or REPOSITORY / "build" / "cloud")
RUN = pathlib.Path(os.environ.get("POCKET_CLOUD_RUN") or BUILD / "run")
CRASHED = 66
TASK = "block_device_mapping"
CANT_UNSHELVE = (403, "forbidden", "Can't unshelve instance without a root device volume")


def database(site):
    """The file of the cell database of a site."""
    config = configparser.ConfigParser(strict=False, interpolation=None)
    config.read(RUN / site / "etc" / "nova.conf")
    return config["database"]["connection"].removeprefix("sqlite:///").split("?")[0]


def change(site, statement, *values):
    """Change one row of Nova's database."""
    with sqlite3.connect(database(site), timeout=60) as connection:
        assert connection.execute(statement, values).rowcount == 1


class FaultyApi:
    """Another nova-api at the guarded site that fails or dies at a given point; see faulty_nova_api.py."""

    def __init__(self, user: User) -> None:
        self.user = user

    def send(self, method, path, body=None, **what):
        """Send one request: (status, body), or None if that nova-api died as told."""
        headers = {"X-Auth-Token": self.user.session.get_token(), "OpenStack-API-Version": "compute 2.96"}
        request = {"method": method, "path": f"/v2.1{path}", "headers": headers, "body": body}
        order = {"config": str(RUN / "b" / "etc"), "cloud": str(REPOSITORY / "tests" / "cloud"), **what}
        script = pathlib.Path(__file__).with_name("faulty_nova_api.py")
        done = subprocess.run(
            [BUILD / "venv" / "bin" / "python", "-W", "ignore", script],
            check=False,  # a crash is what was asked for
            input=json.dumps({**order, "request": request}),
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "nova_root_volume" / "src")},
            capture_output=True,
            text=True,
            timeout=120,
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
    """Let the task state of the dead nova-api be old, as it is a minute later."""
    change("b", "UPDATE instances SET updated_at = datetime('now', '-61 seconds') WHERE uuid = ?", server)


def boots(member, server, volume):
    """Unshelve and read from the console that the volume was the root."""
    answer = member.act(server, "unshelve")
    assert answer.status_code == 202, answer.text
    member.wait_server(server, "ACTIVE")
    assert f"boot_index=0 volume={volume}" in member.console(server).split("boot at")[-1]


# -- detach


def test_detach_fails_after_cinder(member, faulty, make):
    """The volume is free in Cinder, Nova still names it: no unshelve, and the repeat succeeds."""
    server, volume = make.offloaded()
    status, _ = faulty.detach(server, volume, fail="mapping.clear")
    assert status == 500
    assert member.volume(volume)["status"] == "available"
    assert member.root(server)["volume_id"] == volume
    assert member.server(server)["OS-EXT-STS:task_state"] is None
    assert fault(member.act(server, "unshelve")) == CANT_UNSHELVE
    assert member.detach(server, volume).status_code == 202
    assert member.root(server)["device_present"] is False
    assert member.attach(server, volume, is_root=True).status_code == 202
    boots(member, server, volume)


def test_detach_dies_after_cinder(member, faulty, make):
    """As above, but nova-api dies: its task state blocks for a minute, and not longer."""
    server, volume = make.offloaded()
    assert faulty.detach(server, volume, crash="mapping.clear") is None
    assert member.server(server)["OS-EXT-STS:task_state"] == TASK
    text = f"Another request is working on instance {server}; read it again and decide again."
    assert fault(member.detach(server, volume)) == (409, "conflictingRequest", text)
    assert member.act(server, "unshelve").status_code == 409
    pass_time(server)
    assert member.detach(server, volume).status_code == 202
    found = member.server(server)
    assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)
    assert member.root(server)["device_present"] is False
    assert member.volume(volume)["status"] == "available"


def test_detach_dies_before_cinder(member, faulty, make):
    """Nothing has happened but the task state: a minute later, the server can be unshelved."""
    server, volume = make.offloaded()
    assert faulty.detach(server, volume, crash="cinder.attachment_delete") is None
    assert member.volume(volume)["status"] == "reserved"
    pass_time(server)
    boots(member, server, volume)


def test_cinder_fails_the_detach(member, faulty, make):
    """Without Cinder's success nothing changes."""
    server, volume = make.offloaded()
    status, _ = faulty.detach(server, volume, fail="cinder.attachment_delete")
    assert status == 500
    assert member.root(server)["volume_id"] == volume
    assert member.volume(volume)["status"] == "reserved"
    boots(member, server, volume)


# -- attach


def test_attach_fails_after_cinder(member, faulty, make):
    """Rolled back: the volume is free, the server as before."""
    server, volume = make.rootless()
    status, _ = faulty.attach(server, volume, fail="mapping.fill")
    assert status == 500
    assert member.volume(volume)["status"] == "available"
    assert member.reservations(volume) == []
    assert member.server(server)["OS-EXT-STS:task_state"] is None
    assert member.attach(server, volume, is_root=True).status_code == 202
    boots(member, server, volume)


def test_attach_dies_after_cinder(member, faulty, make):
    """The volume stays reserved; the repeat with the same volume adopts the reservation."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="mapping.fill") is None
    (left,) = member.reservations(volume)
    assert left["status"] == "reserved"
    assert fault(member.act(server, "unshelve")) == CANT_UNSHELVE
    assert member.attach(server, volume, is_root=True).status_code == 409
    pass_time(server)
    assert member.attach(server, volume, is_root=True).status_code == 202
    assert [each["id"] for each in member.reservations(volume)] == [left["id"]]
    boots(member, server, volume)


def test_another_volume_after_a_dead_attach(member, faulty, make):
    """The next call with another volume frees the one that was left reserved; data volumes are not touched."""
    server, volume = make.rootless()
    other, data = make.volume(), make.volume(imageRef=None)
    assert member.attach(server, data).status_code == 200
    assert faulty.attach(server, volume, crash="mapping.fill") is None
    pass_time(server)
    assert member.attach(server, other, is_root=True).status_code == 202
    assert member.volume(volume)["status"] == "available"
    assert member.reservations(volume) == []
    assert member.volume(data)["status"] == "in-use"
    boots(member, server, other)


def test_attach_dies_at_the_end(member, faulty, make):
    """All is written but the task state: a repeat says that the root is there, and a minute later it boots."""
    server, volume = make.rootless()
    assert faulty.attach(server, volume, crash="operations._require_alive") is None
    status, _, text = fault(member.attach(server, volume, is_root=True))
    assert status == 409
    assert f"is present (volume {volume})" in text
    pass_time(server)
    boots(member, server, volume)


def test_server_deleted_during_an_attach(member, faulty, make):
    """Deleting goes through any task state; a reservation that is left can be removed by its owner."""
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
    assert member.attach(server, volume, is_root=True).status_code == 202
    boots(member, server, volume)


def test_several_cells(member, faulty, make):
    """nova-api whose own database is cell0: both operations find the server's cell."""
    server, volume = make.offloaded()
    cell0 = database("b").replace("cell1", "cell0")
    settings = {"OS_DATABASE__CONNECTION": f"sqlite:///{cell0}?timeout=60"}
    status, body = faulty.detach(server, volume, settings=settings)
    assert status == 202, body
    assert member.root(server)["device_present"] is False
    status, body = faulty.attach(server, volume, settings=settings)
    assert status == 202, body
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
