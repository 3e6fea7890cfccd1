# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix runs both kinds of tests of the guarded API on each release, and each of them on that release's Nova."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import filter_matrix
import phases
import pytest


@pytest.fixture(autouse=True)
def _own_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To define a phase removes its old report."""
    monkeypatch.setattr(phases, "REPORTS", tmp_path)


@pytest.mark.parametrize("release", filter_matrix.releases())
def test_each_phase_is_about_that_release(release: str) -> None:
    stock, functional, guarded, live = filter_matrix.phases(release)
    wanted = [] if release == filter_matrix.NEWEST else ["--nova", release]
    for phase in (stock, functional, guarded):
        at = [phase.command.index("--nova")] if "--nova" in phase.command else []
        assert [word for start in at for word in phase.command[start : start + 2]] == wanted, phase.name
    assert live.needs == guarded.name
    assert functional.needs == stock.name, "functional tests need the environment, and no MariaDB"


def test_a_release_without_environment_is_refused() -> None:
    """A fall back to the newest Nova would prove nothing about the release."""
    command = [sys.executable, filter_matrix.REPO / filter_matrix.FUNCTIONAL, "--nova", "1.2.3", "-q"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "run tests/cloud/pocket-cloud up --nova 1.2.3 once" in done.stderr
