# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned failover between two stock sites, as a member: taken back first, then done, and then the way back.

Each test goes on where the one before it ended.
"""

from __future__ import annotations

import uuid

import pytest
import yaml
from api import Api, Json
from conftest import pocket_cloud
from story import Story, plan_of


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The servers of the other story, handed over by recreate in both directions."""
    name = f"moves-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    (folder / "plan.yml").write_text(yaml.safe_dump({**plan_of(name), "handover": "recreate"}), encoding="utf-8")
    return Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)


def statuses(story: Story, site: Api) -> dict[str, str]:
    return {short: story.server(site, short)["status"] for short in ("db", "app")}


def leads(story: Story) -> set[tuple[str, int]]:
    """Who leads the servers, with which generation. Fails if two copies run."""
    rows = story("dr_status", dr_plan_fail_on=["two_copies", "disputed", "unanswered"]).good().last["servers"]
    return {(row["server"]["leader"], row["server"]["generation"]) for row in rows.values()}


def superseded(story: Story, site: Api) -> list[Json]:
    there = story.everything(site)["volumes"]
    return [volume for volume in there if volume["metadata"].get("standby_role") == "superseded"]


def test_one_that_cannot_be_stopped_takes_all_back(story: Story) -> None:
    """The application, in the later tier, was stopped already. It runs again; the database never stopped."""
    for playbook in ("provision", "dr_prepare"):
        story(playbook).good()
    database = story.server(story.a, "db")["id"]
    story.a.send("POST", "compute", f"/servers/{database}/action", {"lock": None})
    run = story("dr_failover", planned=True)
    assert run.code != 0
    assert "the server is locked. Unlock it: openstack server unlock." in run.told
    assert run.results[-1]["msg"] == (
        "Nothing moved: what was stopped at the source runs there again. Mend what failed (see above), then repeat."
    )
    assert statuses(story, story.a) == {"db": "ACTIVE", "app": "ACTIVE"}
    assert leads(story) == {("a", 1)}
    story.a.send("POST", "compute", f"/servers/{database}/action", {"unlock": None})


def records(story: Story, what: str) -> list[str | None]:
    """What the records of the plan at sites A and B tell."""
    run = story("dr_status", metrics_file=str(story.folder / "status.prom")).good()
    (told,) = [result for result in run.results if "records" in result]
    return [told["records"][site][what] for site in "ab"]


def test_nothing_is_lost(story: Story) -> None:
    written = story.write("the last words")
    old = {volume["id"] for volume in story.disks(story.a).values()}
    run = story("dr_failover", planned=True).good()
    assert "RPO 0 s (proved: no source ran since its recovery point)" in run.told
    assert "are ready for a failover to site A" in run.told
    assert "The plan is held" not in run.told, "a stage waited for another one of the same move"
    assert records(story, "holder") == [None, None], "the last stage lets go"
    assert [bool(began) for began in records(story, "failed_over")] == [False, True]
    assert story.booted_from("b") == written
    assert leads(story) == {("b", 2)}
    assert statuses(story, story.a) == {"db": "SHELVED_OFFLOADED", "app": "SHELVED_OFFLOADED"}
    assert {volume["id"] for volume in superseded(story, story.a)} == old


def test_the_way_back(story: Story) -> None:
    written = story.write("at site B", "b")
    assert "saw to=b or planned=false. Leave both out" in story("dr_failback", to="b").refused()
    assert "Nothing was changed." in story("dr_failback", point="2026-11-20T08:00:00Z").refused()
    assert "The plan is held" not in story("dr_failback").good().told
    assert records(story, "holder") == [None, None]
    assert story.booted_from("a") == written
    assert leads(story) == {("a", 3)}
    metrics = (story.folder / "status.prom").read_text(encoding="utf-8")
    assert f'standby_leader{{plan="{story.name}",server="{story.name}-db",site="a"}} 1' in metrics
    assert "standby_recovery_point_timestamp_seconds{" in metrics
    assert len(superseded(story, story.a)) == 3, "what site A held before is kept"
