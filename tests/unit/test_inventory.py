# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States for waits: single reads for a few, one shared list for many, fetched once for all who need it."""

from __future__ import annotations

import http.server
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.names import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import FEW, READERS, Inventory
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Until
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import WAIT_KINDS, State
from loopback_cloud import Fails, LoopbackCloud

LIST = "GET block_storage /volumes/detail"


class Clock:
    """Every look at it is one second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def volumes(cloud: LoopbackCloud, *names: str) -> None:
    items = [{"id": name, "status": "available"} for name in names]
    cloud.answers |= {f"GET block_storage /volumes/{item['id']}": {"volume": item} for item in items}
    cloud.answers[LIST] = {"volumes": items}


def test_a_few_are_read_one_by_one(cloud: LoopbackCloud, session: Any) -> None:
    names = [f"v{number}" for number in range(FEW)]
    volumes(cloud, *names, "other")
    assert Inventory(session).states("volume", names, 0) == dict.fromkeys(names, State("available"))
    assert sorted(cloud.lines()) == [f"GET block_storage /volumes/{name}" for name in names]


def test_many_are_read_from_one_list(cloud: LoopbackCloud, session: Any) -> None:
    names = [f"v{number}" for number in range(FEW + 1)]
    volumes(cloud, *names, "other")
    assert Inventory(session).states("volume", names, 0) == dict.fromkeys(names, State("available"))
    assert cloud.lines() == [LIST]


@pytest.mark.parametrize("count", [1, FEW + 1])
def test_what_does_not_exist_has_no_state(cloud: LoopbackCloud, session: Any, count: int) -> None:
    volumes(cloud)
    assert Inventory(session).states("volume", [f"v{number}" for number in range(count)], 0) == {}


def test_a_list_is_used_by_all_who_began_to_wait_before_it(cloud: LoopbackCloud, session: Any) -> None:
    volumes(cloud, "v")
    inventory = Inventory(session, Clock())
    assert set(inventory.all("volume", since=0)) == {"v"}
    inventory.all("volume", since=1)
    assert cloud.lines() == [LIST]


def test_a_list_that_began_before_the_request_does_not_count(cloud: LoopbackCloud, session: Any) -> None:
    """It would show the state from before the action: a server that is still ACTIVE though shelving was asked for."""
    cloud.answers[LIST] = [{"volumes": []}, {"volumes": [{"id": "v", "status": "available"}]}]
    inventory = Inventory(session, Clock())
    assert inventory.all("volume", since=0) == {}
    assert set(inventory.all("volume", since=1.5)) == {"v"}
    assert cloud.lines() == [LIST, LIST]


def test_many_readers_at_once_cause_one_request(cloud: LoopbackCloud, session: Any) -> None:
    volumes(cloud, "v")
    inventory, together = Inventory(session), threading.Barrier(10)

    def read(_number: int) -> set[str]:
        together.wait()
        return set(inventory.all("volume", since=0))

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(read, range(10))) == [{"v"}] * 10
    assert cloud.lines() == [LIST]


def test_a_list_that_failed_is_asked_for_again(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers[LIST] = [Fails(500), {"volumes": []}]
    inventory = Inventory(session)
    with pytest.raises(CloudError):
        inventory.all("volume", 0)
    assert inventory.all("volume", 0) == {}


def test_a_list_is_begun_again_when_the_row_before_its_next_page_was_deleted(
    cloud: LoopbackCloud, session: Any
) -> None:
    """Cinder and Nova refuse a marker that they do not know."""
    more = [{"rel": "next", "href": "http://x/volumes/detail?marker=v"}]
    cloud.answers[LIST] = [{"volumes": [{"id": "v"}], "volumes_links": more}, {"volumes": [{"id": "w"}]}]
    cloud.answers[f"{LIST}?marker=v"] = Fails(404, {"itemNotFound": {"message": "Volume v could not be found."}})
    assert set(Inventory(session).all("volume", 0)) == {"w"}
    cloud.answers[LIST] = Fails(400)
    with pytest.raises(CloudError, match="400"):
        Inventory(session).all("volume", 0)
    assert cloud.lines()[3:] == [LIST] * 3


@pytest.mark.parametrize(
    ("kind", "line", "key"),
    [
        ("server", "GET compute /servers/detail", "servers"),
        ("snapshot", "GET block_storage /snapshots/detail", "snapshots"),
        ("backup", "GET block_storage /backups/detail", "backups"),
        ("port", "GET network /ports", "ports"),
    ],
)
def test_the_list_of_each_kind(cloud: LoopbackCloud, session: Any, kind: str, line: str, key: str) -> None:
    cloud.answers[line] = {key: [{"id": "x", "status": "s"}]}
    assert set(Inventory(session).all(kind, 0)) == {"x"}


@pytest.mark.parametrize(
    ("kind", "item", "state"),
    [
        ("server", {"status": "ACTIVE", "OS-EXT-STS:task_state": "shelving"}, State("ACTIVE", "shelving")),
        ("server", {"status": "ERROR", "fault": {"message": "No valid host"}}, State("ERROR", None, "No valid host")),
        ("backup", {"status": "error", "fail_reason": "disk full"}, State("error", None, "disk full")),
        ("backup", {"status": "creating", "fail_reason": None}, State("creating")),
    ],
)
def test_states(cloud: LoopbackCloud, session: Any, kind: str, item: dict[str, Any], state: State) -> None:
    paths = {"server": "compute /servers", "backup": "block_storage /backups"}
    cloud.answers[f"GET {paths[kind]}/x"] = {kind: {"id": "x", **item}}
    assert Inventory(session).states(kind, ["x"], 0) == {"x": state}


CONSOLE = Until("console", "srv", frozenset({"matches"}), frozenset({"no match", "not there"}), match="login:")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"output": "booting\nlogin: "}, "matches"),
        ({"output": "booting"}, "no match"),
        ({"output": ""}, "no match"),
        ({"output": None}, "no match"),
        (Fails(409, {"conflictingRequest": {"message": "not ready"}}), "not there"),
        (Fails(404, {"itemNotFound": {"message": "no console"}}), "not there"),
    ],
)
def test_a_console(cloud: LoopbackCloud, session: Any, answer: Any, status: str) -> None:
    cloud.answers["POST compute /servers/srv/action"] = answer
    assert Inventory(session).states("console", [CONSOLE], 0)[CONSOLE].status == status
    assert cloud.sent[0].body == {"os-getConsoleOutput": {"length": 200}}


def test_a_console_that_may_not_be_read(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers["POST compute /servers/srv/action"] = Fails(403)
    with pytest.raises(CloudError, match="403"):
        Inventory(session).states("console", [CONSOLE], 0)


def test_a_tcp_port(session: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
            targets = [f"127.0.0.1:{server.server_port}", f"127.0.0.1:{closed.getsockname()[1]}"]
            waits = [Until("tcp", target, frozenset({"open"})) for target in targets]
            states = Inventory(session).states("tcp", waits, 0)
    assert [states[until].status for until in waits] == ["open", "closed"]
    assert "refused" in states[waits[1]].reason


def test_who_looks_is_known_for_every_single_wait() -> None:
    assert set(READERS) == {kind for kind, behaves in WAIT_KINDS.items() if behaves.single}
    assert set(WAIT_KINDS) - set(READERS) <= set(KINDS)
