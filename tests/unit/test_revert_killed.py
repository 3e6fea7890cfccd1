# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A revert that is killed after any request is carried on: same end, the state before saved once, nothing lost."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.places import Ask
from memory_cloud.drive import act
from one_revert import SAID, TO_X, WITH_DATA, Cloud

STARTS = [
    (guarded, status, data)
    for guarded, status, data in itertools.product(
        (True, False), ("ACTIVE", "SHUTOFF", "PAUSED", "SHELVED_OFFLOADED"), (False, True)
    )
    if guarded or status != "SHELVED_OFFLOADED"
]
AFTER = {"PAUSED": "ACTIVE"}


def reverted(cloud: Cloud, status: str, data: bool) -> None:
    """Running as before, on the old data; the state before is saved once, and only marks that stay are left."""
    assert cloud.server.status == AFTER.get(status, status)
    assert cloud.root
    on = {a.volume_id for a in cloud.server.attachments}
    assert sorted(cloud.contents[v] for v in on) == (["data then", "root then"] if data else ["root then"])
    assert cloud.contents[cloud.root] == "root then"
    assert not any("standby_reverting" in v.metadata for v in cloud.volumes.values())
    saved = [s for s in cloud.snapshots.values() if s.metadata.get("standby_role") == "before_revert"]
    assert sorted(cloud.contents[s.id] for s in saved) == (["data now", "root now"] if data else ["root now"])
    assert {s.status for s in saved} == {"available"}
    assert {v.size for v in cloud.volumes.values()} == {2}
    assert not cloud.images
    assert not {"block_device_mapping", "bdm_v2"} & set(cloud.volumes[cloud.root].image_metadata)
    if cloud.guarded:
        assert cloud.contents["vol-root"] == "root now"
    else:
        assert cloud.volumes["vol-root"].image_metadata["hw_disk_bus"] == "scsi"
    loose = 1 if data else 0
    assert len(cloud.volumes) - len(on) == loose + cloud.guarded


@pytest.mark.parametrize(("guarded", "status", "data"), STARTS)
def test_unkilled(guarded: bool, status: str, data: bool) -> None:
    cloud = Cloud(guarded, status, data)
    ask = WITH_DATA if data else TO_X
    plan = cloud.revert(ask)
    reverted(cloud, status, data)
    foretold, found = dict(plan.after), plan.extra["revert"]
    assert foretold["status"] == cloud.server.status
    assert [row["volume"]["id"] for row in found["disks"]] == [
        a.volume_id for a in sorted(cloud.server.attachments, key=lambda a: a.volume_id != cloud.root)
    ]
    done = len(cloud.log)
    assert not cloud.revert(ask).steps
    assert len(cloud.log) == done


def kills(guarded: bool, status: str, data: bool) -> int:
    return len(Cloud(guarded, status, data).revert(WITH_DATA if data else TO_X).steps)


@pytest.mark.parametrize("settle", [True, False])
@pytest.mark.parametrize(("guarded", "status", "data"), STARTS)
def test_killed_after_any_step(guarded: bool, status: str, data: bool, settle: bool) -> None:
    """``settle``: what was asked for has ended when it is repeated, or is still on its way."""
    ask = WITH_DATA if data else TO_X
    for number in range(kills(guarded, status, data) + 1):
        cloud = Cloud(guarded, status, data)
        cloud.revert(ask, stop_after=number, settle=settle)
        cloud.revert(ask)
        reverted(cloud, status, data)


@pytest.mark.parametrize(("guarded", "status", "data"), STARTS)
def test_killed_twice(guarded: bool, status: str, data: bool) -> None:
    ask, most = WITH_DATA if data else TO_X, kills(guarded, status, data)
    for number, second in itertools.product(range(1, most), range(4)):
        cloud = Cloud(guarded, status, data)
        cloud.revert(ask, stop_after=number)
        cloud.revert(ask, stop_after=second)
        cloud.revert(ask)
        reverted(cloud, status, data)


@pytest.mark.parametrize("guarded", [True, False])
def test_once_more_killed_after_any_step(guarded: bool) -> None:
    """``again`` begins one more revert, and only one however often it is killed."""
    again = replace(TO_X, again=True)
    cloud = Cloud(guarded)
    cloud.revert()
    most = len(cloud.revert(again).steps)
    for number in range(1, most):
        cloud = Cloud(guarded)
        cloud.revert()
        cloud.writes("root later")
        cloud.revert(again, stop_after=number)
        cloud.revert(again)
        assert cloud.root
        assert cloud.contents[cloud.root] == "root then"
        saved = [s.id for s in cloud.snapshots.values() if s.metadata.get("standby_role") == "before_revert"]
        assert [cloud.contents[s] for s in saved] == ["root now", "root later"]


@pytest.mark.parametrize("guarded", [True, False])
def test_killed_and_then_another_snapshot(guarded: bool) -> None:
    """What was begun is turned to the other snapshot; the state before stays saved once."""
    for number in range(kills(guarded, "ACTIVE", data=False) + 1):
        cloud = Cloud(guarded)
        cloud.snapshots["y"] = replace(cloud.snapshots["x"], id="y", name="y")
        cloud.contents["y"], cloud.taken["y"] = "root of y", cloud.taken["x"]
        cloud.revert(stop_after=number)
        cloud.revert(Ask("db", "y"))
        assert (cloud.server.status, cloud.contents[cloud.root or ""]) == ("ACTIVE", "root of y")
        held = [cloud.contents[s] for s, found in cloud.snapshots.items() if found.metadata]
        assert "root now" in held
        assert "half of a copy" not in held
        assert not any("standby_reverting" in v.metadata for v in cloud.volumes.values())


@pytest.mark.parametrize("guarded", [True, False])
def test_a_server_that_ran_in_between_is_saved_anew(guarded: bool) -> None:
    """Killed once the state was saved, then somebody started the server: that state is not the one before any more."""
    steps = [step.verb for step in Cloud(guarded).revert().steps]
    cloud = Cloud(guarded)
    cloud.revert(stop_after=steps.index("create_snapshot") + 1)
    cloud.acts("srv", "start")
    cloud.server = replace(cloud.server, status="ACTIVE")
    cloud.writes("root later")
    cloud.revert()
    held = [cloud.contents[s] for s, found in cloud.snapshots.items() if found.metadata]
    assert held == ["root now", "root later"]
    assert (cloud.server.status, cloud.contents[cloud.root or ""]) == ("ACTIVE", "root then")


def test_a_data_volume_that_a_killed_run_took_off_is_not_forgotten() -> None:
    cloud = Cloud(guarded=False, data=True)
    verbs = [step.verb for step in Cloud(guarded=False, data=True).revert(WITH_DATA).steps]
    cloud.revert(WITH_DATA, stop_after=verbs.index("detach_volume") + 1)
    assert cloud.refused().text == (
        f"{SAID}a revert was begun that includes volume db-data, which is off the server now. "
        "Repeat it with that in the option volumes: db-data."
    )
    cloud.revert(WITH_DATA)


def test_a_revert_that_was_given_up_does_not_wake_a_server_that_sleeps_now() -> None:
    """How it was then says nothing any more, once it ran."""
    cloud = Cloud(guarded=True)
    cloud.revert(stop_after=1)
    cloud.acts("srv", "reboot")
    act(cloud, "shelve", server_id="srv")
    cloud.settle()
    cloud.revert()
    assert (cloud.server.status, cloud.contents[cloud.root or ""]) == ("SHELVED_OFFLOADED", "root then")
