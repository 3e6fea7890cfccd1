# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy into the root that outlives its run, fails, or is followed by another one: what is believed of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.volume_copy import STRAY
from builders import STOCK, plan, refusal
from memory_cloud.drive import act
from one_server import HOLDS, Cloud
from test_replace import changed, converged, copies, decide, is_right


def copying(kind: str, cloud: Cloud | None = None) -> Cloud:
    """A run that was killed right after it asked for a copy, one more if there was one before."""
    cloud = cloud or Cloud(STOCK)
    steps = plan(decide(cloud.replacing(kind, again=True), "reimage")).steps
    cloud.run(steps, 1 + [step.verb for step in steps].index("reimage_volume"))
    assert cloud.volumes["vol-root"].status == "downloading"
    return cloud


def failed(cloud: Cloud) -> Cloud:
    """The copy that is under way fails: the properties stay, and an administrator resets the state."""
    cloud.under_way = [begun for begun in cloud.under_way if begun[0] != "copied"]
    return changed(cloud, "vol-root", status="reserved")


def add_image(cloud: Cloud, properties: dict[str, str]) -> None:
    """An image of somebody else."""
    cloud.images["theirs"] = {"id": "theirs", "name": "theirs", "status": "active", **properties}
    cloud.contents["theirs"] = "theirs"


def test_a_source_of_which_cinder_makes_no_snapshot() -> None:
    found = refusal(decide(changed(Cloud(STOCK), "vol-new", status="reserved").replacing("volume"), "reimage"))
    assert (found.code, found.seen, found.todo) == (
        "source_not_ready",
        "volume replica is reserved, of which Cinder makes no snapshot: its server is shelved",
        "Unshelve that server, or name another source.",
    )


def test_a_source_that_is_in_use_is_copied() -> None:
    cloud = changed(Cloud(STOCK), "vol-new", status="in-use", attached_to=("web",))
    converged(cloud, "reimage", "volume")
    is_right(cloud, "reimage", "volume")


@pytest.mark.parametrize("late", [False, True], ids=["has ended", "is under way"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_that_outlives_its_run_is_not_repeated(kind: str, late: bool) -> None:
    cloud = copying(kind)
    if not late:
        cloud.settle()
    converged(cloud, "reimage", kind)
    is_right(cloud, "reimage", kind)
    assert copies(cloud) == 1
    assert not cloud.volumes["vol-root"].image_metadata.keys() & set(STRAY)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_wrote_on_such_a_copy_is_its_own(kind: str) -> None:
    """It was unshelved by hand before the repetition; what is left of the copy is tidied all the same."""
    cloud = copying(kind)
    cloud.settle()
    cloud.unshelve_and_shelve("written by the server")
    converged(cloud, "reimage", kind)
    assert (cloud.contents["vol-root"], copies(cloud)) == ("written by the server", 1)
    cloud.settle()
    assert not cloud.left_over


@pytest.mark.parametrize("kind", KINDS)
def test_while_another_copy_is_under_way_it_is_waited_for_and_overwritten(kind: str) -> None:
    other = "image" if kind == "snapshot" else "snapshot"
    cloud = copying(other)
    converged(cloud, "reimage", kind)
    is_right(cloud, "reimage", kind)
    assert copies(cloud) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [None, *KINDS])
def test_a_copy_that_failed_is_not_believed(before: str | None, kind: str) -> None:
    """Nor is one before it, which the failed one has overwritten at least in part."""
    cloud = Cloud(STOCK)
    if before:
        converged(cloud, "reimage", before)
    failed(copying(kind, cloud))
    for asked in (before or kind, kind):
        converged(cloud, "reimage", asked)
        assert cloud.contents["vol-root"] == HOLDS[asked]


def test_a_root_that_was_made_of_the_image_before_anybody_copied() -> None:
    """Cinder notes the id of an image also at a volume that was made of it, years ago."""
    made = changed(Cloud(STOCK), "vol-root", image_metadata={"image_id": "image-1"})
    for kill in range(4):
        cloud = changed(Cloud(STOCK), "vol-root", image_metadata=made.volumes["vol-root"].image_metadata)
        cloud.run(plan(decide(cloud.replacing("image"), "reimage")).steps, kill)
        cloud.settle()
        converged(cloud, "reimage", "image")
        is_right(cloud, "reimage", "image")
    failed(copying("image", made))
    converged(made, "reimage", "image")
    assert (made.contents["vol-root"], copies(made)) == (HOLDS["image"], 2)


def test_an_unknown_copy_of_the_same_image_is_under_way() -> None:
    cloud = Cloud(STOCK)
    cloud.copy_into("vol-root", "image-1")
    failed(copying("image", cloud))
    converged(cloud, "reimage", "image")
    assert cloud.contents["vol-root"] == HOLDS["image"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_copied_is_forgotten_before(kind: str) -> None:
    """A copy that fails leaves the properties: a replication or a revert would believe that theirs is in the root."""
    theirs = {"standby_recovery_point": "2026", "standby_revert": "1", "standby_reverted_to": "x"}
    cloud = changed(Cloud(STOCK), "vol-root", image_metadata=theirs)
    failed(copying(kind, cloud))
    assert cloud.volumes["vol-root"].image_metadata == dict.fromkeys(theirs, "")
    cloud = Cloud(STOCK)
    add_image(cloud, theirs)
    cloud.copy_into("vol-root", "theirs")
    failed(copying(kind, cloud))
    assert not any(cloud.volumes["vol-root"].image_metadata[key] for key in theirs)


def test_what_is_noted_about_a_revert_is_over() -> None:
    cloud = changed(Cloud(STOCK), "vol-root", metadata={"standby_revert": "1", "standby_reverted_to": "x"})
    copying("image", cloud)
    marks = cloud.volumes["vol-root"].metadata
    assert (marks["standby_revert"], marks["standby_reverted_to"]) == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_of_another_image_nothing_needs_to_be_forgotten(kind: str) -> None:
    """Nearly every root was made of an image."""
    cloud = changed(Cloud(STOCK), "vol-root", image_metadata={"image_id": "another"})
    assert "set_image_metadata" not in [step.verb for step in plan(decide(cloud.replacing(kind), "reimage")).steps]


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_else_overwrites_the_root(kind: str) -> None:
    """While he does, and if he failed, it does not hold what was copied, though its properties are still those."""
    cloud = Cloud(STOCK)
    converged(cloud, "reimage", kind)
    add_image(cloud, {})
    cloud.copy_into("vol-root", "theirs")
    assert refusal(decide(changed(cloud, "vol-root", status="error").replacing(kind), "reimage")).code == "copy_failed"
    changed(cloud, "vol-root", status="downloading")
    converged(cloud, "reimage", kind)
    is_right(cloud, "reimage", kind)


def test_properties_that_no_copy_left_stay() -> None:
    """The volume that was given is the root; it was never overwritten here, whatever came with a restore."""
    theirs = {"standby_root_image": "image", "standby_root_volume": "another", "standby_root_copy": "1 begun"}
    cloud = changed(
        Cloud(), "vol-new", metadata=theirs, image_metadata={**dict.fromkeys(STRAY, ""), "image_id": "image"}
    )
    act(cloud, "detach_volume", server_id="srv", volume_id="vol-root")
    act(cloud, "attach_root", server_id="srv", volume_id="vol-new", device="/dev/vda")
    assert not plan(decide(cloud.replacing("volume", "vol-new"), "reimage")).steps


def test_a_rebuild_takes_the_root_back() -> None:
    """Whoever fills the root otherwise gives it the properties of another image."""
    cloud = Cloud(STOCK)
    converged(cloud, "reimage", "snapshot")
    cloud.contents["vol-root"] = "rebuilt"
    changed(cloud, "vol-root", image_metadata={"image_id": "another"})
    converged(cloud, "reimage", "snapshot")
    assert cloud.contents["vol-root"] == HOLDS["snapshot"]


def test_an_image_of_the_user_without_data() -> None:
    """Such as the image of a server that boots from a volume: its mapping must not stay at the root."""
    for kill in range(7):
        cloud = Cloud(STOCK)
        cloud.images["image-1"] |= {**dict.fromkeys(STRAY, ""), "hw_firmware_type": "bios"}
        cloud.run(plan(decide(cloud.replacing("image"), "reimage")).steps, kill)
        cloud.settle()
        converged(cloud, "reimage", "image")
        assert cloud.volumes["vol-root"].image_metadata == {"hw_firmware_type": "bios", "image_id": "image-1"}
        assert copies(cloud) == 1


def test_marks_that_came_with_a_restore_do_not_count_at_a_volume_that_is_given() -> None:
    """Of a root that was overwritten, or was made, from the snapshot: the volume that was given holds another state."""
    theirs = {"standby_root_from": "snapshot snapshot-1", "standby_root_volume": "another", "standby_root_image": "i"}
    cloud = changed(Cloud(), "vol-new", metadata=theirs)
    converged(cloud, "attach", "volume")
    assert cloud.volumes["vol-new"].metadata["standby_root_image"] == ""
    converged(cloud, "attach", "snapshot", None)
    assert cloud.contents[str(cloud.root)] == HOLDS["snapshot"]


def test_its_own_marks_count_when_it_is_given_again() -> None:
    cloud = changed(
        Cloud(), "vol-new", metadata={"standby_root_from": "snapshot snapshot-1", "standby_root_volume": "vol-new"}
    )
    converged(cloud, "attach", "volume")
    assert not plan(decide(cloud.replacing("snapshot", None), "attach")).steps


def test_a_restored_root_with_the_marks_of_a_root_that_was_overwritten() -> None:
    """The id of the image belongs to the other root: it says nothing about this one."""
    cloud = Cloud()
    steps = plan(decide(cloud.replacing("backup"), "attach")).steps
    restored = 1 + [step.verb for step in steps].index("set_bootable")
    cloud.run(steps, restored)
    made = next(i for i in cloud.volumes if i.endswith("-made"))
    theirs = {"standby_root_image": "an image", "standby_root_volume": "another", "standby_root_copy": "1 begun"}
    cloud.volumes[made] = replace(cloud.volumes[made], metadata={**cloud.volumes[made].metadata, **theirs})
    converged(cloud, "attach", "backup")
    assert cloud.root == made


def test_a_root_is_not_taken_for_what_a_killed_run_left() -> None:
    """Cinder does not tell that a reserved volume is attached: of a root that is not unmarked nothing is deleted."""
    cloud = Cloud()
    steps = plan(decide(cloud.replacing("backup"), "attach")).steps
    cloud.run(steps, len(steps) - 1)
    assert "standby_building" in cloud.volumes[str(cloud.root)].metadata
    converged(cloud, "reimage", "backup", cloud.root)
    assert cloud.contents[str(cloud.root)] == HOLDS["backup"]
