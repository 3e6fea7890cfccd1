# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another root for a server: every refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment
from builders import GUARDED, STOCK, plan, refusal, volume
from one_server import Cloud
from test_replace import OFFERS, WAYS, changed, decide


def with_server(cloud: Cloud, **changes: Any) -> Cloud:
    cloud.server = replace(cloud.server, **changes)
    return cloud


def left_over(**changes: Any) -> Cloud:
    cloud = Cloud()
    marks = {"standby_building": "srv", "standby_root_source": "snapshot snapshot-1"}
    for number in range(changes.pop("count", 1)):
        cloud.volumes[f"left-{number}"] = volume(f"left-{number}", name="db-root-snapshot", metadata=marks, **changes)
    return cloud


def rootless(cloud: Cloud) -> Cloud:
    return with_server(cloud, attachments=tuple(a for a in cloud.server.attachments if a.tag != "root"))


LACKS = "the cloud does not advertise the guarded root volume API (os-root-volume is not in its extension list)"
SHELVE = "Shelve it first, for example with standby.openstack.server_shelve."

REFUSED: dict[str, tuple[Any, str, str, str, str]] = {
    "stock, attach": (
        lambda: Cloud(STOCK),
        "attach",
        "volume",
        "no_guarded_api",
        (
            f"{LACKS}. "
            "The handover attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate."
        ),
    ),
    "stock, auto": (
        lambda: Cloud(STOCK),
        "auto",
        "volume",
        "no_fallback",
        (f"{LACKS}. The task says handover: auto without a fallback. Add fallback: reimage, or fallback: recreate."),
    ),
    "running": (
        lambda: with_server(Cloud(), status="ACTIVE"),
        "attach",
        "volume",
        "wrong_state",
        f"its state is ACTIVE, not SHELVED_OFFLOADED. {SHELVE}",
    ),
    "stopped": (
        lambda: with_server(Cloud(STOCK), status="SHUTOFF"),
        "reimage",
        "volume",
        "wrong_state",
        f"its state is SHUTOFF, not SHELVED_OFFLOADED. {SHELVE}",
    ),
    "in error": (
        lambda: with_server(Cloud(STOCK), status="ERROR"),
        "reimage",
        "volume",
        "wrong_state",
        (
            "its state is ERROR, not SHELVED_OFFLOADED. "
            "Find out why (openstack server show), repair or delete it, then repeat."
        ),
    ),
    "busy": (
        lambda: with_server(Cloud(), task_state="unshelving"),
        "attach",
        "volume",
        "busy",
        (
            "the server is SHELVED_OFFLOADED and busy with the task unshelving. "
            "Wait until the task has ended, then repeat."
        ),
    ),
    "locked": (
        lambda: with_server(Cloud(), locked=True),
        "attach",
        "volume",
        "locked",
        "the server is locked. Unlock it: openstack server unlock.",
    ),
    "image-backed": (
        lambda: with_server(Cloud(), image_id="i"),
        "attach",
        "volume",
        "not_volume_backed",
        "it boots from an image. Only servers that boot from a volume can do this.",
    ),
    "another root": (
        lambda: with_server(Cloud(), attachments=(Attachment("vol-data", "/dev/vda", "root"),)),
        "attach",
        "volume",
        "other_root",
        ("its root is volume vol-data, not vol-root. Look which volume it is, then name it as root_volume."),
    ),
    "nobody knows": (
        lambda: with_server(Cloud(STOCK), attachments=(Attachment("a"), Attachment("b"))),
        "reimage",
        "volume",
        "root_unknown",
        (
            "nothing tells which of its 2 volumes is the root. "
            "Tag the root attachment 'root' when the server is made, or use administrator credentials."
        ),
    ),
    "in use": (
        lambda: changed(Cloud(), "vol-new", attached_to=("web",), status="in-use"),
        "attach",
        "volume",
        "volume_in_use",
        "it is attached to server web. Detach it there, or take another volume.",
    ),
    "not bootable": (
        lambda: changed(Cloud(), "vol-new", bootable=False),
        "attach",
        "volume",
        "volume_not_bootable",
        "the volume is not marked bootable. If it holds a system, set the flag: openstack volume set --bootable.",
    ),
    "root missing": (
        lambda: rootless(Cloud()),
        "reimage",
        "volume",
        "no_root",
        (
            "it has no root volume. "
            "There is nothing to copy into. Put a volume on with handover: attach, or say handover: recreate."
        ),
    ),
    "too small": (
        lambda: changed(Cloud(STOCK), "vol-new", size=3),
        "reimage",
        "volume",
        "root_too_small",
        (
            "volume replica has 3 GiB, the root db-root 2. Only a root that is as large can be overwritten: "
            "say handover: recreate, or take a smaller source."
        ),
    ),
    "several attachments": (
        lambda: changed(Cloud(STOCK), "vol-root", multiattach=True),
        "reimage",
        "volume",
        "volume_multiattach",
        (
            "the root db-root is multiattach. "
            "Cinder copies into volumes with one attachment only. Say handover: recreate."
        ),
    ),
    "Cinder too old": (
        lambda: Cloud(replace(STOCK, volume_version="3.67")),
        "reimage",
        "volume",
        "cinder_too_old",
        "the volume API of the cloud is 3.67, 3.68 is needed. Say handover: recreate.",
    ),
    "not reserved": (
        lambda: changed(Cloud(STOCK), "vol-root", status="attaching"),
        "reimage",
        "volume",
        "volume_not_reserved",
        "the root db-root is attaching. Wait until it is reserved for the shelved server, then repeat.",
    ),
    "cut off": (
        lambda: changed(Cloud(STOCK), "vol-root", status="available"),
        "reimage",
        "volume",
        "volume_not_reserved",
        (
            "the root db-root is available: its attachment was deleted at Cinder, so the server cannot be unshelved "
            "any more. The volume replica is as it was. "
            "Say handover: recreate, which makes the server anew on the same ports."
        ),
    ),
    "copy failed": (
        lambda: changed(Cloud(STOCK), "vol-root", status="error"),
        "reimage",
        "snapshot",
        "copy_failed",
        (
            "an earlier copy into the root db-root failed: it is in error. The snapshot before is as it was. "
            "Say handover: recreate, which makes the server anew on the same ports."
        ),
    ),
    "source in error": (
        lambda: changed(Cloud(STOCK), "vol-new", status="error"),
        "reimage",
        "volume",
        "source_not_ready",
        "volume replica is error. Wait until it is available, or name another source.",
    ),
    "left in error": (
        lambda: left_over(status="error"),
        "attach",
        "snapshot",
        "left_over",
        "volume db-root-snapshot, left over from an earlier run, is error. Delete it (left-0), then repeat.",
    ),
    "left twice": (
        lambda: left_over(count=2),
        "attach",
        "snapshot",
        "left_over",
        "2 volumes db-root-snapshot are left over from earlier runs. Delete all but one, then repeat.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    cloud, handover, kind, code, text = REFUSED[case]
    found = refusal(decide(cloud().replacing(kind), handover))
    name = {"volume": "volume replica"}.get(kind, f"{kind} before")
    assert (found.code, found.text) == (code, f"Refused to hand {name} over as the root of server db: {text}")


@pytest.mark.parametrize("status", ["queued", "saving", "creating", "error", "deleting"])
@pytest.mark.parametrize(("handover", "kind"), [way for way in WAYS if way[1] != "volume"])
def test_a_source_that_is_not_ready(handover: str, kind: str, status: str) -> None:
    what = Cloud(OFFERS[handover]).replacing(kind)
    found = refusal(decide(replace(what, source=replace(what.source, status=status)), handover))
    ready = "active" if kind == "image" else "available"
    assert (found.code, found.seen) == ("source_not_ready", f"{kind} before is {status}")
    assert found.todo == f"Wait until it is {ready}, or name another source."


def test_no_server() -> None:
    cloud = Cloud()
    what = cloud.replacing("volume")
    cloud.server = None
    assert refusal(decide(replace(what, seen=cloud.seen()), "attach")).code == "no_server"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_overwritten_that_was_not_named(kind: str) -> None:
    found = refusal(decide(Cloud(STOCK).replacing(kind, named_root=None), "reimage"))
    assert (found.code, found.seen, found.todo) == (
        "root_not_named",
        "its root, volume db-root, would be overwritten, and was not named for that",
        "If its data may go, say root_volume: db-root.",
    )


@pytest.mark.parametrize("offer", [GUARDED, STOCK])
def test_auto_says_why(offer: Any) -> None:
    told = plan(decide(Cloud(offer).replacing("volume"), "auto", "reimage")).extra
    expected = {
        GUARDED: ("attach", "the guarded root volume API of the cloud is advertised"),
        STOCK: ("reimage", f"{LACKS}; the task's fallback"),
    }
    assert (told["handover"], told["handover_reason"]) == expected[offer]
