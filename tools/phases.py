# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs named phases one after the other, shows a heading and the time of each, and a table at the end.

A phase passes when its command exits 0 and its proof, if it has one, finds that something was really done. Later phases
run after a failure as well, so that one run shows everything that is wrong; only what needs a failed phase is left out.
"""

from __future__ import annotations

import os
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from environment import BUILD, variables
from trees import REPO

REPORTS = BUILD / "reports"
Proof = Callable[[], str]


class NothingTestedError(Exception):
    """A phase exited 0, but there is no proof that it tested anything."""


@dataclass(frozen=True)
class Phase:
    """One step: `command` is run in the repository; `proof` returns a line for the table or raises."""

    name: str
    command: list[str]
    proof: Proof = lambda: ""
    needs: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """How a phase ended; `seconds` is wall time."""

    phase: Phase
    passed: bool
    seconds: float
    note: str


def run(phase: Phase) -> Result:
    """Runs one phase with its output on the terminal."""
    print(f"\n=== {phase.name}", flush=True)
    begin = time.monotonic()
    env = {**os.environ, **variables(), **phase.env}
    code = subprocess.run(phase.command, cwd=REPO, env=env, check=False, stdin=subprocess.DEVNULL).returncode
    passed, note = code == 0, f"exit code {code}"
    if passed:
        passed, note = prove(phase)
    seconds = time.monotonic() - begin
    print(f"--- {phase.name}: {'passed' if passed else 'FAILED'} in {seconds:.0f} s  {note}", flush=True)
    return Result(phase, passed, seconds, note)


def prove(phase: Phase) -> tuple[bool, str]:
    """Asks the proof of a phase that exited 0."""
    try:
        return True, phase.proof()
    except NothingTestedError as error:
        return False, str(error)


def run_all(phases: list[Phase]) -> list[Result]:
    """Runs the phases in order; one that needs a phase which did not pass is counted as failed and not run."""
    results: list[Result] = []
    for phase in phases:
        passed = {result.phase.name for result in results if result.passed}
        if phase.needs and phase.needs not in passed:
            results.append(Result(phase, False, 0.0, f"not run, as it needs: {phase.needs}"))
        else:
            results.append(run(phase))
    return results


def summary(title: str, results: list[Result]) -> int:
    """Prints the table; returns the exit code."""
    width = max(len(result.phase.name) for result in results)
    print(f"\n=== {title}")
    for result in results:
        verdict = "passed" if result.passed else "FAILED"
        print(f"{verdict}  {result.phase.name:{width}}  {result.seconds:6.1f} s  {result.note}")
    failed = [result.phase.name for result in results if not result.passed]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    print(f"{title}: {verdict} in {sum(result.seconds for result in results):.0f} s")
    return 1 if failed or not results else 0


def report(name: str) -> Path:
    """Returns where the JUnit report of a phase lies; an old one is removed, so that it proves nothing."""
    path = REPORTS / f"{name.replace(' ', '-')}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def counted(path: Path) -> Proof:
    """Returns a proof that reads a JUnit report: at least one test must have run and not been skipped."""

    def proof() -> str:
        if not path.exists():
            raise NothingTestedError(f"no report at {path}: nothing was tested")
        suites = list(ET.parse(path).getroot().iter("testsuite"))
        total, skipped = (sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "skipped"))
        if total - skipped < 1:
            raise NothingTestedError(f"{total} tests, {skipped} skipped: nothing was tested")
        return f"{total - skipped} tests" + (f", {skipped} skipped" if skipped else "")

    return proof
