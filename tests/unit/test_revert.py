# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverting: which snapshot is meant, which way, what is refused, and what a second run does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.decide import ask, decide_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.places import Ask
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.progress import (
    Begun,
    begun,
    origin,
    went_back,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.provenance import forget_source
from builders import volume
from one_revert import LATEST, SAID, TO_X, WITH_DATA, Cloud, snapshot, with_snapshots


def test_the_options_of_the_module() -> None:
    params = {
        "server": "db", "snapshot": "x", "method": "auto", "again": False,
        "volumes": [{"volume": "db-data", "snapshot": None}, {"volume": "db-log", "snapshot": "y"}],
    }  # fmt: skip
    assert ask(params) == Ask("db", "x", (("db-data", None), ("db-log", "y")))


@pytest.mark.parametrize(
    ("guarded", "method", "way", "reason"),
    [
        (True, "auto", "attach", "the cloud's guarded root volume API is advertised"),
        (True, "attach", "attach", "the option method says so"),
        (True, "reimage", "reimage", "the option method says so"),
        (False, "reimage", "reimage", "the option method says so"),
        (
            False,
            "auto",
            "reimage",
            ("the cloud does not advertise the guarded root volume API (os-root-volume is not in its extension list)"),
        ),
    ],
)
def test_the_way(guarded: bool, method: str, way: str, reason: str) -> None:
    found = Cloud(guarded).revert(replace(TO_X, method=method)).extra["revert"]
    assert (found["method"], found["method_reason"]) == (way, reason)


def test_attach_on_a_stock_cloud_is_refused() -> None:
    assert Cloud(guarded=False).refused(replace(TO_X, method="attach")).text == (
        f"{SAID}the cloud does not advertise the guarded root volume API (os-root-volume is not in its "
        "extension list). Say method: reimage, which copies into the root volume."
    )


def test_the_steps_of_an_exchange() -> None:
    assert [step.text for step in Cloud(guarded=True).revert().steps] == [
        "note at root db-root the revert to snapshot x",
        "make volume db-root-revert-1 from snapshot x",
        "stop server db",
        "save the state of root db-root as snapshot db-root-before-revert-1",
        "shelve server db",
        "detach root volume db-root from server db",
        "attach volume db-root-revert-1 as root /dev/vda of server db",
        "unshelve server db",
        "note at volume db-root that the revert is finished",
    ]


def test_the_steps_of_a_copy() -> None:
    """Cinder makes no snapshot of a reserved volume, so the state is saved before the shelve."""
    assert [step.text for step in Cloud(guarded=False).revert().steps] == [
        "check that Cinder copies from an image that names a snapshot",
        "note at root db-root the revert to snapshot x",
        "make an image that names the snapshot of x",
        "complete the image",
        "stop server db",
        "save the state of root db-root as snapshot db-root-before-revert-1",
        "shelve server db",
        "copy snapshot x into the root db-root",
        "remove block_device_mapping from the image properties of the root db-root",
        "remove bdm_v2 from the image properties of the root db-root",
        "remove root_device_name from the image properties of the root db-root",
        "delete the image",
        "note at root db-root that it holds snapshot x",
        "unshelve server db",
        "note at volume db-root that the revert is finished",
    ]


@pytest.mark.parametrize("guarded", [True, False])
def test_what_is_foretold_is_what_is_found(guarded: bool) -> None:
    cloud = Cloud(guarded, data=True)
    plan = cloud.revert(WITH_DATA)
    after = decide_revert(cloud.seen(), cloud.seen(), WITH_DATA).after  # type: ignore[union-attr]
    assert (plan.before["status"], plan.after["status"], plan.after["id"]) == ("ACTIVE", "ACTIVE", "srv")
    sizes = [
        [(row["size"], row["status"], row["is_root"]) for row in facts["volumes"]] for facts in (plan.after, after)
    ]
    assert sorted(sizes[0]) == sorted(sizes[1])
    assert plan.after["ports"] == after["ports"]


@pytest.mark.parametrize("guarded", [True, False])
def test_what_the_server_wrote_since_is_its_own(guarded: bool) -> None:
    cloud = Cloud(guarded)
    cloud.revert()
    cloud.writes("written since")
    assert not cloud.revert().steps
    assert not cloud.revert(LATEST).steps
    assert cloud.revert(replace(TO_X, again=True)).changed
    assert cloud.contents[cloud.root or ""] == "root then"


@pytest.mark.parametrize("guarded", [True, False])
def test_a_revert_is_reverted_by_naming_the_state_before(guarded: bool) -> None:
    cloud = Cloud(guarded)
    (disk,) = cloud.revert().extra["revert"]["disks"]
    cloud.writes("no good")
    by_name = cloud.revert(Ask("db", disk["before"]["name"]))
    assert cloud.contents[cloud.root or ""] == "root now"
    (second,) = by_name.extra["revert"]["disks"]
    assert second["before"]["name"] == "db-root-before-revert-2"
    assert second["volume"]["name"] == ("db-root-revert-2" if guarded else "db-root")
    cloud.revert(Ask("db", second["before"]["id"]))
    assert cloud.contents[cloud.root or ""] == "no good"


def test_a_set_of_which_one_volume_was_reverted_goes_back_as_one() -> None:
    cloud = Cloud(guarded=True, data=True)
    cloud.revert()
    cloud.writes("written since")
    cloud.revert(WITH_DATA)
    assert sorted(cloud.contents[a.volume_id] for a in cloud.server.attachments) == ["data then", "root then"]
    assert not cloud.revert(WITH_DATA).steps


def test_a_root_that_was_overwritten_by_something_else_since_goes_back_again() -> None:
    """Such as a rebuild: it takes the properties of the image of the revert with it."""
    cloud = Cloud(guarded=False)
    cloud.revert()
    cloud.contents["vol-root"] = "rebuilt"
    cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], image_metadata={"image_id": "another"})
    cloud.revert()
    assert cloud.contents["vol-root"] == "root then"


def test_a_root_that_took_the_place_of_another_and_was_overwritten_since_goes_back_again() -> None:
    """Whoever overwrites a root takes off what is noted at it about its data."""
    cloud = Cloud(guarded=True)
    cloud.revert()
    (forget,) = forget_source(cloud.volumes[cloud.root or ""])
    cloud.mark(forget.args["volume_id"], forget.args["metadata"])
    cloud.contents[cloud.root or ""] = "copied"
    cloud.revert()
    assert cloud.contents[cloud.root or ""] == "root then"


def test_metadata_goes_along_and_marks_of_replication_do_not() -> None:
    cloud = Cloud(guarded=True, data=True)
    own = {"owner": "team-7", "standby_plan": "shop", "standby_role": "replica", "standby_recovery_point": "2026"}
    cloud.mark("vol-data", own)
    cloud.revert(WITH_DATA)
    (data,) = [cloud.volumes[a.volume_id] for a in cloud.server.attachments if a.volume_id != cloud.root]
    assert dict(data.metadata) == {
        "owner": "team-7", "standby_plan": "shop", "standby_disk": "data", "standby_server_id": "srv",
        "standby_revert": "1", "standby_reverted_to": "xd", "standby_origin": "vol-data",
    }  # fmt: skip


def test_a_volume_that_nova_would_delete_is_told_to_stay() -> None:
    cloud = Cloud(guarded=True)
    (root,) = cloud.server.attachments
    cloud.server = replace(cloud.server, attachments=(replace(root, delete_on_termination=True),))
    cloud.revert()
    assert cloud.volumes["vol-root"].status == "available"


def test_a_snapshot_of_a_volume_that_was_not_bootable_then() -> None:
    cloud = Cloud(guarded=True)
    cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], bootable=False)
    assert "mark volume db-root-revert-1 bootable" in [step.text for step in cloud.revert().steps]


def test_latest() -> None:
    """The newest of the user's; what reverts and replication made is taken when it is named."""
    own = snapshot("own", created_at="2026-01-09T00:00:00", metadata={"standby_role": "before_revert"})
    cloud = with_snapshots(Cloud(guarded=True), own, snapshot("y"), snapshot("z", volume_id="other"))
    assert cloud.revert(LATEST).extra["revert"]["disks"][0]["snapshot"]["id"] == "y"


def test_a_name_that_snapshots_of_other_volumes_have_too() -> None:
    cloud = with_snapshots(Cloud(guarded=True), snapshot("1", name="x", volume_id="other"))
    assert cloud.revert().extra["revert"]["disks"][0]["snapshot"]["id"] == "x"


@pytest.mark.parametrize(
    "text",
    ["", "3 ACTIVE x root never", "three ACTIVE x root never v", "3 ACTIVE x root never v more",
     "3 ACTIVE x root never another"],
)  # fmt: skip
def test_marks_that_are_not_ours(text: str) -> None:
    cloud = Cloud(guarded=True)
    marked = volume("v", metadata={"standby_server_id": "srv", "standby_reverting": text})
    assert begun(cloud.seen(), marked) is None


def test_marks_of_another_server() -> None:
    cloud = Cloud(guarded=True)
    marks = {"standby_server_id": "srv", "standby_reverting": "3 ACTIVE x root never v"}
    assert begun(cloud.seen(), volume("v", metadata=marks)) == Begun(3, "ACTIVE", "x", "root", "never", "v")
    assert begun(cloud.seen(), volume("v", metadata={**marks, "standby_server_id": "other"})) is None


def test_a_copy_of_a_volume_that_took_the_place_of_another_took_none() -> None:
    """A member restored a backup of it, and Cinder copied all its metadata."""
    marks = {"standby_origin": "first"}
    assert origin(volume("v", metadata=marks)) == "first"
    assert origin(volume("copy", metadata={**marks, "src_backup_id": "backup"})) == "copy"


@pytest.mark.parametrize("guarded", [True, False])
def test_the_marks_of_a_revert_are_about_one_volume(guarded: bool) -> None:
    """A restore of a backup of the root copies them, and the properties of its image as well."""
    cloud = Cloud(guarded)
    cloud.revert()
    root = cloud.volumes[cloud.root or ""]
    assert went_back(root) == ("1", "x")
    copied = replace(root, id="copy", metadata={**root.metadata, "src_backup_id": "backup"})
    assert went_back(copied) == ("", "")
    assert origin(copied) == "copy"


@pytest.mark.parametrize("guarded", [True, False])
def test_a_root_that_was_restored_goes_back_and_says_so(guarded: bool) -> None:
    """It has the marks of the volume that it was restored from, and none of them counts afterwards."""
    cloud = Cloud(guarded)
    stale = {"standby_revert": "7", "standby_reverted_to": "x", "standby_origin": "other", "src_backup_id": "backup"}
    cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], metadata=stale)
    cloud.revert()
    root = cloud.volumes[cloud.root or ""]
    assert cloud.contents[root.id] == "root then"
    assert went_back(root)[1] == "x"
    assert origin(root) == "vol-root"
    assert not cloud.revert().changed
