# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over by reimage: which root may be overwritten, in which state, and what a killed run leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Named,
    RootAnswer,
    Seen,
    Snapshot,
    Volume,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Plan, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import (
    PlanServer,
    RecoveryPlan,
    recovery_plan,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.volume_copy import Helpers
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.ways import Chosen
from builders import STOCK, server, volume

TIME = "2026-11-20T09:00:00+00:00"
MARKS = {"standby_plan": "shop", "standby_server": "db"}
PLACEHOLDER = {**MARKS, "standby_role": "placeholder"}
COPY = {**MARKS, "standby_role": "copy", "standby_recovery_point": TIME, "standby_disk": "root"}
NOTED = "note that the root p-root is filled"
DONE = ["attach volume r-data to server db", NOTED, "unshelve server db"]
CLEANING = [f"remove {key} from the image properties of the root p-root"
            for key in ("block_device_mapping", "bdm_v2", "root_device_name")]  # fmt: skip
COPYING = ["snapshot replica r-root", "make an image that names the snapshot of r-root", "complete the image",
           "copy replica r-root into the root p-root", *CLEANING, "delete the image",
           "delete the snapshot of r-root"]  # fmt: skip
TORN_OFF = (
    "the root p-root of the twin is available: its attachment was deleted at Cinder, so the server cannot be"
    " unshelved any more"
)
CLAIM = "note the recovery point at the root p-root"
FORGET = "forget the recovery point of the root p-root"
NEW_TWIN = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."
OTHER_WAY = "Or say handover: recreate in the plan, without when, which needs neither."
SAFE = "The twin stays shelved and the replica is safe."
WOKEN, AWAKE = "2026-11-01T00:00:00.000000", "2026-11-20T12:00:00.000000"
EMPTYING = ["detach volume p-data from server db", "delete placeholder volume p-data"]


def plan(**changes: Any) -> RecoveryPlan:
    row = {
        "name": "db", "flavor": "m1.tiny", "tier": 1, "critical": True,
        "boot_volume": {"image": "debian", "size": 1}, "volumes": [{"tag": "data", "blank": True, "size": 1}],
    }  # fmt: skip
    data = {
        "name": "shop", "sites": {"a": {"cloud": "a"}, "b": {"cloud": "b"}}, "servers": [row], "handover": "reimage",
        "replication": {"method": "cinder_backup", "keep": 2, "full_every": 7},
    }  # fmt: skip
    return recovery_plan({**data, **changes})


def replica(disk: str, **changes: Any) -> Volume:
    marks = {**MARKS, "standby_role": "replica", "standby_disk": disk, "standby_recovery_point": TIME}
    return volume(
        f"r-{disk}", metadata={**marks, "standby_state": "complete", "standby_volume": f"r-{disk}"}, **changes
    )


def twin(root: dict[str, Any], data: str = "p-data", status: str = "SHELVED_OFFLOADED", **changes: Any) -> Seen:
    """A twin on its root, and on its data placeholder, or the data replica, or no data volume."""
    volumes = {
        "p-root": volume("p-root", **{"status": "reserved", "metadata": PLACEHOLDER, **root}),
        "p-data": volume("p-data", status="reserved", metadata=PLACEHOLDER, bootable=False),
        "r-data": replace(replica("data"), status="in-use"),
    }
    on = (Attachment("p-root", "/dev/vda", "root"), *((Attachment(data, "/dev/vdb"),) if data else ()))
    seen = Seen(server(status=status, attachments=on, **changes), STOCK, woken=WOKEN)
    return replace(seen, volumes={a.volume_id: volumes[a.volume_id] for a in on})


def decide(seen: Seen, helpers: Helpers | None = None, root: dict[str, Any] | None = None) -> Decision:
    shop = plan()
    one: PlanServer = shop.servers[0]
    on = {a.volume_id for a in seen.server.attachments} if seen.server else set()
    data = replica("data", status="in-use" if "r-data" in on else "available")
    what = recovery(seen, [replica("root", **(root or {})), data], one)
    return decide_failover(replace(what, helpers=helpers or Helpers()), one, shop)


def texts(decision: Decision) -> list[str]:
    """What is done before it is decided again."""
    assert isinstance(decision, Plan), decision
    return [step.text for step in decision.steps if step.writes]


def all_texts(decision: Decision) -> list[str]:
    """With what follows when it is decided again."""
    assert isinstance(decision, Plan), decision
    return [step.text for step in decision.foretold if step.writes]


@pytest.mark.parametrize(
    ("seen", "steps"),
    [
        (twin({}), [CLAIM, *EMPTYING, *COPYING, *DONE]),
        (twin({}, data=""), [CLAIM, *COPYING, *DONE]),
        (twin({}, data="r-data"), [CLAIM, *COPYING, *DONE[1:]]),
        (twin({"status": "downloading"}), [CLAIM, *EMPTYING, *COPYING, *DONE]),
        (twin({"metadata": COPY}), [*EMPTYING, DONE[0], DONE[2]]),
        (twin({"metadata": COPY}, data=""), [DONE[0], DONE[2]]),
        (twin({"metadata": COPY}, data="r-data"), [DONE[2]]),
        (twin({"metadata": COPY}, data="r-data", task_state="unshelving"), []),
        (twin({"metadata": COPY, "status": "in-use"}, data="r-data", status="ACTIVE"), []),
        (twin({"metadata": COPY, "status": "in-use"}, data="r-data", status="SHUTOFF"), ["start server db"]),
    ],
)
def test_the_rungs(seen: Seen, steps: list[str]) -> None:
    assert all_texts(decide(seen)) == steps


@pytest.mark.parametrize("claimed", [False, True])
def test_an_earlier_copy_is_waited_for_and_then_it_is_looked_at_again(claimed: bool) -> None:
    """It may have been the very copy that is needed: one that outlived the run that began it."""
    marks = {"metadata": {**COPY, "standby_woken": WOKEN}} if claimed else {}
    decision = decide(twin({"status": "downloading", **marks}, data=""))
    assert isinstance(decision, Plan)
    (first,) = decision.steps
    assert (first.verb, first.until.id, first.until.target) == ("wait", "p-root", frozenset({"reserved"}))
    assert decision.later
    assert [step.text for step in decision.later if step.writes] == [*([] if claimed else [CLAIM]), *COPYING, *DONE]


def test_a_placeholder_is_claimed_with_the_moment_at_which_its_twin_was_woken_last() -> None:
    """Once the target ran on it behind our back, it is never overwritten."""
    decision = decide(twin({}))
    assert isinstance(decision, Plan)
    check, claim = decision.steps
    assert (check.verb, check.args) == ("check_copy", {"volume_id": "p-root"}), "known before anything is changed"
    assert claim.args["metadata"] == {
        "standby_recovery_point": TIME, "standby_role": "copy", "standby_state": "complete", "standby_woken": WOKEN,
        "standby_generation": "1",
    }  # fmt: skip


def test_without_that_moment_it_is_not_overwritten() -> None:
    decision = decide(replace(twin({}), woken=None))
    assert isinstance(decision, Refusal)
    assert (decision.code, decision.seen) == (
        "woken_unknown",
        "Nova does not tell when the twin was made or last unshelved",
    )


def test_a_copy_that_fails_says_what_is_safe_and_how_to_go_on() -> None:
    """The first time as well as when it is found by the next run."""
    decision = decide(twin({"status": "downloading"}, data=""))
    assert isinstance(decision, Plan)
    waits = [step.until.todo for step in decision.foretold if step.until and step.until.id == "p-root"]
    renamed = NEW_TWIN.replace(" run", " rename or delete its volume p-root, run")
    assert [todo for todo in waits if todo] == [
        f"{SAFE} {NEW_TWIN} {OTHER_WAY}",
        f"{SAFE} {renamed} {OTHER_WAY}",
    ]
    refused = decide(twin({"status": "error"}))
    assert isinstance(refused, Refusal)
    assert refused.todo == f"{SAFE} {renamed} {OTHER_WAY}"


def test_what_a_killed_run_left_is_removed_first_or_once_it_is_up() -> None:
    left = Helpers((Snapshot("s", "old", "available", "r-root", 1),), (Named("i", "old"),))
    drop = ["delete image old", "delete snapshot old"]
    assert all_texts(decide(twin({}, data=""), left)) == [CLAIM, *drop, *COPYING, *DONE]
    up = twin({"metadata": COPY, "status": "in-use"}, data="r-data", status="ACTIVE")
    assert texts(decide(up, left)) == drop


def test_what_a_copy_leaves_at_the_root_is_taken_off_by_the_next_run_if_it_was_killed() -> None:
    properties = {"bdm_v2": "True", "root_device_name": "/dev/vda", "hw_disk_bus": "scsi"}
    left = {"metadata": COPY, "image_metadata": properties}
    up = twin({**left, "status": "in-use"}, data="r-data", status="ACTIVE")
    assert texts(decide(up)) == CLEANING[1:]
    assert texts(decide(twin(left, data="r-data"))) == [DONE[2], *CLEANING[1:]]


@pytest.mark.parametrize(
    ("replica", "root", "boots"),
    [
        ({"hw_firmware_type": "uefi", "checksum": "1"}, {"hw_firmware_type": "bios"}, {"hw_firmware_type": "uefi"}),
        ({"checksum": "1"}, {"hw_firmware_type": "bios", "image_id": "i"}, {"hw_firmware_type": "bios"}),
        ({}, {}, {}),
    ],
    ids=["as the replica", "as the placeholder, if nothing is known of the replica", "nothing known"],
)
def test_the_copy_boots_as(replica: dict[str, str], root: dict[str, str], boots: dict[str, str]) -> None:
    """Cinder takes the properties of the root away, and gives it those of the image."""
    decision = decide(twin({"image_metadata": root}, data=""), root={"image_metadata": replica})
    assert isinstance(decision, Plan)
    (image,) = [step for step in decision.foretold if step.verb == "create_image"]
    marks = {**MARKS, "standby_disk": "root", "standby_role": "handover", "standby_recovery_point": TIME}
    assert image.args["properties"] == {**boots, **marks}


@pytest.mark.parametrize("key", ["standby_root_from", "standby_revert", "standby_reverted_to"])
def test_what_was_noted_about_the_data_of_the_root_is_over(key: str) -> None:
    """A replace or a revert must not take the copy for what it put there once."""
    noted = twin({"metadata": {**PLACEHOLDER, key: "something"}}, data="")
    decision = decide(noted)
    assert isinstance(decision, Plan)
    verbs = [step.verb for step in decision.foretold]
    forget = decision.foretold[verbs.index("reimage_volume") - 1]
    assert (forget.verb, forget.args["metadata"]) == ("set_volume_metadata", {key: ""})


def test_what_is_foretold() -> None:
    decision = decide(twin({}))
    assert isinstance(decision, Plan)
    assert decision.extra == {"recovery_point": TIME, **Chosen("reimage", "the plan says so").facts}
    assert decision.extra["identity"]["server_id"] == decision.extra["identity"]["root_volume_id"] == "kept"
    assert decision.after["id"] == "srv"
    assert decision.after["root_volume"]["volume_id"] == "p-root"
    assert [row["id"] for row in decision.after["volumes"]] == ["r-data", "p-root"]


@pytest.mark.parametrize(
    ("seen", "root", "code", "saw"),
    [
        (twin({"metadata": {}}), {}, "not_a_replica",
         "the twin is SHELVED_OFFLOADED with volume p-root, which is no replica"),
        (twin({"metadata": {**PLACEHOLDER, "standby_server": "web"}}), {}, "not_a_replica", None),
        (twin({"metadata": {**PLACEHOLDER, "standby_plan": "other"}}), {}, "not_a_replica", None),
        (twin({}), {"size": 2}, "root_too_small", "the replica has 2 GiB, the root p-root of the twin 1"),
        (twin({"multiattach": True}), {}, "volume_multiattach", "the root p-root of the twin is multiattach"),
        (
            twin({"status": "error"}),
            {},
            "copy_failed",
            "an earlier copy into the root p-root of the twin failed: it is in error",
        ),
        (
            twin({"status": "available"}),
            {},
            "volume_not_reserved",
            TORN_OFF,
        ),
        (twin({"status": "detaching"}), {}, "volume_not_reserved", "the root p-root of the twin is detaching"),
        (
            replace(twin({}), root_answer=RootAnswer("/dev/vda", False, None)),
            {},
            "no_root",
            "the twin has no root volume that could be overwritten",
        ),
        (twin({}, status="ACTIVE"), {}, "wrong_state", "the twin is ACTIVE without r-data"),
        (twin({}, status="ERROR", fault="no disk"), {}, "wrong_state", "the twin is in ERROR: no disk"),
        (twin({}, locked=True), {}, "locked", "the server is locked"),
        (twin({}, task_state="shelving"), {}, "busy", None),
        (Seen(None, STOCK), {}, "no_twin", "there is no twin at the target"),
    ],
)  # fmt: skip
def test_refused(seen: Seen, root: dict[str, Any], code: str, saw: str | None) -> None:
    decision = decide(seen, root=root)
    assert isinstance(decision, Refusal)
    assert (decision.code, decision.seen) == (code, saw or decision.seen)


def test_a_cinder_that_cannot_is_refused() -> None:
    old = replace(STOCK, volume_version="3.67")
    decision = decide(replace(twin({}), offer=old))
    assert isinstance(decision, Refusal)
    assert decision.seen == "the volume API of the target is 3.67, 3.68 is needed"


def test_a_replica_that_is_the_root_is_never_overwritten() -> None:
    """The plan said attach once: the root is the replica itself."""
    seen = twin({}, data="")
    on = replace(seen.found, attachments=(Attachment("r-root", "/dev/vda", "root"),))
    seen = replace(seen, server=on, volumes={"r-root": replace(replica("root"), status="reserved")})
    decision = decide(seen)
    assert isinstance(decision, Refusal)
    assert (decision.code, decision.seen) == (
        "other_handover",
        "the twin is SHELVED_OFFLOADED on r-root, a replica: the handover attach or recreate left it so",
    )
