# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned failover on two clouds in memory: the source is stopped, and the proof that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import STOPPED
from ansible_collections.standby.openstack.plugins.module_utils.engine.order import Follower, Order
from circle import good, refused, texts
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.world import World
from planned_scene import OPTIONS, disks, made, power, run, server, stopped, write
from recovery_builders import row, the_plan


@pytest.fixture
def world() -> World:
    return made()


class TestStop:
    def test_the_steps(self, world: World) -> None:
        done = good(run(world, "stop_source"))
        assert [step.text for step in done.plan.steps] == [
            "note at server db that it is stopped",
            "stop server db at site A",
        ]
        assert {step.cloud for step in done.plan.steps} == {"source"}
        assert server(world.source).status == "SHUTOFF"
        assert (done.facts["leader"], done.facts["status"]) == ("a", "SHUTOFF")

    def test_again_it_does_nothing(self, world: World) -> None:
        good(run(world, "stop_source"))
        assert texts(run(world, "stop_source")) == []

    def test_one_that_was_off_before(self, world: World) -> None:
        power(world, "stop")
        assert texts(run(world, "stop_source")) == ["note at server db that it was off before"]
        assert server(world.source).metadata[STOPPED].startswith("off, ")
        assert texts(run(world, "stop_source")) == []

    def test_a_volume_that_the_plan_does_not_name(self, world: World) -> None:
        """What is on it would stay behind, and nobody would be told."""
        act(world.source, "create_volume", name="extra", size=1)
        world.settle()
        (extra,) = [v for v in world.source.volumes.values() if v.name == "extra"]
        act(world.source, "attach_volume", server_id=server(world.source).id, volume_id=extra.id)
        world.settle()
        assert "it uses volume extra, which the plan does not name" in refused(
            run(world, "stop_source"), "unplanned_volume"
        )
        assert server(world.source).status == "ACTIVE"

    def test_one_that_the_target_leads_is_left_alone(self, world: World) -> None:
        """As long as the move is not over it belongs to it; after the re-protection it does not."""
        stopped(world)
        good(run(world, "failover", planned=True))
        power(world, "start")
        done = good(run(world, "stop_source"))
        assert (done.plan.steps, done.plan.notes) == ((), ("site B leads it already",))
        assert server(world.source).status == "ACTIVE"
        assert (done.facts["moves"], done.facts["begun"]) == (True, True)
        good(run(world, "reprotect", stale="stop"))
        assert good(run(world, "stop_source")).facts["moves"] is False

    @pytest.mark.parametrize("handover", ["attach", "recreate", "reimage"])
    def test_once_the_target_was_asked_no_point_of_the_source_is_made(self, handover: str) -> None:
        """The server at the target was removed, as messages advise. Only its replicas have what it wrote."""
        world = made(handover)
        assert good(run(world, "stop_source")).facts["begun"] is False
        good(run(world, "replicate"))
        good(run(world, "failover", planned=True))
        act(world.target, "delete_server", server_id=server(world.target).id)
        world.settle()
        done = good(run(world, "stop_source"))
        assert (done.facts["moves"], done.facts["begun"]) == (True, True)
        assert "was asked to run" in refused(run(world, "abort"), "too_late")

    @pytest.mark.parametrize(
        ("status", "todo"),
        [("PAUSED", "openstack server unpause"), ("SUSPENDED", "openstack server resume"), ("RESCUE", "Bring it to")],
    )
    def test_what_cannot_be_stopped(self, world: World, status: str, todo: str) -> None:
        world.source.change(server(world.source).id, status=status)
        said = refused(run(world, "stop_source"), "wrong_state")
        assert f"Refused to stop db at site A: it is {status}, and only ACTIVE servers are stopped. " in said
        assert todo in said

    def test_a_locked_one(self, world: World) -> None:
        world.source.change(server(world.source).id, locked=True)
        assert "openstack server unlock" in refused(run(world, "stop_source"), "locked")

    def test_a_source_without_the_server(self, world: World) -> None:
        world.source.servers.clear()
        assert "it holds no data of it" in refused(run(world, "stop_source"), "no_leader")

    def test_later_tiers_come_first_and_whoever_depends_on_a_server_before_it(self) -> None:
        ports: dict[str, Any] = {"ports": [{"network": "net"}]}
        db, app = row(name="db", **ports), row(name="app", tier=2, **ports)
        rows = db, app, row(name="web", tier=2, depends_on=["app"], **ports)
        world = World(the_plan(*rows, handover="attach", **OPTIONS), guarded=True)
        order = Order({job.name: _Task(job) for job in world.wave("stop_source").jobs()})
        started = []
        while order.pending:
            task = order.ready.popleft()
            assert not order.ready
            order.take(task)
            started.append(task.job.name)
            order.release(task.job.name, "")
        assert started == ["web", "app", "db"]


class TestProof:
    def test_nothing_is_lost(self, world: World) -> None:
        written = write(world.source, "the last words")
        stopped(world)
        done = good(run(world, "failover", planned=True))
        assert disks(world.target) == written
        assert done.extra["proved"] is True
        point = done.extra["recovery_point"]
        assert (
            f"nothing is lost: the server at site A has not run since recovery point {point} was begun"
            in done.plan.notes
        )

    def test_a_source_that_ran_in_between(self, world: World) -> None:
        stopped(world)
        power(world, "start")
        write(world.source, "too late")
        power(world, "stop")
        said = refused(run(world, "failover", planned=True), "not_proved")
        assert "the server at site A may have run since recovery point" in said
        assert server(world.target).status == "SHELVED_OFFLOADED"
        assert server(world.target).attachments == ()

    def test_a_point_that_was_made_while_it_ran(self, world: World) -> None:
        good(run(world, "replicate"))
        good(run(world, "stop_source"))
        refused(run(world, "failover", planned=True), "not_proved")

    def test_a_point_that_was_begun_while_it_ran_and_finished_later(self, world: World) -> None:
        with pytest.raises(Killed):
            world.run("replicate", trouble={4: "killed"})
        write(world.source, "after the snapshots")
        stopped(world)
        refused(run(world, "failover", planned=True), "not_proved")
        good(run(world, "replicate"))
        good(run(world, "failover", planned=True))
        assert set(disks(world.target).values()) == {"root: after the snapshots", "data: after the snapshots"}

    def test_a_source_that_runs(self, world: World) -> None:
        stopped(world)
        power(world, "start")
        said = refused(run(world, "failover", planned=True), "not_at_rest")
        assert "the server at site A is ACTIVE, not SHUTOFF" in said

    def test_once_it_is_there_no_proof_is_needed(self, world: World) -> None:
        stopped(world)
        good(run(world, "failover", planned=True))
        good(run(world, "reprotect"))
        done = good(run(world, "failover", planned=True))
        assert not done.plan.changed
        assert "proved" not in done.extra


@dataclass(eq=False)
class _Task(Follower):
    """What an `Order` orders."""

    job: Any
