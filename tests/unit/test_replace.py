# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another root for a server: way x source, killed after each step."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import KINDS, Replacing
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.replace import decide_replace
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.ways import IDENTITY, Asked
from builders import GUARDED, STOCK, plan
from memory_cloud.drive import act
from one_server import HOLDS, Cloud

OFFERS = {"attach": GUARDED, "reimage": STOCK, "recreate": STOCK}
WAYS = list(itertools.product(OFFERS, KINDS))


def decide(
    what: Replacing, handover: str, fallback: str | None = None, first: Replacing | None = None
) -> Decision:  # fmt: skip
    return decide_replace(what, first or what, Asked(handover, fallback, "the task", "the cloud"), "db")


def changed(cloud: Cloud, volume_id: str, **changes: Any) -> Cloud:
    cloud.volumes[volume_id] = replace(cloud.volumes[volume_id], **changes)
    return cloud


def converged(cloud: Cloud, handover: str, kind: str, named_root: str | None = "vol-root") -> Plan:
    """One run to its end, and the plan that the next one finds: it writes nothing."""
    cloud.run(plan(decide(cloud.replacing(kind, named_root), handover)).steps)
    again = plan(decide(cloud.replacing(kind, named_root), handover))
    assert [step.text for step in again.steps if step.writes] == []
    return again


def is_right(cloud: Cloud, handover: str, kind: str) -> None:
    """The root holds the data of the source; nothing is lost, and nothing that was made for a while is left."""
    cloud.settle()
    assert cloud.root
    assert cloud.contents[cloud.root] == HOLDS[kind]
    assert cloud.volumes[cloud.root].status == ("in-use" if handover == "recreate" else "reserved")
    assert cloud.server.status == ("ACTIVE" if handover == "recreate" else "SHELVED_OFFLOADED")
    assert (cloud.server.id == "srv") == (handover != "recreate")
    assert cloud.ports["port-0"].device_id == cloud.server.id
    if handover == "recreate":
        asked = cloud.facts[cloud.server.id]["request"]
        assert asked["networks"] == [{"port": "port-0"}]
        assert (asked["name"], asked["flavorRef"], asked["tags"]) == ("db", "flavor-1", ["one"])
    assert [a.volume_id for a in cloud.server.attachments if a.tag == "data"] == ["vol-data"]
    assert "standby_building" not in cloud.volumes[cloud.root].metadata
    assert (cloud.root == "vol-root") == (handover == "reimage")
    assert not cloud.left_over
    made = {cloud.root} if handover != "reimage" and kind != "volume" else set()
    assert set(cloud.volumes) == {"vol-root", "vol-data", "vol-new"} | made
    if handover != "reimage":
        assert (cloud.contents["vol-root"], cloud.volumes["vol-root"].status) == ("old data", "available")


@pytest.mark.parametrize(("handover", "kind"), WAYS)
def test_handed_over(handover: str, kind: str) -> None:
    cloud = Cloud(OFFERS[handover])
    first = plan(decide(cloud.replacing(kind), handover))
    again = converged(cloud, handover, kind)
    is_right(cloud, handover, kind)
    old = {"id": "vol-root", "name": "db-root"} if handover != "reimage" else None
    for told in (first.extra, again.extra):
        assert (told["old_root"], told["identity"], told["handover"]) == (old, IDENTITY[handover], handover)


def copies(cloud: Cloud) -> int:
    """How often something was copied into a root."""
    return sum(text.startswith("copy ") for text in cloud.log)


def settle(cloud: Cloud, later: bool) -> None:
    """A server that is being deleted is waited for by hand: everything that runs into it says so."""
    if later or (cloud.server and cloud.server.task_state):
        cloud.settle()


@pytest.mark.parametrize("late", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize(("handover", "kind"), WAYS)
def test_killed_after_any_step(handover: str, kind: str, late: bool) -> None:
    """And once more in the second run."""
    for stops in itertools.product(range(1, 19), (1, 4, 8, 13)):
        cloud = Cloud(OFFERS[handover])
        for stop in stops:
            cloud.run(plan(decide(cloud.replacing(kind), handover)).steps, stop)
            settle(cloud, late)
        converged(cloud, handover, kind)
        is_right(cloud, handover, kind)
        assert copies(cloud) == (handover == "reimage")


def test_the_steps_of_an_attach() -> None:
    assert [step.text for step in plan(decide(Cloud().replacing("snapshot"), "attach")).steps] == [
        "make volume db-root-snapshot (2 GiB) from snapshot before",
        "wait until volume db-root-snapshot is available",
        "mark volume db-root-snapshot bootable",
        "note at volume db-root-snapshot that it is from snapshot snapshot-1",
        "detach root volume db-root from server db",
        "attach volume db-root-snapshot as root /dev/vda of server db",
        "mark volume db-root-snapshot as finished",
    ]


def test_the_steps_of_a_reimage() -> None:
    assert [step.text for step in plan(decide(Cloud(STOCK).replacing("backup"), "reimage")).steps] == [
        "check that Cinder copies from an image that names a snapshot",
        "make volume db-root-backup-1 (1 GiB) to restore into",
        "wait until volume db-root-backup-1 is available",
        "restore backup before into db-root-backup-1",
        "mark volume db-root-backup-1 bootable",
        "note at volume db-root-backup-1 that it is from backup backup-1",
        "snapshot volume db-root-backup-1",
        "make an image that names the snapshot of volume db-root-backup-1",
        "complete the image",
        "note at the root db-root that backup backup-1 is copied into it",
        "copy backup before into the root db-root",
        "remove block_device_mapping from the image properties of the root db-root",
        "remove bdm_v2 from the image properties of the root db-root",
        "remove root_device_name from the image properties of the root db-root",
        "delete the image",
        "delete the snapshot of volume db-root-backup-1",
        "wait until the snapshot of volume db-root-backup-1 is gone",
        "delete volume db-root-backup-1, into which the backup was restored",
        "note at the root db-root that the copy is finished",
    ]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("volume", {}, {"hw_firmware_type": "uefi"}),
        ("volume", {"hw_machine_type": "q35", "checksum": "2"}, {"hw_machine_type": "q35"}),
        ("snapshot", {}, {"hw_firmware_type": "uefi"}),
        ("backup", {}, {"hw_firmware_type": "uefi"}),
        ("image", {}, {}),
    ],
)
def test_how_the_server_boots_stays_at_the_root(kind: str, given: dict[str, str], expected: dict[str, str]) -> None:
    """Cinder gives the root the properties of the image that it was filled from."""
    cloud = changed(Cloud(STOCK), "vol-new", image_metadata=given)
    converged(cloud, "reimage", kind)
    found = dict(cloud.volumes["vol-root"].image_metadata)
    assert found.pop("image_id")
    assert found == expected


def test_a_root_that_was_overwritten_since_is_filled_again() -> None:
    """What an earlier run noted at it holds no more once another copy has begun."""
    cloud = Cloud(STOCK)
    converged(cloud, "reimage", "snapshot")
    steps = plan(decide(cloud.replacing("image"), "reimage")).steps
    copying = next(number for number, step in enumerate(steps, 1) if step.verb == "reimage_volume")
    cloud.run(steps, copying)
    converged(cloud, "reimage", "snapshot")
    assert cloud.contents["vol-root"] == HOLDS["snapshot"]


def test_marks_that_came_with_a_restore_mean_nothing() -> None:
    cloud = Cloud(STOCK)
    theirs = {"standby_root_from": "snapshot snapshot-1", "standby_root_volume": "another"}
    cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], metadata=theirs)
    converged(cloud, "reimage", "snapshot")
    assert cloud.contents["vol-root"] == HOLDS["snapshot"]


def test_a_finished_root_of_an_earlier_time_is_left_alone() -> None:
    """It may have been written to: the source is asked for, not what a server made of it."""
    cloud = Cloud()
    converged(cloud, "attach", "snapshot")
    converged(cloud, "attach", "volume", None)
    earlier = next(i for i in cloud.volumes if i.endswith("-made"))
    cloud.contents[earlier] = "written by the server"
    converged(cloud, "attach", "snapshot", "vol-new")
    assert cloud.root not in (None, earlier)
    assert (cloud.contents[earlier], cloud.contents[str(cloud.root)]) == ("written by the server", HOLDS["snapshot"])


def test_a_missing_root_is_no_obstacle_to_attach() -> None:
    cloud = Cloud()
    act(cloud, "detach_volume", server_id="srv", volume_id="vol-root")
    converged(cloud, "attach", "image")
    assert cloud.contents[str(cloud.root)] == HOLDS["image"]


def test_delete_on_termination_is_cleared_first() -> None:
    cloud = Cloud()
    flagged = (Attachment("vol-root", "/dev/vda", "root", True), Attachment("vol-data", "/dev/vdb", "data", True))
    cloud.server = replace(cloud.server, attachments=flagged)
    converged(cloud, "attach", "volume")
    assert cloud.volumes["vol-root"].status == "available"
