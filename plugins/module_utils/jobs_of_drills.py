# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a drill, and of its end. They look at the target alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import build as read_build
from .cloud.read import drill as read_drill
from .cloud.read import recovery as read_dr
from .data.drill import Left, RestWanted
from .data.errors import Refused
from .data.marks import PLAN, SERVER
from .data.networks import Wanted
from .data.seen import Server, Volume
from .data.steps import Finding
from .data.wanted import ServerWanted
from .decide.drill.clean_up import decide_clean_up
from .decide.drill.definition import drilled
from .decide.drill.drill import Drill, DrillWish
from .decide.drill.from_storage import decide_drill_of
from .decide.handover.recovery import recovery
from .decide.plan.quota import no_room_for_a_drill
from .decide.plan.recovery_plan import PlanServer
from .earlier_drill import hide_earlier_drill
from .engine.converge import Job
from .room import shortage, shortage_of_drill, shortage_of_points, shortage_of_servers
from .wave import WaveCore


class JobsOfDrills(WaveCore):
    """For a drill, its end, and a failover in the middle of one: what they read of it, and who decides."""

    #: What an earlier drill left and is hidden from this run.
    _gone = Left()

    def wanted(self, server: PlanServer) -> ServerWanted:
        """In a drill the server of the drill, else as the plan wants it."""
        if not self.operation.rehearses:
            return super().wanted(server)
        return drilled(server.twin, self.plan.name, self.plan.drill, self.keep)

    @property
    def networks(self) -> tuple[Wanted, ...]:
        """In check mode the end of a drill foretells what is left when its servers are gone."""
        found = super().networks
        going = frozenset(server.name for server in self.plan.servers if self.check)
        return tuple(replace(one, going=going, keep=self.keep) if isinstance(one, RestWanted) else one for one in found)

    def jobs(self) -> list[Job]:
        """See `WaveCore.jobs`."""
        if self.anew:
            self._gone = hide_earlier_drill(self.inventory("target"), self.plan)
        return super().jobs()

    def _drill(self, server: PlanServer) -> tuple[Any, Any]:
        inventory, definition = self.inventory("target"), self.wanted(server)
        connected = frozenset(self.plan.drill.values())
        wish = DrillWish(definition, connected, self.keep, self.moment.isoformat())

        def read(since: float) -> Drill:
            look, marks = Shared(inventory, since), {PLAN: self.plan.name, SERVER: server.name}
            twin = read_dr.listed(inventory, server.name, since)
            at = self.standby(server, since)
            own = (*read_dr.volumes_with(inventory, since, marks), *at.promised)
            replicas = self.with_made(recovery(twin, own, server, self._latest), at)
            return Drill(
                site=read_build.site(look, definition, foretold=self.foretold),
                twin=twin,
                recovery=replace(replicas, wish=self.wish),
                clones=read_drill.clones(inventory, since, self.plan.name, server.name),
                runs_on=read_drill.network_ids(look, self.plan.runs_on) if connected else frozenset(),
            )

        provider = self.provider.decides
        return read, lambda what, _first: decide_drill_of(what, server, wish, self.plan, provider)

    def _drill_cleanup(self, server: PlanServer) -> tuple[Any, Any]:
        inventory, plan = self.inventory("target"), self.plan.name
        wanted = f"clean up the drill of {server.name} at {server.direction.target}"
        return (
            lambda since: read_drill.left_of(inventory, since, plan, server.name),
            lambda left, _first: decide_clean_up(left, plan, wanted, self.keep),
        )

    def shortage(self) -> list[Finding]:
        """What the quota of the target lacks for all servers to come up, once drills have given their place.

        :raises Refused: if it lacks anything for a drill, which begins whole or not at all.
        """
        inventory = self.inventory("target")
        if self.operation.rehearses:
            found = shortage_of_drill(inventory, self.plan, self.wish, self._promised, self._gone)
            refusal = no_room_for_a_drill(found, self.plan.name)
            if refusal:
                raise Refused(refusal)
            return []
        drills = [server for found in self._in_the_way(ANY_TIME).values() for server in found]
        of_points = shortage_of_points(inventory, self.plan, self.wish, self._promised)
        return [*shortage(inventory, self.plan, self._copy_limits, drills), *of_points]

    def _promised(self, server: PlanServer) -> tuple[Volume, ...]:
        return self.standby(server, ANY_TIME).promised

    def giving_place(self, server: PlanServer, since: float) -> tuple[Server, ...]:
        """The servers of drills that are deleted before this server comes up: its own, and for the first all others."""
        found = self.inventory("target").asked("in the way", since, lambda: self._in_the_way(since))
        others = {name for name in found if name not in {one.name for one in self.plan.servers}}
        names = [server.name, *(sorted(others) if server is self.plan.servers[0] else ())]
        return tuple(one for name in names for one in found.get(name, ()))

    def _in_the_way(self, since: float) -> dict[str, list[Server]]:
        """By name of their server the servers of drills, if Nova's quota is short: a failover goes first."""
        inventory = self.inventory("target")
        found: dict[str, list[Server]] = {}
        drills = [one for one in read_drill.servers(inventory, since, self.plan.name) if not one.locked]
        for one in drills if drills and shortage_of_servers(inventory, self.plan) else ():
            found.setdefault(one.metadata.get(SERVER, ""), []).append(one)
        return found
