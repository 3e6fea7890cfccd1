# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make lint`: everything that judges the sources without a cloud. Names of phases as arguments run only those."""

from __future__ import annotations

import subprocess
import sys

import trees
from phases import Phase, run_all, summary
from trees import LIVE, REPO

PYTHON = sys.executable
DOCS = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "--skip-rstcheck"]


def sources(*patterns: str) -> list[str]:
    """Returns the files that git knows or would add, by glob."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (REPO / name).is_file()]


def phases() -> list[Phase]:
    """Returns the checks, quick ones first."""
    package = "ansible_collections.standby.openstack.plugins"
    return [
        Phase("ruff", ["ruff", "check", "."]),
        Phase("ruff format", ["ruff", "format", "--check", "."]),
        Phase("style", [PYTHON, "tools/style.py", *sources("*.py")]),
        Phase("mypy plugins", ["mypy", "-p", package], env={"MYPYPATH": str(LIVE)}),
        Phase("mypy tools", ["mypy", "tools"]),
        Phase("mypy bench", ["mypy", "bench"]),
        Phase("mypy cloud", ["mypy", "tests/cloud"], env={"MYPYPATH": "tests/cloud"}),
        Phase("mypy nova", ["mypy", "nova_root_volume/src"], env={"MYPYPATH": "nova_root_volume/src"}),
        Phase("yamllint", ["yamllint", "--strict", "."]),
        Phase("changelog", ["antsibull-changelog", "lint"]),
        Phase("docs", ["antsibull-docs", *DOCS, str(trees.copy())]),
        Phase("ansible-lint", ["ansible-lint", "--strict", "--offline"]),
        Phase("ansible-test sanity", [PYTHON, "tools/sanity.py"]),
    ]


def main(names: list[str]) -> int:
    """Runs the checks; returns the exit code."""
    trees.live()
    known = phases()
    unknown = set(names) - {phase.name for phase in known}
    if unknown:
        sys.exit(f"no such check: {', '.join(unknown)}; there are: {', '.join(phase.name for phase in known)}")
    return summary("lint", run_all([phase for phase in known if not names or phase.name in names]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
