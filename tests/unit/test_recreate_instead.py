# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failing over by making the server anew where another way was tried before, or the twin is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Named, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.volume_copy import Helpers
from builders import STOCK, plan, refusal, volume
from recovery_builders import PLACEHOLDERS, PREPARED, T2, marked, surroundings, the_plan, twin
from test_recreate import BUILD, DEFAULT, DELETE, DROP, HELD, ON, PLAN_, ROOT, fail_over, texts


def test_a_root_into_which_a_copy_failed_does_not_matter() -> None:
    """The plan said reimage before: the twin is deleted with its root in error, and that root is deleted too."""
    broken = (replace(HELD[0], status="error"), HELD[1])
    found = plan(fail_over(twin(broken)))
    assert texts(found) == [*DELETE, *BUILD, *DROP]
    assert "error" in found.steps[-4].until.target
    loose = surroundings(same_name={"root": (replace(PLACEHOLDERS[0], status="error"),), "data": ()})
    assert texts(fail_over(twin(ON, STOCK, status="ACTIVE"), loose)) == [BUILD[1], DROP[1]]


def test_what_a_failed_copy_left_is_removed() -> None:
    left = Helpers((Snapshot("s", "old", "available", ROOT.id, 1),), (Named("i", "old"),))
    what = replace(recovery(twin(HELD), (*HELD, *DEFAULT), PLAN_.servers[0]), around=surroundings(), helpers=left)
    found = decide_failover(what, PLAN_.servers[0], PLAN_)
    assert texts(found) == [*DELETE, *BUILD, *DROP, "delete image old", "delete snapshot old"]


FILLED = {"copy": {**marked("root", "copy"), "standby_recovery_point": T2}, "refreshed": marked("root", "placeholder")}


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize("status", ["reserved", "error", "downloading"])
def test_a_root_that_was_filled_and_never_used_does_not_stand_in_the_way(kind: str, status: str) -> None:
    """The plan said reimage before, and maybe its copy failed. The root is kept: only people delete what was filled."""
    root = replace(HELD[0], status=status, metadata={**FILLED[kind], "standby_woken": PREPARED})
    found = plan(fail_over(twin((root, HELD[1]))))
    assert texts(found) == [*DELETE, *BUILD, *DROP[2:]]
    assert found.notes == (
        "volume db-root-placeholder, into which a replica was copied before, is kept: delete it if nobody needs it",
    )


@pytest.mark.parametrize(
    ("kind", "handover", "woken", "saw"),
    [
        ("refreshed", "attach", PREPARED, "which replication filled for the handover reimage"),
        ("refreshed", "recreate", "later", "which replication filled for the handover reimage"),
        ("copy", "attach", PREPARED, "a copy of a replica: the handover reimage left it so"),
        ("copy", "recreate", "later", "a copy of a replica: the handover reimage left it so"),
    ],
)
def test_otherwise_it_does(kind: str, handover: str, woken: str, saw: str) -> None:
    root = replace(HELD[0], metadata={**FILLED[kind], "standby_woken": PREPARED})
    seen = replace(twin((root, HELD[1])), woken=woken)
    found = refusal(fail_over(seen, of=the_plan(handover=handover)))
    assert (found.code, found.todo) == (
        "other_handover",
        "Say that handover in the plan, then repeat. Nothing was changed.",
    )
    assert found.seen == f"the twin is SHELVED_OFFLOADED on db-root-placeholder, {saw}"


@pytest.mark.parametrize("handover", ["recreate", "attach"])
def test_what_reimage_has_brought_up_is_left_to_it(handover: str) -> None:
    """Its root holds what was written at the target."""
    copy = volume("p", name="db-root-placeholder", metadata={**marked("root", "copy"), "standby_recovery_point": T2})
    found = refusal(fail_over(twin((copy, ON[1]), status="ACTIVE"), of=the_plan(handover=handover)))
    assert found.text == (
        "Refused to fail over db to site B: the twin is ACTIVE on db-root-placeholder, a copy of a replica: the"
        " handover reimage left it so. Say that handover in the plan, then repeat. Nothing was changed."
    )


def test_a_twin_in_error_is_not_needed() -> None:
    found = refusal(fail_over(twin(HELD, STOCK, status="ERROR", fault="Disk lost.")))
    assert found.text == (
        "Refused to fail over db to site B: the twin is in ERROR: Disk lost. The replicas are safe. Remove the twin"
        " with server_boot_volume state: absent, then repeat. Nothing of it is needed."
    )
