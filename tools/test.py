# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test`: what every change must pass; a pocket cloud runs for those that need it and is stopped whatever happens.

It is a new one in a run folder of its own, so that what `make cloud-up` started is neither used nor stopped. With
POCKET_CLOUD_RUN set the cloud of that folder is used as it is, and left running.

Use: `build/venv/bin/python tools/test.py [PHASE]...`; without names all phases of `make test`, with names also those of
`make soak` and `make tempest`. The names `soak` and `tempest` stand for all phases of these targets.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from types import FrameType

import trees
from environment import BUILD, variables
from phases import Phase, Result, counted, report, run, run_all, summary
from trees import REPO

CLOUD = "cloud up"
POCKET_CLOUD = "tests/cloud/pocket-cloud"
OWN_RUN = BUILD / "cloud" / "run-of-tests"
QUICK, SLOW = ("-m", "not soak", "--durations=10"), ("-m", "soak", "--durations=10")
HANDOVERS = ("tests/handovers/test_each_way.py", "tests/handovers/test_other_direction.py")
FILTER = ("nova_root_volume/tests/unit", "nova_root_volume/tests/live")
OLDEST = str(BUILD / "venv-oldest" / "bin" / "pytest")


def pytest(name: str, *arguments: str, program: str = "pytest", needs: str = "") -> Phase:
    """Returns a phase that runs pytest and must have run at least one test."""
    path = report(name)
    command = [program, f"--junitxml={path}", f"--override-ini=junit_suite_name={name}", *arguments]
    return Phase(name, command, counted(path), needs)


def without_cloud() -> list[Phase]:
    """Returns the phases that need no cloud; coverage of plugins/ is by the unit tests alone."""
    unit = pytest("unit", "tests/unit", "tests/tools", *QUICK, "-q", "-n2", "--cov", "--cov-report=term")
    return [
        replace(unit, proof=lambda: f"{unit.proof()}, which cover {coverage()} % of plugins/"),
        pytest("oldest unit", "tests/unit", *QUICK, "-q", "-n2", program=OLDEST),
    ]


def coverage() -> str:
    """Returns the share of plugins/ that the unit tests ran, in percent; lines of files that no test imports count."""
    command = ["coverage", "report", "--format=total"]
    return subprocess.run(
        command, cwd=REPO, check=True, capture_output=True, text=True, env={**os.environ, **variables()}
    ).stdout.strip()


def with_cloud() -> list[Phase]:
    """Returns the phases that need both sites of the pocket cloud."""
    return [
        pytest("pocket cloud", "tests/cloud/test_smoke.py", needs=CLOUD),
        pytest("integration", "tests/integration", *QUICK, "-n2", "--dist", "loadfile", needs=CLOUD),
        pytest("oldest integration", "tests/integration", "-k", "info", program=OLDEST, needs=CLOUD),
        pytest("nova_root_volume", *FILTER, *QUICK, needs=CLOUD),
        pytest("handovers", *HANDOVERS, *QUICK, "-n2", needs=CLOUD),
        # a cloud of their own: they lose a site
        pytest("playbooks", "tests/playbooks", *QUICK),
        *molecule(),
        *tempest("smoke"),
    ]


def soak() -> list[Phase]:
    """Returns the phases that only `make soak` has: kills, faults on order, ways to hand over, mutants, the filter."""
    return [
        pytest("soak unit", "tests/unit", *SLOW),
        Phase("mutants", [sys.executable, "tools/mutants.py"]),
        pytest("soak integration", "tests/integration", *SLOW, "-n2", "--dist", "loadfile", needs=CLOUD),
        pytest("soak handovers", "tests/handovers", "--durations=10", "-n2", "--dist", "loadscope", needs=CLOUD),
        pytest("soak playbooks", "tests/playbooks", *SLOW),
        pytest("soak nova_root_volume", *FILTER, *SLOW, needs=CLOUD),
        pytest("nova_root_volume functional", program="nova_root_volume/tests/functional/run", needs=CLOUD),
        # a cloud of its own for each release
        Phase("filter matrix", [sys.executable, "tools/filter_matrix.py"]),
    ]


def tempest(suite: str) -> list[Phase]:
    """Returns a phase for each site: OpenStack's own tests on the stock one and on the guarded one.

    Our own scenarios skip themselves on a site that does not advertise the guarded API, so on b they must have passed.
    """
    command = ["tests/tempest/run", "--suite", suite, "--site"]
    own = ["--must-pass", r"nova_root_volume_tempest\."] if suite == "full" else []
    return [
        Phase(f"tempest {suite} {site}", [*command, site, *more], needs=CLOUD) for site, more in (("a", []), ("b", own))
    ]


def groups() -> dict[str, list[Phase]]:
    """Returns the phases of the slow targets of the Makefile."""
    return {"soak": [*soak(), *tempest("full")], "tempest": tempest("full")}


def chosen(names: list[str], known: list[Phase]) -> set[str]:
    """Returns the names of the phases that the names of phases and groups stand for; exits if one stands for none."""
    found = groups()
    wanted = {phase for name in names for phase in ([each.name for each in found.get(name, [])] or [name])}
    there = [phase.name for phase in known]
    unknown = wanted - set(there)
    if unknown:
        sys.exit(f"no such phase: {', '.join(unknown)}; there are: {', '.join([*found, *there])}")
    return wanted


def molecule() -> list[Phase]:
    """Returns a phase for each scenario; none at all is a phase that fails."""
    files = sorted((REPO / "extensions" / "molecule").glob("*/molecule.yml"))
    names = [file.parent.name for file in files] or ["default"]
    return [Phase(f"molecule {name}", ["molecule", "test", "-s", name], needs=CLOUD) for name in names]


def run_with_cloud(phases: list[Phase]) -> list[Result]:
    """Starts the cloud, runs the phases, stops the cloud, also after a failure or an interruption."""
    if "POCKET_CLOUD_RUN" in os.environ:
        return run_all([Phase(CLOUD, [POCKET_CLOUD, "up"]), *phases])
    os.environ["POCKET_CLOUD_RUN"] = str(OWN_RUN)
    if OWN_RUN.exists():
        # left by a run that was killed
        run(Phase("cloud down", [POCKET_CLOUD, "down"]))
        shutil.rmtree(OWN_RUN)
    results: list[Result] = []
    try:
        results = run_all([Phase(CLOUD, [POCKET_CLOUD, "up"]), *phases])
    finally:
        results.append(run(Phase("cloud down", [POCKET_CLOUD, "down"])))
    return results


def terminated(number: int, _frame: FrameType | None) -> None:
    """Turns SIGTERM into an exception, so that the cloud is stopped."""
    raise SystemExit(128 + number)


def main(names: list[str]) -> int:
    """Runs all phases or the named ones; returns the exit code."""
    signal.signal(signal.SIGTERM, terminated)
    trees.live()
    quick, slow = without_cloud(), with_cloud()
    if names:
        slow += groups()["soak"]
        wanted = chosen(names, [*quick, *slow])
        quick, slow = ([phase for phase in some if phase.name in wanted] for some in (quick, slow))
    results = run_all(quick)
    results += run_with_cloud(slow) if slow else []
    return summary("test", results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
