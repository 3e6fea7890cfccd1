# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert refuses, each by its text: before anything is changed, or what an earlier run left half done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert import decide_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.reverting import Ask
from ansible_collections.standby.openstack.plugins.module_utils.decide.states import ADVICE
from ansible_collections.standby.openstack.plugins.module_utils.model import Attachment, History, Snapshot
from builders import GUARDED, STOCK, nothing, refusal, volume
from revert_model import LATEST, SAID, TO_X, WITH_DATA, Cloud, snapshot, with_snapshots

TARGETS: dict[str, tuple[str, tuple[Snapshot, ...], str, str]] = {
    "unknown": (
        "y",
        (),
        "no_snapshot",
        "there is no snapshot y of volume db-root. Check the name: openstack volume snapshot list.",
    ),
    "another volume": (
        "y",
        (snapshot("y", volume_id="other"),),
        "other_volume",
        (
            "snapshot y is of volume other, not of volume db-root or one whose place it took. "
            "Name a snapshot of that volume."
        ),
    ),
    "ambiguous": (
        "y",
        (snapshot("1", name="y"), snapshot("2", name="y")),
        "ambiguous_snapshot",
        "2 snapshots of volume db-root are named y (1, 2). Say which by its id.",
    ),
    "not available": (
        "y",
        (snapshot("y", status="creating"),),
        "snapshot_not_available",
        "snapshot y is creating. Wait until it is available, or name another one.",
    ),
}


@pytest.mark.parametrize("case", TARGETS)
def test_a_snapshot_that_is_refused(case: str) -> None:
    ref, more, code, text = TARGETS[case]
    found = with_snapshots(Cloud(guarded=False), *more).refused(Ask("db", ref))
    assert (found.code, found.text) == (code, f"Refused to revert server db to snapshot {ref}: {text}")


@pytest.mark.parametrize(
    ("left", "saw"),
    [
        ((), "volume db-root has no snapshot"),
        (
            (
                snapshot("b", metadata={"standby_plan": "shop"}),
                snapshot("a", metadata={"standby_role": "before_revert"}),
            ),
            "volume db-root has only snapshots that this collection made (a, b)",
        ),
    ],
)
def test_no_latest(left: tuple[Snapshot, ...], saw: str) -> None:
    cloud = Cloud(guarded=True)
    cloud.snapshots = {}
    assert with_snapshots(cloud, *left).refused(LATEST).text == (
        f"Refused to revert server db to its latest snapshot: {saw}. Name the snapshot that is meant."
    )


def server(**changes: Any) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        cloud.server = replace(cloud.server, **changes)

    return change


def root(**changes: Any) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], **changes)

    return change


def larger(cloud: Cloud) -> None:
    cloud.snapshots["x"] = replace(cloud.snapshots["x"], size=3)


def off(cloud: Cloud) -> None:
    cloud.root, cloud.server = None, replace(cloud.server, status="SHELVED_OFFLOADED", attachments=())


REFUSED: dict[str, tuple[str, Callable[[Cloud], None], str, str]] = {
    "image": (
        "both",
        server(image_id="img"),
        "not_volume_backed",
        "it boots from an image. Only servers that boot from a volume can do this.",
    ),
    "locked": ("both", server(locked=True), "locked", "the server is locked. Unlock it: openstack server unlock."),
    "busy": (
        "both",
        server(task_state="rebooting"),
        "busy",
        "the server is ACTIVE and busy with the task rebooting. Wait until the task has ended, then repeat.",
    ),
    "being shelved by somebody": (
        "both",
        server(task_state="shelving"),
        "busy",
        ("the server is ACTIVE and busy with the task shelving. Wait until the task has ended, then repeat."),
    ),
    "no root": (
        "guarded",
        off,
        "no_root",
        ("it has no root volume. Attach one first, for example with standby.openstack.server_root_volume_attach."),
    ),
    "unknown root": (
        "stock",
        server(attachments=(Attachment("vol-root"), Attachment("vol-root"))),
        "root_unknown",
        (
            "nothing tells which of its 2 volumes is the root. "
            "Tag the root attachment 'root' when the server is made, or use administrator credentials."
        ),
    ),
    "multiattach, exchanged": (
        "guarded",
        root(multiattach=True),
        "volume_multiattach",
        (
            "its root db-root is multiattach. "
            "Nova attaches none to a shelved server: copy it to a volume of another type first."
        ),
    ),
    "multiattach, overwritten": (
        "stock",
        root(multiattach=True),
        "volume_multiattach",
        (
            "its root db-root is multiattach. "
            "Cinder copies into volumes with one attachment only. "
            "Its root cannot be reverted here without making the server anew."
        ),
    ),
    "larger": (
        "stock",
        larger,
        "root_too_small",
        ("snapshot x has 3 GiB, its root db-root 2. Extend the root volume first, or name another snapshot."),
    ),
    "root busy, exchanged": (
        "guarded",
        root(status="backing-up"),
        "volume_busy",
        "its root db-root is backing-up. Wait until that is over, then repeat.",
    ),
    "root busy, overwritten": (
        "stock",
        root(status="backing-up"),
        "volume_not_reserved",
        ("its root db-root is backing-up. Wait until it is reserved for the shelved server, then repeat."),
    ),
    "shelved": (
        "stock",
        lambda cloud: (server(status="SHELVED_OFFLOADED")(cloud), root(status="reserved")(cloud))[0],
        "cannot_save",
        (
            "it is SHELVED_OFFLOADED, and Cinder makes no snapshot of a reserved volume, so that "
            "its state could not be saved. Unshelve it first, then repeat: it is stopped and saved before the copy."
        ),
    ),
}


@pytest.mark.parametrize(
    ("case", "guarded"),
    [
        (case, site)
        for case in REFUSED
        for site in (True, False)
        if REFUSED[case][0] in ("both", ("stock", "guarded")[site])
    ],
)
def test_refused(case: str, guarded: bool) -> None:
    _sites, change, code, text = REFUSED[case]
    cloud = Cloud(guarded)
    change(cloud)
    found = cloud.refused()
    assert (found.code, found.text) == (code, SAID + text)


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("status", ["BUILD", "ERROR", "RESCUE", "VERIFY_RESIZE", "SHELVED", "DELETED", "OF_TOMORROW"])
def test_a_server_that_cannot_be_shelved(status: str, guarded: bool) -> None:
    cloud = Cloud(guarded)
    server(status=status, fault="no disk")(cloud)
    assert cloud.refused().text == f"{SAID}its state is {status}: no disk. {ADVICE.get(status, ADVICE['*'])}"


@pytest.mark.parametrize("offer", [GUARDED, STOCK])
def test_no_server(offer: Any) -> None:
    seen = History(nothing(offer))
    assert refusal(decide_revert(seen, seen, TO_X)).text == (
        f"{SAID}the cloud knows no server of that name or id. Check the name."
    )


def test_a_cinder_that_cannot() -> None:
    seen = Cloud(guarded=False).seen()
    old = replace(seen, seen=replace(seen.seen, offer=replace(STOCK, volume_version="3.67")))
    assert refusal(decide_revert(old, old, TO_X)).text == (
        f"{SAID}the volume API of the cloud is 3.67, 3.68 is needed. "
        "Its root cannot be reverted here without making the server anew."
    )


def test_a_guarded_api_that_does_not_tell_the_root() -> None:
    """A vendor's, assumed: once the root is off, nothing would tell where the new one belongs."""
    seen = Cloud(guarded=True).seen()
    mute = replace(seen, seen=replace(seen.seen, root_answer=None))
    assert refusal(decide_revert(mute, mute, TO_X)).code == "root_unknown"


def test_a_root_that_cinder_does_not_know() -> None:
    seen = Cloud(guarded=True).seen()
    gone = replace(seen, seen=replace(seen.seen, volumes={}), volumes=())
    assert refusal(decide_revert(gone, gone, TO_X)).code == "no_volume"


def after(cloud: Cloud, verb: str) -> Cloud:
    """Killed right after this step."""
    verbs = [step.verb for step in Cloud(cloud.guarded, data=len(cloud.server.attachments) > 1).revert(
        WITH_DATA if len(cloud.server.attachments) > 1 else TO_X).steps]  # fmt: skip
    cloud.revert(WITH_DATA if len(cloud.server.attachments) > 1 else TO_X, stop_after=verbs.index(verb) + 1)
    return cloud


def test_a_copy_that_failed() -> None:
    """It says the state of the server, what is safe and what to do; then it is carried on."""
    cloud = after(Cloud(guarded=False), "reimage_volume")
    root(status="error", image_metadata={})(cloud)
    assert cloud.refused().text == (
        f"{SAID}an earlier copy into its root db-root failed: it is in error. The server is SHELVED_OFFLOADED. "
        "The state before the revert is safe in snapshot db-root-before-revert-1. "
        "An administrator finds out why and sets the volume to reserved "
        "(openstack volume set --state reserved vol-root, and nothing else); then repeat."
    )
    root(status="reserved")(cloud)
    cloud.revert()
    assert (cloud.server.status, cloud.contents["vol-root"]) == ("ACTIVE", "root then")


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
    server(status="ERROR")(cloud)
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
    cloud.attach_root("srv", "mine", "/dev/vda")
    assert cloud.refused().code == "other_volume"


def test_a_data_volume_that_is_named_twice() -> None:
    cloud = Cloud(guarded=True, data=True)
    for refs, saw in (
        (("db-data", "db-data"), "db-data and db-data are the same volume"),
        (("db-data", "vol-data"), "db-data and vol-data are the same volume"),
    ):
        found = cloud.refused(Ask("db", "x", tuple((ref, None) for ref in refs)))
        assert found.text == f"{SAID}{saw}. Name it once in the option volumes."


def test_a_server_that_somebody_unshelves_in_the_middle() -> None:
    cloud = after(Cloud(guarded=False), "shelve")
    cloud.unshelve("srv")
    assert cloud.refused().code == "busy"
