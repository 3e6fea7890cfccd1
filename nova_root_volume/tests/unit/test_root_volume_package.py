# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The package as an operator gets it: the line of the README installs it, and its licence comes with it."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2]
LINE = re.compile(r"^    (?:\S*/)?pip install (?P<what>\S*nova_root_volume)\b", re.MULTILINE)
INSTALLED = """
import importlib.metadata as metadata
found = metadata.distribution("nova-root-volume")
(entry,) = metadata.entry_points(group="paste.filter_factory", name="root_volume")
print(found.metadata["License-Expression"], entry.value, found.requires)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the package's folder as it is in a checkout: what a build leaves behind stays out of the sources."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(PACKAGE, folder / "nova_root_volume", ignore=ignored)
    return folder


def pip(python, *arguments, where):
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, cwd=where, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readmes_line_installs_it(checkout, tmp_path):
    """Into an empty environment, without dependencies of its own: Nova's are there already."""
    (what,) = {found["what"] for found in LINE.finditer((PACKAGE / "README.md").read_text())}
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip(python, "install", what, where=checkout)
    seen = subprocess.run([python, "-c", INSTALLED], check=True, capture_output=True, text=True).stdout
    assert seen.split(maxsplit=2) == ["Apache-2.0", "nova_root_volume.filter:factory", "None\n"]


def test_the_licence_is_in_the_wheel(checkout, tmp_path):
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), "./nova_root_volume", where=checkout)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        assert archive.read(licence) == (PACKAGE / "LICENSE").read_bytes()
        modules = {pathlib.Path(name).name for name in archive.namelist() if name.startswith("nova_root_volume/")}
    assert modules == {path.name for path in (PACKAGE / "src" / "nova_root_volume").glob("*.py")}


def test_every_source_says_its_licence():
    sources = [*PACKAGE.glob("src/**/*.py"), *PACKAGE.glob("tests/**/*.py"), PACKAGE / "pyproject.toml"]
    assert sources
    assert [path for path in sources if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:400]] == []
