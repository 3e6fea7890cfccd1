# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on runs of long ago, on runs that reach no cloud, and on none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from story import Story

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))

import journals

ENDINGS = ("html", "json", "xml")


@pytest.fixture(autouse=True)
def old_journal(alone: Story) -> None:
    """That of a failover that failed."""
    (alone.folder / "shop.jsonl").write_text(journals.failed().text, encoding="utf-8")


def test_of_a_journal(alone: Story) -> None:
    files = [alone.folder / f"shop.{ending}" for ending in ENDINGS]
    alone("dr_report", "--check", journal="shop.jsonl").good()
    assert not any(file.exists() for file in files)
    run = alone("dr_report", journal="shop.jsonl").good()
    assert not run.changed
    assert run.last["msg"] == [
        "Failover of shop to site B failed: 1 of 3 servers up, 1 failed, 1 not started; oldest data 4 min 10 s.",
        "The report, also as .json and .xml:",
        str(files[0]),
    ]
    assert json.loads(files[1].read_text(encoding="utf-8"))["outcome"] == "failed"
    first = [file.read_bytes() for file in files]
    assert not alone("dr_report", journal="shop.jsonl").good().changed
    assert [file.read_bytes() for file in files] == first


def test_into_another_folder(alone: Story) -> None:
    alone("dr_report", journal="shop.jsonl", dr_report_folder="reports/of/2026").good()
    made = sorted(file.name for file in (alone.folder / "reports" / "of" / "2026").iterdir())
    assert made == [f"shop.{ending}" for ending in ENDINGS]


def test_without_a_journal(alone: Story) -> None:
    said = "Wanted the journal of a run, saw no variable journal. Name its file, from the current folder: -e journal="
    assert alone("dr_report").refused().startswith(said)


def test_of_a_file_that_is_none(alone: Story) -> None:
    (alone.folder / "plan.yml").write_text("name: shop\n", encoding="utf-8")
    said = json.dumps(alone("dr_report", journal="plan.yml").last)
    assert (
        "Wanted the journal of a run, saw a file that does not begin like one. Name a file *.jsonl of dr_wave." in said
    )


@pytest.mark.parametrize("playbook", ["dr_readiness", "dr_replicate", "dr_failover"])
def test_a_playbook_that_fails_ends_with_its_report(no_clouds: Story, playbook: str) -> None:
    run = no_clouds(playbook, dr_site_b_source_is_down="it burns")
    assert run.refused()
    report = Path(run.last["journal"]).with_suffix(".json")
    assert json.loads(report.read_text(encoding="utf-8"))["outcome"] == "failed"
    assert {file.suffix for file in report.parent.iterdir() if file.stem == report.stem} >= {".html", ".json", ".xml"}
    assert run.told_once()
    assert not run.changed


def test_a_report_that_cannot_be_written_is_told_and_no_more(no_clouds: Story) -> None:
    run = no_clouds("dr_readiness", dr_report_folder="plan.yml/reports")
    assert run.refused()
    told, again = run.results[-1]["msg"]
    assert told.startswith("The report on this run could not be written: ")
    assert "plan.yml/reports" in told
    assert (
        again
        == f"To try again: ansible-playbook -i localhost, standby.openstack.dr_report -e journal={run.last['journal']}"
    )


def test_without_a_journal_there_is_no_report(no_clouds: Story) -> None:
    run = no_clouds("dr_readiness", journal_folder="")
    assert run.refused()
    assert run.told_once()
    assert not list(no_clouds.folder.glob("**/*.html"))
