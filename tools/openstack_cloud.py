# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the collection openstack.cloud below build/collections, without Galaxy: the bench compares with it.

The wheel of the community package `ansible` on PyPI holds it, and pip reaches the package index that this machine is
set up for. The package wants a newer Python than ours and an ansible-core of its own, so nothing of it is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from trees import COPIES, REPO

PINS = REPO / "bench" / "requirements.txt"
VERSION = "2.6.0"
PREFIX = "ansible_collections/openstack/cloud/"
# what the tests and the documentation of the other collection hold is not needed, and warns when it is looked at
UNUSED = tuple(PREFIX + name for name in ("tests/", "docs/", "ci/", "contrib/", ".zuul.d/"))


def installed() -> str | None:
    """Returns the version that is there, or None."""
    try:
        manifest = json.loads((COPIES / PREFIX / "MANIFEST.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return str(manifest["collection_info"]["version"])


def download(folder: Path) -> Path:
    """Lets pip fetch the wheel into `folder` (51 MB) and returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
    command += ["--only-binary", ":all:", "--dest", str(folder), "--require-hashes", "-r", str(PINS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"openstack.cloud: wanted what {PINS} names from the package index, pip said:\n{done.stderr}")
    return next(folder.glob("ansible-*.whl"))


def unpack(wheel: Path) -> None:
    """Takes openstack.cloud out of the wheel; its MANIFEST.json comes last, as the mark that all is there."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(PREFIX) and not name.startswith(UNUSED)]
        names.sort(key=lambda name: name == f"{PREFIX}MANIFEST.json")
        archive.extractall(COPIES, names)


def main() -> None:
    """Fetches and unpacks the collection unless the wanted version is there."""
    if installed() == VERSION:
        return
    COPIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=COPIES) as folder:
        unpack(download(Path(folder)))
    if installed() != VERSION:
        sys.exit(f"openstack.cloud: wanted {VERSION}, what {PINS} names holds {installed()}: change either")


if __name__ == "__main__":
    main()
