# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: the pretended cloud refuses what a real one would, and the wave does its work against it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.decide.recovery_plan import recovery_plan
from ansible_collections.standby.openstack.plugins.module_utils.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.options import PLAN_OPTIONS
from ansible_collections.standby.openstack.plugins.module_utils.wave import Wave, utc_now

sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench.cloud import PAGE, POINTS, Cloud, kinds
from bench.documents import DEVICE, TOKEN, made_id
from bench.measure import Measured, Scene, active, counts, pretended_cloud
from bench.server import Limits
from bench.table import BEGIN, END, Row, verdicts, write
from bench.ways import WAYS, prepare

SERVER, VOLUME = made_id("server", 0), made_id(f"volume-{POINTS[-1]}", 0)
ATTACH = {"volumeAttachment": {"volumeId": VOLUME, "device": DEVICE}}


def ask(cloud: Cloud, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
    answer = cloud.answer(method, f"/{path}", token, json.dumps(body).encode() if body else b"")
    return answer.status, json.loads(answer.body) if answer.body else None


def put_on(cloud: Cloud, body: Any = None) -> int:
    return ask(cloud, "POST", f"compute/v2.1/servers/{SERVER}/os-volume_attachments", body or ATTACH)[0]


def unshelve(cloud: Cloud) -> int:
    return ask(cloud, "POST", f"compute/v2.1/servers/{SERVER}/action", {"unshelve": None})[0]


def test_without_a_token_nothing_is_told() -> None:
    assert ask(Cloud(1, 0), "GET", "compute/v2.1/servers/detail", token="other")[0] == 401


def test_a_revoked_token_is_replaced_by_another() -> None:
    cloud = Cloud(1, 0, revoke=1e-9)
    assert ask(cloud, "GET", "compute/v2.1/servers/detail")[0] == 401
    answer = cloud.answer("POST", "/identity/v3/auth/tokens", "", b"")
    token = dict(answer.headers)["X-Subject-Token"]
    assert ask(cloud, "GET", "compute/v2.1/servers/detail", token=token)[0] == 200


def test_the_way_of_a_server() -> None:
    cloud = Cloud(1, unshelve=0.0)
    assert unshelve(cloud) == 409, "it has no root"
    assert put_on(cloud, {"volumeAttachment": {"volumeId": VOLUME}}) == 400, "a data disk is not the root"
    assert put_on(cloud) == 200
    assert ask(cloud, "GET", f"volume/v3/volumes/{VOLUME}")[1]["volume"]["status"] == "reserved"
    assert put_on(cloud) == 409, "it is on already"
    assert unshelve(cloud) == 202
    assert unshelve(cloud) == 409, "it is not shelved any more"
    assert ask(cloud, "GET", f"compute/v2.1/servers/{SERVER}")[1]["server"]["status"] == "ACTIVE"
    assert ask(cloud, "GET", f"volume/v3/volumes/{VOLUME}")[1]["volume"]["status"] == "in-use"


def test_an_unshelve_takes_its_time() -> None:
    cloud = Cloud(1, unshelve=60.0)
    put_on(cloud)
    unshelve(cloud)
    server = ask(cloud, "GET", f"compute/v2.1/servers/{SERVER}")[1]["server"]
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", "spawning")


def test_lists_come_in_pages() -> None:
    cloud, found, path = Cloud(PAGE + 5, 0), 0, "compute/v2.1/servers/detail"
    while path:
        page = ask(cloud, "GET", path)[1]
        found += len(page["servers"])
        path = page["servers_links"][0]["href"].partition("//")[2].partition("/")[2] if page["servers_links"] else ""
    assert found == PAGE + 5


def test_too_many_requests_in_a_second() -> None:
    limits = Limits(0.1, 0.002, rate=2)
    assert [limits.too_many(now) for now in (0.0, 0.5, 0.9, 1.1, 1.2)] == [False, False, True, False, True]


def test_what_requests_are_for() -> None:
    cloud = Cloud(1, 0)
    put_on(cloud)
    ask(cloud, "GET", f"compute/v2.1/servers/{SERVER}/os-root-volume")
    for path in ("compute/v2.1/servers/detail", "compute/v2.1/extensions", "compute/v2.1"):
        ask(cloud, "GET", path)
    assert kinds(cloud.counts.items()) == {"write": 1, "read": 1, "list": 1, "discovery": 2}


def measured(wall: float, total: int, write: int = 1, authentication: int = 1) -> Measured:
    return Measured(wall, 5.0, 100.0, 0, Counter(write=write, authentication=authentication), Counter({"GET x": total}))


@pytest.mark.parametrize(
    ("wall", "total", "authentication", "good"),
    [
        (16.0, 2050, 1, [True, True, True, True]),
        (16.1, 2050, 1, [False, True, True, True]),
        (16.0, 2051, 2, [True, False, True, False]),
    ],
)
def test_the_verdict_on_500_servers(wall: float, total: int, authentication: int, good: list[bool]) -> None:
    row = Row("wave", "w", Scene(500, 0.1, 10.0), measured(wall, total, 1000, authentication))
    assert [verdict for verdict, _words in verdicts([row], None)] == good


@pytest.mark.parametrize(("loop", "good"), [((100, 260.0), True), ((10, 26.0), True), ((100, 259.0), False)])
def test_the_verdict_on_the_loop(loop: tuple[int, float], good: bool) -> None:
    row = Row("wave", "w", Scene(100, 0.1, 10.0), measured(13.0, 400))
    assert [verdict for verdict, _words in verdicts([row], loop)] == [good]


def test_a_second_run_that_writes_is_told() -> None:
    row = Row("wave", "w", Scene(10, 0.1, 10.0), measured(1.0, 10, write=1), again=True)
    assert list(verdicts([row], None)) == [(False, "10 servers, second run: 1 writes (none)")]


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="one is missing"):
        write(page, "new")


def fail_over(folder: Path) -> Fleet:
    """A failover in this process, with the real SDK over real HTTP."""
    plan = json.loads((folder / "plan.json").read_text())
    options = ArgumentSpecValidator({"plan": {"type": "dict", "options": PLAN_OPTIONS}}).validate(plan)
    wave = Wave(
        recovery_plan(options.validated_parameters["plan"]), lambda name: Session({"cloud": name}, 20), utc_now()
    )
    fleet = Fleet(wave.poll, timeout=30, threads=20)
    fleet.run(wave.jobs("failover"))
    return fleet


def test_a_wave_of_servers_comes_up_and_a_second_run_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(servers=25, latency=0.01, unshelve=0.5)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    with pretended_cloud(scene) as port:
        prepare(tmp_path, scene, port, WAYS["wave"], 5)
        first = fail_over(tmp_path)
        assert {str(result) for result in first.results.values() if isinstance(result, Exception)} == set()
        assert active(port) == 25
        before = counts(port)
        assert before["POST compute/v2.1/servers/ID/os-volume_attachments"] == 25
        assert before["POST identity/v3/auth/tokens"] == 1
        again = fail_over(tmp_path)
        assert not any(result.plan.changed for result in again.results.values())  # type: ignore[union-attr]
        assert kinds((counts(port) - before).items())["write"] == 0
