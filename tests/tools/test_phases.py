# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test` and `make lint` must not pass when nothing was tested."""

from __future__ import annotations

import sys
from pathlib import Path

import phases
import pytest
from phases import NothingTestedError, Phase, counted, run_all, summary

SUITE = '<testsuites><testsuite tests="{}" skipped="{}"/></testsuites>'


def passing(name: str, needs: str = "") -> Phase:
    return Phase(name, [sys.executable, "-c", ""], needs=needs)


def failing(name: str) -> Phase:
    return Phase(name, [sys.executable, "-c", "raise SystemExit(3)"])


def test_a_report_with_tests_is_a_proof(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(SUITE.format(3, 1), encoding="utf-8")
    assert counted(tmp_path / "r.xml")() == "2 tests, 1 skipped"


@pytest.mark.parametrize(("tests", "skipped"), [(0, 0), (2, 2)])
def test_a_report_without_tests_is_none(tmp_path: Path, tests: int, skipped: int) -> None:
    (tmp_path / "r.xml").write_text(SUITE.format(tests, skipped), encoding="utf-8")
    with pytest.raises(NothingTestedError, match="nothing was tested"):
        counted(tmp_path / "r.xml")()


def test_no_report_is_none(tmp_path: Path) -> None:
    with pytest.raises(NothingTestedError, match="no report"):
        counted(tmp_path / "r.xml")()


def test_a_report_of_an_earlier_run_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "REPORTS", tmp_path)
    (tmp_path / "some-phase.xml").write_text(SUITE.format(3, 0), encoding="utf-8")
    assert not phases.report("some phase").exists()


def test_a_phase_without_proof_fails_the_run(tmp_path: Path) -> None:
    phase = Phase("empty", [sys.executable, "-c", ""], counted(tmp_path / "r.xml"))
    assert summary("t", run_all([phase])) == 1


def test_later_phases_run_after_a_failure_and_the_run_fails() -> None:
    results = run_all([failing("a"), passing("b")])
    assert [result.passed for result in results] == [False, True]
    assert summary("t", results) == 1


def test_what_needs_a_failed_phase_is_not_run_and_counts_as_failed() -> None:
    results = run_all([failing("a"), passing("b", needs="a")])
    assert [(result.passed, result.note) for result in results] == [
        (False, "exit code 3"),
        (False, "not run, as it needs: a"),
    ]


def test_all_passed() -> None:
    assert summary("t", run_all([passing("a"), passing("b", needs="a")])) == 0
