# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover to the recovery point that the operator chooses, because the newest ones hold the damage already."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import LATEST, Wish, wish
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from memory_cloud.connection import Killed
from memory_cloud.world import World
from recovery_builders import row, the_plan

T = "2026-11-20T08:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("latest", LATEST),
        (T, Wish(exactly=T)),
        ("2026-11-20T08:00:00Z", Wish(exactly=T)),
        (f"before:{T}", Wish(before=T)),
        ("before:2026-11-20T08:00:00Z", Wish(before=T)),
        ("", None),
        ("newest", None),
        ("2026-11-20", None),
        ("2026-11-20T08:00:00", None),
        ("2026-11-20T08:00:00+02:00", None),
        ("before:", None),
        ("before:latest", None),
        ("after:2026-11-20T08:00:00Z", None),
    ],
)
def test_what_can_be_said(text: str, found: Wish | None) -> None:
    assert wish(text) == found


@pytest.mark.parametrize(
    ("what", "taken"),
    [(LATEST, "abc"), (Wish(exactly="b"), "b"), (Wish(before="b"), "a"), (Wish(before="c"), "ab"), (Wish("x"), "")],
)
def test_which_are_allowed(what: Wish, taken: str) -> None:
    assert [time for time in "abc" if what.takes(time)] == list(taken)


@pytest.fixture(params=["attach", "reimage", "recreate"])
def world(request: pytest.FixtureRequest) -> World:
    """Three recovery points, each with other data."""
    options: dict[str, Any] = {"replication": {"keep": 3, "full_every": 3}, "handover": request.param}
    made = World(the_plan(row(), **options), guarded=request.param == "attach")
    for site in (made.source, made.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
    for operation in ("provision", "prepare"):
        good(run(made, operation))
    for number in range(3):
        for volume in made.source.volumes:
            made.source.contents[volume] = f"data {number}"
        good(run(made, "replicate"))
    made.source.reachable = False
    return made


def run(world: World, operation: str, **options: Any) -> Any:
    (result,) = world.run(operation, **options).values()
    world.settle()
    world.clock.seconds += 60
    return result


def good(result: Any) -> Outcome:
    assert isinstance(result, Outcome), result
    return result


def times(world: World) -> list[str]:
    """The newest first."""
    points = {v.marks.point for v in world.target.volumes.values() if v.marks.role == "replica"}
    return sorted(points, reverse=True)


def data(world: World) -> set[str]:
    (server,) = world.target.servers.values()
    return {world.target.contents[a.volume_id] for a in server.attachments}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_point_that_is_named(world: World, number: int) -> None:
    point = times(world)[2 - number]
    done = good(run(world, "failover", wish=Wish(exactly=point)))
    assert (data(world), done.extra["recovery_point"]) == ({f"data {number}"}, point)
    assert good(run(world, "failover")).extra["recovery_point"] == point, "later runs stay with it"


def test_the_newest_before_a_moment(world: World) -> None:
    done = good(run(world, "failover", wish=Wish(before=times(world)[0])))
    assert (data(world), done.extra["recovery_point"]) == ({"data 1"}, times(world)[1])
    assert not any("passed over" in note for note in done.plan.notes)


def test_the_newest_without_a_wish(world: World) -> None:
    good(run(world, "failover"))
    assert data(world) == {"data 2"}


def test_a_point_that_is_not_there(world: World) -> None:
    result = run(world, "failover", wish=Wish(exactly="2026-11-19T08:00:00+00:00"))
    assert isinstance(result, Refused)
    newest, middle, oldest = times(world)
    assert str(result) == (
        "Refused to fail over db to site B: wanted was recovery point 2026-11-19T08:00:00+00:00, and the target has "
        f"{newest}, {middle}, {oldest}. Choose one of those that dr_status shows."
    )


def test_another_one_than_the_twin_has(world: World) -> None:
    newest, middle, _oldest = times(world)
    good(run(world, "failover"))
    result = run(world, "failover", wish=Wish(exactly=middle))
    assert isinstance(result, Refused)
    assert result.refusal.code == "other_point"
    assert f"the twin has data of recovery point {newest}, and wanted was {middle}" in str(result)


def live(world: World) -> dict[str, str]:
    """The server writes; returns what is on which of its volumes."""
    (server,) = world.target.servers.values()
    on = {attachment.volume_id: "live" for attachment in server.attachments}
    world.target.contents.update(on)
    return on


def is_kept(world: World, written: dict[str, str]) -> None:
    """What was written is on its volumes still, or in snapshots of them, and marked as superseded."""
    site = world.target
    for volume_id, text in written.items():
        saved = [s for s in site.snapshots.values() if s.volume_id == volume_id and s.marks.role == "superseded"]
        on_it = site.volumes[volume_id].marks.role == "superseded" and site.contents[volume_id] == text
        assert on_it or [site.contents[snapshot.id] for snapshot in saved] == [text]


def test_again(world: World) -> None:
    """The first choice was bad as well. What the target wrote since is kept, and the new choice leads."""
    _newest, middle, oldest = times(world)
    good(run(world, "failover", wish=Wish(exactly=middle)))
    written = live(world)
    done = good(run(world, "failover", wish=Wish(exactly=oldest), again="encrypted too"))
    assert (data(world), done.extra["recovery_point"]) == ({"data 0"}, oldest)
    is_kept(world, written)
    (server,) = world.target.servers.values()
    assert server.status == "ACTIVE"
    assert not good(run(world, "failover", wish=Wish(exactly=oldest), again="encrypted too")).plan.changed
    world.source.reachable = True
    assert good(run(world, "status")).facts["leader"] == "b"


def test_again_without_need(world: World) -> None:
    """The point that it runs on already."""
    newest = times(world)[0]
    good(run(world, "failover"))
    assert not good(run(world, "failover", wish=Wish(exactly=newest), again="no")).plan.changed


@pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
@pytest.mark.parametrize("write_number", range(1, 20))
def test_again_broken_off_at_any_request(world: World, write_number: int, happens: str) -> None:
    _newest, middle, oldest = times(world)
    good(run(world, "failover", wish=Wish(exactly=middle)))
    written = live(world)
    options: dict[str, Any] = {"wish": Wish(exactly=oldest), "again": "encrypted too"}
    try:
        run(world, "failover", trouble={write_number: happens}, **options)
    except Killed:
        world.settle()
    good(run(world, "failover", **options))
    assert data(world) == {"data 0"}
    is_kept(world, written)


def test_check_mode_tells_how_it_is_put_to_rest(world: World) -> None:
    good(run(world, "failover"))
    job = world.job("failover", wish=Wish(exactly=times(world)[1]), again="bad")
    plan = job.decide(*[job.read(0.0)] * 2)
    assert "shelve server db" in [step.text for step in plan.foretold]
    assert "superseded and kept" in plan.notes[0]
