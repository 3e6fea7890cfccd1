# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a wait: target, on the way, fallen back; one deadline; the time between polls."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import UnexpectedState
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Until
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import (
    GONE,
    Deadline,
    State,
    interval,
    reached,
)

SERVER = Until("server", "srv", frozenset({"TARGET"}), frozenset({"PENDING"}), frozenset({"IDLE"}))
VOLUME = Until("volume", "vol", frozenset({"available"}), frozenset({"creating"}))


def verdict(until: Until, state: State) -> str:
    try:
        return "reached" if reached(until, state, "make it") else "on the way"
    except UnexpectedState:
        return "fallen back"


@pytest.mark.parametrize(
    ("status", "task", "expected"),
    [
        ("TARGET", None, "reached"),
        ("TARGET", "a task", "on the way"),
        ("PENDING", "a task", "on the way"),
        ("PENDING", None, "fallen back"),
        ("IDLE", "a task", "on the way"),
        ("IDLE", None, "on the way"),
        ("ERROR", None, "fallen back"),
        ("ERROR", "a task", "fallen back"),
        ("OTHER", "a task", "fallen back"),
        (GONE, None, "fallen back"),
    ],
)
def test_a_server(status: str, task: str | None, expected: str) -> None:
    """Nova sets the task before it answers, so an idle server in a state that it should be leaving gave up."""
    assert verdict(SERVER, State(status, task)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("available", "reached"), ("creating", "on the way"), ("error", "fallen back"), (GONE, "fallen back")],
)
def test_a_volume_has_no_task(status: str, expected: str) -> None:
    assert verdict(VOLUME, State(status)) == expected


@pytest.mark.parametrize(("kind", "task"), list(itertools.product(("volume", "snapshot", "backup"), (None,))))
def test_other_kinds_are_on_the_way_without_a_task(kind: str, task: str | None) -> None:
    assert verdict(Until(kind, "x", frozenset({"a"}), frozenset({"b"})), State("b", task)) == "on the way"


@pytest.mark.parametrize(
    ("seen", "expected"), [("gone", "reached"), ("ACTIVE", "on the way"), ("ERROR", "fallen back")]
)
def test_waiting_for_the_end_of_a_server(seen: str, expected: str) -> None:
    assert verdict(Until("server", "s", frozenset({GONE}), frozenset(), frozenset({"ACTIVE"})), State(seen)) == expected


def test_the_error_names_what_was_wanted_and_seen_and_the_reason() -> None:
    with pytest.raises(UnexpectedState) as caught:
        reached(SERVER, State("ERROR", "a task", "No valid host was found."), "unshelve server db")
    assert str(caught.value) == (
        "unshelve server db: the server srv is ERROR (task a task) (No valid host was found.), expected was TARGET."
    )
    assert caught.value.as_result()["error"] == {
        "code": "unexpected_state",
        "kind": "server",
        "id": "srv",
        "seen": "ERROR (task a task)",
    }


def test_the_error_of_a_server_that_fell_back() -> None:
    with pytest.raises(UnexpectedState, match=r"the server srv fell back to PENDING, expected was TARGET\."):
        reached(SERVER, State("PENDING"), "x")


def test_the_error_names_every_target() -> None:
    with pytest.raises(UnexpectedState, match=r"is error, expected was a or b\.$"):
        reached(Until("volume", "v", frozenset({"b", "a"})), State("error"), "x")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_is_one_moment() -> None:
    clock = Clock()
    deadline = Deadline(5, clock)
    seen = []
    for clock.now in (100, 104.9, 105, 106):
        seen.append(deadline.passed)
    assert seen == [False, False, True, True]


@pytest.mark.parametrize(
    ("seen", "words"),
    [(None, "still unknown"), (State("creating"), "still creating"), (State("A", "t"), "still A (task t)")],
)
def test_the_error_of_a_deadline(seen: State | None, words: str) -> None:
    error = Deadline(7.5, Clock()).error("make volume x", VOLUME, seen)
    assert str(error).startswith(f"make volume x: the volume vol is {words} after 7.5 s; expected available. ")
    assert "repeat to carry on" in str(error)
    assert error.as_result()["error"] == {
        "code": "timed_out", "kind": "volume", "id": "vol", "seen": str(seen or ""),
    }  # fmt: skip


def test_polls_begin_quickly_and_slow_down_to_a_cap() -> None:
    times = [interval(age, 0.0) for age in range(200)]
    assert times == sorted(times)
    assert (times[0], times[1], times[2], times[10], times[40], times[-1]) == (0.1, 0.25, 0.5, 1.0, 4.0, 5.0)


def test_what_takes_long_is_asked_for_less_often_but_not_for_ever_less() -> None:
    assert interval(2.0, 1.5) == pytest.approx(2.0)
    assert interval(10**6, 10**6) == pytest.approx(35.0)
