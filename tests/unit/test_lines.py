# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see while a wave runs: a line for each server and step, and no flood. The time is that of the events."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.run.live_lines import LONGEST, MOST, Lines, wrapped

UNSHELVE = Step("unshelve", "unshelve server db", part=Part.START)
ATTACH = Step("attach_root", "attach volume x as root /dev/vda of server db", part=Part.HANDOVER)


class Seen:
    """What is shown."""

    def __init__(self, *names: str) -> None:
        self.texts: list[str] = []
        self.kinds: list[str] = []
        self.lines = Lines(self.show, names)

    def show(self, text: str, kind: str) -> None:
        self.texts.append(text)
        self.kinds.append(kind)

    def take(self) -> list[str]:
        """What was shown since the last time."""
        taken, self.texts = self.texts, []
        return taken

    def many(self, count: int, seconds: float, kind: str = "step", **of_it: Any) -> None:
        """So many servers do the same at the same moment."""
        for number in range(count):
            self.lines.tell(event(kind, f"s{number}", seconds, **of_it))


CHECK = Step("wait", "check that the console of db shows 'login:'")


def event(kind: str, job: str = "db", seconds: float = 3.14, text: str = "", **of_it: Any) -> Event:
    finished, total = of_it.pop("counts", (0, 500))
    given = {"phase": "begin", "step": UNSHELVE, **of_it} if kind == "step" else of_it
    return Event(kind, job, text or (given["step"].text if kind == "step" else ""), seconds, finished, total, **given)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (event("step", counts=(0, 3)), "[0/3]    3.1 s  db           unshelve server db"),
        (event("step", phase="ended", more={"state": "ACTIVE"}),
         "[  0/500]    3.1 s  db           unshelve server db: ACTIVE"),
        (event("step", step=ATTACH, phase="ended", more={"state": "reserved"}),
         "[  0/500]    3.1 s  db           attach volume x as root /dev/vda: reserved"),
        (event("step", step=CHECK, phase="ended", more={"state": "matches"}),
         "[  0/500]    3.1 s  db           check that the console of db shows 'login:': matches"),
        (event("done", counts=(1, 30)), "[ 1/30]    3.1 s  db           done"),
        (event("unchanged"), "[  0/500]    3.1 s  db           nothing to do"),
        (event("failed", text="no host"), "[  0/500]    3.1 s  db           FAILED: no host"),
        (event("skipped", text="db failed"), "[  0/500]    3.1 s  db           SKIPPED: db failed"),
    ],
)  # fmt: skip
def test_what_is_shown(told: Event, text: str) -> None:
    seen = Seen()
    seen.lines.tell(told)
    assert (seen.texts, seen.kinds) == ([text], [told.kind])


def test_a_failure_is_told_shortly() -> None:
    """The whole of it comes at the end."""
    seen = Seen()
    seen.lines.tell(event("failed", text="Refused to call db ready:\n  1. the twin is locked\nMend it."))
    seen.lines.tell(event("skipped", "app", text="app was not started because db failed. Repair it, then repeat."))
    assert [text.partition("s  ")[2] for text in seen.texts] == [
        "db           FAILED: Refused to call db ready",
        "app          SKIPPED: app was not started because db failed",
    ]


def test_names_of_replicas_are_short() -> None:
    seen = Seen()
    step = Step(
        "attach_volume", "attach volume shop-db-data-2026-11-30T15:21:06+00:00 to server db", part=Part.HANDOVER
    )
    seen.lines.tell(event("step", step=step))
    assert seen.texts == ["[  0/500]    3.1 s  db           attach volume shop-db-data-20261130T152106Z"]


def test_no_line_is_longer_than_a_terminal() -> None:
    """The state that was reached stands at its end."""
    seen = Seen("a-server-with-a-long-name")
    step = Step("attach_volume", f"attach volume {'x' * 90}", part=Part.HANDOVER)
    seen.lines.tell(event("step", "a-server-with-a-long-name", step=step, phase="ended", more={"state": "in-use"}))
    (text,) = seen.texts
    assert (len(text), "..." in text, text.endswith("xxx: in-use")) == (LONGEST, True, True)


def test_long_lines_are_wrapped() -> None:
    text = "Failover of shop: 1 of 2 servers failed.\n  db: " + "word " * 30 + "http://127.0.0.1/" + "x" * 100
    head, first, second, url = wrapped(text)
    assert head == "Failover of shop: 1 of 2 servers failed."
    assert (first[:10], second[:10], len(first) <= 100) == ("  db: word", "      word", True)
    assert url.strip() == "http://127.0.0.1/" + "x" * 100


def test_what_is_said_where_nothing_had_to_be_done() -> None:
    seen = Seen()
    seen.lines = Lines(seen.show, (), "ready")
    seen.lines.tell(event("unchanged"))
    assert seen.texts == ["[  0/500]    3.1 s  db           ready"]


@pytest.mark.parametrize(
    "told",
    [
        event("step", phase="answered", more={"request_id": "req-1"}),
        event("step", phase="ended"),
        event("step", phase="failed", more={"msg": "no"}),
    ],
)
def test_what_is_for_the_journal_only(told: Event) -> None:
    """Why a step failed is said once, when its server is given up."""
    seen = Seen()
    seen.lines.tell(told)
    assert seen.texts == []


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["db"], "  db           unshelve"),
        (["a-name-of-16-char"], "  db                unshelve"),
        (["x" * 80], "  db                       unshelve"),
    ],
)
def test_the_column_is_as_wide_as_the_names(names: list[str], shown: str) -> None:
    seen = Seen(*names)
    seen.lines.tell(event("step"))
    assert shown in seen.texts[0]


def test_as_many_as_can_be_read_are_shown_at_once() -> None:
    seen = Seen()
    for second in range(4):
        seen.many(MOST, second + 0.5)
        assert len(seen.take()) == MOST


def test_more_are_grouped_when_their_second_is_over() -> None:
    seen = Seen()
    seen.many(500, 0.5)
    assert len(seen.take()) == MOST
    seen.lines.tick(0.9)
    assert seen.take() == []
    seen.lines.tick(1.0)
    assert seen.take() == ["[  0/500]    0.5 s  450 servers  start the server"]


def test_what_goes_on_is_grouped_from_its_beginning() -> None:
    seen = Seen()
    seen.many(500, 0.5)
    seen.many(200, 1.2, step=ATTACH)
    seen.take()
    seen.many(80, 1.5, counts=(3, 500))
    seen.many(63, 1.6, phase="ended", more={"state": "ACTIVE"}, counts=(4, 500))
    seen.many(2, 1.7, "done", counts=(6, 500))
    assert seen.take() == []
    seen.lines.tick(2.3)
    assert seen.take() == [
        "[  6/500]    1.7 s  200 servers  hand over the disks",
        "[  6/500]    1.7 s  80 servers   start the server",
        "[  6/500]    1.7 s  63 servers   start the server: ACTIVE",
        "[  6/500]    1.7 s  2 servers    done",
    ]


def test_a_server_that_does_two_things_of_a_part_is_counted_once() -> None:
    seen = Seen()
    seen.many(MOST, 0.5)
    for step in (ATTACH, Step("attach_volume", "attach volume y", part=Part.HANDOVER)):
        seen.many(70, 0.6, step=step)
    seen.take()
    seen.lines.flush()
    assert seen.take() == ["[  0/500]    0.6 s  70 servers   hand over the disks"]


def test_one_of_its_kind_keeps_its_line() -> None:
    seen = Seen()
    seen.many(MOST + 2, 0.5)
    seen.lines.tell(event("done", "db", 0.6))
    seen.take()
    seen.lines.flush()
    assert seen.take() == [
        "[  0/500]    0.6 s  2 servers    start the server",
        "[  0/500]    0.6 s  db           done",
    ]


def test_when_it_is_little_again_each_has_its_line() -> None:
    seen = Seen()
    seen.many(500, 0.5)
    seen.lines.tick(1.0)
    seen.take()
    seen.many(3, 1.5)
    assert seen.take() == [], "nobody knows yet how many will follow"
    seen.lines.tick(2.0)
    assert len(seen.take()) == 3
    seen.many(1, 2.1)
    assert len(seen.take()) == 1


def test_failures_are_shown_at_once_each_on_its_own_line() -> None:
    seen = Seen()
    seen.many(500, 0.5)
    seen.take()
    seen.many(100, 0.6, "failed", text="no host")
    assert [text.endswith("FAILED: no host") for text in seen.take()] == [True] * 100


def test_groups_have_the_kind_of_their_events() -> None:
    seen = Seen()
    seen.many(MOST, 0.5)
    seen.many(100, 0.6, "skipped", text="db failed")
    seen.lines.flush()
    assert seen.texts[-1].endswith("100 servers  SKIPPED")
    assert seen.kinds[-1] == "skipped"


def test_nothing_is_lost() -> None:
    """Whatever comes when: each server is in a line of its own or counted in a group."""
    seen = Seen()
    for step in range(60):
        for number in range(step * 7 % 90):
            seen.lines.tell(event("step", f"s{step}-{number}", step * 0.31))
    seen.lines.flush()
    counted = sum(int(text.split()[4]) if " servers " in text else 1 for text in seen.texts)
    assert counted == sum(step * 7 % 90 for step in range(60))
