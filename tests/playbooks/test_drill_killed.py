# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill that is killed at any moment, and then run again: nothing of it is left, and the plan is as before."""

from __future__ import annotations

import uuid

import pytest
import yaml
from api import Api
from conftest import pocket_cloud
from story import Run, Story, plan_of
from test_drill import of_drills

pytestmark = pytest.mark.soak

#: The first line of progress that holds one of these is the last that a run tells.
MOMENTS = [
    "make network",
    "make subnet",
    "make volume",
    "wait until volume",
    "make port",
    "make server",
    "mark volume",
    "check that the console",
    "a drill of",
    "delete the server of the drill",
    "delete volume",
    "delete port",
    "delete network",
]


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A plan with a recovery point, handed over by recreate."""
    name = f"killed-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    (folder / "plan.yml").write_text(yaml.safe_dump({**plan_of(name), "handover": "recreate"}), encoding="utf-8")
    made = Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)
    for playbook in ("provision", "dr_prepare", "dr_replicate"):
        made(playbook).good()
    return made


def steps(run: Run) -> dict[str, list[str]]:
    """By server what its drill did, or would do."""
    (drill,) = [result for result in run.results if result.get("operation") == "drill"]
    return {name: row["steps"] for name, row in drill["servers"].items()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_run_again(story: Story, moment: str) -> None:
    servers = story.everything(story.b)["servers"]
    story.killed("dr_drill", moment)
    foretold = story("dr_drill", "--check").good()
    run = story("dr_drill").good()
    assert steps(run) == steps(foretold)
    assert "2 of 2 servers came up as clones" in run.told
    assert of_drills(story.b) == {}
    assert story.everything(story.b)["servers"] == servers
