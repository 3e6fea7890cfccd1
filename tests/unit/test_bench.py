# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: the pretended cloud refuses what a real one would, and the wave does its work against it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import recovery_plan
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.plugin_utils.documented_options import PLAN_OPTIONS

sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench.answers import PAGE
from bench.cloud import Cloud, kinds
from bench.documents import DEVICE, TOKEN, made_id
from bench.measure import Scene, active, counts, pretended_cloud
from bench.server import Limits
from bench.site import POINTS
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


def test_the_site_that_leads_is_stopped_and_put_to_rest() -> None:
    cloud = Cloud(1, unshelve=0.0, leads=True)
    (server,) = ask(cloud, "GET", "compute/v2.1/servers/detail")[1]["servers"]
    one, (volume,) = f"compute/v2.1/servers/{server['id']}", server["os-extended-volumes:volumes_attached"]
    root = f"volume/v3/volumes/{volume['id']}"
    assert (server["status"], ask(cloud, "GET", root)[1]["volume"]["status"]) == ("ACTIVE", "in-use")
    assert ask(cloud, "POST", f"{one}/metadata", {"metadata": {"standby_stopped": "x"}})[0] == 200
    for action, status in (("os-stop", "SHUTOFF"), ("shelve", "SHELVED_OFFLOADED")):
        assert ask(cloud, "POST", f"{one}/action", {action: None})[0] == 202
        assert ask(cloud, "POST", f"{one}/action", {action: None})[0] == 409, "it is busy"
        cloud.site.servers[server["id"]].due = 1e-9
        assert ask(cloud, "GET", one)[1]["server"]["status"] == status
    assert ask(cloud, "GET", root)[1]["volume"]["status"] == "reserved"
    assert ask(cloud, "POST", f"{one}/metadata", {"metadata": {}})[0] == 409, "Nova refuses it of a shelved server"


def test_a_backup_is_carried_over_and_restored() -> None:
    source, target = Cloud(1, 0.0, leads=True), Cloud(1, 0.0)
    volume = next(iter(source.site.volumes.values()))
    made = {"volume_id": volume.id, "name": "point", "metadata": {"a": "b"}}
    snapshot = ask(source, "POST", "volume/v3/snapshots", {"snapshot": made})[1]["snapshot"]
    wanted = {**made, "snapshot_id": snapshot["id"]}
    assert ask(source, "POST", "volume/v3/backups", {"backup": {**made, "snapshot_id": VOLUME}})[0] == 404
    backup = f"volume/v3/backups/{ask(source, 'POST', 'volume/v3/backups', {'backup': wanted})[1]['backup']['id']}"
    assert ask(target, "GET", backup)[0] == 404
    record = ask(source, "GET", f"{backup}/export_record")[1]
    assert ask(target, "POST", "volume/v3/backups/import_record", record)[0] == 201
    assert ask(target, "GET", backup)[1]["backup"]["metadata"] == {"a": "b"}
    assert ask(target, "POST", f"{backup}/restore", {"restore": {"volume_id": VOLUME}})[0] == 202
    restored = ask(target, "GET", f"volume/v3/volumes/{VOLUME}")[1]["volume"]
    assert restored["metadata"] == {**volume.metadata, "src_backup_id": backup.rpartition("/")[2]}
    assert ask(source, "DELETE", f"volume/v3/snapshots/{snapshot['id']}")[0] == 202
    assert ask(source, "GET", "volume/v3/snapshots/detail")[1]["snapshots"] == []


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


def built(cloud: Cloud) -> str:
    """Makes a volume, a port and a server of them; returns the id of the server."""
    volume = ask(cloud, "POST", "volume/v3/volumes", {"volume": {"name": "v", "size": 1}})[1]["volume"]
    port = ask(cloud, "POST", "network/v2.0/ports", {"port": {"name": "p"}})[1]["port"]
    assert (volume["status"], port["device_id"]) == ("creating", "")
    disks = [{"uuid": volume["id"], "boot_index": 0}]
    wanted = {"name": "web", "networks": [{"port": port["id"]}], "block_device_mapping_v2": disks}
    assert ask(cloud, "POST", "compute/v2.1/servers", {"server": wanted})[0] == 400, "the volume is being made"
    cloud.site.clock = lambda: 1e9
    return ask(cloud, "POST", "compute/v2.1/servers", {"server": wanted})[1]["server"]["id"]


def test_the_way_of_a_twin() -> None:
    cloud = Cloud(0, 0, empty=True)
    server = built(cloud)
    one = f"compute/v2.1/servers/{server}"
    assert ask(cloud, "GET", one)[1]["server"]["status"] == "BUILD"
    cloud.site.clock = lambda: 2e9
    (volume,) = ask(cloud, "GET", f"{one}/os-volume_attachments")[1]["volumeAttachments"]
    path = f"volume/v3/volumes/{volume['id']}"
    assert ask(cloud, "GET", path)[1]["volume"]["status"] == "in-use"
    assert ask(cloud, "DELETE", f"{one}/os-volume_attachments/{volume['id']}")[0] == 409, "it is not shelved"
    assert ask(cloud, "POST", f"{one}/action", {"shelve": None})[0] == 202
    cloud.site.clock = lambda: 3e9
    assert ask(cloud, "DELETE", path)[0] == 400, "it is attached"
    assert ask(cloud, "DELETE", f"{one}/os-volume_attachments/{volume['id']}")[0] == 202
    assert ask(cloud, "DELETE", path)[0] == 202
    assert ask(cloud, "DELETE", one)[0] == 202
    assert ask(cloud, "GET", one)[0] == 404
    assert ask(cloud, "GET", "network/v2.0/ports?name=p")[1]["ports"][0]["device_id"] == ""


def test_a_stock_cloud_does_not_know_the_guarded_api() -> None:
    cloud = Cloud(1, 0, stock=True)
    assert ask(cloud, "GET", f"compute/v2.1/servers/{SERVER}/os-root-volume")[0] == 404
    assert ask(cloud, "GET", "compute/v2.1/extensions")[1] == {"extensions": []}


def wave(folder: Path, operation: str = "failover") -> Fleet:
    """An operation in this process, with the real SDK over real HTTP."""
    plan = json.loads((folder / "plan.json").read_text())
    options = ArgumentSpecValidator({"plan": {"type": "dict", "options": PLAN_OPTIONS}}).validate(plan)
    plan = recovery_plan(options.validated_parameters["plan"])
    jobs = Wave(OPERATIONS[operation], plan, lambda name: Session({"cloud": name}, 20), utc_now())
    fleet = Fleet(jobs.clouds.poll, timeout=30, threads=20)
    fleet.run(jobs.jobs())
    return fleet


def test_a_wave_of_servers_comes_up_and_a_second_run_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(servers=25, latency=0.01, unshelve=0.5)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    with pretended_cloud(scene) as port:
        prepare(tmp_path, scene, [port], WAYS["wave"], 5)
        first = wave(tmp_path)
        assert {str(result) for result in first.results.values() if isinstance(result, Exception)} == set()
        assert active(port) == 25
        before = counts(port)
        assert before["POST compute/v2.1/servers/ID/os-volume_attachments"] == 25
        assert before["POST identity/v3/auth/tokens"] == 1
        for_each = {line: count for line, count in before.items() if "ID" in line and count >= 25}
        assert for_each == {
            "POST compute/v2.1/servers/ID/os-volume_attachments": 25, "POST compute/v2.1/servers/ID/action": 25,
        }, "nothing but the writes is sent for each server"  # fmt: skip
        again = wave(tmp_path)
        assert not any(result.plan.changed for result in again.results.values())  # type: ignore[union-attr]
        assert kinds((counts(port) - before).items())["write"] == 0


def test_readiness_asks_for_lists_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(servers=25, latency=0.0, unshelve=0.0)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    with pretended_cloud(scene) as port:
        prepare(tmp_path, scene, [port], WAYS["wave"], 5)
        results = wave(tmp_path, "readiness").results.values()
        assert {str(result) for result in results if isinstance(result, Exception)} == set()
        lines = counts(port)
    asked = {line: count for line, count in lines.items() if kinds([(line, count)]).keys() & {"list", "read", "write"}}
    assert asked["GET compute/v2.1/os-root-volumes"] == 1
    assert set(asked.values()) == {1}
    assert not [line for line in asked if "ID" in line]
