# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said after a step that failed: what is safe, and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.failures import after_refusal, after_wait
from ansible_collections.standby.openstack.plugins.module_utils.decide.shelving import until_active
from ansible_collections.standby.openstack.plugins.module_utils.errors import CloudError, UnexpectedState
from ansible_collections.standby.openstack.plugins.module_utils.plan import Step, Until

CORES = "Quota exceeded for cores: Requested 1, but already used 2 of 2 cores"
TODO = "Raise the quota of the project or free some of it, then repeat to carry on."
SHELVED = "The server stays shelved with all its volumes and ports: nothing is lost."
UNMADE = "No server was made. Its volumes and ports stay as they are, and a repeat uses them."
STAYS = "What was made so far stays, and a repeat uses it."


@pytest.mark.parametrize(
    ("verb", "status", "message", "text"),
    [
        ("unshelve", 403, CORES, f"{SHELVED} {TODO}"),
        ("create_server", 403, CORES, f"{UNMADE} {TODO}"),
        ("create_volume", 413, "VolumeSizeExceedsAvailableQuota: Requested volume exceeds ...", f"{STAYS} {TODO}"),
        ("create_port", 409, "Quota exceeded for resources: ['port'].", f"{STAYS} {TODO}"),
        ("create_snapshot", 413, "SnapshotLimitExceeded: quota", TODO),
        ("unshelve", 403, "Policy doesn't allow os_compute_api:os-shelve:unshelve to be performed.", ""),
        ("unshelve", 409, "Cannot 'unshelve' instance while it is in vm_state active", ""),
        ("create_server", 500, "the quota service broke down", ""),
    ],
)
def test_a_quota(verb: str, status: int, message: str, text: str) -> None:
    assert after_refusal(Step(verb, "do it"), CloudError(message, status=status)) == text


BUILT = Until("server", "s", frozenset({"ACTIVE"}), frozenset({"BUILD"}))
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
    ("verb", "until", "seen", "text"),
    [
        ("unshelve", until_active("s"), "SHELVED_OFFLOADED", NO_ROOM),
        ("wait", until_active("s"), "SHELVED_OFFLOADED", NO_ROOM),
        ("unshelve", until_active("s"), "ERROR", BROKEN),
        ("wait", until_active("s"), "ERROR (task spawning)", BROKEN),
        ("create_server", BUILT, "ERROR", REMOVE),
        ("wait", BUILT, "ERROR", REMOVE),
        ("unshelve", until_active("s"), "gone", "Look at the server, then repeat."),
        ("shelve", None, "ERROR", "Look at the server, then repeat."),
        ("wait", None, "ERROR", "Look at the server, then repeat."),
    ],
)
def test_a_server_that_ended_where_it_should_not(verb: str, until: Until | None, seen: str, text: str) -> None:
    error = UnexpectedState("it fell back", kind="server", seen=seen)
    assert after_wait(Step(verb, "do it", until=until), error) == text


def test_what_the_wait_itself_says_goes_first() -> None:
    until = Until("volume", "v", frozenset({"reserved"}), todo="The replica is safe.")
    error = UnexpectedState("it failed", kind="volume", seen="error")
    assert after_wait(Step("reimage_volume", "copy", until=until), error) == "The replica is safe."


def test_an_error_with_advice() -> None:
    error = UnexpectedState("It fell back.", kind="server")
    error.advise("")
    error.advise("Repeat.")
    assert error.as_result() == {
        "msg": "It fell back. Repeat.",
        "error": {"code": "unexpected_state", "kind": "server", "todo": "Repeat."},
    }
