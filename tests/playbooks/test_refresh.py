# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reimage while dormant: replication fills the roots of the twins, and the failover copies nothing.

Each test goes on where the one before it ended. Site B needs no guarded API for it, and an ordinary member does it all.
"""

from __future__ import annotations

import os
import signal
import uuid

import pytest
import yaml
from api import Api, Json
from conftest import pocket_cloud
from story import Story, children, plan_of

pytestmark = pytest.mark.soak

DOWN = {"dr_site_b_source_is_down": "it burns"}
NO_MORE = {"dr_replication_min_interval": 3600}


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The plan of the other story, with roots that are refreshed."""
    name = f"fresh-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    plan = {**plan_of(name), "handover": "reimage", "when": "at_replication"}
    (folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    return Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)


def root_of(story: Story, short: str) -> Json:
    """The root of a twin."""
    return story.disks(story.b)[f"{short}/root"]


def held(story: Story) -> dict[str, str | None]:
    """By server the recovery point that the root of its twin holds."""
    roots = {short: root_of(story, short) for short in ("db", "app")}
    return {short: root["volume_image_metadata"].get("standby_recovery_point") for short, root in roots.items()}


def newest(story: Story) -> dict[str, str]:
    """By server its newest complete recovery point: those from before a twin was prepared stay for ever."""
    found: dict[str, str] = {}
    for volume in story.everything(story.b)["volumes"]:
        marks = volume["metadata"]
        if marks.get("standby_role") == "replica" and marks["standby_state"] == "complete":
            short = story.label(volume).partition("/")[0]
            found[short] = max(found.get(short, ""), marks["standby_recovery_point"])
    return found


def rename(story: Story, short: str, mark: str) -> None:
    """Gives the root of a twin a name that orders a fault."""
    root = root_of(story, short)
    name = root["name"].partition(" ")[0] + mark
    story.b.send("PUT", "block_storage", f"/volumes/{root['id']}", {"volume": {"name": name}})


def new_twin(story: Story, short: str) -> None:
    """What the messages advise: the twin is removed, its root renamed, and the twin prepared again."""
    rename(story, short, " of before")
    server = story.server(story.b, short)["id"]
    story.b.send("DELETE", "compute", f"/servers/{server}")
    path = f"/servers/detail?name=^{story.name}-{short}$"
    story.b.wait(lambda: "there" if story.b.get("compute", path, "servers") else "gone", {"gone"})
    story("dr_prepare").good()


def left_over(story: Story) -> list[str]:
    """Names of snapshots and images of copies."""
    images = story.b.get("image", f"/images?name={story.name}-{story.name}-db-handover", "images")
    return [row["name"] for row in (*story.everything(story.b)["snapshots"], *images)]


class TestReplicate:
    """Recovery points, each of them copied into the roots of the twins."""

    def test_the_first(self, story: Story) -> None:
        story("provision").good()
        story("dr_prepare").good()
        assert held(story) == {"db": None, "app": None}
        story.write("on monday")
        steps = story("dr_replicate", "--check").good().last["servers"][f"{story.name}-app"]["steps"]
        root, replica = f"{story.name}-app-root-placeholder", steps[0].split(" ")[1]
        assert replica == f"{story.name}-app/root"
        assert f"mark the root {root} as one that is refreshed" in steps
        assert steps.index("mark the replica of " + replica + " complete") < steps.index(
            next(text for text in steps if text.startswith("copy replica") and text.endswith(f" into the root {root}"))
        )
        run = story("dr_replicate").good()
        assert held(story) == newest(story)
        rows = run.last["servers"].values()
        assert all(row["root_recovery_point"] == row["recovery_point"] for row in rows)
        assert left_over(story) == []

    def test_is_ready_and_nothing_is_to_do(self, story: Story) -> None:
        before = story.everything(story.b)
        assert not story("dr_replicate", **NO_MORE).good().changed
        assert not story("dr_prepare").good().changed
        run = story("dr_readiness").good()
        assert {row["root_lag"] - row["lag"] for row in run.last["servers"].values()} == {0}
        assert story.everything(story.b) == before

    def test_killed_while_it_copies_it_carries_on_and_the_older_replicas_stay_until_then(self, story: Story) -> None:
        before = {volume["id"] for volume in story.replicas().values()}
        story.write("on tuesday")
        rename(story, "db", " [slow-4]")
        story.killed("dr_replicate", "copy replica")
        there = {volume["id"] for volume in story.everything(story.b)["volumes"]}
        assert before <= there
        story("dr_replicate", **NO_MORE).good()
        assert held(story) == newest(story)
        there = {volume["id"] for volume in story.everything(story.b)["volumes"]}
        assert not before & there
        assert left_over(story) == []
        assert not story("dr_replicate", **NO_MORE).good().changed


class TestRefused:
    """Roots that cannot be filled, or must not be."""

    def test_a_copy_that_fails_is_told_and_the_data_is_safe(self, story: Story) -> None:
        before = newest(story)
        rename(story, "app", " [fail-copy]")
        story.write("on wednesday")
        assert "is error" in story("dr_replicate").refused()
        assert all(point > before[short] for short, point in newest(story).items())
        root = root_of(story, "app")["name"]
        advice = (
            "The twin stays shelved and the replica is safe. Remove the twin with server_boot_volume state: absent,"
            f" rename or delete its volume {root},"
            " run dr_prepare, then repeat."
        )
        failed = f"an earlier copy into the root {root} of the twin failed: it is in error. {advice}"
        assert failed in story("dr_replicate", **NO_MORE).refused()
        assert failed in story("dr_failover", "--check", **DOWN).refused()
        assert "is error, not reserved" in story("dr_readiness").refused()
        new_twin(story, "app")
        story("dr_replicate", **NO_MORE).good()
        assert held(story) == newest(story)

    def test_a_root_on_which_the_twin_was_woken_is_left_alone(self, story: Story) -> None:
        app = story.server(story.b, "app")["id"]
        story.b.act(app, "unshelve")
        story.b.wait_server(app, "ACTIVE")
        before = story.everything(story.b)
        root = root_of(story, "app")["name"]
        assert f"the twin is ACTIVE on its refreshed root {root}" in story("dr_replicate").refused()
        assert "which is no placeholder of plan" in story("dr_prepare").refused()
        assert {v["id"]: v["metadata"] for v in story.everything(story.b)["volumes"] if "app-root-pl" in v["name"]} == {
            v["id"]: v["metadata"] for v in before["volumes"] if "app-root-pl" in v["name"]
        }
        story.b.act(app, "shelve")
        story.b.wait_server(app, "SHELVED_OFFLOADED")
        woken = f", on its refreshed root {root}"
        assert woken in story("dr_replicate", **NO_MORE).refused()
        assert woken in story("dr_failover", "--check", **DOWN).refused()
        new_twin(story, "app")
        story("dr_replicate", **NO_MORE).good()


class TestFailover:
    """Site B takes over."""

    def test_check_tells_that_nothing_is_copied(self, story: Story) -> None:
        run = story("dr_failover", "--check", **DOWN).good()
        root = f"{story.name}-app-root-placeholder"
        assert run.last["servers"][f"{story.name}-app"]["steps"] == [
            f"note the recovery point at the root {root}",
            f"unshelve server {story.name}-app",
        ]

    def test_while_it_is_copied(self, story: Story) -> None:
        ids = [story.server(story.b, short)["id"] for short in ("db", "app")]
        written = story.write("on thursday")
        rename(story, "db", " [slow-9]")
        with story.start(story.command("dr_replicate")) as process:
            story.b.wait(lambda: root_of(story, "db")["status"], {"downloading"})
            for number in (process.pid, *children(process.pid)):
                os.kill(number, signal.SIGKILL)
        assert root_of(story, "db")["status"] == "downloading"
        run = story("dr_failover", **DOWN).good()
        assert not [text for text in run.last["servers"][f"{story.name}-db"]["steps"] if text.startswith("copy")]
        assert [story.server(story.b, short)["id"] for short in ("db", "app")] == ids
        assert story.booted_from() == written
        assert left_over(story) == []

    def test_again_changes_nothing(self, story: Story) -> None:
        before = story.everything(story.b)
        assert not story("dr_failover", **DOWN).good().changed
        assert story.everything(story.b) == before

    def test_site_b_leads_from_now_on(self, story: Story) -> None:
        before = story.everything(story.b)
        assert "site B uses the replica" in story("dr_replicate").refused()
        assert "If it was failed over, leave it." in story("dr_prepare").refused()
        assert story.everything(story.b) == before
