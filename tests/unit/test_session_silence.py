# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds that say nothing, proxies that answer in their place, and runs that must not send any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import session as session_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.cloud.throttle import Pace
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.engine.polling import _passing
from loopback_cloud import SILENCE, Fails, LoopbackCloud

HTML = (("Content-Type", "text/html"),)


@pytest.mark.parametrize(("given", "used"), [({}, 120.0), ({"api_timeout": None}, 120.0), ({"api_timeout": 7}, 7.0)])
def test_no_request_waits_for_ever(cloud: LoopbackCloud, given: dict[str, Any], used: float) -> None:
    assert Session({**cloud.config(), **given})._connection.session.timeout == used


def test_an_action_that_is_never_answered_is_unclear(cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "SILENCE", 0.3)
    cloud.answers["POST network /ports"] = SILENCE
    with pytest.raises(Unreachable, match=r"^loopback does not answer \(POST /ports\): .* timed out$"):
        Session(cloud.config()).send("POST", "network", "/ports", {})
    assert cloud.writes() == ["POST network /ports"]


NO_JSON: dict[str, tuple[Fails, str]] = {
    "a page": (Fails(200, b"<html>log in</html>", HTML), "200 and no JSON object (text/html)"),
    "half an answer": (Fails(200, b'{"ports": ['), "200 and no JSON object (application/json)"),
    "a list": (Fails(201, [1]), "201 and no JSON object (application/json)"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("case", NO_JSON)
def test_what_is_no_answer_of_openstack_says_nothing(
    cloud: LoopbackCloud, session: Session, case: str, method: str
) -> None:
    """A poll goes on, and an action may have been carried out."""
    cloud.answers[f"{method} network /ports?name=secret"], saw = NO_JSON[case]
    with pytest.raises(Unreachable) as caught:
        session.send(method, "network", "/ports?name=secret", {})
    assert str(caught.value) == (
        f"loopback: {method} /ports was answered with {saw}. This answer is not from OpenStack. It may come from a "
        "proxy or a load balancer"
    )
    assert _passing(caught.value)
    assert len(cloud.sent) == 1


@pytest.mark.parametrize("second", [{}, {"server": []}, {"servers": None}, {"servers": {}}, Fails(200)])
def test_a_page_that_is_none_does_not_end_a_list(cloud: LoopbackCloud, session: Session, second: Any) -> None:
    """Else all servers that it should hold would be gone."""
    link = {"rel": "next", "href": "http://elsewhere:1/v2.1/servers/detail?marker=2"}
    cloud.answers |= {
        "GET compute /servers/detail": {"servers": [1], "servers_links": [link]},
        "GET compute /servers/detail?marker=2": second,
    }
    with pytest.raises(Unreachable) as caught:
        list(session.pages("compute", "/servers/detail", "servers"))
    assert str(caught.value) == (
        'loopback: GET /servers/detail was answered with 200 and without "servers". This answer is not from OpenStack. '
        "It may come from a proxy or a load balancer"
    )
    assert _passing(caught.value)


def in_background(function: Callable[[], Any]) -> tuple[threading.Thread, list[Exception]]:
    errors: list[Exception] = []

    def run() -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def test_who_waits_for_his_turn_does_not_send_any_more() -> None:
    pace = Pace()
    pace.slow_down(60)
    thread, errors = in_background(pace.wait)
    thread.join(0.2)
    assert thread.is_alive()
    pace.stop()
    thread.join(10)
    assert [str(error) for error in errors] == ["The run was stopped before this request, which was not sent."]
    with pytest.raises(StandbyError):
        pace.wait()


def test_nothing_is_repeated_after_the_end(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["POST network /ports"] = [Fails(429, {}, (("Retry-After", "2"),)), {}]
    thread, errors = in_background(lambda: session.send("POST", "network", "/ports", {}))
    while not session._pace.gap:
        time.sleep(0.01)
    session.stop()
    thread.join(10)
    assert [type(error) for error in errors] == [StandbyError]
    assert cloud.writes() == ["POST network /ports"]


def test_a_refusal_still_tells_what_the_cloud_said(cloud: LoopbackCloud, session: Session) -> None:
    """Pages of errors are no JSON either, and have a status that says more."""
    cloud.answers["GET network /ports"] = Fails(502, b"<html>bad gateway</html>", HTML)
    with pytest.raises(CloudError, match="was answered with 502: Bad Gateway"):
        session.get("network", "/ports")


def test_a_read_is_sent_once_more_and_takes_no_longer_than_a_write(
    cloud: LoopbackCloud, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one server of an API that hangs would stop all waits of a fleet for many minutes."""
    assert session._reads == {"timeout": session_module.SILENCE / 2}
    monkeypatch.setattr(session, "_reads", {"timeout": 0.2})
    cloud.answers["GET network /ports"] = SILENCE
    with pytest.raises(Unreachable, match="loopback does not answer"):
        session.get("network", "/ports")
    assert len(cloud.sent) == 2


def test_a_timeout_of_the_user_is_that_of_reads_too(cloud: LoopbackCloud) -> None:
    assert Session({**cloud.config(), "api_timeout": 7})._reads == {}


def test_many_threads_ask_once_for_what_does_not_change(session: Session) -> None:
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        time.sleep(0.05)
        return 7

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _number: session.once("key", ask), range(8))) == [7] * 8
    assert asked == [1]
