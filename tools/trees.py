# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two places below `ansible_collections/` where Ansible and its tools find this collection.

`build/live` links to the sources, so that an edit is seen at once: pytest, molecule and playbooks use it.
`build/collections` holds a copy of what the artefact would contain: ansible-test rejects links, and antsibull-docs
wants a real tree as well.

Use: `python3 tools/trees.py [live|copy]...`
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
NAME = Path("ansible_collections") / "standby" / "openstack"
LIVE = REPO / "build" / "live"
COPIES = REPO / "build" / "collections"


def link(path: Path, target: Path) -> None:
    """Makes `path` a relative link to `target`; whatever else was there as a link is replaced."""
    wanted = os.path.relpath(target, path.parent)
    if path.is_symlink() and os.readlink(path) == wanted:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(wanted)


def live() -> Path:
    """Returns the root of the tree that links to the sources, and makes it first if needed."""
    link(LIVE / NAME, REPO)
    link(LIVE / "ansible_collections" / "openstack", COPIES / "ansible_collections" / "openstack")
    # pytest-ansible looks for this folder; left to itself it links every entry of its first day and never a later one
    if not (REPO / "collections").is_dir() or (REPO / "collections").is_symlink():
        link(REPO / "collections", LIVE)
    return LIVE


def ignored(path: str, patterns: list[str]) -> bool:
    """Tells whether `build_ignore` leaves a file out: as ansible-galaxy does, a pattern may name a folder above it."""
    parts = path.split("/")
    heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    return any(fnmatch.fnmatch(head, pattern) for head in heads for pattern in patterns)


def published() -> list[str]:
    """Returns the files of the artefact: what git knows or would add, without `build_ignore` of galaxy.yml."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True).stdout
    patterns = build_ignore()
    names = {name for name in listed.split("\0") if name and not ignored(name, patterns)}
    return sorted(name for name in names if (REPO / name).is_file())


def build_ignore() -> list[str]:
    """Reads `build_ignore` of galaxy.yml."""
    import yaml

    return list(yaml.safe_load((REPO / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"])


def copy() -> Path:
    """Brings the copy up to date and returns it; unchanged files keep their time, files that are gone are removed."""
    tree = COPIES / NAME
    wanted = published()
    tree.mkdir(parents=True, exist_ok=True)
    for old in sorted(tree.rglob("*"), reverse=True):
        _remove_stale(old, tree, set(wanted))
    for name in wanted:
        _refresh(REPO / name, tree / name)
    if not (tree / ".git").exists():
        # inside an ignored folder ansible-test finds no files, tests nothing and exits 0
        subprocess.run(["git", "init", "-q", str(tree)], check=True)
    return tree


def _remove_stale(old: Path, tree: Path, wanted: set[str]) -> None:
    name = old.relative_to(tree).as_posix()
    if name.split("/")[0] == ".git" or name.startswith("tests/output"):
        return
    if old.is_dir() and not old.is_symlink():
        if not any(old.iterdir()):
            old.rmdir()
    elif name not in wanted:
        old.unlink()


def _refresh(source: Path, target: Path) -> None:
    if target.is_file() and _content(target) == _content(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _content(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mode


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["live", "copy"]:
        print({"live": live, "copy": copy}[argument]())
