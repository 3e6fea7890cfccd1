# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills of recovery points that stay in a storage: copies of them, taken over by Cinder and removed again."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from circle import good, interrupted
from drill_scene import clean_up, drill, outcome, refusal, standing, untouched
from external_sites import ExternalCircle, commands
from memory_cloud.drive import act


@pytest.fixture(params=["attach", "recreate"])
def circle(request: pytest.FixtureRequest) -> ExternalCircle:
    return ExternalCircle(request.param).protected()


def objects(circle: ExternalCircle) -> list[str]:
    """What is in the storage of the target beside the volumes of its servers."""
    known = {f"volume-{key}" for key in circle.site("b").volumes}
    return sorted(file.name for file in (circle.world.folder / "b" / "volumes").iterdir() if file.name not in known)


def test_a_server_comes_up_on_copies_and_the_point_stays(circle: ExternalCircle) -> None:
    written = circle.write("a", "everything")
    good(circle.run("replicate"))
    before, points = untouched(circle.site("b")), circle.world.held()
    circle.world.source.reachable = False
    time = outcome(drill(circle)["db"]).extra["recovery_point"]
    circle.world.source.reachable = True
    held = {circle.site("b").contents[a.volume_id] for a in standing(circle).attachments}
    assert held == set(written.values())
    assert untouched(circle.site("b")) == before
    assert circle.world.held() == points
    ran = [given["verb"] for given in circle.world.asked if given["verb"] not in ("status", "replicate")]
    assert ran == ["clone", "note"]
    shown = circle.status()
    assert shown["last_drill"]["time"]
    assert shown["recovery_points"]["newest"] == time


def test_a_second_run_changes_nothing_and_the_clean_up_leaves_nothing(circle: ExternalCircle) -> None:
    before = untouched(circle.site("b"))
    for _round in range(2):
        outcome(drill(circle)["db"])
        assert not [step for step in outcome(drill(circle)["db"]).plan.steps if step.writes]
        clean_up(circle)
        assert standing(circle) is None
        assert untouched(circle.site("b")) == before
        assert not [volume for volume in circle.site("b").volumes.values() if volume.marks.drill]
        assert objects(circle) == []


@pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
def test_a_drill_broken_off(circle: ExternalCircle, happens: str) -> None:
    """It can be carried on, or cleaned up. Copies that Cinder had not taken over wait for the next drill."""
    drill(circle)
    clean_up(circle)
    broken = interrupted(circle, happens, "drill")
    assert len(broken) > 10
    for other in broken:
        ended = other.copy()
        outcome(drill(other)["db"])
        assert standing(other).status == "ACTIVE"
        clean_up(other)
        assert objects(other) == []
        clean_up(ended)
        assert not [volume for volume in ended.site("b").volumes.values() if volume.marks.drill]
        outcome(drill(ended)["db"])


def test_replication_and_a_failover_go_on_during_a_drill(circle: ExternalCircle) -> None:
    outcome(drill(circle)["db"])
    written = circle.write("a", "meanwhile")
    good(circle.run("replicate"))
    assert circle.status()["last_drill"]["time"], "a newer point takes the note over"
    circle.world.source.reachable = False
    good(circle.run("failover"))
    assert circle.disks_of("db") == written
    clean_up(circle)
    assert circle.disks_of("db") == written


def test_a_name_that_is_taken_is_found_before_anything_is_copied(circle: ExternalCircle) -> None:
    act(circle.site("b"), "create_volume", name="db-data-drill", size=2)
    circle.world.settle()
    circle.world.asked.clear()
    text = refusal(drill(circle)["db"], "cannot_build")
    assert "volume db-data-drill exists already and was not made for this server" in text
    assert [given["verb"] for given in circle.world.asked if given["verb"] != "status"] == []


def test_without_the_commands_a_drill_is_refused_before_any_cloud_is_asked() -> None:
    circle = ExternalCircle().protected()
    circle.says(replication={"method": "external", "commands": commands("FOLDER", *_NEEDED)})
    with pytest.raises(Refused) as refused:
        drill(circle)
    assert refused.value.refusal.code == "not_offered"
    assert refused.value.refusal.seen == "the plan names no replication.commands.clone, note"


_NEEDED = ("status", "replicate", "promote", "remove", "reverse")


def test_room_for_the_volumes_of_a_drill(circle: ExternalCircle) -> None:
    circle.site("b").most["gigabytes"] = sum(v.size for v in circle.site("b").volumes.values()) + 2
    wave = circle.world.wave("drill", plan=circle.plan("b"))
    with pytest.raises(Refused, match="the drill needs 3 GiB of volumes and snapshots, and 2 of the"):
        wave.shortage()
