# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make filter-matrix`: the tests of the guarded API on every release of Nova that it says it works with.

For each release a cloud of its own, one after the other: site a, stock, on SQLite; site b, with the filter, on MariaDB,
with two nova-api behind one port and two cells, each with a compute. And the tests inside that Nova's own fixtures,
which need its environment but no cloud. The releases are those with pins in tests/cloud/nova_releases, and the one that
the pocket cloud runs anyway.

Use: `build/venv/bin/python tools/filter_matrix.py [RELEASE]...`, such as 28.3.1, or "newest"; without names all.
"""

from __future__ import annotations

import os
import shutil
import sys

import trees
from environment import BUILD
from phases import Phase, Result, counted, report, run, run_all, summary
from trees import REPO

PINS = REPO / "tests" / "cloud" / "nova_releases"
NEWEST = "newest"
FUNCTIONAL = "nova_root_volume/tests/functional/run"
CLOUD = "tests/cloud/pocket-cloud"
RUN = BUILD / "cloud" / "run-of-matrix"
SPREAD = ("--database", "mariadb", "--cells", "2", "--workers", "2")
WHERE = {"POCKET_CLOUD_RUN": str(RUN), "OS_CLIENT_CONFIG_FILE": str(RUN / "clouds.yaml")}


def releases() -> list[str]:
    """Returns the releases, oldest first."""
    return [*sorted(path.stem for path in PINS.glob("*.txt")), NEWEST]


def phases(release: str) -> list[Phase]:
    """Returns the steps of one release."""
    nova = [] if release == NEWEST else ["--nova", release]
    steps = ("site a", "functional", "site b", "filter")
    stock, functional, guarded, live = (f"{step} on nova {release}" for step in steps)
    path, inside = report(f"filter {release}"), report(f"functional {release}")
    test = ["pytest", f"--junitxml={path}", f"--override-ini=junit_suite_name={live}", "nova_root_volume/tests/live"]
    return [
        Phase(stock, [CLOUD, "up", "--sites", "a", *nova], env=WHERE),
        # site a has made the environment
        Phase(functional, [FUNCTIONAL, *nova, f"--junitxml={inside}", "-q"], counted(inside), needs=stock),
        Phase(guarded, [CLOUD, "up", "--sites", "b", *nova, *SPREAD], needs=stock, env=WHERE),
        Phase(live, [*test, "--durations=5"], counted(path), needs=guarded, env=WHERE),
    ]


def remove() -> Result:
    """Stops the cloud of a release and removes it."""
    result = run(Phase("cloud down", [CLOUD, "down", "--purge"], env=WHERE))
    shutil.rmtree(RUN, ignore_errors=True)
    return result


def run_release(release: str) -> list[Result]:
    """Runs all steps of one release; its cloud is removed, also after a failure or an interruption."""
    if RUN.exists():  # left by a run that was killed
        remove()
    try:
        return run_all(phases(release))
    finally:
        remove()


def main(names: list[str]) -> int:
    """Runs all releases or the named ones; returns the exit code."""
    known = releases()
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"no such release: {', '.join(unknown)}; there are: {', '.join(known)}")
    os.environ.pop("POCKET_CLOUD_RUN", None)  # whoever has set it means another cloud
    trees.live()
    results = [result for release in names or known for result in run_release(release)]
    return summary("filter-matrix", results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
