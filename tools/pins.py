# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make pins`: writes the pins anew, each with the hashes of all files of its release.

tests/requirements.txt is made from tests/requirements.in, with all that these pull in; a release that it names already
stays. The other lists name all that their environment holds: a version is changed there, and the hashes follow.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trees import REPO

WANTED = REPO / "tests" / "requirements.in"
TOOLS = REPO / "tests" / "requirements.txt"
HEADER = "# Made by `make pins` from requirements.in. To move all releases: remove this file first.\n"
COMPILE = ("--quiet", "--no-strip-extras", "--generate-hashes", "--no-annotate", "--no-header")
OLDEST_PYTHON, NEWEST_PYTHON = "3.11", "3.13"  # one list for all: the oldest asks for the most


def lists() -> list[Path]:
    """Returns the lists whose hashes are written into themselves."""
    return [
        REPO / "bench" / "requirements.txt",
        REPO / "nova_root_volume" / "tests" / "functional" / "requirements.txt",
        REPO / "tests" / "cloud" / "build-tools.txt",
        REPO / "tests" / "cloud" / "requirements.txt",
        *sorted((REPO / "tests" / "cloud" / "nova_releases").glob("*.txt")),
        REPO / "tests" / "requirements-oldest.txt",
        REPO / "tests" / "tempest" / "requirements.txt",
    ]


def without_hashes(text: str) -> tuple[str, str]:
    """Returns the comments of a list, and its releases without their hashes."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--hash=")]
    comments = [line for line in lines if line.startswith("#")]
    releases = [line.removesuffix("\\").rstrip() for line in lines if line.strip() and not line.startswith("#")]
    return "".join(f"{line}\n" for line in comments), "".join(f"{line}\n" for line in releases)


def compiled(*arguments: str, releases: str | None = None) -> str:
    """Returns releases with their hashes, as the package index tells them."""
    command = [sys.executable, "-m", "uv", "pip", "compile", *COMPILE, *arguments]
    done = subprocess.run(command, input=releases, check=False, capture_output=True, text=True, cwd=REPO)
    if done.returncode:
        sys.exit(f"make pins: {' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def write_tools() -> None:
    """Writes the environment of the tools; uv prefers the releases that the file names already."""
    compiled("--universal", "--python-version", OLDEST_PYTHON, "--output-file", str(TOOLS), str(WANTED))
    TOOLS.write_text(HEADER + TOOLS.read_text(encoding="utf-8"), encoding="utf-8")


def write_list(path: Path) -> None:
    """Writes the hashes of a list that is complete already."""
    comments, releases = without_hashes(path.read_text(encoding="utf-8"))
    path.write_text(
        comments + compiled("--no-deps", "--python-version", NEWEST_PYTHON, "-", releases=releases), encoding="utf-8"
    )


def main() -> None:
    """Writes all lists."""
    write_tools()
    for path in lists():
        write_list(path)
        print(f"{path.relative_to(REPO)}: {path.read_text(encoding='utf-8').count('==')} releases")


if __name__ == "__main__":
    main()
