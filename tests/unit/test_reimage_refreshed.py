# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over by reimage on a root that replication has filled, or that a failover claimed before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Seen
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Refusal, Until
from test_reimage import (
    AWAKE,
    CLAIM,
    COPY,
    COPYING,
    DONE,
    EMPTYING,
    FORGET,
    OTHER_WAY,
    PLACEHOLDER,
    TIME,
    WOKEN,
    all_texts,
    decide,
    texts,
    twin,
)

FILLED = {"metadata": {**PLACEHOLDER, "standby_woken": WOKEN}, "image_metadata": {"standby_recovery_point": TIME}}
OLDER = {**FILLED, "image_metadata": {"standby_recovery_point": "2026-11-20T08:00:00+00:00"}}
UNFILLED = {**FILLED, "image_metadata": {}}
CLAIMED = {**FILLED, "metadata": {**COPY, "standby_woken": WOKEN}}

REVERTED = {"metadata": {**CLAIMED["metadata"], "standby_reverted_to": "snapshot"}, "image_metadata": {}}


def slept(root: dict[str, Any], woken: str | None = WOKEN, **changes: Any) -> Seen:
    """A twin whose root replication has filled."""
    return replace(twin(root, **changes), woken=woken)


def forgetting(steps: list[str]) -> list[str]:
    at = steps.index("copy replica r-root into the root p-root")
    return [*steps[:at], FORGET, *steps[at:]]


@pytest.mark.parametrize(
    ("seen", "first", "steps"),
    [
        (slept(FILLED), CLAIM, [CLAIM, *EMPTYING, *DONE]),
        (slept(FILLED, data=""), CLAIM, [CLAIM, *DONE]),
        (slept(OLDER), CLAIM, [CLAIM, *EMPTYING, *forgetting(COPYING), *DONE]),
        (slept(UNFILLED), CLAIM, [CLAIM, *EMPTYING, *COPYING, *DONE]),
        (slept({**UNFILLED, "status": "downloading"}), None, [CLAIM, *EMPTYING, *COPYING, *DONE]),
        (slept(CLAIMED), EMPTYING[0], [*EMPTYING, *DONE]),
        (slept(CLAIMED, data="r-data"), DONE[1], DONE[1:]),
        (slept({**CLAIMED, "image_metadata": {}}, data=""), COPYING[0], [*COPYING, *DONE]),
        (slept({**CLAIMED, "image_metadata": OLDER["image_metadata"]}, data=""), COPYING[0],
         [*forgetting(COPYING), *DONE]),
        (slept({**CLAIMED, "status": "in-use"}, AWAKE, data="r-data", status="ACTIVE"), None, []),
        (slept(REVERTED, AWAKE, data="r-data"), DONE[1], DONE[1:]),
    ],
)  # fmt: skip
def test_the_rungs_of_a_root_that_replication_fills(seen: Seen, first: str | None, steps: list[str]) -> None:
    """Of a root that is claimed the rest is decided again; once the twin woke on it, it is never copied into again."""
    decision = decide(seen)
    assert all_texts(decision) == steps
    assert next(iter(texts(decision)), None) == first
    assert isinstance(decision, Plan)
    assert bool(decision.later) == (first in (CLAIM, None) and bool(steps))


@pytest.mark.parametrize("status", ["SHELVED_OFFLOADED", "ACTIVE", "SHUTOFF"])
@pytest.mark.parametrize("held", [{}, OLDER["image_metadata"]], ids=["nothing", "another recovery point"])
def test_a_root_that_was_woken_before_it_was_filled_is_no_recovery_point(status: str, held: dict[str, str]) -> None:
    """A run was killed between claim and copy, and somebody unshelved the twin: its health checks would pass."""
    decision = decide(slept({**CLAIMED, "image_metadata": held}, AWAKE, data="r-data", status=status))
    assert isinstance(decision, Refusal)
    assert decision.text == (
        "Refused to fail over db to site B: the twin was unshelved before its root p-root was filled: what is on it is"
        " not the recovery point. The replica is safe. Remove the twin with server_boot_volume state: absent, rename or"
        " delete its volume p-root, run dr_prepare, then repeat."
    )


def test_right_before_it_is_woken_nothing_may_be_copied() -> None:
    decision = decide(slept(CLAIMED, data="r-data"))
    assert isinstance(decision, Plan)
    wait, note, unshelve = decision.steps
    assert wait.until == Until("volume", "p-root", frozenset({"reserved"}))
    assert note.args == {"volume_id": "p-root", "metadata": {"standby_state": "filled"}}
    assert unshelve.verb == "unshelve"


def test_the_note_of_cinder_may_be_lost_once_the_twin_woke() -> None:
    """A replication that ran beside had its request on the way, which takes the note off."""
    lost = {**CLAIMED, "image_metadata": {}, "metadata": {**CLAIMED["metadata"], "standby_state": "filled"}}
    decision = decide(slept({**lost, "status": "in-use"}, AWAKE, data="r-data", status="ACTIVE"))
    assert isinstance(decision, Plan)
    assert decision.steps == ()


WOKE_TODO = (
    "If that is the failover, go on with this server by hand. If what it wrote is not needed: Remove the twin with"
    " server_boot_volume state: absent, rename or delete its volume p-root, run dr_prepare, then repeat."
)


@pytest.mark.parametrize(
    ("seen", "saw"),
    [
        (slept(FILLED, AWAKE), f"the twin was unshelved at {AWAKE}, on its refreshed root p-root"),
        (slept(UNFILLED, AWAKE), f"the twin was unshelved at {AWAKE}, on its refreshed root p-root"),
        (slept(FILLED, None), "Nova does not tell when the twin was last unshelved, and its root p-root was refreshed"),
        (slept(FILLED, status="ACTIVE"), "the twin is ACTIVE on its refreshed root p-root"),
        (slept(FILLED, status="SHUTOFF"), "the twin is SHUTOFF on its refreshed root p-root"),
        (slept(FILLED, task_state="unshelving"),
         "the twin is SHELVED_OFFLOADED (unshelving) on its refreshed root p-root"),
    ],
)  # fmt: skip
def test_a_root_on_which_somebody_woke_the_twin_is_left_alone(seen: Seen, saw: str) -> None:
    decision = decide(seen)
    assert isinstance(decision, Refusal)
    assert (decision.code, decision.seen, decision.todo) == ("twin_ran", saw, WOKE_TODO)


def test_a_refreshed_root_whose_copy_failed() -> None:
    decision = decide(slept({**UNFILLED, "status": "error"}))
    assert isinstance(decision, Refusal)
    assert decision.text == (
        "Refused to fail over db to site B: an earlier copy into the root p-root of the twin failed: it is in error."
        " The twin stays shelved and the replica is safe. Remove the twin with server_boot_volume state: absent, rename"
        f" or delete its volume p-root, run dr_prepare, then repeat. {OTHER_WAY}"
    )
