# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Each refusal by its exact text, and that a refused call changed nothing."""

from __future__ import annotations

import uuid

import pytest
from root_volume_client import ATTACHED, fault

CANT_DETACH = (403, "forbidden", "Can't detach root device volume")
CANT_UNSHELVE = (403, "forbidden", "Can't unshelve instance without a root device volume")


@pytest.fixture(scope="module")
def active(shared):
    """An ACTIVE server: (server id, root volume id)."""
    volume = shared.volume()
    return shared.server(volume), volume


@pytest.fixture(scope="module")
def rootless(shared):
    """A server without root: (server id, former root volume id)."""
    return shared.rootless()


@pytest.fixture(scope="module")
def spare(shared):
    """An available bootable volume."""
    return shared.volume()


def refused(member, answer, volume):
    """The refusal, after a look at the volume: it must be as free as before."""
    assert member.volume(volume)["status"] == "available"
    assert member.reservations(volume) == []
    return fault(answer)


def wrong_state(server, state):
    text = f"Can't attach root device volume: instance {server} is in vm_state {state}, it must be shelved_offloaded"
    return 403, "forbidden", text


# -- states


def test_active(member, active, spare, root_device):
    server, root = active
    assert fault(member.detach(server, root)) == CANT_DETACH
    assert fault(member.detach(server, root, version="2.1")) == CANT_DETACH
    for fields in ({"device": root_device}, {"is_root": True}, {"is_root": True, "device": root_device}):
        assert refused(member, member.attach(server, spare, **fields), spare) == wrong_state(server, "active")
    assert member.volume(root)["status"] == "in-use"
    assert member.root(server) == {"device": root_device, "device_present": True, "volume_id": root, "task": None}


@pytest.mark.parametrize(
    ("leave", "back", "status", "vm_state"),
    [
        ("os-stop", "os-start", "SHUTOFF", "stopped"),
        ("pause", "unpause", "PAUSED", "paused"),
        ("suspend", "resume", "SUSPENDED", "suspended"),
    ],
)
def test_other_states(member, active, spare, root_device, leave, back, status, vm_state):
    server, root = active
    assert member.act(server, leave).status_code == 202
    member.wait_server(server, status)
    assert fault(member.detach(server, root)) == CANT_DETACH
    assert refused(member, member.attach(server, spare, device=root_device), spare) == wrong_state(server, vm_state)
    assert member.act(server, "unshelve").status_code == 409
    assert member.act(server, back).status_code == 202
    member.wait_server(server, "ACTIVE")


def test_offloaded_with_its_root(member, make, spare, root_device):
    server, root = make.offloaded()
    device = f"the root device {root_device} of instance {server}"
    text = f"Can't attach root device volume: {device} is present (volume {root})"
    for volume in (spare, root):
        assert fault(member.attach(server, volume, device=root_device)) == (409, "conflictingRequest", text)
        assert fault(member.attach(server, volume, is_root=True)) == (409, "conflictingRequest", text)
    assert member.volume(spare)["status"] == "available"
    assert member.volume(root)["status"] == "reserved"
    assert member.call("DELETE", "compute", f"/servers/{server}").status_code == 204


def test_root_that_is_no_volume(member, shared, spare):
    server = shared.server(None)
    assert member.root(server)["device_present"] is True
    assert member.root(server)["volume_id"] is None
    status, name, text = fault(member.detach(server, shared.image))
    assert (status, name) == (403, "forbidden")
    device = member.root(server)["device"]
    assert text == (
        f"Can't detach root device volume: the root device {device} of instance {server} is not a Cinder volume but a "
        "disk of the hypervisor (source type image), which cannot be detached"
    )
    assert refused(member, member.attach(server, spare, is_root=True), spare) == wrong_state(server, "active")
    assert fault(member.detach(server, spare))[0] == 404


# -- the root is missing


def test_unshelve_without_root(member, admin, rootless):
    server, _ = rootless
    for user in (member, admin):
        assert fault(user.act(server, "unshelve")) == CANT_UNSHELVE
        assert fault(user.act(server, "unshelve", {"availability_zone": "nova"})) == CANT_UNSHELVE
    project = member.session.get_project_id()
    path = f"/{project}/servers/{server}/action"
    assert fault(member.call("POST", "compute", path, {"unshelve": None})) == CANT_UNSHELVE
    found = member.server(server)
    assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)


@pytest.mark.parametrize("method", ["POST"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/servers//{}/action", b'{"unshelve": null}'),
        ("/servers/{}//action", b'{"unshelve": null}'),
        ("/servers/{}/action.json", b'{"unshelve": null}'),
        ("/servers/{}/action/", b'{"unshelve": null}'),
        ("/servers/{}/%61ction", b'{"unshelve": null}'),
        ("/servers/{}/action?x=1", b'{"unshelve": null}'),
        ("/servers/{}/action", b' \n{"\\u0075nshelve" : null}'),
        ("/servers/{}/action", b'{"unshelve": null, "unshelve": null}'),
        ("/servers/{}/action", b'{"unshelve": null, "shelve": null}'),
        ("/servers/{}/action", '{"unshelve": null}'.encode("utf-16")),
    ],
)
def test_no_spelling_gets_around_the_guard(member, rootless, method, path, body):
    server, _ = rootless
    headers = {"Content-Type": "application/json"}
    answer = member.call(method, "compute", path.format(server), data=body, headers=headers)
    assert answer.status_code in (400, 403, 404), answer.text
    assert member.server(server)["OS-EXT-STS:task_state"] is None


def test_volumes_that_nova_would_refuse(member, shared, rootless):
    server, _ = rootless
    blank = shared.volume(imageRef=None)
    expected = (400, "badRequest", f"Block Device {blank} is not bootable.")
    assert refused(member, member.attach(server, blank, is_root=True), blank) == expected
    multi = shared.volume(volume_type="multiattach")
    text = "Attaching multiattach volumes is not supported for shelved-offloaded instances."
    assert refused(member, member.attach(server, multi, is_root=True), multi) == (400, "badRequest", text)
    unknown = str(uuid.uuid4())
    text = f"Volume {unknown} could not be found."
    assert fault(member.attach(server, unknown, is_root=True)) == (404, "itemNotFound", text)
    assert member.root(server)["device_present"] is False


def test_volumes_in_use(member, shared, rootless, active):
    server, _ = rootless
    other, root = active
    text = f"Invalid volume: volume {root} is already attached to instances: {other}"
    assert fault(member.attach(server, root, is_root=True)) == (400, "badRequest", text)
    reserved = shared.volume()
    body = {"attachment": {"volume_uuid": reserved, "instance_uuid": str(uuid.uuid4())}}
    attachment = member.make("volume", "/attachments", body)["id"]
    status, name, text = fault(member.attach(server, reserved, is_root=True))
    assert (status, name) == (400, "badRequest")
    assert "status must be available or downloading to reserve, but the current status is reserved" in text
    assert len(member.reservations(reserved)) == 1
    member.call("DELETE", "volume", f"/attachments/{attachment}")
    assert member.server(server)["OS-EXT-STS:task_state"] is None


def test_bad_bodies(member, rootless, active, spare, root_device):
    server, _ = rootless
    tagged = member.attach(server, spare, is_root=True, tag="boot")
    text = "Tagged volume attachment is not supported for shelved-offloaded instances."
    assert refused(member, tagged, spare) == (400, "badRequest", text)
    for fields, part in (
        ({"is_root": "yes"}, "It is not a boolean"),
        ({"is_root": None}, "It is not a boolean"),
        ({"is_root": True, "device": "/dev/sdx"}, "is_root is true, but device /dev/sdx is not the root device"),
        ({"is_root": False, "device": root_device}, f"is_root is false, but device {root_device} is the root device"),
        ({"is_root": True, "other": 1}, "Additional properties are not allowed"),
        ({"is_root": True, "device": "sda"}, "Invalid input for field/attribute device"),
        ({"is_root": True, "delete_on_termination": "perhaps"}, "delete_on_termination"),
    ):
        status, name, text = refused(member, member.attach(server, spare, **fields), spare)
        assert (status, name) == (400, "badRequest")
        assert part in text
    assert fault(member.attach(server, "no-uuid", is_root=True))[0] == 400
    assert fault(member.attach(active[0], spare, other=1))[0] == 400


def test_old_microversions(member, make, rootless, spare, stock):
    """Nova allows volume calls on shelved servers from 2.20 on; below it answers 409 by itself."""
    server, _ = rootless
    status, name, text = refused(member, member.attach(server, spare, is_root=True, version="2.19"), spare)
    assert (status, name) == (409, "conflictingRequest")
    assert text == f"Cannot 'attach_volume' instance {server} while it is in vm_state shelved_offloaded"
    offloaded, root = make.offloaded()
    text = f"Cannot 'detach_volume' instance {offloaded} while it is in vm_state shelved_offloaded"
    assert fault(member.detach(offloaded, root, version="2.19")) == (409, "conflictingRequest", text)
    for version in ("2.999", "rubbish"):
        answers = [
            user.call("GET", "compute", "/extensions", headers={"OpenStack-API-Version": f"compute {version}"})
            for user in (member, stock)
        ]
        assert answers[0].status_code == answers[1].status_code >= 400


# -- who


def test_locked(member, admin, make):
    server, root = make.offloaded()
    text = f"Instance {server} is locked"
    assert admin.act(server, "lock").status_code == 202
    assert fault(member.detach(server, root)) == (409, "conflictingRequest", text)
    assert admin.detach(server, root).status_code == 202, "administrators pass a lock, as in Nova"
    assert fault(member.attach(server, root, is_root=True)) == (409, "conflictingRequest", text)
    assert fault(member.act(server, "unshelve")) == (409, "conflictingRequest", text)
    assert fault(admin.act(server, "unshelve")) == CANT_UNSHELVE
    assert admin.attach(server, root, is_root=True).status_code == ATTACHED
    assert admin.act(server, "unlock").status_code == 202


def test_foreign_project(outsider, member, rootless, active, spare):
    for server, volume in (rootless, active):
        expected = (404, "itemNotFound", f"Instance {server} could not be found.")
        assert fault(outsider.detach(server, volume)) == expected
        assert fault(outsider.attach(server, spare, is_root=True)) == expected
        assert fault(outsider.act(server, "unshelve")) == expected
        assert fault(outsider.call("GET", "compute", f"/servers/{server}/os-root-volume")) == expected
    unknown = str(uuid.uuid4())
    assert fault(member.call("GET", "compute", f"/servers/{unknown}/os-root-volume"))[0] == 404


def test_reader_may_only_read(reader, member, rootless, active, spare):
    server, _ = rootless
    assert reader.root(server) == member.root(server)
    for answer, rule in (
        (reader.detach(*active), "os_compute_api:os-volumes-attachments:delete"),
        (reader.attach(server, spare, is_root=True), "os_compute_api:os-volumes-attachments:create"),
        (reader.act(server, "unshelve"), "os_compute_api:os-shelve:unshelve"),
    ):
        assert fault(answer) == (403, "forbidden", f"Policy doesn't allow {rule} to be performed.")


def test_nothing_without_token(member, rootless):
    server, _ = rootless
    answer = member.call("GET", "compute", f"/servers/{server}/os-root-volume", authenticated=False)
    assert answer.status_code == 401


def test_stock_site_knows_none_of_it(stock):
    unknown = str(uuid.uuid4())
    assert stock.call("GET", "compute", f"/servers/{unknown}/os-root-volume").status_code == 404
    assert fault(stock.attach(unknown, unknown, is_root=True))[0] == 400
