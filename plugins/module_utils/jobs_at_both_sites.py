# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that read a server at both sites: who leads, and what follows from that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from .cloud.lookup import ANY_TIME
from .cloud.read import drill as read_drill
from .cloud.read import recovery as read_dr
from .data.direction import other
from .data.marks import PLAN, SERVER
from .data.seen import Seen
from .decide.plan.recovery_plan import PlanServer
from .decide.planned.abort import HalfWay, decide_abort, handed_over, may_have_run
from .decide.planned.stop import Source, decide_stop
from .decide.reprotect.old_site import OldSite, Wish, decide_reprotect
from .decide.status.leadership import leadership
from .decide.status.stale_copy import decide_fence
from .decide.status.status import BothSites, decide_status
from .wave import WaveCore


class JobsAtBothSites(WaveCore):
    """For each operation that is about both sites, what it reads and who decides."""

    def _stop_source(self, server: PlanServer) -> tuple[Any, Any]:
        source, target = self.inventory("source"), self.inventory("target")

        def read(since: float) -> Source:
            both = self._both(server, since, ("source", "target"))
            seen = read_dr.server(source, server.name, since, self._assume)
            return Source(both.standings(self.plan.name), seen, self._woken(read_dr.listed(target, server.name, since)))

        return read, lambda what, _first: decide_stop(what, server, self.plan)

    def _abort(self, server: PlanServer) -> tuple[Any, Any]:
        source, target = self.inventory("source"), self.inventory("target")

        def read(since: float) -> HalfWay:
            twin = read_dr.server(target, server.name, since, self._assume)
            seen = read_dr.listed(source, server.name, since)
            return HalfWay(seen, twin, target.asked("moved", ANY_TIME, self._moved)[""])

        return read, lambda what, _first: decide_abort(what, server, self.plan)

    def _moved(self) -> dict[str, frozenset[str]]:
        """The servers that the target was asked to run since they were stopped, once for all."""
        source, target = self.inventory("source"), self.inventory("target")

        def moved(name: str) -> bool:
            twin = read_dr.listed(target, name, ANY_TIME)
            if handed_over(twin, self.plan.name):  # so that Nova is asked about few twins
                twin = replace(twin, woken=self._woken(twin))
            return may_have_run(read_dr.listed(source, name, ANY_TIME), twin, self.plan.name)

        return {"": frozenset(one.name for one in self.plan.servers if moved(one.name))}

    def _woken(self, twin: Seen) -> str | None:
        return read_dr.woken(self.inventory("target").cloud, twin.server.id) if twin.server else None

    def _status(self, server: PlanServer) -> tuple[Any, Any]:
        answering = [role for role in ("source", "target") if role not in self.clouds.unanswered]
        ahead = self.inventory(answering[-1]).cloud.ahead

        def read(since: float) -> BothSites:
            """With the recovery points that are no volumes yet. Only here they are told, and only here they matter."""
            both = self._both(server, since, answering)
            at = {getattr(self.plan.direction, role).letter: self.standby(server, since, role) for role in answering}
            promised = {letter: found.promised for letter, found in at.items()}
            volumes = {letter: (*own, *promised.get(letter, ())) for letter, own in both.volumes.items()}
            return replace(both, volumes=volumes)

        return (
            read,
            lambda what, _first: decide_status(what, server, self.plan, self.now + ahead),
        )

    def _fence(self, server: PlanServer) -> tuple[Any, Any]:
        return (
            lambda since: self._both(server, since, ("source", "target")).standings(self.plan.name),
            lambda sites, _first: decide_fence(sites, server, self.plan, self.site),
        )

    def _reprotect(self, server: PlanServer) -> tuple[Any, Any]:
        wish = Wish(self.stale == "stop", self.site, self.moment.isoformat())

        def read(since: float) -> OldSite:
            both = self._both(server, since, ("source", "target"))
            sites = both.standings(self.plan.name)
            leader = leadership(sites).leader
            if not leader:
                return OldSite(sites)
            inventory = self.inventory(self.plan.direction.role(other(leader)))
            seen = read_dr.server(inventory, server.name, since, self._assume)
            old = self._with_woken(inventory, seen)
            return OldSite(sites, old, both.volumes[other(leader)], both.snapshots[other(leader)])

        return read, lambda what, _first: decide_reprotect(what, server, self.plan, wish)

    def _both(self, server: PlanServer, since: float, answering: Collection[str]) -> BothSites:
        """One server at both sites, from lists."""
        marks, seen, volumes, snapshots = {PLAN: self.plan.name, SERVER: server.name}, {}, {}, {}
        drills = {}
        for role in ("source", "target"):
            letter, answers = getattr(self.plan.direction, role).letter, role in answering
            inventory = self.inventory(role) if answers else None
            seen[letter] = read_dr.listed(inventory, server.name, since) if inventory else None
            volumes[letter] = read_dr.volumes_with(inventory, since, marks) if inventory else ()
            snapshots[letter] = read_dr.snapshots_with(inventory, since, marks) if inventory else ()
            drills[letter] = read_drill.of_server(inventory, since, self.plan.name, server.name) if inventory else ()
        return BothSites(seen, volumes, snapshots, drills)
