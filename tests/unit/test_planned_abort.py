# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back of a planned failover, on two clouds in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from circle import good, refused, texts
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.world import World
from planned_scene import OPTIONS, PLANNED, disks, made, plan, power, run, server, starts, stopped, write
from recovery_builders import row, the_plan


@pytest.fixture
def world() -> World:
    return made()


class TestAbort:
    def test_where_nothing_was_begun(self, world: World) -> None:
        assert texts(run(world, "abort")) == []

    def test_what_was_stopped_is_started(self, world: World) -> None:
        stopped(world)
        assert texts(run(world, "abort")) == [
            "start server db at site A",
            "note at server db at site A that nothing is begun any more",
        ]
        assert server(world.source).status == "ACTIVE"
        assert texts(run(world, "abort")) == []

    def test_what_was_off_before_stays_off(self, world: World) -> None:
        """Also after a failover that put its replicas on the twin already."""
        power(world, "stop")
        stopped(world)
        with pytest.raises(Killed):
            run(world, "failover", planned=True, trouble={2: "killed"})
        world.settle()
        assert "start server db at site A" not in texts(run(world, "abort"))
        assert (server(world.source).status, server(world.target).attachments) == ("SHUTOFF", ())
        assert texts(run(world, "abort")) == []

    @pytest.mark.parametrize("planned", [False, True])
    def test_a_server_that_is_no_part_of_the_move(self, planned: bool) -> None:
        """The target leads it since long ago, on replicas, and goes on with it. Another one is taken back."""
        ports: dict[str, Any] = {"ports": [{"network": "net"}]}
        rows = row(name="db", **ports), row(name="app", **ports)
        to = {letter: the_plan(*rows, to=letter, handover="attach", **OPTIONS) for letter in ("a", "b")}
        world = World(to["b"], guarded=True)
        world.source.guarded = True
        for site in (world.source, world.target):
            site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
            site.contents["cirros"] = "image"
        for operation in ("provision", "prepare", "replicate"):
            run(world, operation)
        only_app = replace(to["b"], servers=tuple(one for one in to["b"].servers if one.name == "app"))
        run(world, "stop_source", plan=only_app)
        run(world, "replicate", plan=only_app)
        run(world, "failover", plan=only_app, **PLANNED)
        run(world, "reprotect", plan=only_app)
        run(world, "stop_source")
        if planned:
            done = run(world, "replicate", plan=replace(to["b"], servers=to["b"].servers[:1]))
            assert isinstance(done["db"], Outcome)
        done = run(world, "abort")
        assert {name: isinstance(result, Outcome) for name, result in done.items()} == {"db": True, "app": True}
        there = {site.name: {s.name: s.status for s in site.servers.values()} for site in (world.source, world.target)}
        assert there["site_a"] == {"db": "ACTIVE", "app": "SHELVED_OFFLOADED"}
        assert there["site_b"] == {"db": "SHELVED_OFFLOADED", "app": "ACTIVE"}

    def test_an_old_mark_starts_nothing(self, world: World) -> None:
        """From A to B and back; later somebody stops the server at A."""
        stopped(world)
        good(run(world, "failover", planned=True))
        good(run(world, "reprotect"))
        back = plan("a")
        for operation, options in (("replicate", {}), ("stop_source", {}), ("replicate", {}), ("failover", PLANNED)):
            good(run(world, operation, plan=back, **options))
        good(run(world, "reprotect"))
        power(world, "stop")
        assert texts(run(world, "abort")) == []
        assert server(world.source).status == "SHUTOFF"

    def test_a_server_that_is_being_built(
        self,
    ) -> None:
        """Its answer was lost, and Nova shows no volumes of it before it is scheduled."""
        world = made("recreate")
        stopped(world)
        twin = server(world.target)
        world.target.servers[twin.id] = replace(twin, status="BUILD", task_state="scheduling", attachments=())
        assert "was asked to run db" in refused(run(world, "abort"), "too_late")

    def test_a_target_that_was_asked_to_run_it(self, world: World) -> None:
        stopped(world)
        good(run(world, "failover", planned=True))
        assert refused(run(world, "abort"), "too_late") == (
            "Refused to take the planned failover of db back: site B was asked to run db. "
            "From here it only goes forward: repeat the planned failover. Others can be taken back alone: with only."
        )
        assert server(world.source).status == "SHUTOFF"

    def test_a_target_that_ran_it_and_sleeps_again(self, world: World) -> None:
        """What it wrote would be lost."""
        stopped(world)
        good(run(world, "failover", planned=True))
        act(world.target, "shelve", server_id=server(world.target).id)
        world.settle()
        refused(run(world, "abort"), "too_late")

    @pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
    @pytest.mark.parametrize("handover", ["attach", "reimage", "recreate"])
    @pytest.mark.parametrize("write_number", range(1, 12))
    def test_a_failover_that_broke_off_at_any_request(self, handover: str, write_number: int, happens: str) -> None:
        """It is taken back, or it went too far and is carried on. Nothing that was written is lost, and one runs."""
        world = made(handover)
        written = write(world.source, "before the move")
        stopped(world)
        asked = starts(world.target)
        try:
            run(world, "failover", planned=True, trouble={write_number: happens})
        except Killed:
            world.settle()
        result = next(iter(run(world, "abort").values()))
        # a twin that was deleted to be built anew looks like one that somebody removed after it ran
        if starts(world.target) > asked or not world.target.servers:
            assert isinstance(result, Refused), result
            assert result.refusal.code == "too_late"
            good(run(world, "failover", planned=True))
            assert (disks(world.target), server(world.source).status) == (written, "SHUTOFF")
        else:
            assert isinstance(result, Outcome), result
            assert (disks(world.source), server(world.source).status) == (written, "ACTIVE")
            assert good(run(world, "status")).facts["leader"] == "a"
            assert texts(run(world, "abort")) == []
            good(run(world, "prepare"))
            self.moves(world)

    @staticmethod
    def moves(world: World) -> None:
        """The planned failover, later, as if none had been begun before."""
        written = write(world.source, "after the abort")
        stopped(world)
        good(run(world, "failover", planned=True))
        assert disks(world.target) == written

    @pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
    @pytest.mark.parametrize("write_number", range(1, 6))
    def test_itself_broken_off_at_any_request(self, world: World, write_number: int, happens: str) -> None:
        stopped(world)
        with pytest.raises(Killed):
            run(world, "failover", planned=True, trouble={3: "killed"})
        world.settle()
        try:
            run(world, "abort", trouble={write_number: happens})
        except Killed:
            world.settle()
        good(run(world, "abort"))
        assert (server(world.source).status, server(world.target).attachments) == ("ACTIVE", ())
        self.moves(world)
