# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A random walk through the life of a plan: all verbs in both directions, sites that die and return, kills, people.

Wanted: as soon as both sites answer, exactly one leads, the one that the last failover named; no verb starts a
second copy; a planned failover loses nothing; what a guest wrote is never deleted or overwritten by a verb.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.direction import other
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.fence import AT_REST
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.site import Site
from memory_cloud.world import World
from recovery_builders import row, the_plan

hypothesis = pytest.importorskip("hypothesis")  # not in the oldest environment
from hypothesis import settings, stateful  # noqa: E402
from hypothesis import strategies as some  # noqa: E402

TROUBLE = some.none() | some.tuples(some.integers(1, 30), some.sampled_from(["killed", "refused", "lost"]))
LETTER = some.sampled_from(["a", "b"])
WAYS = ["attach", "recreate", "reimage"]


class Life(stateful.RuleBasedStateMachine):
    """``leader`` is the site that the last failover named, ``latest`` what the guest wrote last there.

    ``written`` is by site and volume what a guest wrote to it.
    """

    @stateful.initialize(way=some.sampled_from(WAYS))
    def begin(self, way: str) -> None:
        """The server runs at site A, and has a twin and a recovery point at site B."""
        options: dict[str, Any] = {"replication": {"keep": 2, "full_every": 3}, "handover": way}
        self.plans = {to: the_plan(row(), to=to, **options) for to in ("a", "b")}
        self.world = World(self.plans["b"], guarded=way == "attach")
        self.world.source.guarded = way == "attach"
        self.sites: dict[str, Site] = {"a": self.world.source, "b": self.world.target}
        for site in self.sites.values():
            site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
            site.contents["cirros"] = "image"
        self.leader, self.count, self.latest = "a", 0, "image"
        self.written: dict[tuple[str, str], str] = {}
        for operation in ("provision", "prepare"):
            assert isinstance(self._run(operation, "b", None), Outcome)
        self.write("a")
        assert isinstance(self._run("replicate", "b", None), Outcome)

    def _run(self, operation: str, to: str, trouble: tuple[int, str] | None, **options: Any) -> Any:
        """What became of the server; None if the run was killed, or refused as a whole."""
        try:
            ends = self.world.run(operation, dict([trouble] if trouble else []), plan=self.plans[to], **options)
        except (Killed, StandbyError):
            return None
        finally:
            self.world.settle()
            self.world.clock.seconds += 60
        end = ends["db"]
        assert isinstance(end, (Outcome, StandbyError)), end
        return end

    def _server(self, letter: str) -> Any:
        return next((s for s in self.sites[letter].servers.values() if s.name == "db"), None)

    def _runs(self, letter: str) -> bool:
        """Whether the application runs there: on volumes that hold what its guest, or its image, wrote."""
        server = self._server(letter)
        return bool(server) and server.status not in AT_REST and bool(self._held(letter))

    @stateful.rule(letter=LETTER)
    def write(self, letter: str) -> None:
        """The guest writes to all disks, if it runs."""
        server = self._server(letter)
        if server is None or server.status != "ACTIVE" or not (self._runs(letter) or not self.count):
            return
        self.count += 1
        text = f"data {self.count}"
        for attachment in server.attachments:
            self.sites[letter].contents[attachment.volume_id] = text
            self.written[letter, attachment.volume_id] = text
        if letter == self.leader:
            self.latest = text

    @stateful.rule(to=LETTER, operation=some.sampled_from(["prepare", "replicate", "readiness"]), trouble=TROUBLE)
    def quiet_verb(self, to: str, operation: str, trouble: tuple[int, str] | None) -> None:
        """What changes nobody's leadership."""
        runs = self._both_run()
        self._run(operation, to, trouble)
        assert self._both_run() <= runs

    @stateful.rule(to=LETTER, ends=some.booleans(), keep=some.booleans(), trouble=TROUBLE)
    def drill(self, to: str, ends: bool, keep: bool, trouble: tuple[int, str] | None) -> None:
        """A rehearsal, or its end: neither changes who leads, and nothing of the plan is touched."""
        runs = self._both_run()
        before = {letter: self._of_the_plan(letter) for letter in self.sites}
        self._run("drill_cleanup" if ends else "drill", to, trouble, keep=keep)
        assert self._both_run() <= runs
        assert {letter: self._of_the_plan(letter) for letter in self.sites} == before

    def _of_the_plan(self, letter: str) -> Any:
        """All that is not of a drill."""
        site, server = self.sites[letter], self._server(letter)
        volumes = {v.id: (v.status, site.contents[v.id]) for v in site.volumes.values() if not v.marks.drill}
        return volumes, server and (server.id, server.status, server.attachments), set(site.snapshots)

    @stateful.rule(to=LETTER, trouble=TROUBLE, planned=some.booleans())
    def fail_over(self, to: str, trouble: tuple[int, str] | None, planned: bool) -> None:
        """The fence is asked first, as dr_wave does."""
        options = {"plan": self.plans[to], "planned": planned}
        try:
            self.world.wave("failover", **options).fence("")
        except StandbyError:
            return
        boots, runs, before = len(self.sites[to].boots), self._both_run(), self._handed_over(to)
        source = self.latest
        end = self._run("failover", to, trouble, planned=planned)
        if self._handed_over(to) - before:
            self.leader, self.latest = to, max(self._held(to), default=self.latest)
        if self.sites[other(to)].reachable:
            assert self._both_run() <= runs, "it started a second copy"
        if planned and isinstance(end, Outcome) and len(self.sites[to].boots) > boots:
            on = {self.sites[to].contents[a.volume_id] for a in self._server(to).attachments}
            assert before or on == {source}, "a planned failover lost what was written"

    def _handed_over(self, letter: str) -> set[tuple[str, str, str]]:
        """The volumes of the server that only a failover puts there, and what is on them."""
        site, server = self.sites[letter], self._server(letter)
        on = [site.volumes[a.volume_id] for a in server.attachments] if server else []
        return {(v.id, v.marks.role, site.contents[v.id]) for v in on if v.marks.role in ("replica", "copy")}

    def _held(self, letter: str) -> set[str]:
        """What guests wrote to the volumes of the server."""
        server = self._server(letter)
        on = {self.sites[letter].contents[a.volume_id] for a in server.attachments} if server else set()
        return {text for text in on if text.startswith("data")}

    @stateful.rule(to=LETTER, trouble=TROUBLE)
    def stop_source(self, to: str, trouble: tuple[int, str] | None) -> None:
        """The first half of a planned failover."""
        self._run("stop_source", to, trouble)

    @stateful.rule(to=LETTER)
    def move(self, to: str) -> None:
        """A planned failover as the playbook does it."""
        if isinstance(self._run("readiness", to, None), Outcome):
            self._run("stop_source", to, None)
            self._run("replicate", to, None)
            self.fail_over(to, None, planned=True)
            self._run("reprotect", to, None)

    @stateful.rule()
    def disaster(self) -> None:
        """The site that leads is lost, the other one takes over, and the first comes back."""
        lost = self.leader
        self.sites[lost].reachable, self.sites[other(lost)].reachable = False, True
        self.fail_over(other(lost), None, planned=False)
        self.sites[lost].reachable = True

    @stateful.rule()
    def recover(self) -> None:
        """The old site becomes the standby, and gets its first recovery point."""
        self._run("reprotect", "b", None, stale="stop")
        self._run("replicate", other(self.leader), None)

    @stateful.rule(to=LETTER, trouble=TROUBLE)
    def abort(self, to: str, trouble: tuple[int, str] | None) -> None:
        """It never takes back what ran."""
        before, handed = self._runs(to), self._handed_over(to)
        self._run("abort", to, trouble)
        assert not before or self._runs(to)
        if self.leader == to and handed and not self._handed_over(to) and self._held(other(to)):
            self.leader, self.latest = other(to), max(self._held(other(to)))

    @stateful.rule(trouble=TROUBLE, site=some.sampled_from(["", "a", "b"]))
    def fence(self, trouble: tuple[int, str] | None, site: str) -> None:
        """Stops the stale copy, never the leader."""
        before = self._runs(self.leader)
        self._run("fence", "b", trouble, site=site)
        assert self._runs(self.leader) == before

    @stateful.rule(trouble=TROUBLE, stale=some.sampled_from(["refuse", "stop"]))
    def reprotect(self, trouble: tuple[int, str] | None, stale: str) -> None:
        """Puts the other site to rest, never the leader."""
        before = self._runs(self.leader)
        self._run("reprotect", "b", trouble, stale=stale)
        assert self._runs(self.leader) == before

    @stateful.rule(letter=LETTER, reachable=some.sampled_from([True, True, False]))
    def comes_and_goes(self, letter: str, reachable: bool) -> None:
        """A site; its servers run on."""
        self.sites[letter].reachable = reachable

    @stateful.rule(letter=LETTER, verb=some.sampled_from(["stop", "start", "shelve", "unshelve"]))
    def by_hand(self, letter: str, verb: str) -> None:
        """Somebody stops, starts, shelves or wakes a server."""
        site, server = self.sites[letter], self._server(letter)
        if server is None or not site.reachable:
            return
        try:
            act(site, verb, server_id=server.id)
        except StandbyError:
            return
        self.world.settle()
        self.world.clock.seconds += 60

    def _both_run(self) -> int:
        return int(self._runs("a") and self._runs("b"))

    @stateful.invariant()
    def one_leads(self) -> None:
        """The one that the last failover named, as soon as both sites answer."""
        if not hasattr(self, "sites") or not all(site.reachable for site in self.sites.values()):
            return
        end = self._run("status", "b", None)
        assert isinstance(end, Outcome), end
        facts = end.facts
        assert (facts["leader"], facts["disputed"]) == (self.leader, False), facts

    @stateful.invariant()
    def what_was_written_is_kept(self) -> None:
        """No volume on which a guest wrote is deleted, or overwritten unless a snapshot keeps what was on it."""
        for (letter, volume_id), text in getattr(self, "written", {}).items():
            site = self.sites[letter]
            saved = {site.contents[s.id] for s in site.snapshots.values() if s.volume_id == volume_id}
            assert volume_id in site.volumes
            assert text in {site.contents[volume_id], *saved}


def walk(examples: int, steps: int, **more: Any) -> None:
    """Some walks; a failure tells the shortest one that fails."""
    how = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(hypothesis.HealthCheck), **more,
    )  # fmt: skip
    stateful.run_state_machine_as_test(Life, settings=how)


def test_some_walks() -> None:
    """The same ones each time."""
    walk(40, 14, derandomize=True)


@pytest.mark.soak
def test_thousands_of_walks() -> None:
    walk(3000, 25)
