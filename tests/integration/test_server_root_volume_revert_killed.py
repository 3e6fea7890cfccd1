# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A revert that is killed at any moment is carried on by repeating it: same end, the state before saved once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from killing import kill_when
from revert_site import REVERT, RevertSite

from playbooks import Task

pytestmark = pytest.mark.soak


def seen_begun(at: RevertSite) -> bool:
    return any("standby_reverting" in v["metadata"] for v in at.marked())


def seen_saved(at: RevertSite) -> bool:
    return bool(saved(at))


def seen_shelved(at: RevertSite) -> bool:
    return at.make.servers()[0]["status"] == "SHELVED_OFFLOADED"


def seen_unshelving(at: RevertSite) -> bool:
    return at.make.servers()[0]["OS-EXT-STS:task_state"] in ("unshelving", "spawning")


MOMENTS = [seen_begun, seen_saved, seen_shelved, seen_unshelving]


def saved(at: RevertSite) -> list[str]:
    """The snapshots of the state before."""
    found = at.api.get("block_storage", "/snapshots/detail", "snapshots")
    mine = [s for s in found if s["name"].startswith(at.make.prefix)]
    return [s["id"] for s in mine if s["metadata"].get("standby_role") == "before_revert"]


def prepared(at: RevertSite) -> tuple[str, dict[str, Any]]:
    """A server whose guest wrote since the snapshot, and the options that take it back."""
    server = at.server()
    at.writes(at.root(server), "then")
    at.snapshot("good", at.root(server))
    at.writes(at.root(server), "now")
    return server, {"server": at.make.name(), "snapshot": at.make.name("good")}


def reverted_once(at: RevertSite, server: str, options: dict[str, Any]) -> None:
    """It runs on the old bytes; the state before was saved once and can be gone back to; nothing else is left."""
    assert (at.api.server(server)["status"], at.boots_with(server)) == ("ACTIVE", ["then"])
    assert not seen_begun(at)
    assert at.images() == []
    assert len(at.marked()) == {"a": 1, "b": 2}[at.site]
    at.rounds.changes_nothing(REVERT, **options)
    (before,) = saved(at)
    undone = at.ansible(REVERT, server=at.make.name(), snapshot=before)
    assert not undone["failed"], undone["msg"]
    assert at.boots_with(server) == ["now"]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_killed_and_repeated(at: RevertSite, moment: Any) -> None:
    server, options = prepared(at)
    killed = kill_when(at.ansible, Task(REVERT, options), lambda: moment(at))
    assert killed or moment is seen_unshelving, "the run ended before it could be killed: nothing was tested"
    result = at.ansible(REVERT, **options)
    assert not result["failed"], result["msg"]
    reverted_once(at, server, options)


@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_killed_again_and_again(at: RevertSite) -> None:
    """A little later each time, until a run gets through."""
    server, options = prepared(at)
    kills = 0
    for tenths in range(10, 200, 7):
        end = time.monotonic() + tenths / 10
        killed = kill_when(at.ansible, Task(REVERT, options), lambda end=end: time.monotonic() > end)
        kills += killed
        if not killed:
            break
    assert kills > 1
    assert not at.ansible(REVERT, **options)["failed"]
    reverted_once(at, server, options)


@pytest.mark.parametrize("at", ["a"], indirect=True)
def test_a_copy_that_failed(at: RevertSite) -> None:
    """It says the state of the server, what is safe and what to do; after that a repeat carries on."""
    server, options = prepared(at)
    root, name = at.root(server), at.make.name("srv-root")
    kill_when(at.ansible, Task(REVERT, options), lambda: seen_shelved(at))
    at.api.wait_volume(root, "reserved")
    reset = f"/volumes/{root}/action"
    at.admin.send("POST", "block_storage", reset, {"os-reset_status": {"status": "error"}})
    assert at.refused(**options) == (
        f"Refused to revert server {at.make.name()} to snapshot {at.make.name('good')}: an earlier copy into its root "
        f"{name} failed: it is in error. The server is SHELVED_OFFLOADED. The state before the revert is safe in "
        f"snapshot {name}-before-revert-1. An administrator finds out why and sets the volume to reserved "
        f"(openstack volume set --state reserved {root}, and nothing else); then repeat."
    )
    at.admin.send("POST", "block_storage", reset, {"os-reset_status": {"status": "reserved"}})
    assert not at.ansible(REVERT, **options)["failed"]
    reverted_once(at, server, options)
