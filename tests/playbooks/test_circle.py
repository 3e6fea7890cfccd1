# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The circle: site A is lost, site B leads, site A comes back as the standby, leads again, and so on.

Both sites have the guarded API. Each test goes on where the one before it ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from story import Story

pytestmark = pytest.mark.soak

LETTERS = ("a", "b")


@pytest.fixture(scope="module", autouse=True)
def both_guarded(story: Story) -> Iterator[None]:
    """Site A is a stock one for all other tests."""
    story.pocket_cloud("up", "--guarded", "a")
    yield
    story.pocket_cloud("up", "--stock", "a")


def ids(story: Story) -> dict[str, list[str]]:
    """By site the ids of its servers."""
    return {letter: [story.server(story.site(letter), short)["id"] for short in ("db", "app")] for letter in LETTERS}


def leads(story: Story) -> set[tuple[str, int]]:
    """Who leads the servers, with which generation. Fails if two copies run."""
    rows = story("dr_status", dr_plan_fail_on=["two_copies", "disputed", "unanswered"]).good().last["servers"]
    return {(row["server"]["leader"], row["server"]["generation"]) for row in rows.values()}


def test_site_a_is_lost_and_comes_back(story: Story) -> None:
    for playbook in ("provision", "dr_prepare"):
        story(playbook).good()
    written = story.write("at first")
    story("dr_replicate").good()
    story.pocket_cloud("kill", "a")
    story("dr_failover").good()
    assert story.booted_from("b") == written
    story.pocket_cloud("up")
    assert "TWO COPIES RUN" in story("dr_status").good().told
    assert "two copies may run. Stop it with dr_fence -e dr_plan_site=a" in story("dr_reprotect").refused()


def test_it_becomes_the_standby(story: Story) -> None:
    """What was on its volumes is kept; the first recovery points follow, and the way back is ready."""
    old = {volume["id"] for volume in story.disks(story.a).values()}
    story("dr_fence", dr_plan_site="a").good()
    run = story("dr_reprotect", dr_plan_site="a").good()
    assert "are ready for a failover to site A" in run.told
    assert leads(story) == {("b", 2)}
    there = story.everything(story.a)
    kept = {v["id"]: v for v in there["volumes"] if v["metadata"].get("standby_role") == "superseded"}
    assert set(kept) == old
    assert {(volume["status"], volume["metadata"]["standby_generation"]) for volume in kept.values()} == {
        ("available", "1")
    }
    assert {server["status"] for server in there["servers"]} == {"SHELVED_OFFLOADED"}


@pytest.mark.parametrize(
    ("old", "new", "generation", "playbook"), [("b", "a", 3, "dr_failback"), ("a", "b", 4, "dr_failover")]
)
def test_the_way_back(story: Story, old: str, new: str, generation: int, playbook: str) -> None:
    """Nothing that was written is lost, the servers are the same, and the site that led is the standby."""
    before = ids(story)
    written = story.write(f"at {old}", old)
    assert story(playbook, "--check", planned=True).good().changed
    run = story(playbook, planned=True).good()
    assert "RPO 0 s (proved: no source ran since its recovery point)" in run.told
    assert story.booted_from(new) == written
    assert leads(story) == {(new, generation)}
    assert ids(story) == before
    assert not story("dr_fence").good().changed
