# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as an answer of the source: the fence asked with the real SDK, over real connections."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.fence import ask
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from loopback_cloud import ACCOUNT, SILENCE, Fails, LoopbackCloud

PAGE = Fails(200, b"<html>maintenance</html>", (("Content-Type", "text/html"),))
HERE = {"links": [{"rel": "self", "href": "/identity/v3"}]}
VERSIONS = {"versions": {"values": [{"id": "v3.14", "status": "stable", **HERE}]}}
DISCOVERY, TOKEN = "GET identity", "POST identity /auth/tokens"
DISCOVERY_V3, TOKEN_V3 = "GET v3", "POST v3 /tokens"

#: Path of the identity service: one names no version. With what it is asked, what it answers, what the operator reads.
ANSWERS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "503 where versions are discovered": ("/identity", "http", {DISCOVERY: Fails(503)}, "answered with 503"),
    "502 where versions are discovered": ("/identity", "http", {DISCOVERY: Fails(502)}, "answered with 502"),
    "404 where versions are discovered": ("/identity", "http", {DISCOVERY: Fails(404)}, "answered with 404"),
    "a page where versions are discovered": ("/identity", "http", {DISCOVERY: PAGE}, "<html>maintenance"),
    "versions that nobody knows": (
        "/identity",
        "http",
        {DISCOVERY: {"versions": []}},
        "Could not find versioned identity",
    ),
    "503 for the token": ("/v3", "http", {TOKEN_V3: Fails(503)}, "answered with 503"),
    "a page for the token": ("/v3", "http", {DISCOVERY_V3: PAGE, TOKEN_V3: PAGE}, "Invalid response"),
    "a wrong password": ("/v3", "http", {TOKEN_V3: Fails(401)}, "answered with 401"),
    "no TLS, versions": ("/identity", "https", {}, "[SSL: "),
    "no TLS, token": ("/v3", "https", {}, "[SSL: "),
    "versions, and no token": (
        "/identity",
        "http",
        {DISCOVERY: VERSIONS, TOKEN: SILENCE},
        "did answer an earlier request",
    ),
    "an error, and no token": (
        "/v3",
        "http",
        {DISCOVERY_V3: Fails(503), TOKEN_V3: SILENCE},
        "did answer an earlier request",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_of_any_kind_is_one(cloud: LoopbackCloud, case: str) -> None:
    """Load balancers and certificates that expired answer for sites whose servers run."""
    path, scheme, answers, text = ANSWERS[case]
    cloud.answers |= answers
    # where an answer comes it must be in time on a busy machine as well; only silence is waited for
    config = {**cloud.identity(path, scheme), "api_timeout": 3 if SILENCE in answers.values() else 20}
    reached, error, *lists = ask(lambda: Session(config), 30)
    assert (reached, lists) == (True, [(), ()])
    assert text in error
    assert "do not tell" not in error


def _closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """Host and port of what takes connections, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def hung_up() -> Iterator[str]:
    """Host and port of what takes connections and ends them, as a load balancer whose servers are all gone."""

    def hang_up(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=hang_up, args=(listening,), daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def _unroutable(where: Any, *_arguments: Any, **_options: Any) -> None:
    raise OSError(errno.EHOSTUNREACH, "No route to host")


def _unknown(*_arguments: Any, **_options: Any) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("path", ["", "/v3"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("fault", ["refused", "silent", "hung up", "unknown host", "no route"])
def test_no_answer_at_all_is_none(
    monkeypatch: pytest.MonkeyPatch, silent: str, hung_up: str, fault: str, scheme: str, path: str
) -> None:
    place = {"silent": silent, "hung up": hung_up}.get(fault) or _closed_port()
    if fault == "unknown host":
        monkeypatch.setattr("socket.getaddrinfo", _unknown)
    if fault == "no route":
        monkeypatch.setattr("socket.socket.connect", _unroutable)
    config = {"auth": {"auth_url": f"{scheme}://{place}{path}", **ACCOUNT}, "region_name": "a", "api_timeout": 0.3}
    reached, error, *lists = ask(lambda: Session(config), 10)
    assert (reached, lists) == (False, [(), ()])
    assert error.startswith("a does not answer (authenticate): ")
    assert "do not tell" not in error


def test_a_silent_cloud_takes_the_request_and_says_nothing(cloud: LoopbackCloud) -> None:
    cloud.answers |= {DISCOVERY_V3: SILENCE, TOKEN_V3: SILENCE}
    reached, error, *_lists = ask(lambda: Session({**cloud.identity("/v3"), "api_timeout": 0.3}), 10)
    assert not reached
    assert "timed out" in error
    assert cloud.lines() == [TOKEN_V3]


def test_certificates_that_are_not_there_are_no_proof(cloud: LoopbackCloud) -> None:
    config = {**cloud.identity("/v3", "https"), "cacert": "/no/such/file.pem"}
    reached, error, *_lists = ask(lambda: Session(config), 10)
    assert reached
    assert error.startswith("loopback: authenticate: Could not find a suitable TLS CA certificate bundle")


def test_a_list_that_is_none_is_no_proof(cloud: LoopbackCloud, session: Session) -> None:
    """Else no server would run at a site whose proxy answers in its place."""
    cloud.answers["GET compute /servers/detail"] = {}
    session.authenticate = lambda: None
    reached, error, *_lists = ask(lambda: session, 10)
    assert reached
    assert 'answered with 200 and without "servers"' in error
