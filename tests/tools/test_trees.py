# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy for ansible-test holds what the artefact would, and follows the sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import trees


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bench/run.py", True),
        ("bench", True),
        ("tests/cloud/pocket-cloud", True),
        ("tests/unit/test_x.py", False),
        ("plugins/bench/x.py", False),
        ("a.tar.gz", True),
    ],
)
def test_build_ignore_names_folders_and_globs(path: str, expected: bool) -> None:
    assert trees.ignored(path, ["bench", "tests/cloud", "*.tar.gz"]) is expected


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "galaxy.yml").write_text("build_ignore: [left]\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("build\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setattr(trees, "REPO", tmp_path)
    monkeypatch.setattr(trees, "COPIES", tmp_path / "build" / "collections")
    return tmp_path


def test_the_copy_follows_the_sources(repo: Path) -> None:
    for name in ("kept.py", "gone.py", "left"):
        (repo / name).write_text("1", encoding="utf-8")
    tree = trees.copy()
    assert (tree / "gone.py").exists()

    (repo / "gone.py").unlink()
    (repo / "kept.py").write_text("2", encoding="utf-8")
    trees.copy()
    assert {path.name for path in tree.iterdir()} == {".git", ".gitignore", "galaxy.yml", "kept.py"}
    assert (tree / "kept.py").read_text(encoding="utf-8") == "2"


def test_a_link_is_made_once_and_put_right(tmp_path: Path) -> None:
    trees.link(tmp_path / "a" / "link", tmp_path / "one")
    trees.link(tmp_path / "a" / "link", tmp_path / "two")
    trees.link(tmp_path / "a" / "link", tmp_path / "two")
    assert (tmp_path / "a" / "link").resolve() == tmp_path / "two"
