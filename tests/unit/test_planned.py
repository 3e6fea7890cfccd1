# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned failover and its way back, on two clouds in memory that both have the guarded API.

The playbook stops the servers of the source, makes a last recovery point, and fails over with the proof that nothing is
lost. If that cannot be, it takes back what was begun.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import STOPPED
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from ansible_collections.standby.openstack.plugins.module_utils.engine.order import Follower, Order
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.world import World
from recovery_builders import row, the_plan

OPTIONS: dict[str, Any] = {"replication": {"keep": 2, "full_every": 3, "rpo": 3600}}
PLANNED = {"planned": True}


def plan(to: str = "b", handover: str = "attach") -> Any:
    return the_plan(row(), to=to, handover=handover, **OPTIONS)


@pytest.fixture
def make() -> Callable[[str], World]:
    """Makes a server that runs at site A, and its twin at site B with a recovery point."""

    def made(handover: str = "attach") -> World:
        world = World(plan(handover=handover), guarded=handover == "attach")
        world.source.guarded = world.target.guarded
        for site in (world.source, world.target):
            site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
            site.contents["cirros"] = "image"
        for operation in ("provision", "prepare", "replicate"):
            good(run(world, operation))
        return world

    return made


@pytest.fixture
def world(make: Callable[[str], World]) -> World:
    return make("attach")


def run(world: World, operation: str, **options: Any) -> dict[str, Result]:
    results = world.run(operation, **options)
    world.settle()
    world.clock.seconds += 60
    return results


def good(results: dict[str, Result]) -> Outcome:
    (result,) = results.values()
    assert isinstance(result, Outcome), result
    return result


def texts(results: dict[str, Result]) -> list[str]:
    return [step.text for step in good(results).plan.steps]


def refused(results: dict[str, Result], code: str) -> str:
    (result,) = results.values()
    assert isinstance(result, Refused), result
    assert result.refusal.code == code
    return str(result)


def server(site: Any) -> Any:
    (found,) = site.servers.values()
    return found


def disks(site: Any) -> dict[str, str]:
    """By disk what is on the volumes of the server."""
    used = [site.volumes[a.volume_id] for a in server(site).attachments]
    return {volume.marks.disk: site.contents[volume.id] for volume in used}


def write(site: Any, what: str) -> dict[str, str]:
    """The guest writes to all its disks."""
    assert server(site).status == "ACTIVE"
    for attachment in server(site).attachments:
        volume = site.volumes[attachment.volume_id]
        site.contents[volume.id] = f"{volume.marks.disk}: {what}"
    return disks(site)


def starts(site: Any) -> int:
    """How often the site was asked to run a server."""
    return sum(action in ("create", "unshelve") for actions in site.actions.values() for action, *_rest in actions)


def power(world: World, verb: str) -> None:
    """Somebody starts or stops the server of the source."""
    act(world.source, verb, server_id=server(world.source).id)
    world.settle()
    world.clock.seconds += 60


def stopped(world: World) -> None:
    """The server of the source is stopped, and its last recovery point is there."""
    good(run(world, "stop_source"))
    good(run(world, "replicate"))


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
    def test_once_the_target_was_asked_no_point_of_the_source_is_made(
        self, make: Callable[[str], World], handover: str
    ) -> None:
        """The server at the target was removed, as messages advise. Only its replicas have what it wrote."""
        world = make(handover)
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

    def test_a_server_that_is_being_built(self, make: Callable[[str], World]) -> None:
        """Its answer was lost, and Nova shows no volumes of it before it is scheduled."""
        world = make("recreate")
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
    def test_a_failover_that_broke_off_at_any_request(
        self, make: Callable[[str], World], handover: str, write_number: int, happens: str
    ) -> None:
        """It is taken back, or it went too far and is carried on. Nothing that was written is lost, and one runs."""
        world = make(handover)
        written = write(world.source, "before the move")
        stopped(world)
        asked = starts(world.target)
        try:
            run(world, "failover", planned=True, trouble={write_number: happens})
        except Killed:
            world.settle()
        (result,) = run(world, "abort").values()
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


@dataclass(eq=False)
class _Task(Follower):
    """What an `Order` orders."""

    job: Any
