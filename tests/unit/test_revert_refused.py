# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert refuses, each by its text: before anything is changed, or what an earlier run left half done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, History, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.decide import decide_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.places import Ask
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import ADVICE
from builders import GUARDED, STOCK, nothing, refusal
from one_revert import LATEST, SAID, TO_X, Cloud, root_is, server_is, snapshot, with_snapshots

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


def larger(cloud: Cloud) -> None:
    cloud.snapshots["x"] = replace(cloud.snapshots["x"], size=3)


def off(cloud: Cloud) -> None:
    cloud.server = replace(cloud.server, status="SHELVED_OFFLOADED", attachments=())


REFUSED: dict[str, tuple[str, Callable[[Cloud], None], str, str]] = {
    "image": (
        "both",
        server_is(image_id="img"),
        "not_volume_backed",
        "it boots from an image. Only servers that boot from a volume can do this.",
    ),
    "locked": ("both", server_is(locked=True), "locked", "the server is locked. Unlock it: openstack server unlock."),
    "busy": (
        "both",
        server_is(task_state="rebooting"),
        "busy",
        "the server is ACTIVE and busy with the task rebooting. Wait until the task has ended, then repeat.",
    ),
    "being shelved by somebody": (
        "both",
        server_is(task_state="shelving"),
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
        server_is(attachments=(Attachment("vol-root"), Attachment("vol-root"))),
        "root_unknown",
        (
            "nothing tells which of its 2 volumes is the root. "
            "Tag the root attachment 'root' when the server is made, or use administrator credentials."
        ),
    ),
    "multiattach, exchanged": (
        "guarded",
        root_is(multiattach=True),
        "volume_multiattach",
        (
            "its root db-root is multiattach. "
            "Nova attaches none to a shelved server: copy it to a volume of another type first."
        ),
    ),
    "multiattach, overwritten": (
        "stock",
        root_is(multiattach=True),
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
        root_is(status="backing-up"),
        "volume_busy",
        "its root db-root is backing-up. Wait until that is over, then repeat.",
    ),
    "root busy, overwritten": (
        "stock",
        root_is(status="backing-up"),
        "volume_not_reserved",
        ("its root db-root is backing-up. Wait until it is reserved for the shelved server, then repeat."),
    ),
    "shelved": (
        "stock",
        lambda cloud: (server_is(status="SHELVED_OFFLOADED")(cloud), root_is(status="reserved")(cloud))[0],
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
    server_is(status=status, fault="no disk")(cloud)
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


def test_a_data_volume_that_is_named_twice() -> None:
    cloud = Cloud(guarded=True, data=True)
    for refs, saw in (
        (("db-data", "db-data"), "db-data and db-data are the same volume"),
        (("db-data", "vol-data"), "db-data and vol-data are the same volume"),
    ):
        found = cloud.refused(Ask("db", "x", tuple((ref, None) for ref in refs)))
        assert found.text == f"{SAID}{saw}. Name it once in the option volumes."
