# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the playbook tests. They lose a site, so they have a pocket cloud of their own.

PLAYBOOK_TESTS_RUN names the run folder of one to use and leave running instead, for work on these tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "integration"))

from api import Api  # noqa: E402
from story import Story, plan_of  # noqa: E402

POCKET_CLOUD = str(REPO / "tests" / "cloud" / "pocket-cloud")
GIVEN = os.environ.get("PLAYBOOK_TESTS_RUN")
RUN = Path(GIVEN or REPO / "build" / "cloud" / "run-of-playbooks")


def pocket_cloud(*arguments: str) -> None:
    """Runs the launcher; a failure shows what it said."""
    command = [POCKET_CLOUD, *arguments]
    environment = {**os.environ, "POCKET_CLOUD_RUN": str(RUN)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def cloud() -> Iterator[None]:
    """Two sites; what the environment says is put back afterwards, for other tests of the same run."""
    pocket_cloud("up", *([] if GIVEN else ["--fresh"]))
    before = os.environ["OS_CLIENT_CONFIG_FILE"]
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(RUN / "clouds.yaml")
    yield
    os.environ["OS_CLIENT_CONFIG_FILE"] = before
    if not GIVEN:
        pocket_cloud("down", "--purge")


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A plan of two servers, and everything that happens to them: the tests of a file continue each other."""
    name = f"story-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    (folder / "plan.yml").write_text(yaml.safe_dump(plan_of(name)), encoding="utf-8")
    return Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)


@pytest.fixture
def alone(tmp_path: Path) -> Story:
    """Playbooks in a folder without any plan, and without a cloud."""
    return Story(tmp_path, "bad", None, None, lambda: None)  # type: ignore[arg-type]


@pytest.fixture
def no_clouds(alone: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A good plan, whose clouds are named by no clouds.yaml."""
    (alone.folder / "plan.yml").write_text(yaml.safe_dump(plan_of("bad")), encoding="utf-8")
    (alone.folder / "clouds.yaml").write_text("clouds: {}", encoding="utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(alone.folder / "clouds.yaml"))
    return alone
