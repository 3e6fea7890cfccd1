# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent again: requests that the cloud certainly did not carry out, and at which pace."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import MOST_REPEATS, Session
from ansible_collections.standby.openstack.plugins.module_utils.cloud.throttle import FIRST_GAP, MOST, Pace
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session as KeystoneSession
from loopback_cloud import Fails, LoopbackCloud

AT_ONCE = (("Retry-After", "0"),)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("first", [Fails(401), Fails(429, {}, AT_ONCE)], ids=lambda answer: str(answer.status))
def test_what_the_cloud_did_not_take_is_sent_again(
    cloud: LoopbackCloud, session: Session, method: str, first: Fails
) -> None:
    cloud.answers[f"{method} network /ports"] = [first, {"ports": []}]
    assert session.send(method, "network", "/ports", {"port": 1}) == {"ports": []}
    assert [request.body for request in cloud.sent] == [{"port": 1}] * 2
    assert session.requests == {f"{method} network": 2}


@pytest.mark.parametrize("service", ["compute", "block_storage", "network", "image"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_may_have_been_carried_out_is_not_sent_again(
    cloud: LoopbackCloud, session: Session, service: str, method: str
) -> None:
    """The SDK's own default for images is to repeat five times: a second image would be left over."""
    cloud.answers[f"{method} {service} /things"] = [Fails(503, {"fault": {"message": "later"}}), {"thing": 1}]
    with pytest.raises(CloudError, match="was answered with 503: later"):
        session.send(method, service, "/things", {"thing": 1})
    assert len(cloud.sent) == 1


def test_a_second_401_is_an_error(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers["GET network /ports"] = Fails(401, {"error": {"message": "who are you"}})
    with pytest.raises(CloudError, match="was answered with 401: who are you"):
        session.get("network", "/ports")
    assert len(cloud.sent) == 2


def test_a_cloud_that_never_takes_a_request_is_not_asked_for_ever(cloud: LoopbackCloud, session: Session) -> None:
    session._pace = Pace(sleep=lambda seconds: None)
    cloud.answers["POST network /ports"] = Fails(429, {}, AT_ONCE)
    with pytest.raises(CloudError, match="429"):
        session.send("POST", "network", "/ports", {})
    assert len(cloud.sent) == MOST_REPEATS + 1


class Revoking(KeystoneSession):
    """A connection whose first token is revoked; getting a token is counted."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.tokens, self.token_lock, self.all_sent = 1, threading.RLock(), threading.Barrier(threads)
        self.token: str | None = "token-1"
        self.session, self.network = self, Adapter(self, service_type="network")

    def get_token(self, auth: Any = None) -> str:
        with self.token_lock:
            if self.token is None:
                self.tokens += 1
                self.token = f"token-{self.tokens}"
            return self.token

    def invalidate(self, auth: Any = None) -> bool:
        with self.token_lock:
            self.token = None
        return True

    def get_endpoint(self, *_arguments: Any, **_options: Any) -> str:
        return "http://network"

    def request(self, url: str, method: str, **options: Any) -> Any:
        token = self.get_token()
        if token == "token-1":
            self.all_sent.wait(3)
            return SimpleNamespace(
                status_code=401, headers={}, request=SimpleNamespace(headers={"X-Auth-Token": token})
            )
        return SimpleNamespace(status_code=200, headers={}, content=b"{}", json=dict)


def test_a_token_that_is_revoked_under_many_requests_is_replaced_once(session: Session) -> None:
    connection = Revoking(threads=20)
    session._connection = connection
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda _: session.send("POST", "network", "/ports", {}), range(20))) == [{}] * 20
    assert connection.tokens == 2


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pace(self, rate: float = 0.0) -> Pace:
        return Pace(rate, lambda: self.now, self.sleep)


def test_without_a_limit_nobody_waits() -> None:
    time = Time()
    pace = time.pace()
    for _time in range(1000):
        pace.wait()
        pace.taken()
    assert time.now == 0.0


def test_a_limit_is_kept() -> None:
    time = Time()
    pace = time.pace(50)
    for _time in range(101):
        pace.wait()
        pace.taken()
    assert time.now == pytest.approx(2.0)


def test_all_pause_when_the_cloud_has_enough_and_go_on_at_intervals() -> None:
    time = Time()
    pace = time.pace()
    pace.wait()
    for _time in range(30):
        pace.slow_down(1.0)
    assert pace.gap == FIRST_GAP, "thirty refusals at the same time are one"
    pace.wait()
    pace.wait()
    assert time.now == pytest.approx(1.0 + FIRST_GAP)


def test_each_further_refusal_makes_the_intervals_longer_up_to_a_most() -> None:
    time = Time()
    pace, gaps = time.pace(), []
    for _time in range(30):
        pace.slow_down(1.0)
        gaps.append(pace.gap)
        time.sleep(1.0)
    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[1] < gaps[-1] == MOST


@pytest.mark.parametrize(("rate", "end"), [(0.0, 0.0), (200.0, 0.005)])
def test_success_brings_the_old_pace_back(rate: float, end: float) -> None:
    pace = Time().pace(rate)
    pace.slow_down(0.0)
    pace.slow_down(0.0)
    assert pace.gap > end
    for _time in range(3000):
        pace.taken()
    assert pace.gap == end
