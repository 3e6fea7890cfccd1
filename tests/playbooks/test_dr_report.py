# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on runs of long ago, and of none; no cloud is needed for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from story import Story

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))

import journals

ENDINGS = ("html", "json", "xml")


@pytest.fixture
def alone(tmp_path: Path) -> Story:
    """A folder with the journal of a failover that failed, and no cloud."""
    (tmp_path / "shop.jsonl").write_text(journals.failed().text, encoding="utf-8")
    return Story(tmp_path, "shop", None, None, lambda: None)  # type: ignore[arg-type]


def test_of_a_journal(alone: Story) -> None:
    files = [alone.folder / f"shop.{ending}" for ending in ENDINGS]
    alone("dr_report", "--check", journal="shop.jsonl").good()
    assert not any(file.exists() for file in files)
    run = alone("dr_report", journal="shop.jsonl").good()
    assert not run.changed
    assert run.last["msg"] == [
        "Failover of shop to site B failed: 1 of 3 servers up, 1 failed, 1 not started; oldest data 4 min 10 s.",
        f"The report is {files[0]}; the same as .json and .xml.",
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
