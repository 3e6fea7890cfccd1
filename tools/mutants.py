# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make mutants`: changes the decisions and the engine at random places and counts how many changes a unit test finds.

The sources stay as they are: everything happens in a copy below build/mutants. The unit tests run there once, which
tells which test runs which line. Then each mutant runs only against the tests of its line. A mutant that survives is a
missing test, dead code, or a change that means the same.

Use: `build/venv/bin/python tools/mutants.py [--count N] [--seed N] [--bound SHARE] [--tests PATH]... [FILE[:LINE]]...`;
with files or lines only those are changed, with tests only those run, for a quick look at a part.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from coverage import CoverageData
from environment import BUILD
from mutations import Site, mutated, sites
from trees import REPO

COPY = BUILD / "mutants"
FOLDERS = ("decide", "engine", "data")
#: The first sample: 39 of 43.
BOUND = 0.9
PYTEST = (sys.executable, "-m", "pytest", "-q", "-m", "not soak")


@dataclass(frozen=True)
class Mutant:
    """A change of a file, and the tests that run the changed line."""

    file: str
    number: int
    site: Site
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.site.line}  {self.site.text}"


def copy_tree() -> None:
    """Copies what git knows, or would add; the folder build/ of the copy is its own."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.split("\0")):
        if (REPO / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, COPY / name)


def measure(tests: list[str]) -> CoverageData:
    """Runs the unit tests once; returns which test ran which line."""
    command = [*PYTEST, *tests, "-n2", "--cov", "--cov-context=test", "--cov-report="]
    if subprocess.run(command, cwd=COPY, check=False).returncode:
        sys.exit("The unit tests fail without any change. Mend them first.")
    data = CoverageData(str(COPY / "build" / "coverage"))
    data.read()
    return data


def tests_of(data: CoverageData, file: str, lines: Iterable[int]) -> tuple[str, ...]:
    """Returns the tests that run one of the lines. What runs at import concerns all tests of the file."""
    names = [name for name in data.measured_files() if name.endswith(f"/{file}")]
    ran = {line: set(tests) for name in names for line, tests in data.contexts_by_lineno(name).items()}
    found = set[str]().union(*(ran.get(line, set()) for line in lines))
    if "" in found:
        found = found.union(*ran.values())
    return tuple(sorted({test.partition("|")[0] for test in found} - {""}))


def wanted(names: list[str]) -> list[tuple[str, int]]:
    """Returns the files that may be changed, each with the only line, 0 for all."""
    if names:
        pairs = (name.partition(":") for name in names)
        return [(file, int(line or 0)) for file, _colon, line in pairs]
    folders = [COPY / "plugins" / "module_utils" / folder for folder in FOLDERS]
    return [(str(path.relative_to(COPY)), 0) for folder in folders for path in sorted(folder.rglob("*.py"))]


def sample(data: CoverageData, options: argparse.Namespace) -> list[Mutant]:
    """Returns mutants chosen at random; the same seed chooses the same ones of the same sources."""
    found = [
        (file, number, site)
        for file, line in wanted(options.files)
        for number, site in enumerate(sites((COPY / file).read_text(encoding="utf-8")))
        if line in (0, site.line)
    ]
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))
    return [Mutant(file, number, site, tests_of(data, file, site.lines)) for file, number, site in chosen]


def survives(mutant: Mutant, limit: float) -> bool:
    """Tells whether all tests of a mutant pass within so many seconds."""
    path = COPY / mutant.file
    source = path.read_text(encoding="utf-8")
    path.write_text(mutated(source, mutant.number), encoding="utf-8")
    try:
        return _passes(mutant.tests, limit)
    finally:
        path.write_text(source, encoding="utf-8")


def _passes(tests: tuple[str, ...], limit: float) -> bool:
    if not tests:
        return True
    names = COPY / "build" / "tests.txt"
    names.write_text("\n".join(tests), encoding="utf-8")
    command = [*PYTEST, "-x", "--tb=no", f"@{names}"]
    try:
        done = subprocess.run(command, cwd=COPY, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1) and "found no collectors" not in done.stderr:
        sys.exit(f"pytest could not run: {done.stdout}{done.stderr}")
    return done.returncode == 0  # a test file that the mutant keeps from being imported has no collectors


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Counts the random changes that the unit tests find.")
    parser.add_argument("--count", type=int, default=40, help="how many changes (default 40)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="chooses the changes (default: any)")
    parser.add_argument("--bound", type=float, default=BOUND, help=f"least share that must be found (default {BOUND})")
    parser.add_argument("--tests", action="append", help="run only these (default: all unit tests)")
    parser.add_argument("files", nargs="*", metavar="FILE[:LINE]", help="change only these")
    return parser.parse_args()


def main(options: argparse.Namespace) -> int:
    """Tries the mutants; returns 1 if too many survive."""
    copy_tree()
    begin = time.monotonic()
    mutants = sample(measure(options.tests or ["tests/unit"]), options)
    limit, killed = max(60.0, 2 * (time.monotonic() - begin)), 0
    for mutant in mutants:
        alive = survives(mutant, limit)
        killed += not alive
        word = "SURVIVED" if alive else "killed"
        print(f"{word:8}  {mutant}  ({len(mutant.tests)} tests)", flush=True)
    share = killed / len(mutants) if mutants else 0.0
    print(f"killed {killed} of {len(mutants)} ({share:.0%}, at least {options.bound:.0%}); --seed {options.seed}")
    return int(share < options.bound)


if __name__ == "__main__":
    sys.exit(main(arguments()))
