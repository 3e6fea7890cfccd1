# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A revert that was left half done, and something went wrong: what it says, and how it goes on."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import ADVICE
from builders import volume
from memory_cloud.drive import act
from one_revert import SAID, TO_X, WITH_DATA, Cloud, root_is, server_is


def after(cloud: Cloud, verb: str) -> Cloud:
    """Killed right after this step."""
    verbs = [step.verb for step in Cloud(cloud.guarded, data=len(cloud.server.attachments) > 1).revert(
        WITH_DATA if len(cloud.server.attachments) > 1 else TO_X).steps]  # fmt: skip
    cloud.revert(WITH_DATA if len(cloud.server.attachments) > 1 else TO_X, stop_after=verbs.index(verb) + 1)
    return cloud


def test_a_copy_that_failed() -> None:
    """It says the state of the server, what is safe and what to do; then it is carried on."""
    cloud = after(Cloud(guarded=False), "reimage_volume")
    root_is(status="error", image_metadata={})(cloud)
    assert cloud.refused().text == (
        f"{SAID}an earlier copy into its root db-root failed: it is in error. The server is SHELVED_OFFLOADED. "
        "The state before the revert is safe in snapshot db-root-before-revert-1. "
        "An administrator finds out why and sets the volume to reserved "
        "(openstack volume set --state reserved vol-root, and nothing else); then repeat."
    )
    root_is(status="reserved")(cloud)
    cloud.revert()
    assert (cloud.server.status, cloud.contents["vol-root"]) == ("ACTIVE", "root then")


def test_the_first_failure_of_a_copy_says_the_same() -> None:
    (copy,) = [step for step in Cloud(guarded=False).revert().steps if step.verb == "reimage_volume"]
    assert copy.until
    assert copy.until.todo == (
        "The server is SHELVED_OFFLOADED. The state before the revert is safe in snapshot db-root-before-revert-1. "
        "An administrator finds out why and sets the volume to reserved "
        "(openstack volume set --state reserved vol-root, and nothing else); then repeat."
    )


def test_the_new_volume_is_waited_for_only_while_it_is_made() -> None:
    cloud, wait = after(Cloud(guarded=True), "create_volume"), "wait for volume db-root-revert-1"
    (made,) = [v for v in cloud.volumes if v != "vol-root"]
    assert wait not in [step.text for step in cloud.revert(stop_after=0).steps]
    cloud.volumes[made] = replace(cloud.volumes[made], status="creating")
    assert wait in [step.text for step in cloud.revert(stop_after=0).steps]


def test_a_new_volume_that_failed() -> None:
    cloud = after(Cloud(guarded=True), "create_volume")
    (made,) = [v for v in cloud.volumes if v != "vol-root"]
    cloud.volumes[made] = replace(cloud.volumes[made], status="error")
    assert cloud.refused().text == (
        f"{SAID}volume db-root-revert-1, which takes the place of its root db-root, is in error. "
        f"Its root db-root is as it was. Find out why, delete volume {made}, then repeat."
    )


def test_a_server_that_broke_in_the_middle_says_what_is_safe() -> None:
    cloud = after(Cloud(guarded=True), "attach_root")
    server_is(status="ERROR")(cloud)
    assert cloud.refused().text == (
        f"{SAID}its state is ERROR. The state before the revert is safe in snapshot db-root-before-revert-1. "
        f"{ADVICE['ERROR']}"
    )


def test_a_state_that_could_not_be_saved_is_saved_anew() -> None:
    cloud = after(Cloud(guarded=True), "create_snapshot")
    (made,) = [s for s in cloud.snapshots if s != "x"]
    cloud.snapshots[made] = replace(cloud.snapshots[made], status="error")
    assert "delete the failed snapshot db-root-before-revert-1" in [step.text for step in cloud.revert().steps]
    assert [cloud.contents[s] for s in cloud.snapshots if s != "x"] == ["root now"]


def test_the_root_is_off_and_the_other_way_is_asked_for() -> None:
    cloud = after(Cloud(guarded=True), "detach_volume")
    assert cloud.refused(replace(TO_X, method="reimage")).text == (
        f"{SAID}its root volume is off, as an earlier run with method: attach left it. Repeat it with method: attach."
    )


def test_a_root_that_somebody_else_put_on_has_nothing_to_do_with_a_revert_that_was_begun() -> None:
    cloud = after(Cloud(guarded=True), "detach_volume")
    cloud.volumes["mine"] = volume("mine", name="mine")
    cloud.contents["mine"] = "mine"
    act(cloud, "attach_root", server_id="srv", volume_id="mine", device="/dev/vda")
    assert cloud.refused().code == "other_volume"


def test_a_server_that_somebody_unshelves_in_the_middle() -> None:
    cloud = after(Cloud(guarded=False), "shelve")
    act(cloud, "unshelve", server_id="srv")
    assert cloud.refused().code == "busy"
