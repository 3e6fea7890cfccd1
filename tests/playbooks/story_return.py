# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of the story: what the playbooks do once the site that was lost answers again."""

from __future__ import annotations

from story import Story


class Return:
    """The servers run at site B, and those of site A have started again."""

    def test_two_copies_run(self, story: Story) -> None:
        """Site A has come back, and its servers with it."""
        run = story("dr_status").good()
        assert not run.changed
        for short in ("db", "app"):
            said = f"TWO COPIES RUN: site A holds a stale copy of {story.name}-{short} of generation 1, which runs, and"
            assert said in run.told
        assert "Stop the stale one: dr_fence." in run.told
        rows = run.last["servers"]
        assert {(row["server"]["leader"], row["server"]["generation"]) for row in rows.values()} == {("b", 2)}
        failed = story("dr_status", dr_plan_fail_on=["two_copies"])
        assert failed.refused() == "\n".join(
            [
                f"Status of {story.name} found what fail_on names:",
                *(f"  {story.name}-{short}: two_copies" for short in ("app", "db")),
            ]
        )
        assert failed.told_once()

    def test_the_stale_copies_are_stopped(self, story: Story) -> None:
        before = story.everything(story.b)
        disks = story.disks(story.a)
        assert "the stale copy is at site A" in story("dr_fence", dr_plan_site="b").refused()
        assert story("dr_fence", "--check", dr_plan_site="a").good().changed
        run = story("dr_fence", dr_plan_site="a").good()
        assert run.last["servers"][f"{story.name}-db"]["steps"] == [
            f"stop the stale copy {story.name}-db at site A",
            f"lock the stale copy {story.name}-db at site A",
        ]
        there = [story.server(story.a, short) for short in ("db", "app")]
        assert [(server["status"], server["locked"]) for server in there] == [("SHUTOFF", True)] * 2
        assert not story("dr_fence").good().changed
        assert story("dr_status", dr_plan_fail_on=["two_copies", "disputed", "unanswered"]).good()
        assert (story.everything(story.b), story.disks(story.a)) == (before, disks)
