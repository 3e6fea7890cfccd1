# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are sent as an earlier one was: what keystoneauth and `requests` found out still holds for them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import session as session_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud.pool import Pool
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Unreachable
from loopback_cloud import Drips, Fails, LoopbackCloud

HANGS_UP = Drips(b"")
SERVER = "/servers/1"


@pytest.fixture
def by_keystoneauth(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the requests that keystoneauth puts together."""
    seen, request = [], session_module.Adapter.request

    def noted(proxy: Any, path: str, method: str, **options: Any) -> Any:
        seen.append(method)
        return request(proxy, path, method, **options)

    monkeypatch.setattr(session_module.Adapter, "request", noted)
    return seen


def asked_once(cloud: LoopbackCloud, session: Session) -> None:
    """The first request, by which the way to the service is known."""
    cloud.answers[f"GET compute {SERVER}"] = {"server": 1}
    session.get("compute", SERVER)
    cloud.sent.clear()


def test_only_the_first_request_to_a_service_is_put_together_by_keystoneauth(
    cloud: LoopbackCloud, session: Session, by_keystoneauth: list[str]
) -> None:
    cloud.answers.update({"POST compute /servers": {"server": 2}, "DELETE compute /servers/1": None})
    asked_once(cloud, session)
    assert session.send("POST", "compute", "/servers", {"name": "web 1 ä"}) == {"server": 2}
    session.send("DELETE", "compute", SERVER)
    assert by_keystoneauth == ["GET"]
    assert [request.body for request in cloud.sent] == [{"name": "web 1 ä"}, None]
    assert {request.version for request in cloud.sent} == {f"compute {session.version('compute')}"}


def test_bytes_are_sent_by_keystoneauth(cloud: LoopbackCloud, session: Session, by_keystoneauth: list[str]) -> None:
    cloud.answers.update({"GET image /images": {"images": []}, "PUT image /images/1/file": None})
    session.get("image", "/images")
    session.send("PUT", "image", "/images/1/file", b"")
    assert by_keystoneauth == ["GET", "PUT"]


def test_after_a_401_the_request_gets_a_new_token_from_keystoneauth(
    cloud: LoopbackCloud, session: Session, by_keystoneauth: list[str]
) -> None:
    asked_once(cloud, session)
    cloud.answers[f"GET compute {SERVER}"] = [Fails(401), {"server": 3}]
    assert session.get("compute", SERVER) == {"server": 3}
    assert by_keystoneauth == ["GET", "GET"]


def test_a_read_without_an_answer_is_sent_once_more(cloud: LoopbackCloud, session: Session) -> None:
    asked_once(cloud, session)
    cloud.answers[f"GET compute {SERVER}"] = [HANGS_UP, {"server": 4}]
    assert session.get("compute", SERVER) == {"server": 4}
    cloud.sent.clear()
    cloud.answers[f"GET compute {SERVER}"] = HANGS_UP
    with pytest.raises(Unreachable, match="does not answer"):
        session.get("compute", SERVER)
    assert len(cloud.sent) == 2


def test_an_action_without_an_answer_is_not_sent_again(cloud: LoopbackCloud, session: Session) -> None:
    asked_once(cloud, session)
    cloud.answers["POST compute /servers"] = HANGS_UP
    with pytest.raises(Unreachable, match="does not answer"):
        session.send("POST", "compute", "/servers", {})
    assert len(cloud.sent) == 1


def test_a_redirect_within_the_cloud_is_followed(cloud: LoopbackCloud, session: Session) -> None:
    asked_once(cloud, session)
    there = f"{cloud.url}/compute/v2.1/servers/2"
    cloud.answers["POST compute /servers"] = Fails(307, {}, (("Location", there),))
    cloud.answers["POST compute /servers/2"] = {"server": 5}
    assert session.send("POST", "compute", "/servers", {"name": "a"}) == {"server": 5}


def test_what_a_load_balancer_gives_to_be_kept_is_kept(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers[f"GET compute {SERVER}"] = Fails(200, {"server": 1}, (("Set-Cookie", "node=7; Path=/"),))
    session.get("compute", SERVER)
    way = session._ways["compute"]
    answer = session._pool.send_like(way, "GET", f"{cloud.url}/compute/v2.1{SERVER}", None, 10.0)
    assert answer.request.headers["Cookie"] == "node=7"


@pytest.mark.parametrize(
    ("verify", "used"),
    [(True, "/etc/bundle.pem"), (None, "/etc/bundle.pem"), (False, False), ("/of/the/cloud.pem", "/of/the/cloud.pem")],
)
def test_the_environment_is_read_once_for_each_host(monkeypatch: pytest.MonkeyPatch, verify: Any, used: Any) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "inside")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/bundle.pem")
    pool = Pool(lambda answer: None)
    found = pool._of_host("https://cloud/v3/volumes", verify, None)
    assert (found["proxies"]["https"], found["verify"]) == ("http://proxy:3128", used)
    assert "https" not in pool._of_host("https://inside/v3/volumes", verify, None)["proxies"]
    monkeypatch.setenv("HTTPS_PROXY", "http://other:3128")
    assert pool._of_host("https://cloud/v3/backups", verify, None) is found
    assert pool._of_host("https://cloud/v3", verify, "/of/the/client.pem")["cert"] == "/of/the/client.pem"
