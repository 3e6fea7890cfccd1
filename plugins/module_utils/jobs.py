# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One operation of a recovery plan for all its servers: makes the jobs of a fleet. Knows no Ansible.

Each operation of `operations.py` has a method of its name here, in `jobs_at_both_sites.py` or in `jobs_of_drills.py`:
it says what is read for a server, and who decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .cloud.errors import understood
from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import build as read_build
from .cloud.read import recovery as read_dr
from .cloud.shared_lists import Inventory
from .data.errors import Refused
from .data.marks import PLAN, ROLE, SERVER
from .data.seen import Seen, Site
from .data.steps import Decision, Finding, Refusal
from .data.wanted import ServerWanted
from .decide.handover.again import Again, decide_again
from .decide.handover.by_reimage import helper_name
from .decide.handover.failover import decide_failover
from .decide.handover.fence import SiteAnswer, may_fail_over, silent_source
from .decide.handover.provision import decide_provision
from .decide.handover.readiness import decide_readiness
from .decide.handover.recovery import Recovery, recovery
from .decide.handover.usable import made_usable
from .decide.plan.recovery_plan import PlanServer
from .decide.plan.recovery_points import servers_noted
from .decide.planned.proof import nothing_lost, record_at_rest
from .decide.planned.way_back import way_back_findings
from .decide.replicate.decide import decide_replication, open_point
from .decide.replicate.refill_root import is_wanted
from .decide.replicate.replication import Goal, Replication
from .decide.root.volume_copy import Helpers
from .decide.twin.prepare import decide_prepare
from .jobs_at_both_sites import JobsAtBothSites
from .jobs_of_drills import JobsOfDrills
from .providers import Look
from .way_back import way_back


class Wave(JobsAtBothSites, JobsOfDrills):
    """An operation of a plan, begun once: see `WaveCore`."""

    def _site(self, cloud: str, wanted: ServerWanted) -> Callable[[float], Site]:
        """Reads a server that is to be built, or compared."""
        inventory = self.inventory(cloud)
        return lambda since: read_build.site(Shared(inventory, since), wanted, self._assume, self.foretold)

    def shortage(self) -> list[Finding]:
        """What is told of the wave as a whole before its first job begins; see `JobsOfDrills.shortage`."""
        if self.operation.looks_back:
            return way_back_findings(way_back(self.clouds, self._assume), self.plan)
        return super().shortage()

    def _provision(self, server: PlanServer) -> tuple[Any, Any]:
        """Where a server would be built, the other site is asked once for all whether it leads."""
        site = self._site("source", server.source)

        def other_site() -> dict[str, Any]:
            return {"": self.clouds.ask("target")}

        def read(since: float) -> tuple[Site, SiteAnswer | None]:
            found = site(since)
            inventory = self.inventory("source")
            return found, None if found.seen.server else inventory.asked("other site", ANY_TIME, other_site)[""]

        return read, lambda seen, _first: decide_provision(seen[0], seen[1], server, self.plan)

    def _prepare(self, server: PlanServer) -> tuple[Any, Any]:
        return self._site("target", server.twin), lambda seen, _first: decide_prepare(seen, server, self.plan)

    def _readiness(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("target")

        def read(since: float) -> Any:
            site = read_build.site(Shared(inventory, since), server.twin, self._assume)
            what = site.seen if self._only_attaches else site
            return site, self._recovery(inventory, since, what, server)

        return read, lambda seen, _first: decide_readiness(seen[0], seen[1], server, self.plan, self.lag)

    def _recovery(self, inventory: Inventory, since: float, site: Site | Seen, server: PlanServer) -> Recovery:
        """Reads only the volumes with the marks of the server. All volumes for each server would take N x N."""
        own = read_dr.volumes_with(inventory, since, {PLAN: self.plan.name, SERVER: server.name})
        at = self.standby(server, since)
        seen = site if isinstance(site, Seen) else self._with_woken(inventory, site.seen)
        found = recovery(seen, (*own, *at.promised), server, self._latest)
        found = self.with_made(found, at)
        if isinstance(site, Seen):
            return found
        helpers = self._helpers(inventory, since, server)
        return replace(found, around=site.around, helpers=helpers, limits=self._copy_limits)

    def _helpers(self, inventory: Inventory, since: float, server: PlanServer) -> Helpers:
        """What a killed run left that copied into the root of a twin."""
        marks = {PLAN: self.plan.name, SERVER: server.name, ROLE: "handover"}
        snapshots = read_dr.snapshots_with(inventory, since, marks)
        images = read_dr.images_with(inventory, since, helper_name(self.plan.name, server.name), marks)
        return Helpers(snapshots, images)

    def _replicate(self, server: PlanServer) -> tuple[Any, Any]:
        source, target, provider = self.inventory("source"), self.inventory("target"), self.provider
        now = self.moment.isoformat()
        fresh = (self.moment - timedelta(seconds=self.min_interval)).isoformat()
        marks = {PLAN: self.plan.name, SERVER: server.name}

        def read(since: float) -> Replication:
            twin = read_dr.server(target, server.name, since, self._assume)
            woken = read_dr.woken(target.cloud, twin.server.id) if twin.server else None
            seen = read_dr.server(source, server.name, since)
            at = self.standby(server, since)
            return Replication(
                source=seen,
                twin=replace(twin, woken=woken),
                volumes=(*read_dr.volumes_with(target, since, marks), *at.promised),
                made=provider.read(Look(source, target, since, marks, seen.volumes, at.made)),
                woken=woken,
                helpers=self._helpers(target, since, server) if is_wanted(self.plan, twin) else Helpers(),
                latest=self._latest,
                snapshots=read_dr.snapshots_by_volume(target, since),
            )

        def decide(what: Replication, first: Replication) -> Decision:
            """The recovery point that the job is about is fixed when it first reads: one left open, or now."""
            begun = open_point(first, self.plan, server, provider.decides)
            goal = Goal(begun or now, fresh, "" if begun else record_at_rest(first.source))
            return decide_replication(what, self.plan, server, goal, provider.decides)

        return read, decide

    def _failover(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("target")

        def look(since: float) -> Site | Seen:
            """Reads the surroundings of the server only if the failover may have to do more than attach volumes."""
            if self._only_attaches:
                return read_dr.server(inventory, server.name, since, self._assume)
            return read_build.site(Shared(inventory, since), server.twin, self._assume)

        def read(since: float) -> Recovery:
            what = self._recovery(inventory, since, look(since), server)
            return replace(what, wish=self.wish, giving_place=self.giving_place(server, since))

        if self.planned:
            return self._proved(server, read)
        if self.again:
            return self._chosen_again(server, read)
        return read, lambda what, _first: self._usable(decide_failover(what, server, self.plan), what, server)

    def _usable(self, decided: Decision, what: Recovery, server: PlanServer) -> Decision:
        return made_usable(decided, what, server, self.plan, self.provider.decides)

    def _chosen_again(self, server: PlanServer, read: Callable[[float], Recovery]) -> tuple[Any, Any]:
        """A failover to another recovery point than the one on which the server runs."""
        inventory, marks = self.inventory("target"), {PLAN: self.plan.name, SERVER: server.name}

        def look(since: float) -> tuple[Recovery, Again]:
            what = read(since)
            seen = self._with_woken(inventory, what.seen)
            snapshots = read_dr.snapshots_with(inventory, since, marks)
            return replace(what, seen=seen), Again(snapshots, self.moment.isoformat())

        def decide(what: tuple[Recovery, Again], _first: Any) -> Decision:
            return self._usable(decide_again(what[0], what[1], server, self.plan), what[0], server)

        return look, decide

    def _proved(self, server: PlanServer, read: Callable[[float], Recovery]) -> tuple[Any, Any]:
        """A failover that only goes on if nothing is lost. The source is read as well."""
        source, plan = self.inventory("source"), self.plan

        def decide(what: tuple[Recovery, Seen], _first: Any) -> Decision:
            decided = decide_failover(what[0], server, plan)
            if isinstance(decided, Refusal):
                return decided
            proved = nothing_lost(decided, what[1], what[0].replicas, plan.direction)
            return self._usable(proved, what[0], server)

        return lambda since: (read(since), read_dr.listed(source, server.name, since)), decide

    def fence(self, reason: str | None) -> str:
        """Why the failover may go on, in words. The operator's word overrules the source, so then it is not asked.

        :raises Refused: if the servers may still be running at the source.
        """
        answer = SiteAnswer(False) if reason else self.clouds.ask("source")
        noted = self._noted() if answer.reached and not answer.error else {}
        silent = silent_source(answer, self.plan) if self.planned else None
        verdict = silent or may_fail_over(answer, self.plan, noted, reason)
        if isinstance(verdict, Refusal):
            raise Refused(verdict)
        return verdict

    def _noted(self) -> dict[str, list[str]]:
        """What earlier runs noted at the target of the servers at the source."""
        inventory = self.inventory("target")
        with understood(inventory.cloud.label, "read volumes"):
            there = read_dr.volumes(inventory, ANY_TIME)
        promised = (one for server in self.plan.servers for one in self.standby(server, ANY_TIME).promised)
        return servers_noted((*there, *promised), self.plan.name)


def utc_now() -> datetime:
    """Now, UTC, to the second: the time of a recovery point."""
    return datetime.now(timezone.utc).replace(microsecond=0)
