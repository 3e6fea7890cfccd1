# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said after a step that failed: what is safe, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils import clouds
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    CloudError,
    UnexpectedState,
    Unreachable,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.engine.advice import after_refusal, after_wait
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import converge
from recovery_builders import the_plan
from test_apply import World, answer
from two_sites import Sites

CORES = "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores"
TODO = "Raise the quota of the project or free some of it, then repeat to carry on."
DOWN = "The server stays down, with all its volumes and ports: nothing is lost."
UNMADE = "No server was made. Its volumes and ports stay as they are, and a repeat uses them."
STAYS = "What was made so far stays, and a repeat uses it."


@pytest.mark.parametrize(
    ("part", "status", "message", "text"),
    [
        (Part.START, 403, CORES, f"{DOWN} {TODO}"),
        (Part.BUILD, 403, CORES, f"{UNMADE} {TODO}"),
        (Part.VOLUMES, 413, "VolumeSizeExceedsAvailableQuota: Requested volume exceeds ...", f"{STAYS} {TODO}"),
        (Part.VOLUMES, 409, "Quota exceeded for resources: ['port'].", f"{STAYS} {TODO}"),
        (Part.SNAPSHOT, 413, "SnapshotLimitExceeded: quota", f"{STAYS} {TODO}"),
        (Part.CHECK, 413, "ImageLimitExceeded: quota", TODO),
        (Part.START, 403, "Policy doesn't allow os_compute_api:os-shelve:unshelve to be performed.", ""),
        (Part.START, 409, "Cannot 'unshelve' instance while it is in vm_state active", ""),
        (Part.BUILD, 500, "the quota service broke down", ""),
    ],
)
def test_a_quota(part: Part, status: int, message: str, text: str) -> None:
    assert after_refusal(Step("verb", "do it", part=part), CloudError(message, status=status)) == text


def test_a_request_that_a_quota_stops_says_what_is_safe() -> None:
    course = converge(World(Plan({}, {}, (Step("unshelve", "unshelve it", part=Part.START),))).job(), check=False)
    course.send(answer(next(course)))
    with pytest.raises(CloudError) as caught:
        course.throw(CloudError("site_b: 403: Quota exceeded for cores.", status=403))
    assert str(caught.value) == (
        "site_b: 403: Quota exceeded for cores. The server stays down, with all its volumes and ports: nothing is "
        "lost. Raise the quota of the project or free some of it, then repeat to carry on."
    )


NO_ROOM = (
    "It stays shelved with all its volumes and ports: nothing is lost. Make room for its flavor, or let it come up in "
    "another availability zone, then repeat."
)
BROKEN = (
    "Its volumes stay attached, and their data is as it was. Have an administrator find out why and reset its state "
    "(openstack server show, openstack server set --state), then repeat."
)
REMOVE = (
    "Its volumes and ports are kept. Remove the server with server_boot_volume state: absent, which keeps them too, "
    "then repeat."
)


@pytest.mark.parametrize(
    ("verb", "part", "seen", "text"),
    [
        ("unshelve", Part.START, "SHELVED_OFFLOADED", NO_ROOM),
        ("wait", Part.START, "SHELVED_OFFLOADED", NO_ROOM),
        ("unshelve", Part.START, "ERROR", BROKEN),
        ("wait", Part.START, "ERROR (task spawning)", BROKEN),
        ("create_server", Part.BUILD, "ERROR", REMOVE),
        ("wait", Part.BUILD, "ERROR", REMOVE),
        ("unshelve", Part.START, "gone", "Look at the server, then repeat."),
        ("shelve", Part.SHELVE, "ERROR", "Look at the server, then repeat."),
        ("wait", Part.WORK, "ERROR", "Look at the server, then repeat."),
    ],
)
def test_a_server_that_ended_where_it_should_not(verb: str, part: Part, seen: str, text: str) -> None:
    error = UnexpectedState("it fell back", kind="server", seen=seen)
    assert after_wait(Step(verb, "do it", part=part), error) == text


def test_what_the_wait_itself_says_goes_first() -> None:
    until = Until("volume", "v", frozenset({"reserved"}), todo="The replica is safe.")
    error = UnexpectedState("it failed", kind="volume", seen="error")
    assert after_wait(Step("reimage_volume", "copy", until=until), error) == "The replica is safe."


def test_an_error_with_advice() -> None:
    error = UnexpectedState("It fell back.", kind="server")
    error.add("todo", "")
    error.add("todo", "Repeat.")
    assert error.as_result() == {
        "msg": "It fell back. Repeat.",
        "error": {"code": "unexpected_state", "kind": "server", "todo": "Repeat."},
    }


def test_a_server_that_found_a_host_and_failed_there_needs_no_room() -> None:
    """A port or a volume was gone: the advice was to make room."""
    step = Step("unshelve", "unshelve it", until=Until("server", "s", frozenset({"ACTIVE"})), part=Part.START)
    error = UnexpectedState("fell back", kind="server", id="s", seen="SHELVED_OFFLOADED")
    error.add("cloud_says", "Nova says that unshelve failed in compute_unshelve_instance (request id req-1).")
    text = after_wait(step, error)
    assert "Nova found a host and could not start it there: look whether its ports and volumes are there" in text
    assert "room" not in text


@pytest.mark.parametrize(
    ("member", "admin", "text"),
    [
        ("failed in x", "failed in x: PortNotFound", "failed in x: PortNotFound"),
        ("failed in x", "", "failed in x"),
        ("failed in x", None, "failed in x"),
        ("", "never asked", ""),
    ],
)
def test_an_administrator_of_the_plan_is_asked_why(
    monkeypatch: pytest.MonkeyPatch, member: str, admin: str | None, text: str
) -> None:
    """Nova tells a member in which step an unshelve failed, and only an administrator why."""

    def last_failure(session: Any, _server_id: str) -> str:
        if "admin" not in session.roles:
            return member
        if admin is None:
            raise Unreachable("no answer")
        return admin

    monkeypatch.setattr(clouds, "last_failure", last_failure)
    assert Sites(the_plan()).job("failover").explain("here", "srv") == text
