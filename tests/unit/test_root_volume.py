# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detaching the root volume: state x task x root x lock x cloud -> plan or refusal."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, RootAnswer
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Until
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.root_volume import (
    ROOT_TASK,
    decide_attach,
    decide_detach,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import ADVICE
from builders import (
    DATA,
    GUARDED,
    MISSING,
    ROOT,
    STOCK,
    dormant,
    leaving,
    nothing,
    plan,
    present,
    refusal,
    seen,
    verbs,
    volume,
)

#: Every status of nova/api/openstack/common.py, _STATE_MAP.
STATUSES = (
    "ACTIVE", "BUILD", "DELETED", "ERROR", "HARD_REBOOT", "MIGRATING", "PASSWORD", "PAUSED", "REBOOT", "REBUILD",
    "RESCUE", "RESIZE", "REVERT_RESIZE", "SHELVED", "SHELVED_OFFLOADED", "SHUTOFF", "SOFT_DELETED", "SUSPENDED",
    "UNKNOWN", "VERIFY_RESIZE",
)  # fmt: skip
TASKS = (None, "shelving", "unshelving", "deleting", "a task of tomorrow")
FREE = volume("vol-new")

WANTED = {"detach": "detach the root volume of server db", "attach": "attach volume vol-new as the root of server db"}


def decide(verb: str, what: Any) -> Any:
    return decide_detach(what, "db") if verb == "detach" else decide_attach(what, "db", FREE)


@pytest.mark.parametrize(("verb", "status", "task"), list(itertools.product(WANTED, STATUSES, TASKS)))
def test_only_a_server_that_is_offloaded_and_idle(verb: str, status: str, task: str | None) -> None:
    state: dict[str, Any] = {"status": status, "task_state": task}
    found = decide(verb, seen(root=present(), **state) if verb == "detach" else dormant(**state))
    if status == "SHELVED_OFFLOADED" and task is None:
        assert verbs(found) == ["detach_volume" if verb == "detach" else "attach_root"]
    elif task:
        assert refusal(found).code == "busy"
        assert refusal(found).text == (
            f"Refused to {WANTED[verb]}: the server is {status} and busy with the task {task}. "
            "Wait until the task has ended, then repeat."
        )
    else:
        assert refusal(found).code == "wrong_state"
        assert refusal(found).text == (
            f"Refused to {WANTED[verb]}: its state is {status}, not SHELVED_OFFLOADED. "
            f"{ADVICE.get(status, ADVICE['*'])}"
        )


REFUSED_TO_BOTH = {
    "no_server": (nothing(), "the cloud knows no server of that name or id. Check the name."),
    "not_volume_backed": (
        seen(status="SHELVED_OFFLOADED", image_id="img"),
        "it boots from an image. Only servers that boot from a volume can do this.",
    ),
    "no_guarded_api": (
        seen(STOCK, status="SHELVED_OFFLOADED"),
        (
            "the cloud does not advertise the guarded root volume API (os-root-volume is not in its extension list). "
            "Stock Nova cannot do it, or does something else. "
            "If the cloud does offer it, say guarded_api: assume."
        ),
    ),
    "root_unknown": (
        seen(status="SHELVED_OFFLOADED", attachments=(Attachment("vol-root"), Attachment("vol-data"))),
        (
            "nothing tells which of its 2 volumes is the root. "
            "Tag the root attachment 'root' when the server is made, or use administrator credentials."
        ),
    ),
}


@pytest.mark.parametrize(("verb", "code"), list(itertools.product(WANTED, REFUSED_TO_BOTH)))
def test_refused_to_both(verb: str, code: str) -> None:
    what, text = REFUSED_TO_BOTH[code]
    found = refusal(decide(verb, what))
    assert (found.code, found.text) == (code, f"Refused to {WANTED[verb]}: {text}")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("verb", WANTED)
def test_a_stock_cloud_is_refused_in_every_state(verb: str, status: str) -> None:
    """There an attach would succeed as a data disk: nothing else may be looked at first."""
    assert refusal(decide(verb, seen(STOCK, status=status, locked=True))).code == "no_guarded_api"


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("detach", seen(root=present(), status="SHELVED_OFFLOADED", locked=True)),
        ("attach", dormant(locked=True)),
    ],
)
def test_a_locked_server_is_refused(verb: str, what: Any) -> None:
    text = f"Refused to {WANTED[verb]}: the server is locked. Unlock it: openstack server unlock."
    assert refusal(decide(verb, what)).text == text


@pytest.mark.parametrize("lock", [False, True])
def test_nothing_to_do_is_no_change_even_when_locked(lock: bool) -> None:
    """A lock is how operators protect a dormant server; running the same playbook again must not fail by it."""
    absent = plan(decide_detach(dormant(locked=lock), "db"))
    there = seen(root=present("vol-new"), status="SHELVED_OFFLOADED", locked=lock)
    attached = plan(decide_attach(there, "db", FREE))
    assert (absent.changed, attached.changed) == (False, False)
    assert absent.before == absent.after
    assert attached.before == attached.after


def test_detach_waits_for_cinder_and_foretells_the_result() -> None:
    found = plan(decide_detach(seen(root=present(), status="SHELVED_OFFLOADED"), "db"))
    (step,) = found.steps
    assert step.text == "detach root volume db-root from server db"
    assert dict(step.args) == {"server_id": "srv", "volume_id": "vol-root"}
    assert step.until == Until(
        "volume", "vol-root", frozenset({"available"}), frozenset({"in-use", "reserved", "detaching"})
    )
    assert found.before["root_volume"]["volume_id"] == "vol-root"
    assert not found.before["dormant"]
    assert found.after["root_volume"] == {
        "present": False, "volume_id": None, "device": "/dev/vda", "found_by": "guarded API",
    }  # fmt: skip
    assert found.after["dormant"]
    assert [row["id"] for row in found.after["volumes"]] == ["vol-data"]


@pytest.mark.parametrize("flagged", [ROOT, DATA])
def test_detach_clears_the_delete_flag_of_the_root_only(flagged: Attachment) -> None:
    attachments = tuple(
        Attachment(a.volume_id, a.device, a.tag, delete_on_termination=a is flagged) for a in (ROOT, DATA)
    )
    found = plan(decide_detach(seen(root=present(), status="SHELVED_OFFLOADED", attachments=attachments), "db"))
    expected = ["set_delete_on_termination", "detach_volume"] if flagged is ROOT else ["detach_volume"]
    assert [step.verb for step in found.steps] == expected
    if flagged is ROOT:
        assert dict(found.steps[0].args) == {"server_id": "srv", "volume_id": "vol-root", "value": False}


def test_detach_of_a_volume_that_is_not_the_root() -> None:
    found = refusal(decide_detach(seen(root=present(), status="SHELVED_OFFLOADED"), "db", "vol-data"))
    assert found.code == "other_root"
    assert found.text == (
        "Refused to detach the root volume of server db: its root is volume vol-root, not vol-data. "
        "Name the volume that is root, or leave the option volume out."
    )


def test_detach_of_the_volume_that_is_the_root() -> None:
    assert verbs(decide_detach(seen(root=present(), status="SHELVED_OFFLOADED"), "db", "vol-root")) == ["detach_volume"]


def test_detach_found_by_tag_when_a_vendor_has_no_answer() -> None:
    """guarded_api: assume, and the cloud has no os-root-volume request."""
    found = plan(decide_detach(seen(status="SHELVED_OFFLOADED"), "db"))
    assert [step.verb for step in found.steps] == ["detach_volume"]
    assert found.after["root_volume"]["found_by"] == "tag root"


def test_attach_names_the_root_device_and_foretells_the_result() -> None:
    found = plan(decide_attach(dormant(), "db", FREE))
    (step,) = found.steps
    assert step.text == "attach volume vol-new as root /dev/vda of server db"
    assert dict(step.args) == {"server_id": "srv", "volume_id": "vol-new", "device": "/dev/vda"}
    assert step.until == Until("volume", "vol-new", frozenset({"reserved", "in-use"}), frozenset({"attaching"}))
    assert found.after["root_volume"] == {
        "present": True, "volume_id": "vol-new", "device": "/dev/vda", "found_by": "guarded API",
    }  # fmt: skip
    assert not found.after["dormant"]
    assert [(row["id"], row["is_root"]) for row in found.after["volumes"]] == [("vol-data", False), ("vol-new", True)]


def test_attach_when_another_root_is_present() -> None:
    found = refusal(decide_attach(seen(root=present(), status="SHELVED_OFFLOADED"), "db", FREE))
    assert found.code == "root_present"
    assert found.text == (
        "Refused to attach volume vol-new as the root of server db: volume db-root is its root. "
        "Detach it first, for example with standby.openstack.server_root_volume_detach."
    )


UNFIT = {
    "volume_in_use": (
        {"status": "in-use", "attached_to": ("other",)},
        "it is attached to server other. Detach it there, or take another volume.",
    ),
    "volume_not_bootable": (
        {"bootable": False},
        "the volume is not marked bootable. If it holds a system, set the flag: openstack volume set --bootable.",
    ),
    "volume_multiattach": (
        {"multiattach": True},
        "the volume is multiattach. Nova attaches none to a shelved server: copy it to a volume of another type.",
    ),
}


@pytest.mark.parametrize("code", UNFIT)
def test_attach_of_an_unfit_volume(code: str) -> None:
    changes, text = UNFIT[code]
    found = refusal(decide_attach(dormant(), "db", volume("vol-new", **changes)))
    assert (found.code, found.text) == (code, f"Refused to {WANTED['attach']}: {text}")


@pytest.mark.parametrize(
    "status",
    ["creating", "downloading", "reserved", "attaching", "in-use", "detaching", "deleting", "error", "error_deleting",
     "backing-up", "restoring-backup", "error_restoring", "maintenance", "uploading", "awaiting-transfer",
     "extending", "a status of tomorrow"],
)  # fmt: skip
def test_attach_of_a_volume_that_is_not_available(status: str) -> None:
    found = refusal(decide_attach(dormant(), "db", volume("vol-new", status=status)))
    assert found.code == "volume_not_available"
    assert f"the volume is {status}. Wait until it is available, or take another volume." in found.text


def test_attach_of_a_data_volume_of_the_same_server() -> None:
    mine = volume("vol-data", status="in-use", attached_to=("srv",))
    assert refusal(decide_attach(dormant(), "db", mine)).code == "volume_not_available"


def test_attach_names_a_volume_without_a_name_by_its_id() -> None:
    assert "volume vol-9 as root" in plan(decide_attach(dormant(), "db", volume("vol-9", name=""))).steps[0].text


def test_a_vendor_without_an_answer_is_refused_rather_than_guessed_at() -> None:
    """Nothing says that the root is missing: attaching could put a data disk on."""
    found = decide_attach(seen(GUARDED, status="SHELVED_OFFLOADED", attachments=(DATA,)), "db", FREE)
    assert refusal(found).code == "root_unknown"


def test_the_answer_of_the_cloud_is_believed_even_if_the_root_is_still_listed() -> None:
    listed = seen(root=MISSING, status="SHELVED_OFFLOADED", attachments=(ROOT, DATA))
    assert not plan(decide_detach(listed, "db")).changed


@pytest.mark.parametrize("task", [None, ROOT_TASK])
def test_a_detach_that_has_not_ended_is_repeated(task: str | None) -> None:
    found = plan(decide_detach(leaving(task_state=task), "db"))
    assert [step.verb for step in found.steps] == ["detach_volume"]
    assert found.steps[0].args["volume_id"] == "vol-root"
    assert found.after["root_volume"]["present"] is False


@pytest.mark.parametrize("task", [None, ROOT_TASK])
@pytest.mark.parametrize("status", ["reserved", "available"])
def test_a_root_that_is_leaving_is_taken_off_before_it_is_put_on_again(status: str, task: str | None) -> None:
    """The cloud never makes it the root again by itself. Seen as attached, the server would never start."""
    mine = volume("vol-new", status=status, attached_to=("srv",) if status == "reserved" else ())
    found = plan(decide_attach(leaving("vol-new", task_state=task), "db", mine))
    assert [(step.verb, step.args["volume_id"]) for step in found.steps] == [
        ("detach_volume", "vol-new"), ("attach_root", "vol-new"),
    ]  # fmt: skip


def test_another_root_waits_until_the_one_that_is_leaving_is_off() -> None:
    assert refusal(decide_attach(leaving(), "db", FREE)).code == "root_present"


@pytest.mark.parametrize("task", [None, ROOT_TASK])
def test_an_attach_that_has_not_ended_is_repeated(task: str | None) -> None:
    begun = seen(
        root=RootAnswer("/dev/vda", False, None, "attaching"),
        status="SHELVED_OFFLOADED", attachments=(DATA,), task_state=task,
    )  # fmt: skip
    assert verbs(decide_attach(begun, "db", FREE)) == ["attach_root"]


@pytest.mark.parametrize("task", ["unshelving", "deleting", "a task of tomorrow"])
def test_only_the_task_of_the_detach_itself_is_looked_past(task: str) -> None:
    assert refusal(decide_detach(leaving(task_state=task), "db")).code == "busy"
    idle_root = seen(root=present(), status="SHELVED_OFFLOADED", task_state=ROOT_TASK)
    assert refusal(decide_detach(idle_root, "db")).code == "busy"
