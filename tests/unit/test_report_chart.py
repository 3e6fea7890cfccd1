# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline of a report: where bars, rows and the marks of the axis are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.report import chart
from journals import Journal
from test_report import page


def drawn(journal: Journal) -> dict[str, list[tuple[float, float, str, str]]]:
    """By server its bars: where, how wide, which look, which state."""
    rows = [row for panel in page(journal)["panels"] for row in panel["rows"]]
    return {row["name"]: [(b["x"], b["width"], b["look"], b["state"]) for b in row["bars"]] for row in rows}


def test_the_bars_of_a_failover() -> None:
    journal = Journal(servers=("db", "app")).failover_of("db", 0.0, 30.0)
    journal.step("app", "unshelve", "unshelve server app", 40.0, None).line("weather", 100.0)
    assert drawn(journal) == {
        "db": [(0.0, 10.0, "1", "done"), (10.0, 10.0, "2", "done"), (20.0, 10.0, "3", "done")],
        "app": [(40.0, 60.0, "2", "open")],
    }


def test_a_bar_that_failed_and_one_that_is_hardly_there() -> None:
    journal = Journal(servers=("db",)).step("db", "unshelve", "unshelve server db", 100.0, 100.0, msg="no")
    assert drawn(journal.fails("db", 100.0, "no").end(100.0)) == {"db": [(99.6, 0.4, "2", "failed")]}


def test_steps_of_one_part_are_one_bar() -> None:
    journal = Journal(servers=("db",)).step("db", "attach_root", "attach root", 0, 10)
    journal.step("db", "attach_volume", "attach data", 11, 20).server("db", 20).end(100)
    assert drawn(journal) == {"db": [(0.0, 20.0, "1", "done")]}


def test_a_run_without_steps_has_no_chart() -> None:
    assert page(Journal().fence().end(0.5, changed=False))["panels"] == []
    assert page(Journal().fence().end(0.5, changed=False))["legend"] == []


def many(number: int) -> Journal:
    """A failover of many servers."""
    journal = Journal(servers=tuple(f"s{i}" for i in range(number)))
    for i in range(number):
        journal.failover_of(f"s{i}")
    return journal.end(12.5)


@pytest.mark.parametrize(
    ("servers", "panels", "row"),
    [(1, [1], 24), (38, [38], 24), (39, [38, 1], 24), (80, [38, 38, 4], 24), (81, [30, 30, 21], 15)],
)
def test_rows_and_panels(servers: int, panels: list[int], row: int) -> None:
    found = page(many(servers))["panels"]
    assert [len(panel["rows"]) for panel in found] == panels
    for panel in found:
        tops = [r["bar"] for r in panel["rows"]]
        assert all(below - above == row for above, below in pairwise(tops))
        assert tops[-1] + panel["bar"] < panel["height"] == 20 + row * len(tops)
        assert all(0 <= b["x"] <= b["x"] + b["width"] <= 100.01 for r in panel["rows"] for b in r["bars"])


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        (0.4, ["0"]),
        (4.0, ["0", "1 s", "2 s", "3 s", ""]),
        (12.5, ["0", "5 s", "10 s"]),
        (102.3, ["0", "30 s", "1 min", "1:30"]),
        (600, ["0", "2 min", "4 min", "6 min", "8 min", ""]),
        (7000, ["0", "30 min", "1 h", "1:30 h"]),
        (500000, ["0", "24 h", "48 h", "72 h", "96 h", "120 h"]),
    ],
)
def test_the_axis(end: float, labels: list[str]) -> None:
    rows = [{"name": "db", "label": "", "outcome": "done", "parts": []}]
    (panel,) = chart.panels(rows, end)
    assert [mark["label"] for mark in panel["marks"]] == labels


def test_work_that_goes_back_to_an_earlier_part_has_a_further_bar() -> None:
    journal = Journal(servers=("db",)).step("db", "attach_volume", "attach data", 0, 10)
    journal.step("db", "unshelve", "unshelve server db", 10, 20).step("db", "attach_volume", "attach more", 20, 30)
    assert [drawing[2] for drawing in drawn(journal.end(30))["db"]] == ["1", "2", "1"]


def test_each_part_has_one_look() -> None:
    assert sorted(part.value for parts in chart.LOOKS.values() for part in parts) == sorted(p.value for p in Part)


def test_parts_that_look_alike_share_an_entry_of_the_legend() -> None:
    journal = Journal("provision", servers=("db",)).step("db", "create_port", "make port", 0, 10, part="volumes")
    journal.step("db", "create_server", "make server", 10, 20, part="build")
    journal.step("db", "update_server", "describe it", 20, 30, part="mend")
    assert page(journal.end(30))["legend"] == [
        {"label": "Volumes and ports, change it in place", "look": "1"},
        {"label": "Make the server", "look": "2"},
    ]


def test_a_part_of_another_release_is_work() -> None:
    journal = Journal(servers=("db",)).step("db", "teleport", "teleport db", 0, 10, part="teleport").end(10)
    assert page(journal)["legend"] == [{"label": "Work", "look": "1"}]
