# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shelving and unshelving: state x task x lock x root -> plan or refusal."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.shelve import (
    Placement,
    decide_shelve,
    decide_unshelve,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import (
    ADVICE,
    CAN_SHELVE,
    SHELVE_TASKS,
    UNSHELVE_TASKS,
)
from builders import MISSING, STOCK, dormant, leaving, nothing, plan, present, refusal, seen, verbs
from test_root_volume import STATUSES

OTHER_TASKS = ("rebooting", "deleting", "a task of tomorrow")
SHELVE_STATES = list(itertools.product(STATUSES, (None, *sorted(SHELVE_TASKS), *OTHER_TASKS), (False, True)))
UNSHELVE_STATES = list(itertools.product(STATUSES, (None, *sorted(UNSHELVE_TASKS), *OTHER_TASKS), (False, True)))


def expected_of_shelve(status: str, task: str | None, lock: bool) -> list[str] | str:
    """The verbs, or the code of the refusal, in the order in which an operator would reason."""
    if status == "SHELVED_OFFLOADED" and not task:
        return []
    if task in SHELVE_TASKS or status == "SHELVED":
        return ["wait"]
    if task:
        return "busy"
    if lock:
        return "locked"
    return ["shelve"] if status in CAN_SHELVE else "wrong_state"


def expected_of_unshelve(status: str, task: str | None, lock: bool) -> list[str] | str:
    """As `expected_of_shelve`, for a server with a root."""
    shelved = status in ("SHELVED", "SHELVED_OFFLOADED")
    if task in UNSHELVE_TASKS and shelved:
        return ["wait"]
    if task:
        return "busy"
    if status == "ACTIVE":
        return []
    if not shelved:
        return "wrong_state"
    return "locked" if lock else ["unshelve"]


def verdict(decision: Any) -> list[str] | str:
    return verbs(decision) if hasattr(decision, "steps") else refusal(decision).code


@pytest.mark.parametrize(("status", "task", "lock"), SHELVE_STATES)
def test_shelve(status: str, task: str | None, lock: bool) -> None:
    found = decide_shelve(seen(root=present(), status=status, task_state=task, locked=lock), "db")
    assert verdict(found) == expected_of_shelve(status, task, lock)


@pytest.mark.parametrize(("status", "task", "lock"), UNSHELVE_STATES)
def test_unshelve(status: str, task: str | None, lock: bool) -> None:
    found = decide_unshelve(seen(root=present(), status=status, task_state=task, locked=lock), "db")
    assert verdict(found) == expected_of_unshelve(status, task, lock)


@pytest.mark.parametrize("status", sorted(CAN_SHELVE))
def test_shelve_foretells_and_waits_until_offloaded_and_idle(status: str) -> None:
    found = plan(decide_shelve(seen(root=present(), status=status), "db"))
    (step,) = found.steps
    assert (step.text, dict(step.args)) == ("shelve server db", {"server_id": "srv"})
    assert step.until is not None
    assert (step.until.kind, step.until.id, step.until.target) == ("server", "srv", {"SHELVED_OFFLOADED"})
    assert status in step.until.pending
    assert "SHELVED" in step.until.idle_pending
    assert (found.before["status"], found.after["status"]) == (status, "SHELVED_OFFLOADED")


def test_waiting_for_a_shelve_that_someone_else_began_changes_nothing() -> None:
    assert not plan(decide_shelve(seen(status="ACTIVE", task_state="shelving"), "db")).changed


@pytest.mark.parametrize(
    ("status", "todo"), [("BUILD", ADVICE["BUILD"]), ("ERROR", ADVICE["ERROR"]), ("MIGRATING", ADVICE["*"])]
)
def test_shelve_says_what_to_do(status: str, todo: str) -> None:
    text = f"Refused to shelve server db: its state is {status}. {todo}"
    assert refusal(decide_shelve(seen(status=status), "db")).text == text


UNSHELVE_REFUSALS = {
    "no server": (
        nothing(),
        "no_server",
        "the cloud knows no server of that name or id. Check the name.",
    ),
    "no root": (
        dormant(),
        "no_root",
        "it has no root volume. Attach one first, for example with standby.openstack.server_root_volume_attach.",
    ),
    "no root, and no volume at all, at a stock cloud": (
        seen(STOCK, status="SHELVED_OFFLOADED", attachments=()),
        "no_root",
        "it has no root volume. Attach one first, for example with standby.openstack.server_root_volume_attach.",
    ),
    "its root is leaving": (
        leaving(),
        "no_root",
        (
            "the detach of its root volume vol-root began and has not ended. "
            "Repeat it with standby.openstack.server_root_volume_detach, then attach a root volume."
        ),
    ),
    "its root is leaving, and the task of that stayed": (
        leaving(task_state="block_device_mapping"),
        "no_root",
        (
            "the detach of its root volume vol-root began and has not ended. "
            "Repeat it with standby.openstack.server_root_volume_detach, then attach a root volume."
        ),
    ),
    "root unknown": (
        seen(STOCK, status="SHELVED_OFFLOADED", attachments=(Attachment("vol-data"), Attachment("vol-root"))),
        "root_unknown",
        (
            "nothing tells which of its 2 volumes is the root, if any. "
            "Use administrator credentials, or a server whose root is tagged 'root'."
        ),
    ),
    "stopped": (
        seen(status="SHUTOFF"),
        "wrong_state",
        "its state is SHUTOFF, not SHELVED_OFFLOADED. It is stopped, not shelved: openstack server start.",
    ),
    "paused": (
        seen(status="PAUSED"),
        "wrong_state",
        f"its state is PAUSED, not SHELVED_OFFLOADED. {ADVICE['*']}",
    ),
    "in error": (
        seen(status="ERROR"),
        "wrong_state",
        f"its state is ERROR, not SHELVED_OFFLOADED. {ADVICE['ERROR']}",
    ),
    "locked": (
        seen(status="SHELVED_OFFLOADED", locked=True),
        "locked",
        "the server is locked. Unlock it: openstack server unlock.",
    ),
    "busy": (
        seen(status="SHELVED_OFFLOADED", task_state="deleting"),
        "busy",
        (
            "the server is SHELVED_OFFLOADED and busy with the task deleting. "
            "Wait until the task has ended, then repeat."
        ),
    ),
}


@pytest.mark.parametrize("case", UNSHELVE_REFUSALS)
def test_unshelve_says_why_not_and_what_to_do(case: str) -> None:
    what, code, text = UNSHELVE_REFUSALS[case]
    found = refusal(decide_unshelve(what, "db"))
    assert (found.code, found.text) == (code, f"Refused to unshelve server db: {text}")


def test_no_server_to_shelve() -> None:
    found = refusal(decide_shelve(nothing(), "db"))
    assert found.text == "Refused to shelve server db: the cloud knows no server of that name or id. Check the name."


def test_an_image_backed_server_is_unshelved_without_a_root_volume() -> None:
    assert verbs(decide_unshelve(seen(status="SHELVED_OFFLOADED", image_id="img", attachments=()), "db")) == [
        "unshelve"
    ]


@pytest.mark.parametrize(
    ("placement", "text"),
    [
        (Placement(), "unshelve server db"),
        (Placement("az2"), "unshelve server db in availability zone az2"),
        (Placement(host="compute2"), "unshelve server db in host compute2"),
        (Placement("az2", "compute2"), "unshelve server db in availability zone az2 in host compute2"),
    ],
)
def test_unshelve_says_where(placement: Placement, text: str) -> None:
    found = plan(decide_unshelve(seen(root=present(), status="SHELVED_OFFLOADED"), "db", placement))
    (step,) = found.steps
    assert step.text == text
    where = {"availability_zone": placement.availability_zone, "host": placement.host}
    assert dict(step.args) == {"server_id": "srv", **where}
    assert step.until is not None
    assert (step.until.target, step.until.idle_pending) == ({"ACTIVE"}, set())
    assert found.after["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("runs_in", "wanted", "verdict_"),
    [
        ("nova", None, []),
        ("nova", "nova", []),
        ("", "az2", []),
        ("nova", "az2", "other_zone"),
    ],
)
def test_a_server_that_runs_already(runs_in: str, wanted: str | None, verdict_: Any) -> None:
    found = decide_unshelve(seen(availability_zone=runs_in), "db", Placement(wanted))
    assert verdict(found) == verdict_


def test_running_in_another_zone_is_an_error() -> None:
    assert refusal(decide_unshelve(seen(), "db", Placement("az2"))).text == (
        "Refused to unshelve server db: it already runs in availability zone nova, not az2. "
        "Shelve it first, or leave the option availability_zone out."
    )


def test_unshelve_believes_the_guarded_api_rather_than_the_list_of_attachments() -> None:
    assert refusal(decide_unshelve(seen(root=MISSING, status="SHELVED_OFFLOADED"), "db")).code == "no_root"
