# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A random walk: operations of a plan in any order, killed at any request, and what members do by hand in between."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.fence import AT_REST
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Skipped
from member import Member, forge
from memory_cloud.connection import Killed
from memory_cloud.world import World
from recovery_builders import row, the_plan

hypothesis = pytest.importorskip("hypothesis")  # not in the oldest environment
from hypothesis import settings, stateful  # noqa: E402
from hypothesis import strategies as some  # noqa: E402

KEEP = 2
WAYS: dict[str, dict[str, Any]] = {
    "attach": {"handover": "attach"},
    "recreate": {"handover": "recreate"},
    "reimage": {"handover": "reimage", "when": "at_failover"},
    "reimage while dormant": {"handover": "reimage", "when": "at_replication"},
}
TROUBLE = some.none() | some.tuples(some.integers(1, 60), some.sampled_from(["killed", "refused", "lost"]))
NUMBER = some.integers(0, 40)
#: Acts of a member at the target; at the source those that are no loss of data by themselves.
AT_TARGET = [name for name in vars(Member) if not name.startswith("_") and name != "stranger"]
AT_SOURCE = ["rename_server", "stop", "start", "name_back", "snapshot", "delete_snapshot", "delete_backup"]


class Walk(stateful.RuleBasedStateMachine):
    """``points`` are by server the recovery points that a run said are complete, and the number of what they hold.

    ``written`` is by server the number of what it wrote last at the source, ``live`` by volume of the target what was
    written there by a server that a failover brought up.
    """

    @stateful.initialize(way=some.sampled_from(sorted(WAYS)), servers=some.integers(1, 2))
    def begin(self, way: str, servers: int) -> None:
        """The servers run at the source, and have twins at the target."""
        second = {**row(name="app", volumes=[]), "ports": [{"network": "net"}]}
        plan = the_plan(*[row(), second][:servers], replication={"keep": KEEP, "full_every": 3}, **WAYS[way])
        self.world = World(plan, guarded=way == "attach")
        for site in (self.world.source, self.world.target):
            site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
            site.contents["cirros"] = "image"
        self.points: dict[str, dict[str, int]] = {server.name: {} for server in plan.servers}
        self.written = dict.fromkeys(self.points, 0)
        self.live: dict[str, str] = {}
        self.member, self.at_source = Member(self.world.target), Member(self.world.source)
        self.led = False
        for operation in ("provision", "prepare"):
            assert all(isinstance(end, Outcome) for end in self.world.run(operation).values())
            self.world.settle()
        self.origin = {server.id: server.name for server in self.world.source.servers.values()}
        self.member.stranger("payroll", {})
        self.cycle()

    @stateful.rule()
    def write(self) -> None:
        """The servers at the source that run write to all their volumes."""
        self.world.clock.seconds += 60
        source = self.world.source
        for key, name in self.origin.items():
            if source.servers[key].status == "ACTIVE":
                self.written[name] += 1
                on = [attachment.volume_id for attachment in source.servers[key].attachments]
                source.contents.update({disk: f"data {self.written[name]} of {disk}" for disk in on})

    @stateful.rule()
    def write_at_target(self) -> None:
        """So do those that a failover brought up. From then on no run may touch their volumes."""
        target = self.world.target
        for server in target.servers.values() if self.led else ():
            on = {a.volume_id: target.contents.get(a.volume_id, "") for a in server.attachments}
            if server.status == "ACTIVE" and all(held.startswith(("data", "live")) for held in on.values()):
                self.live |= {key: f"live {self.world.clock.seconds} of {_origin(held)}" for key, held in on.items()}
        target.contents.update(self.live)

    @stateful.rule(trouble=TROUBLE)
    def replicate(self, trouble: tuple[int, str] | None) -> None:
        """What a run that succeeded says is complete is complete. No point goes but for newer ones."""
        begun, before = self.world.clock.utc().isoformat(), {name: self._points(name) for name in self.points}
        for name, end in self.run("replicate", trouble).items():
            if isinstance(end, Outcome):
                time = end.extra["recovery_point"]
                self.points[name].setdefault(time, self.written[name] if time >= begun else -1)
        for name, there in before.items():
            now = self._points(name)
            for time in there.keys() - now.keys():
                assert len([other for other in now if other > time]) >= KEEP, (name, time, there, now)

    @stateful.rule(trouble=TROUBLE)
    def prepare(self, trouble: tuple[int, str] | None) -> None:
        """Twins are brought to rest, or stay there. No point goes."""
        before = {name: self._points(name) for name in self.points}
        self.run("prepare", trouble)
        assert all(there.keys() <= self._points(name).keys() for name, there in before.items())

    @stateful.rule(trouble=TROUBLE, reason=some.sampled_from(["", "", "burnt"]))
    def fail_over(self, trouble: tuple[int, str] | None, reason: str) -> None:
        """The target leads from then on, or nothing was begun. No server runs at both sites, but by people's word."""
        try:
            self.world.wave("failover").fence(reason)
        except StandbyError:
            return
        source = self.world.source
        running = [key for key in self.origin if source.servers[key].status not in AT_REST]
        assert reason or not source.reachable or not running, running
        self.led, twice = True, self._twice()
        self.run("failover", trouble)
        assert self._twice() <= twice

    @stateful.rule()
    def readiness(self) -> None:
        """What it says is ready comes up, on the recovery point that it told."""
        ready = {name: end.extra for name, end in self.run("readiness").items() if isinstance(end, Outcome)}
        tried = copy.deepcopy(self.world).run("failover") if ready else {}
        for name, extra in ready.items():
            end = tried[name]
            told = end.extra["recovery_point"] == extra["recovery_point"] if isinstance(end, Outcome) else end
            assert told is True or isinstance(end, Skipped), (name, told, extra)

    def run(self, operation: str, trouble: tuple[int, str] | None = None) -> dict[str, Any]:
        """A run; one that was killed ends without a word. Only errors that people can read end a job."""
        try:
            ends = self.world.run(operation, dict([trouble] if trouble else []))
        except (Killed, StandbyError):
            return {}
        unread = {name: end for name, end in ends.items() if not isinstance(end, (Outcome, StandbyError))}
        assert not unread
        return ends

    @stateful.rule()
    def time_passes(self) -> None:
        """What was begun ends."""
        self.world.settle()

    @stateful.rule(hours=some.integers(-30, 30))
    def another_controller(self, hours: int) -> None:
        """Its clock may be wrong."""
        self.world.wrong = hours * 3600

    @stateful.rule(reachable=some.sampled_from([True, True, False]))
    def source_comes_and_goes(self, reachable: bool) -> None:
        """Its servers run on."""
        self.world.source.reachable = reachable

    @stateful.rule(number=NUMBER, name=some.sampled_from(AT_TARGET))
    def act_at_target(self, number: int, name: str) -> None:
        """A member of the project does something by hand."""
        self._act(self.member, name, number)

    @stateful.rule(number=NUMBER, name=some.sampled_from(AT_SOURCE))
    def act_at_source(self, number: int, name: str) -> None:
        """So does one at the source."""
        self._act(self.at_source, name, number)

    @stateful.rule(number=NUMBER)
    def rename_at_source(self, number: int) -> None:
        """The fence must know a server by more than its name."""
        self._act(self.at_source, "rename_server", number)

    @staticmethod
    def _act(member: Member, name: str, number: int) -> None:
        reachable, member.site.reachable = member.site.reachable, True
        try:
            getattr(member, name)(number)
        except StandbyError:
            return
        finally:
            member.site.reachable = reachable

    @stateful.rule(number=NUMBER)
    def forge(self, number: int) -> None:
        """Marks at the source say that a volume of somebody is a replica."""
        volumes = [*self.world.target.volumes.values()]
        for found in volumes[number : number + 1]:
            forge(self.world.source, {**found.metadata, "standby_replica": "payroll"})

    @stateful.rule()
    def cycle(self) -> None:
        """The ordinary course of things."""
        self.write()
        self.replicate(None)
        self.time_passes()

    @stateful.invariant()
    def what_is_not_ours_is_as_it_was(self) -> None:
        """Neither deleted nor overwritten: what members made, and what servers wrote at either site."""
        if not hasattr(self, "led"):
            return
        for member in (self.member, self.at_source):
            assert {key: member.site.contents[key] for key in member.theirs if self._is_there(key)} == member.theirs
        kept = {key: held for key, held in self.live.items() if key not in self.member.deleted}
        assert {key: self.world.target.contents[key] for key in kept if self._is_there(key)} == kept
        for key, name in self.origin.items():
            disks = {a.volume_id for a in self.world.source.servers[key].attachments}
            held = {disk: self.world.source.contents[disk] for disk in disks}
            assert held == {disk: f"data {self.written[name]} of {disk}" for disk in disks}

    def _is_there(self, key: str) -> bool:
        return any(key in site.volumes or key in site.snapshots for site in (self.world.source, self.world.target))

    @stateful.invariant()
    def no_point_is_lost(self) -> None:
        """Until a failover there is a complete point, the newest that a run told of or a newer one, and it is right."""
        for name, told in self.points.items() if not getattr(self, "led", True) else ():
            there = self._points(name)
            newest = max((time for time in told if (name, time) not in self.member.spoiled), default="")
            assert max(there, default="") >= newest, (name, told, there)
            for time, held in there.items():
                assert len(held) == 1, (name, time, held)
                assert told.get(time, -1) == -1 or held == {f"data {told[time]}"}, (name, time, held)

    def _points(self, name: str) -> dict[str, set[str]]:
        """By time what the complete recovery points of a server hold, without what members made."""
        found: dict[str, list[str]] = {}
        for key, made in self.world.target.volumes.items():
            marks = made.marks
            ours = key not in self.member.theirs and made.status != "deleting"
            if ours and (marks.server, marks.role, marks.state) == (name, "replica", "complete"):
                found.setdefault(marks.point, []).append(self.world.target.contents[key].partition(" of ")[0])
        return {time: set(held) for time, held in found.items() if len(held) == (2 if name == "db" else 1)}

    @stateful.invariant()
    def one_server_wakes_on_one_moment(self) -> None:
        """No run wakes a server on volumes of two moments or on half of a copy."""
        if not hasattr(self, "led"):
            return
        for number, (_server, on, statuses) in enumerate(self.world.target.boots):
            data = {held.partition(" of ")[0] for held in on.values()}
            ours = number not in self.member.woken and not any(held.startswith("live") for held in data)
            assert not ours or statuses <= {"reserved", "in-use"}
            assert not ours or len(data) == 1 or not any(held.startswith(("data", "half")) for held in data), on

    def _twice(self) -> set[str]:
        """The volumes of the source on copies of which more than one server runs at the target."""
        target = self.world.target
        awake = [server for server in target.servers.values() if server.status not in AT_REST or server.task_state]
        on = [{_origin(target.contents.get(a.volume_id, "")) for a in server.attachments} for server in awake]
        count = Counter(origin for origins in on for origin in origins - {""})
        return {origin for origin, number in count.items() if number > 1}


def _origin(held: str) -> str:
    """The volume at the source of which a volume holds what was written there, or after that; "" if there is none."""
    return held.partition(" of ")[2] if held.startswith(("data", "live")) else ""


def walk(examples: int, steps: int, **more: Any) -> None:
    """Some walks; a failure tells the shortest one that fails."""
    how = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck), **more,
    )  # fmt: skip
    stateful.run_state_machine_as_test(Walk, settings=how)


def test_some_walks() -> None:
    """The same ones each time."""
    walk(25, 10, derandomize=True)


@pytest.mark.soak
def test_thousands_of_walks() -> None:
    walk(3000, 20)
