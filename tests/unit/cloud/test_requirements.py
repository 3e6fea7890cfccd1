# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of the services hold what their lists say, and nothing else."""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
import zipfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cloud"))

from pocket_cloud import errors, layout, requirements


def wheel(folder: pathlib.Path, name: str, version: str, metadata: str = "") -> str:
    """Make a package that holds nothing; returns its line in a list."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def folders(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> layout.Layout:
    """Give an empty build folder; pip knows only the packages that lie in tmp_path / "index"."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setattr(layout, "BUILD_TOOLS", tmp_path / "tools.txt")
    monkeypatch.setattr(layout, "nova_pins", lambda _release: tmp_path / "pins.txt")
    (tmp_path / "tools.txt").write_text(wheel(index, "tool", "1"))
    return layout.Layout(build=tmp_path, run=tmp_path / "run")


def version_of(folders: layout.Layout, name: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    done = subprocess.run([folders.python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_dependency_with_an_extra_is_the_one_in_the_list(folders: layout.Layout, tmp_path: pathlib.Path) -> None:
    """Nova wants oslo.service[threading]; pip took the newest for it and refused that, as the list has no such hash."""
    index = tmp_path / "index"
    pins = wheel(index, "outer", "1", "Requires-Dist: inner[more]>=1\n")
    pins += wheel(index, "inner", "1", "Provides-Extra: more\n")
    wheel(index, "inner", "2", "Provides-Extra: more\n")
    (tmp_path / "pins.txt").write_text(pins)
    requirements.ensure_venv(folders, lambda _text: None)
    assert version_of(folders, "inner") == "1"


def test_a_list_that_lacks_something_is_refused(folders: layout.Layout, tmp_path: pathlib.Path) -> None:
    (tmp_path / "pins.txt").write_text(wheel(tmp_path / "index", "outer", "1", "Requires-Dist: inner\n"))
    with pytest.raises(errors.PocketCloudError, match="outer 1 requires inner, which is not installed"):
        requirements.ensure_venv(folders, lambda _text: None)
    assert not (folders.venv / "pins.sha256").exists()
