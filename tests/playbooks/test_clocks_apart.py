# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks of the second site are an hour ahead of those of the first, and of this machine.

There and back without loss, with what the guests wrote. Site "c" stands in the place of site B.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest
import yaml
from api import Api
from conftest import pocket_cloud
from story import Run, Story, plan_of

pytestmark = pytest.mark.soak

HOUR = 3600

#: More seconds than a recovery point, a boot or a whole playbook takes here, and less than the clocks differ by.
SOON = 1200


def with_site_c(command: str, letter: str, *more: str) -> None:
    """The launcher, asked for site B of the plan."""
    pocket_cloud(command, {"b": "c"}.get(letter, letter), *more)


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A plan with a recovery point at a site whose clocks are ahead."""
    pocket_cloud("up", "--sites", "c", "--ahead", str(HOUR))
    name = f"clocks-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    plan = {**plan_of(name), "handover": "recreate"}
    plan["sites"]["b"] = {"cloud": "site_c", "admin_cloud": "site_c_admin"}
    (folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    made = Story(folder, name, Api("site_a"), Api("site_c"), with_site_c)
    for playbook in ("provision", "dr_prepare"):
        made(playbook).good()
    yield made
    pocket_cloud("kill", "c")


def lags(run: Run) -> list[int]:
    """By how many seconds the data of each server is older than the run."""
    return [row["lag"] for row in run.last["servers"].values()]


def ahead(story: Story) -> float:
    """By how many seconds a server of site B was made later than it is at site A."""
    times = (story.server(site, "db")["created"] for site in (story.b, story.a))
    later, earlier = (datetime.fromisoformat(time) for time in times)
    return (later - earlier).total_seconds()


def test_the_clocks_differ(story: Story) -> None:
    """Else this file tests nothing."""
    assert ahead(story) > HOUR


def test_a_recovery_point_is_as_old_as_it_is(story: Story) -> None:
    story("dr_replicate").good()
    for playbook in ("dr_replicate", "dr_readiness"):
        assert all(0 <= lag < SOON for lag in lags(story(playbook).good()))
    rows = story("dr_status", dr_plan_fail_on=["rpo", "no_point", "disputed"]).good().last["servers"]
    assert all(0 <= row["server"]["recovery_points"]["age"] < SOON for row in rows.values())


def test_a_drill(story: Story) -> None:
    assert "2 of 2 servers came up as clones" in story("dr_drill").good().told
    rows = story("dr_status").good().last["servers"]
    assert all(0 <= row["server"]["last_drill"]["age"] < SOON for row in rows.values())


def test_there_and_back(story: Story) -> None:
    """What is proved there is that nothing ran since the last recovery point: by the record of one cloud alone."""
    written = story.write("at site A")
    assert "RPO 0 s (proved: no source ran since its recovery point)" in story("dr_failover", planned=True).good().told
    assert story.booted_from("b") == written
    written = story.write("at site B", "b")
    assert all(0 <= lag < SOON for lag in lags(story("dr_replicate", to="a").good()))
    story("dr_failback").good()
    assert story.booted_from("a") == written


def test_a_disaster(story: Story) -> None:
    """The newest recovery point is taken, of those before and after the leadership went round."""
    written = story.write("in the point")
    story("dr_replicate").good()
    story.write("after it")
    pocket_cloud("kill", "a")
    run = story("dr_failover").good()
    assert all(0 <= lag < SOON for lag in lags(run))
    assert story.booted_from("b") == written
    pocket_cloud("up")
    rows = story("dr_status", dr_plan_fail_on=["disputed", "unanswered"]).good().last["servers"]
    assert {row["server"]["leader"] for row in rows.values()} == {"b"}
