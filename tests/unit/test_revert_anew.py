# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverts of a server that was made anew on volumes that an earlier server of that name reverted: it has another id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.places import Ask, Disk
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.progress import next_number
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.steps import Run
from builders import volume
from one_revert import TO_X, WITH_DATA, Cloud, snapshot, with_snapshots

AGAIN = replace(TO_X, again=True)

OF = {"standby_server_id": "another", "standby_revert": "4"}
OWN = {**OF, "standby_server_id": "srv"}
NUMBERED: dict[str, tuple[int, dict[str, Any], dict[str, Any]]] = {
    "nothing": (1, {}, {}),
    "the root": (5, {"vol-root": {"metadata": OF}}, {}),
    "a data volume": (5, {"vol-data": {"metadata": OF}}, {}),
    "a volume that was in its place": (5, {"was": {"metadata": {**OF, "standby_origin": "vol-root"}}}, {}),
    "a volume of its own": (5, {"was": {"metadata": OWN}}, {}),
    "a stranger": (1, {"was": {"metadata": OF}}, {}),
    "a snapshot of the root": (5, {}, {"s": {"metadata": OF}}),
    "a snapshot of its own": (5, {}, {"s": {"metadata": OWN, "volume_id": "gone"}}),
    "a snapshot of a stranger": (1, {}, {"s": {"metadata": OF, "volume_id": "gone"}}),
    "no number": (1, {"vol-root": {"metadata": {"standby_revert": "four"}}}, {}),
    "one that is off": (5, {"off": {}, "was": {"metadata": {**OF, "standby_origin": "off"}}}, {}),
}


@pytest.mark.parametrize("case", NUMBERED)
def test_the_next_number(case: str) -> None:
    """The servers that had its volumes before count too."""
    expected, volumes, snapshots = NUMBERED[case]
    cloud = Cloud(guarded=True, data=True)
    for key, changes in volumes.items():
        cloud.volumes[key] = replace(cloud.volumes.get(key) or volume(key), **changes)
    with_snapshots(cloud, *(snapshot(key, **changes) for key, changes in snapshots.items()))
    olds = [cloud.volumes[key] for key in ("vol-root", "off") if key in cloud.volumes]
    assert next_number(cloud.seen(), olds) == expected


def anew(cloud: Cloud, root: str) -> Cloud:
    """The server is made again, on this root and the same data volumes."""
    rows = [replace(a, volume_id=root if a.volume_id == cloud.root else a.volume_id) for a in cloud.server.attachments]
    for attachment in cloud.server.attachments:
        cloud.change(attachment.volume_id, status="available", attached_to=())
    for attachment in rows:
        cloud.change(attachment.volume_id, status="in-use", attached_to=("srv-2",))
    cloud.server = replace(cloud.server, id="srv-2", attachments=tuple(rows))
    return cloud


@pytest.mark.parametrize("guarded", [True, False])
def test_once_more(guarded: bool) -> None:
    """The volume carries the number of a revert of the other server."""
    cloud = Cloud(guarded)
    cloud.revert()
    anew(cloud, cloud.root or "")
    cloud.writes("written since")
    assert not cloud.revert().steps
    assert cloud.revert(AGAIN).changed
    assert cloud.contents[cloud.root or ""] == "root then"
    saved = [
        cloud.contents[s.id] for s in cloud.snapshots.values() if s.metadata.get("standby_role") == "before_revert"
    ]
    assert saved == ["root now", "written since"]


@pytest.mark.parametrize("guarded", [True, False])
def test_once_more_killed_after_any_step(guarded: bool) -> None:
    for number in range(1, 14):
        cloud = Cloud(guarded)
        cloud.revert()
        anew(cloud, cloud.root or "")
        cloud.writes("written since")
        most = len(cloud.revert(AGAIN, stop_after=0).steps)
        cloud.revert(AGAIN, stop_after=min(number, most - 1))
        cloud.revert(AGAIN)
        assert cloud.contents[cloud.root or ""] == "root then"


def test_a_volume_that_the_other_server_used_is_no_fresh_one() -> None:
    """It was made from the same snapshot for the place of the same volume, and written to."""
    cloud = Cloud(guarded=True)
    cloud.revert()
    used = cloud.root or ""
    cloud.writes("written by the other server")
    anew(cloud, "vol-root")
    cloud.revert()
    assert cloud.root not in (used, "vol-root")
    assert (cloud.contents[used], cloud.contents[cloud.root or ""]) == ("written by the other server", "root then")


def test_a_fresh_volume_is_one_of_this_server() -> None:
    cloud = Cloud(guarded=True)
    cloud.revert()
    used, old = cloud.root or "", cloud.volumes["vol-root"]
    anew(cloud, "vol-root")
    run = Run(cloud.seen(), 1, "ACTIVE", "never", "attach", ())
    disk = Disk("", old, old, cloud.snapshots["x"])
    assert run.new(disk) is None
    cloud.mark(used, {"standby_server_id": "srv-2"})
    assert replace(run, history=cloud.seen()).new(disk) == cloud.volumes[used]


@pytest.mark.parametrize("guarded", [True, False])
def test_a_data_volume_that_the_other_server_reverted_goes_back_with_the_root(guarded: bool) -> None:
    """All volumes of a set go back if one of them did not."""
    cloud = Cloud(guarded, data=True)
    cloud.revert(WITH_DATA)
    anew(cloud, "vol-root")
    cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], metadata={}, image_metadata={})
    cloud.contents.update({a.volume_id: "written since" for a in cloud.server.attachments})
    cloud.revert(WITH_DATA)
    assert sorted(cloud.contents[a.volume_id] for a in cloud.server.attachments) == ["data then", "root then"]


def test_a_data_volume_that_is_not_named_has_a_number_too() -> None:
    """Else a revert of the root alone would later pass for one of both."""
    cloud = Cloud(guarded=True, data=True)
    cloud.revert(WITH_DATA)
    anew(cloud, "vol-root")
    cloud.revert()
    cloud.writes("written since")
    assert cloud.revert(WITH_DATA).changed


def test_a_snapshot_of_the_state_before_has_a_number_too() -> None:
    """Two of the same name and number would be hard to tell apart."""
    cloud = Cloud(guarded=True)
    (disk,) = cloud.revert().extra["revert"]["disks"]
    anew(cloud, "vol-root")
    for gone in [v for v in cloud.volumes if v != "vol-root"]:
        del cloud.volumes[gone]
    (again,) = cloud.revert(Ask("db", "x")).extra["revert"]["disks"]
    assert (disk["before"]["name"], again["before"]["name"]) == ("db-root-before-revert-1", "db-root-before-revert-2")
