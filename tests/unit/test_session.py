# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection: versions, pages, repeats, and every kind of failure as an error of the collection."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import session as session_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud.names import looks_like_id
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError, Unreachable
from loopback_cloud import Fails, LoopbackCloud


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_get_asks_for_the_newest_version_that_the_collection_knows(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["GET compute /servers/x"] = {"server": {"id": "x"}}
    cloud.answers["GET block_storage /volumes/v"] = {"volume": {"id": "v"}}
    assert session.get("compute", "/servers/x") == {"server": {"id": "x"}}
    assert session.get("block_storage", "/volumes/v") == {"volume": {"id": "v"}}
    assert [request.version for request in cloud.sent] == ["compute 2.96", "volume 3.70"]


def test_an_older_cloud_is_asked_for_what_it_has(cloud: LoopbackCloud, session: Session) -> None:
    cloud.versions["compute"]["version"] = "2.90"
    assert (session.version("compute"), session.version("block_storage")) == ("2.90", "3.70")


@pytest.mark.parametrize(
    ("service", "offered", "needed"), [("compute", "2.84", "2.85"), ("block_storage", "3.46", "3.47")]
)
def test_a_cloud_that_is_too_old(
    cloud: LoopbackCloud, session: Session, service: str, offered: str, needed: str
) -> None:
    cloud.versions[service]["version"] = offered
    with pytest.raises(StandbyError) as caught:
        session.version(service)
    assert str(caught.value) == (
        f"loopback: the {service} service offers microversion {offered}; {needed} or newer is needed."
    )


def test_a_cloud_without_microversions(cloud: LoopbackCloud, session: Session) -> None:
    cloud.versions["compute"] = {}
    with pytest.raises(Unreachable, match="the compute service does not tell its versions"):
        session.version("compute")


def test_bodies_are_sent_and_empty_answers_are_empty(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["POST network /ports"] = Fails(202)
    assert session.send("POST", "network", "/ports", {"port": {"name": "p"}}) == {}
    assert cloud.sent[0].body == {"port": {"name": "p"}}


def test_requests_are_counted(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers |= {"GET network /ports": {}, "DELETE network /ports/1": Fails(204)}
    for method, path in (("GET", "/ports"), ("GET", "/ports"), ("DELETE", "/ports/1")):
        session.send(method, "network", path)
    assert session.requests == {"GET network": 2, "DELETE network": 1}


BODIES: dict[str, tuple[Any, str]] = {
    "nova": ({"conflictingRequest": {"code": 409, "message": "it is busy"}}, "it is busy"),
    "cinder": ({"badRequest": {"message": "no such type"}}, "no such type"),
    "neutron": ({"NeutronError": {"type": "X", "message": "IP in use", "detail": ""}}, "IP in use"),
    "keystone": ({"error": {"message": "who are you", "code": 401}}, "who are you"),
    "other json": ({"what": "ever"}, "{'what': 'ever'}"),
    "a list": ([1], "[1]"),
    "no json": (b"<html>502</html>", "Conflict"),
    "nothing": (None, "Conflict"),
}


@pytest.mark.parametrize("case", BODIES)
def test_the_message_of_an_error(cloud: LoopbackCloud, session: Session, case: str) -> None:
    body, message = BODIES[case]
    cloud.answers["POST network /ports"] = Fails(409, body)
    with pytest.raises(CloudError) as caught:
        session.send("POST", "network", "/ports", {})
    assert str(caught.value) == f"loopback: POST /ports was answered with 409: {message}"
    assert caught.value.status == 409


def test_the_error_names_the_request_id_and_no_query(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["GET network /ports?name=secret"] = Fails(
        403, {"forbidden": {"message": "no"}}, (("x-openstack-request-id", "req-1"),)
    )
    with pytest.raises(CloudError) as caught:
        session.get("network", "/ports?name=secret")
    assert str(caught.value) == "loopback: GET /ports was answered with 403: no (request id req-1)"
    assert caught.value.as_result()["error"] == {
        "code": "cloud_error", "status": 403, "request_id": "req-1", "answer": "no",
    }  # fmt: skip


@pytest.mark.parametrize("status", [429, 503])
def test_a_read_is_repeated_when_the_cloud_is_busy(cloud: LoopbackCloud, session: Session, status: int) -> None:
    cloud.answers["GET network /ports"] = [Fails(status, {}, (("Retry-After", "0"),)), {"ports": []}]
    assert session.get("network", "/ports") == {"ports": []}
    assert len(cloud.sent) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_action_that_may_have_been_carried_out_is_never_repeated(
    cloud: LoopbackCloud, session: Session, method: str, status: int
) -> None:
    cloud.answers[f"{method} network /ports"] = [Fails(status), {}]
    with pytest.raises(CloudError):
        session.send(method, "network", "/ports", {})
    assert len(cloud.sent) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_a_read_that_was_answered_is_not_repeated(cloud: LoopbackCloud, session: Session, status: int) -> None:
    cloud.answers["GET network /ports"] = Fails(status)
    with pytest.raises(CloudError):
        session.get("network", "/ports")
    assert len(cloud.sent) == 1


def test_pages_of_nova_and_cinder(cloud: LoopbackCloud, session: Session) -> None:
    link = {"rel": "next", "href": "http://elsewhere:1/v2.1/servers/detail?name=a&marker=2"}
    cloud.answers |= {
        "GET compute /servers/detail?name=a": {
            "servers": [{"id": 1}, {"id": 2}],
            "servers_links": [{"rel": "self"}, link],
        },
        "GET compute /servers/detail?name=a&marker=2": {"servers": [{"id": 3}]},
    }
    assert list(session.pages("compute", "/servers/detail?name=a", "servers")) == [
        {"id": number} for number in (1, 2, 3)
    ]


def test_pages_of_glance(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers |= {
        "GET image /images": {"images": [{"id": 1}], "next": "/v2/images?marker=1"},
        "GET image /images?marker=1": {"images": [{"id": 2}], "next": "/v2/images?marker=2"},
        "GET image /images?marker=2": {"images": []},
    }
    assert list(session.pages("image", "/images", "images")) == [{"id": 1}, {"id": 2}]


def test_what_does_not_change_is_asked_once(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["GET compute /extensions"] = {"extensions": [{"alias": "os-root-volume"}, {"alias": "other"}]}
    assert session.advertises("os-root-volume")
    assert not session.advertises("root-volume")
    assert cloud.lines() == ["GET compute /extensions"]


def test_many_threads_may_use_one_session(cloud: LoopbackCloud) -> None:
    cloud.answers["GET compute /servers/x"] = {"server": {}}
    session, errors = Session(cloud.config(), threads=20), []

    def use() -> None:
        try:
            session.get("compute", "/servers/x")
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [threading.Thread(target=use) for _time in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert session.requests["GET compute"] == 20


def test_a_dead_service_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    url = f"http://127.0.0.1:{free_port()}/compute/v2.1"
    session = Session({"auth_type": "none", "compute_endpoint_override": url, "region_name": "dead"})
    with pytest.raises(Unreachable, match=r"^dead gives no answer of use \(discover compute\): Unable to find"):
        session.version("compute")


def test_a_dead_identity_service_is_unreachable() -> None:
    auth = {
        "auth_url": f"http://127.0.0.1:{free_port()}/v3",
        "username": "u",
        "password": "do not tell",
        "project_name": "p",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    with pytest.raises(Unreachable) as caught:
        Session({"auth": auth, "region_name": "dead"}).version("compute")
    assert str(caught.value).startswith("dead does not answer (discover compute): ")
    assert "do not tell" not in str(caught.value)


def test_a_cloud_that_is_not_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "clouds.yaml").write_text("clouds: {}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    with pytest.raises(StandbyError, match=r"^nowhere: connect: Cloud nowhere was not found\.$"):
        Session({"cloud": "nowhere"})


def test_without_the_sdk_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "SDK_ERROR", ImportError("No module named 'openstack'"))
    with pytest.raises(StandbyError) as caught:
        Session({})
    assert str(caught.value) == (
        "The Python package openstacksdk is needed here: No module named 'openstack'. pip install openstacksdk."
    )


@pytest.mark.parametrize(("region", "label"), [({"region_name": "b"}, "b"), ({}, "the cloud")])
def test_the_name_of_a_cloud_without_a_name(cloud: LoopbackCloud, region: dict[str, str], label: str) -> None:
    rest = {key: value for key, value in cloud.config().items() if key != "region_name"}
    assert Session({**rest, **region}).label == label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11", True),
        ("5F0A3C9E-6A0E-4A52-9B3E-2F8D3A0A1C11", True),
        ("5f0a3c9e6a0e4a529b3e2f8d3a0a1c11", True),
        ("5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c1", False),
        ("x5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11", False),
        ("5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11\n", False),
        ("db", False),
        ("", False),
    ],
)
def test_what_looks_like_an_id(text: str, expected: bool) -> None:
    assert looks_like_id(text) is expected
