# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of handovers, which use the cloud of the environment.

Either of its sites takes the part of site B. No site dies: that site A is gone is said in words.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
for folder in ("integration", "playbooks"):
    sys.path.insert(0, str(REPO / "tests" / folder))

from api import Api  # noqa: E402
from factory import Factory  # noqa: E402
from scene import Scene  # noqa: E402

#: Letter of the site that is stock, and of the one that has the guarded API.
SITES = {"stock": "a", "guarded": "b"}


def pocket_cloud(*arguments: str) -> None:
    """Runs the launcher; a failure shows what it said."""
    command = [str(REPO / "tests" / "cloud" / "pocket-cloud"), *arguments]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def scene_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Scene]]:
    """Makes a scene at a "stock" or a "guarded" site; at the end nothing is left of it."""
    made: list[Scene] = []

    def make(kind: str) -> Scene:
        name, letter = f"ho-{kind}-{uuid.uuid4().hex[:6]}", SITES[kind]
        other = "b" if letter == "a" else "a"
        here, admin = Api(f"site_{letter}"), Api(f"site_{letter}_admin")
        made.append(Scene(tmp_path_factory.mktemp(name), name, Api(f"site_{other}"), here, pocket_cloud, letter, admin))
        return made[-1]

    yield make
    for scene in made:
        Factory(scene.b, scene.admin, scene.name).clean()
