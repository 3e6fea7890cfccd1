# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No phase of the slow targets is forgotten: `make soak` runs all that is slow, and Tempest our own scenarios."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import phases
import pytest
import test as targets

REPO = Path(targets.REPO)
MARK = re.compile(r"pytest\.mark\.soak\b")


@pytest.fixture(autouse=True)
def _own_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To define a phase removes its old report."""
    monkeypatch.setattr(phases, "REPORTS", tmp_path)


def recipe(target: str) -> str:
    """Returns what the Makefile runs for a target."""
    return subprocess.run(
        ["make", "--dry-run", "--always-make", "--old-file=ready", target],
        cwd=REPO, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("target", ["soak", "tempest"])
def test_the_makefile_runs_the_whole_group(target: str) -> None:
    assert re.search(rf"tools/test\.py {target}$", recipe(target), re.MULTILINE)


def test_soak_is_everything_that_make_test_is_not() -> None:
    """Two phases of the guarded API were once defined and in no target."""
    names = {phase.name for phase in targets.groups()["soak"]}
    assert {"filter matrix", "nova_root_volume functional", "soak nova_root_volume", "mutants"} <= names
    assert {phase.name for phase in targets.tempest("full")} <= names
    quick = {phase.name for phase in [*targets.without_cloud(), *targets.with_cloud()]}
    assert not names & quick


def test_each_test_marked_soak_is_in_a_phase_of_soak() -> None:
    folders = [
        argument
        for phase in targets.groups()["soak"]
        if phase.command[-1] != "not soak"
        for argument in phase.command
        if (REPO / argument).is_dir()
    ]
    marked = [
        path.relative_to(REPO).as_posix()
        for root in ("tests", "nova_root_volume/tests")
        for path in (REPO / root).rglob("test_*.py")
        if MARK.search(path.read_text(encoding="utf-8")) and path.name != Path(__file__).name
    ]
    assert marked
    assert [path for path in marked if not any(path.startswith(f"{folder}/") for folder in folders)] == []


def test_names_are_phases_or_groups() -> None:
    soak = targets.groups()["soak"]
    every = [*targets.without_cloud(), *targets.with_cloud(), *soak]
    assert targets.chosen(["soak"], every) == {phase.name for phase in soak}
    assert targets.chosen(["unit", "tempest"], every) == {"unit", "tempest full a", "tempest full b"}
    with pytest.raises(SystemExit, match="no such phase: nothing"):
        targets.chosen(["nothing"], every)


def test_tempest_must_run_our_own_scenarios_where_the_filter_is() -> None:
    """They skip themselves where the API is not advertised: a site that lost its filter would pass."""
    full = {phase.name: phase.command for phase in targets.tempest("full")}
    assert full["tempest full b"][-2:] == ["--must-pass", r"nova_root_volume_tempest\."]
    assert "--must-pass" not in full["tempest full a"]
