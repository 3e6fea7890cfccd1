# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Ways past the guard that were found by looking for them: each is refused, and nothing is left behind."""

from __future__ import annotations

import contextlib

import pytest
from root_volume_client import ATTACHED, fault
from sites import change

CANT_UNSHELVE = (403, "forbidden", "Can't unshelve instance without a root device volume")

# every status of a volume that Cinder's API shows, but that of a root at rest
OTHER_STATUSES = (
    *("creating", "available", "attaching", "detaching", "in-use", "maintenance", "deleting", "extending"),
    *("awaiting-transfer", "error", "error_deleting", "backing-up", "restoring-backup", "error_backing-up"),
    *("error_restoring", "error_extending", "downloading", "uploading", "retyping", "unmanaging"),
)


@pytest.fixture(scope="module")
def rootless(shared):
    """A server without root: (server id, former root volume id)."""
    return shared.rootless()


def allocations(admin, server):
    """What placement holds for a server: nothing while it is shelved."""
    return admin.call("GET", "placement", f"/allocations/{server}").json()["allocations"]


# -- the method that Routes computes


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("query", ["_method=POST", "_method=post", "x=1&_method=POST", "_metho%64=POST"])
def test_method_override_does_not_unshelve(member, admin, rootless, method, query):
    server, _ = rootless
    answer = member.call(method, "compute", f"/servers/{server}/action?{query}", {"unshelve": None})
    assert answer.status_code in (400, 403, 404, 405), answer.text
    found = member.server(server)
    assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)
    assert allocations(admin, server) == {}


def test_method_override_attaches_the_root_and_no_data_disk(member, make):
    server, volume = make.rootless()
    path = f"/servers/{server}/os-volume_attachments"
    body = {"volumeAttachment": {"volumeId": volume, "device": member.root(server)["device"]}}
    answer = member.call("PUT", "compute", f"{path}?_method=POST", body)
    assert answer.status_code == ATTACHED, answer.text
    assert member.root(server)["volume_id"] == volume
    answer = member.call("GET", "compute", f"{path}/{volume}?_method=DELETE")
    assert answer.status_code == 202, answer.text
    assert member.root(server)["device_present"] is False


def test_method_in_a_form(member, rootless):
    server, _ = rootless
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"_method=POST&unshelve=", b"_method=DELETE"):
        path = f"/servers/{server}/action"
        assert member.call("POST", "compute", path, data=body, headers=headers).status_code in (400, 404, 405, 415)


# -- device names that are nearly the root's


@pytest.mark.parametrize("device", ["/dev/vda", "/dev/xvda", "/dev/hda", "/dev/sda1"])
def test_near_miss_of_the_root_device(member, rootless, root_device, device):
    server, volume = rootless
    status, name, text = fault(member.attach(server, volume, device=device))
    assert (status, name) == (400, "badRequest")
    assert f"The root device is {root_device} and has no volume" in text
    assert member.volume(volume)["status"] == "available"


# -- the state of the volume in Cinder


@pytest.fixture(scope="module")
def offloaded(shared):
    """A shelved server with its root: (server id, root volume id)."""
    return shared.offloaded()


@contextlib.contextmanager
def status_of(volume, status):
    """Let a volume have a status for a while, as if something worked on it."""
    statement = "UPDATE volumes SET status = ? WHERE id = ?"
    change("b", statement, status, volume, service="cinder")
    yield
    change("b", statement, "reserved", volume, service="cinder")


@pytest.mark.parametrize("status", OTHER_STATUSES)
def test_only_a_reserved_root_is_detached(member, offloaded, status):
    server, volume = offloaded
    with status_of(volume, status):
        found, name, text = fault(member.detach(server, volume))
    assert (found, name) == (409, "conflictingRequest")
    assert f"volume {volume} is {status} in Cinder, it must be reserved" in text
    assert member.root(server)["task"] is None
    assert len(member.reservations(volume)) == 1


@pytest.mark.soak  # the copy takes a minute: less, and a busy machine sends the detach after its end
def test_detach_during_a_reimage(member, make):
    """Cinder copies an image into the root of a shelved server: a detach would leave it reserved for no server."""
    server, volume = make.offloaded()
    member.rename_volume(volume, "[slow-60]")
    body = {"os-reimage": {"image_id": make.image, "reimage_reserved": True}}
    answer = member.call("POST", "volume", f"/volumes/{volume}/action", body)
    assert answer.status_code == 202, answer.text
    status, _, text = fault(member.detach(server, volume))
    assert status == 409
    assert f"volume {volume} is downloading in Cinder, it must be reserved" in text
    member.wait_volume(volume, "reserved")
    member.rename_volume(volume, "copied")
    assert member.detach(server, volume).status_code == 202
    assert member.volume(volume)["status"] == "available"


def test_a_volume_that_stays_reserved_is_not_called_detached(member, make):
    """Its attachment is gone in Cinder, and still it is not free: the answer says so, and who can help."""
    server, volume = make.offloaded()
    (attachment,) = member.reservations(volume)
    assert member.call("DELETE", "volume", f"/attachments/{attachment['id']}").status_code == 200
    statement = "UPDATE volumes SET status = ? WHERE id = ?"
    change("b", statement, "reserved", volume, service="cinder")
    status, _, text = fault(member.detach(server, volume))
    assert status == 409
    assert f"volume {volume} is reserved in Cinder, although this server has no attachment of it there" in text
    change("b", statement, "available", volume, service="cinder")
    assert member.detach(server, volume).status_code == 202
    assert member.root(server)["device_present"] is False


@pytest.mark.parametrize("named", ["the attachment is in Cinder", "no attachment anywhere"])
def test_a_mapping_without_attachment_id(member, make, named):
    """As servers from before Cinder's attachments have it: what Cinder has is released, and else nothing is claimed."""
    server, volume = make.offloaded()
    column = "UPDATE block_device_mapping SET attachment_id = ? WHERE instance_uuid = ? AND boot_index = 0"
    change("b", column, None, server)
    (attachment,) = member.reservations(volume)
    if named == "no attachment anywhere":
        assert member.call("DELETE", "volume", f"/attachments/{attachment['id']}").status_code == 200
        change("b", "UPDATE volumes SET status = ? WHERE id = ?", "reserved", volume, service="cinder")
        assert member.detach(server, volume).status_code == 409
        change("b", "UPDATE volumes SET status = ? WHERE id = ?", "available", volume, service="cinder")
    assert member.detach(server, volume).status_code == 202
    assert member.volume(volume)["status"] == "available"
    assert member.root(server)["device_present"] is False


# -- what Nova refuses around a call


def test_paths_as_nova_has_them(member, rootless):
    """Another project's id in the path is Nova's 400, a word that is no id its 404: for our calls as for Nova's."""
    server, _ = rootless
    own = member.session.get_project_id()
    for prefix, status in (("", 200), (f"/{own}", 200), (f"/{'0' * 32}", 400), ("/projects", 404), ("/X" + own, 404)):
        novas = member.call("GET", "compute", f"{prefix}/servers/{server}").status_code
        assert novas == status, prefix
        for path in (f"/servers/{server}/os-root-volume", "/os-root-volumes", "/extensions/os-root-volume"):
            assert member.call("GET", "compute", prefix + path).status_code == status, prefix + path


def test_content_types_and_bytes_as_nova_has_them(member, rootless):
    server, volume = rootless
    path = f"/servers/{server}/os-volume_attachments"
    body = b'{"volumeAttachment": {"volumeId": "' + volume.encode() + b'", "is_root": true}}'
    for kind in ("application/xml", "text/html"):
        assert member.call("POST", "compute", path, data=body, headers={"Content-Type": kind}).status_code == 415
    json_type = {"Content-Type": "application/json"}
    for device in (b'"\\ud800"', b'"/dev/sda\\udfff"', b"7", b'{"a": 1}'):
        odd = body.replace(b'"is_root": true', b'"device": ' + device)
        assert member.call("POST", "compute", path, data=odd, headers=json_type).status_code == 400, device
    odd = body.replace(b"true", b'"\\ud800"')
    assert member.call("POST", "compute", path, data=odd, headers=json_type).status_code == 400
    assert member.volume(volume)["status"] == "available"


# -- /v2, without microversions


def test_v2(member, make):
    """The old API is guarded too. It has no calls for the volumes of shelved servers, so nothing can be changed."""
    server, volume = make.rootless()

    def v2(method, path, body=None):
        base = member.session.get_endpoint(service_type="compute", interface="public").replace("/v2.1", "/v2")
        return member.session.request(f"{base}{path}", method, json=body, raise_exc=False)

    assert fault(v2("POST", f"/servers/{server}/action", {"unshelve": None})) == CANT_UNSHELVE
    body = {"volumeAttachment": {"volumeId": volume, "device": member.root(server)["device"]}}
    assert v2("POST", f"/servers/{server}/os-volume_attachments", body).status_code == 409
    answer = v2("GET", f"/servers/{server}/os-root-volume")
    assert answer.json()["root_volume"]["device_present"] is False
    assert "OpenStack-API-Version" not in answer.headers
    assert "os-root-volume" in [each["alias"] for each in v2("GET", "/extensions").json()["extensions"]]
    assert server in [each["server_id"] for each in v2("GET", "/os-root-volumes").json()["root_volumes"]]
