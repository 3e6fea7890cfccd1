# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every list of pinned packages carries hashes, and whoever installs one lets pip compare them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pins
import pytest
from trees import REPO

# installs what is asked for by ansible-test, which has pins of its own
NOT_OURS = {"tools/sanity.py"}
CALL = re.compile(r'"pip",\s*"(?:install|download)"|-m pip install')


def named(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def tracked(*patterns: str) -> set[str]:
    done = subprocess.run(["git", "ls-files", "--", *patterns], cwd=REPO, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def releases(path: Path) -> list[str]:
    """The entries of a list, each with its hashes in one line."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("path", [pins.TOOLS, *pins.lists()], ids=named)
def test_every_release_has_a_hash(path: Path) -> None:
    entries = releases(path)
    assert entries
    assert [entry for entry in entries if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_no_list_is_forgotten() -> None:
    """requirements.txt at the top is what a user needs, without upper pins: ansible-builder reads it."""
    lists = tracked("*requirements*.txt", "tests/cloud/*.txt", "*constraints*.txt")
    assert {named(path) for path in (pins.TOOLS, *pins.lists())} == lists - {"requirements.txt"}


def test_whoever_installs_compares_the_hashes() -> None:
    sources = tracked("*.py", "Makefile", ".ci/*", "tests/tempest/run", "nova_root_volume/tests/functional/run")
    texts = {name: (REPO / name).read_text(encoding="utf-8") for name in sources}
    installing = {name for name, text in texts.items() if CALL.search(text)} - NOT_OURS
    assert installing >= {"Makefile", "tests/cloud/pocket_cloud/requirements.py"}
    assert {name for name in installing if "--require-hashes" not in texts[name]} - {named(Path(__file__))} == set()


def test_a_changed_version_loses_its_old_hashes() -> None:
    text = "# why\na==1.7.2 \\\n    --hash=sha256:aa\nb==2 ; os_name == 'nt' \\\n    --hash=sha256:cc\n"
    assert pins.without_hashes(text) == ("# why\n", "a==1.7.2\nb==2 ; os_name == 'nt'\n")
