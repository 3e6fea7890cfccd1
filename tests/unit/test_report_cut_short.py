# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a run that was killed, or that ended in the middle."""

from __future__ import annotations

import journals
from test_report import data, of, page


def test_a_killed_run_ends_anywhere() -> None:
    """Every beginning of a journal that holds its first line, by line and by character, is a report."""
    lines = journals.failed().text.splitlines(keepends=True)
    for number in range(1, len(lines)):
        whole = "".join(lines[:number])
        found = data(whole)
        assert (found["outcome"], found["unread_lines"]) == ("stopped", 0)
        assert data(whole + lines[number][: len(lines[number]) // 2])["unread_lines"] == 1


def test_a_line_that_is_cut_off_is_said() -> None:
    assert (
        "One line of the journal is cut off and was left out." in page(journals.killed().text + '{"kind": "st')["notes"]
    )


def test_the_step_that_was_under_way_is_told() -> None:
    found = of(journals.killed())
    web = found["report"]["servers"][1]
    assert [(step["text"], step["state"], step["end"]) for step in web["steps"]] == [
        ("attach volume web-root as root", "done", 1.5),
        ("unshelve server web", "open", None),
    ]
    (problem,) = found["page"]["problems"]
    assert problem["msg"] == "The journal ends while this was done: unshelve server web."
    assert found["page"]["problems_title"] == "What was under way"


def test_why_a_run_ended_in_the_middle_is_told_beside_what_failed() -> None:
    journal = journals.killed().fails("app", 13.0, "no")
    found = page(journal.end(14.0, failed=True, msg="Unexpected OSError: full."))
    assert "Unexpected OSError: full." in found["notes"]
