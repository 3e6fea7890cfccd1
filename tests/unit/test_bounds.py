# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer may cost, where it may lead and what it may be: clouds that are broken, or in other hands."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import bounds as bounds_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud import session as session_module
from ansible_collections.standby.openstack.plugins.module_utils.cloud.bounds import in_the_clear
from ansible_collections.standby.openstack.plugins.module_utils.cloud.errors import Unusable, understood
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.fence import ask
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    CloudError,
    StandbyError,
    TimedOut,
    Unreachable,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Step
from ansible_collections.standby.openstack.plugins.module_utils.executors import Executor
from loopback_cloud import SILENCE, Drips, Fails, LoopbackCloud

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
TRICKLE = b" " * 1000
PORTS = "GET network /ports"
TOKEN, SERVERS = "POST v3 /tokens", "GET compute /servers/detail"


def seconds(of: Callable[[], Any]) -> float:
    """How long it took until it failed."""
    began = time.monotonic()
    with pytest.raises(StandbyError):
        of()
    return time.monotonic() - began


@pytest.mark.parametrize("drips", [Drips(HEAD, TRICKLE), Drips(b"", HEAD + TRICKLE)], ids=["body", "headers"])
def test_an_answer_that_drips_ends(cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch, drips: Drips) -> None:
    """Each byte comes before the silence is too long."""
    cloud.answers |= {PORTS: {"ports": []}, "POST network /ports": drips}
    session = Session({**cloud.config(), "api_timeout": 5})
    session.get("network", "/ports")
    session.bounds.heard = False
    monkeypatch.setattr(bounds_module, "LONGEST_ANSWER", 0.5)
    assert 0.4 < seconds(lambda: session.send("POST", "network", "/ports", {})) < 3
    assert session.bounds.heard


def test_an_answer_that_drips_is_unclear(cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.answers |= {PORTS: {"ports": []}, "POST network /ports": Drips(HEAD, TRICKLE)}
    session = Session(cloud.config())
    session.get("network", "/ports")
    monkeypatch.setattr(bounds_module, "LONGEST_ANSWER", 0.5)
    with pytest.raises(Unreachable, match=r"^loopback does not answer \(POST /ports\)"):
        session.send("POST", "network", "/ports", {})
    assert cloud.writes() == ["POST network /ports"]


def test_requests_end_with_the_run(cloud: LoopbackCloud) -> None:
    cloud.answers |= {PORTS: {"ports": []}, "POST network /ports": SILENCE}
    session = Session(cloud.config(), seconds=60)
    session.get("network", "/ports")
    session.bounds.end = time.monotonic() + 0.5
    assert 0.4 < seconds(lambda: session.send("POST", "network", "/ports", {})) < 3
    with pytest.raises(TimedOut, match=r"^loopback: GET /ports was not sent: the time is over\.$"):
        session.get("network", "/ports?name=secret")
    assert cloud.lines() == [PORTS, "POST network /ports"]


def test_too_many_requests_end_with_the_run(cloud: LoopbackCloud) -> None:
    cloud.answers[PORTS] = Fails(429, {}, (("Retry-After", "60"),))
    session = Session(cloud.config(), seconds=30)
    with pytest.raises(CloudError, match="answered with 429"):
        session.get("network", "/ports")
    assert len(cloud.sent) == 1
    cloud.answers[PORTS] = Fails(429)
    session.bounds.end = time.monotonic() + 2.5
    with pytest.raises(CloudError, match="answered with 429"):
        session.get("network", "/ports")
    assert 2 <= len(cloud.sent) <= 4


def test_an_answer_that_is_too_large_is_none(cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds_module, "LARGEST_ANSWER", 1 << 20)
    cloud.answers[PORTS] = {"ports": [{"name": "x" * (1 << 20)}]}
    with pytest.raises(Unusable, match=r"the answer is larger than 1 MiB"):
        Session(cloud.config()).get("network", "/ports")
    cloud.answers[PORTS] = {"ports": [{"name": "x" * (1 << 19)}]}
    assert Session(cloud.config()).get("network", "/ports")["ports"]


def test_a_packed_answer_is_not_unpacked(cloud: LoopbackCloud, session: Session) -> None:
    bomb = gzip.compress(b" " * (10 << 20))
    cloud.answers[PORTS] = Fails(200, bomb, (("Content-Encoding", "gzip"),))
    with pytest.raises(Unusable, match=r"its answer is packed \(gzip\), which was not asked for"):
        session.get("network", "/ports")


ENDLESS = r"GET /ports does not end after \d+ pages and 0 MiB"


def test_a_list_whose_pages_go_in_circles_ends(cloud: LoopbackCloud, session: Session) -> None:
    """The path of the next page is the old one, or one that was read before."""
    page = {"ports": [{"id": "1"}], "ports_links": [{"rel": "next", "href": "http://x/ports?marker=1"}]}
    cloud.answers |= {PORTS: page, f"{PORTS}?marker=1": page}
    with pytest.raises(Unusable, match=ENDLESS):
        list(session.pages("network", "/ports", "ports"))
    assert cloud.lines() == [PORTS, f"{PORTS}?marker=1"]


def test_a_list_that_never_ends_ends(cloud: LoopbackCloud, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MOST_PAGES", 5)
    numbers = itertools.count()

    def answer(line: str) -> Any:
        return {"ports": [], "ports_links": [{"rel": "next", "href": f"/ports?marker={next(numbers)}"}]}

    monkeypatch.setattr(cloud, "answer", answer)
    with pytest.raises(Unusable, match=ENDLESS):
        list(session.pages("network", "/ports", "ports"))
    assert len(cloud.sent) == 5


def test_a_list_that_is_too_large_ends(cloud: LoopbackCloud, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "LARGEST_LIST", 5 << 10)
    page = {"ports": [{"name": "x" * (3 << 10)}], "ports_links": [{"rel": "next", "href": "/ports?marker=1"}]}
    cloud.answers |= {PORTS: page, f"{PORTS}?marker=1": page}
    with pytest.raises(Unusable, match="does not end after 2 pages"):
        list(session.pages("network", "/ports", "ports"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["http://{other}/steal", "https://{here}/network/v2.0/ports", "//{other}/", "http://[", "ftp://{here}/"]
)
def test_no_token_goes_to_another_place(cloud: LoopbackCloud, session: Session, place: str, status: int) -> None:
    other = LoopbackCloud()
    here, there = (url.url.partition("//")[2] for url in (cloud, other))
    cloud.answers[PORTS] = Fails(status, None, (("Location", place.format(other=there, here=here)),))
    with pytest.raises(Unusable, match=r"it redirects to .*, which is another place\. Name that one in clouds\.yaml"):
        session.get("network", "/ports")
    assert other.sent == []
    other.close()


def test_a_redirect_within_the_same_place_is_followed(cloud: LoopbackCloud, session: Session) -> None:
    cloud.answers[PORTS] = Fails(302, None, (("Location", f"{cloud.url}/network/v2.0/there"),))
    cloud.answers["GET network /there"] = {"ports": []}
    assert session.get("network", "/ports") == {"ports": []}


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("status", [200, 400])
def test_deep_json_is_no_answer(cloud: LoopbackCloud, session: Session, status: int) -> None:
    cloud.answers[PORTS] = Fails(status, b'{"ports": ' + nested(200_000) + b"}")
    with pytest.raises((Unusable, CloudError)) as caught:
        session.get("network", "/ports")
    assert "/ports was answered with" in str(caught.value)


@pytest.mark.parametrize("links", [5, [5], ["x"], [{"rel": "next"}], [{"rel": "next", "href": 5}], {"rel": "next"}])
def test_links_that_are_none_are_the_fault_of_the_cloud(cloud: LoopbackCloud, session: Session, links: Any) -> None:
    cloud.answers[PORTS] = {"ports": [], "ports_links": links}
    with pytest.raises(CloudError, match=r"^loopback: GET /ports: an answer is not as OpenStack describes it \("):
        list(session.pages("network", "/ports", "ports"))


@pytest.mark.parametrize("rows", [None, 5, "x", {}, [5], [None], [[]]])
def test_rows_that_are_none_are_no_list(cloud: LoopbackCloud, session: Session, rows: Any) -> None:
    cloud.answers[PORTS] = {"ports": rows}
    with pytest.raises(Unusable, match='without "ports"'):
        list(session.pages("network", "/ports", "ports"))


ODD_ANSWERS = [None, 5, "x", [[]], {}, {"volume": None}, {"volume": [5]}, {"volume": {}}]
ODD_IDS = [None, 5, True, "", [], ["x"], {}]


@pytest.mark.parametrize("answer", [*ODD_ANSWERS, *({"volume": {"id": odd}} for odd in ODD_IDS)], ids=str)
def test_an_answer_without_the_id_that_later_steps_need(cloud: LoopbackCloud, session: Session, answer: Any) -> None:
    """A list for an id ended the whole run, of all servers; the other ones ended a server unexpectedly."""
    cloud.answers["POST block_storage /volumes"] = answer
    step = Step("create_volume", "make volume db-root", {"size": 1}, cloud="target", result="root")
    with pytest.raises(StandbyError) as caught:
        Executor(lambda _cloud: session)(step)
    assert isinstance(caught.value, (CloudError, Unusable))


def test_a_record_of_a_backup_is_an_answer_without_an_id(cloud: LoopbackCloud, session: Session) -> None:
    path = "GET block_storage /backups/b/export_record"
    step = Step("export_backup", "export", {"backup_id": "b"}, cloud="source_admin", result="record root")
    cloud.answers[path] = {"backup-record": {"backup_url": "x"}}
    assert Executor(lambda _cloud: session)(step).value == cloud.answers[path]
    cloud.answers[path] = {"backup-record": None}
    with pytest.raises(CloudError, match="an answer is not as OpenStack describes it"):
        Executor(lambda _cloud: session)(step)


def test_what_is_taken_apart_wrongly_is_told_with_its_place() -> None:
    with pytest.raises(CloudError) as caught, understood("b", "read db"):
        {}["id"]
    text = str(caught.value)
    assert text.startswith(
        "b: read db: an answer is not as OpenStack describes it (KeyError: 'id', test_bounds.py line "
    )
    assert text.endswith(
        "Look what answers there: a proxy, or an unknown version. If it is OpenStack itself, report this."
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://nova.example:8774/v2.1", "nova.example:8774"),
        ("http://u:p@nova.example", "nova.example"),
        ("https://nova.example", ""),
        ("http://127.0.0.1:5000", ""),
        ("http://localhost/identity", ""),
        ("http://[::1]:5000", ""),
        ("http://127.example", "127.example"),
    ],
)
def test_http_is_told_but_on_this_machine(url: str, host: str) -> None:
    assert in_the_clear(url) == host


def test_the_user_is_told_of_http(cloud: LoopbackCloud) -> None:
    config = cloud.identity("/v3")
    assert Session(config).warnings == []
    config["auth"]["auth_url"] = "http://keystone.example/v3"
    session = Session(config)
    session.once(("endpoint", "network"), lambda: "http://192.0.2.1:9696/v2.0")
    (warning,) = session.warnings
    assert warning == (
        "loopback: http is used for 192.0.2.1:9696, keystone.example: passwords and tokens travel there unencrypted. "
        "Use https, in clouds.yaml and in the catalog."
    )


def fence(cloud: LoopbackCloud, timeout: float = 1.0) -> tuple[bool, str, float]:
    """Reached, why not read, and the seconds."""
    began = time.monotonic()
    config = {**cloud.identity("/v3"), "api_timeout": timeout}
    reached, error, *lists = ask(lambda: Session(config, seconds=timeout), timeout)
    assert lists == [(), ()]
    return reached, error, time.monotonic() - began


@pytest.mark.parametrize("drips", [Drips(HEAD, TRICKLE), Drips(b"", HEAD + TRICKLE)], ids=["body", "headers"])
def test_a_site_that_drips_is_unknown_at_the_deadline_of_the_fence(cloud: LoopbackCloud, drips: Drips) -> None:
    cloud.answers |= {"GET v3": drips, TOKEN: drips}
    reached, error, took = fence(cloud, 2.0)
    assert (reached, took < 6) == (True, True), error


def test_a_silent_site_does_not_answer_at_the_deadline_of_the_fence(cloud: LoopbackCloud) -> None:
    cloud.answers |= {"GET v3": SILENCE, TOKEN: SILENCE}
    reached, error, took = fence(cloud)
    assert (reached, took < 5) == (False, True), error


def hang(seconds: float) -> Any:
    """Resolving a name, or trying one address after the other."""
    threading.Event().wait(seconds)
    raise Unreachable("late")


def test_what_no_timeout_ends_does_not_hold_the_fence_up() -> None:
    began = time.monotonic()
    assert ask(lambda: hang(4), 0.2) == (False, "nothing within 0.2 s", (), ())
    assert time.monotonic() - began < 3


class Late:
    """A site that gave a token, and then hangs."""

    label = "late"

    def __init__(self) -> None:
        self.bounds, self.stopped = bounds_module.Bounds(), False
        self.bounds.heard = True

    def authenticate(self) -> None:
        hang(4)

    def stop(self) -> None:
        self.stopped = True


def test_a_site_that_was_heard_and_hangs_is_unknown() -> None:
    site = Late()
    assert ask(lambda: site, 0.2) == (True, "no whole answer within 0.2 s", (), ())
    assert site.stopped
