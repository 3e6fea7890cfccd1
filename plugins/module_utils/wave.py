# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One operation of a recovery plan for all its servers, begun once: its clouds, and one job for each server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .cloud.errors import understood
from .cloud.lookup import ANY_TIME
from .cloud.read import build as read_build
from .cloud.read import recovery as read_dr
from .cloud.read.server import offer
from .cloud.shared_lists import Inventory
from .clouds import Clouds, Connect
from .data.errors import Refused
from .data.marks import WOKEN
from .data.networks import Wanted
from .data.seen import Limits, Seen
from .data.wanted import ServerWanted
from .decide.handover.recovery import Recovery
from .decide.plan.recovery_plan import PlanServer, RecoveryPlan
from .decide.plan.recovery_points import LATEST, Wish, latest_at
from .decide.replicate.providers.contract import Verb, lacking
from .decide.root.ways import Chosen, choose
from .engine.converge import Job
from .executors import Executor
from .network_jobs import JOBS_OF_NETWORKS, makers, needed_by
from .network_jobs import kinds as network_kinds
from .operations import Operation
from .providers import PROVIDERS, AtStandby, Row, Standby
from .room import copy_limits


@dataclass
class WaveCore:
    """An operation of a plan, begun once. What its jobs do stands in the classes that build on it.

    :param connect: see `Clouds`.
    :param now: the moment at which the run began, UTC.
    :param site: for operations that take one, the site that they may be about; "" for either.
    :param stale: "stop" if a stale copy that runs may be stopped.
    :param wish: which recovery points a failover may use.
    :param again: why another recovery point is chosen after a failover, "" for never.
    :param planned: whether a failover must prove that nothing is lost.
    :param keep: whether a drill is to stay.
    :param anew: whether what an earlier drill left counts as gone: in check mode, if it would be removed before.
    :param check: whether nothing is changed: what would be made first counts as made.
    :param digest: tells this form of the plan from others.
    """

    operation: Operation
    plan: RecoveryPlan
    connect: Connect
    now: datetime
    min_interval: int = 0
    guarded_api: str = "advertised"
    site: str = ""
    stale: str = "refuse"
    planned: bool = False
    wish: Wish = LATEST
    again: str = ""
    keep: bool = False
    anew: bool = False
    check: bool = False
    digest: str = ""

    def __post_init__(self) -> None:
        self.clouds = Clouds(self.operation, self.plan, self.connect)
        self.executor = Executor(lambda cloud: self.inventory(cloud).cloud)
        self._makers = makers(self.networks if self.operation.networks == "made" else ())
        self.foretold = frozenset(self._makers) if self.check else frozenset()

    def jobs(self) -> list[Job]:
        """One job for each server of the plan; before them, where servers are built, those for what they need.

        :raises Refused: if the provider of the plan does not offer what the operation needs, or the plan does not name
            a cloud that it needs.
        """
        provider, wanted = self.provider.decides, f"{self.operation.words.verb} {self.plan.name}"
        refusal = lacking(provider, self.operation.needs, wanted, self.plan.method, self.plan.options)
        if refusal:
            raise Refused(refusal)
        more = (cloud for verb in self.operation.needs for cloud in provider.clouds(Verb(verb), self.plan.options))
        for cloud in (*self.operation.clouds, *more):
            self.inventory(cloud)
        self._warm()
        if self.operation.about_leaders:
            self.clouds.look()
        return [self._understood(job) for job in (*self._others(), *map(self._job, self.plan.servers))]

    def _others(self) -> list[Job]:
        """The jobs that are no servers."""
        if not self.networks:
            return []
        make, inventory = JOBS_OF_NETWORKS[self.operation.networks], self.inventory("here")
        jobs = make(self.networks, inventory, self.executor)
        last = frozenset(server.name for server in self.plan.servers if self.operation.networks == "removed")
        return [replace(job, after=last) for job in jobs]

    def _understood(self, job: Job) -> Job:
        """The job, with an answer that is not as OpenStack describes it reported as the fault of a cloud."""

        def read(since: float) -> Any:
            with understood(f"the clouds of {self.plan.name}", f"read {job.name}"):
                return job.read(since)

        return replace(job, read=read)

    @property
    def provider(self) -> Row:
        """The way in which the plan replicates."""
        return PROVIDERS[self.plan.method]

    def standby(self, server: PlanServer, since: float, role: str = "target") -> AtStandby:
        """What the provider has of a server at the site with its recovery points, beside volumes."""
        look = Standby(self.inventory(role), role, since, self.plan, server, self.executor.programs.run)
        return self.provider.standby(look)

    def with_made(self, what: Recovery, at: AtStandby) -> Recovery:
        """What the provider has, and what it says about it."""
        told = tuple(self.provider.decides.hindrances(at.made))
        doubts = (*what.doubts, *(str(one) for one in told if not one.blocks))
        return replace(what, made=at.made, hindrances=tuple(one for one in told if one.blocks), doubts=doubts)

    @property
    def networks(self) -> tuple[Wanted, ...]:
        """The networks and security groups that the operation makes, compares or removes."""
        operation = self.operation
        return self.plan.networks[operation.networks_of or operation.at] if operation.networks else ()

    def wanted(self, server: PlanServer) -> ServerWanted:
        """The server that the operation is about, as the plan wants it."""
        return server.at(self.operation.at)

    def _job(self, server: PlanServer) -> Job:
        """The job of a server. Playbooks in its texts get the direction, such as "dr_prepare -e to=a"."""
        read, decide = getattr(self, f"_{self.operation.name}")(server)
        # what is left of a drill is listed in the end, also when one of its servers could not be removed
        critical = server.critical and self.operation.networks != "removed"
        return Job(
            server.name,
            read,
            lambda now, first: self.plan.direction.addressed(decide(now, first)),
            self.executor,
            self.clouds.explain,
            needed_by(self.wanted(server), self._makers) | self._after(server),
            critical,
            self._tier(server),
        )

    def _tier(self, server: PlanServer) -> int:
        return 0 if not self.operation.by_tier else -server.tier if self.operation.backwards else server.tier

    def _after(self, server: PlanServer) -> frozenset[str]:
        """The names of the servers that come before this one."""
        if self.operation.backwards:
            return frozenset(one.name for one in self.plan.servers if server.name in one.after)
        return server.after if self.operation.by_tier else frozenset()

    def _warm(self) -> None:
        """Reads at the same time the lists that the first reading of each server needs."""
        if len(self.operation.clouds) != 1:
            return
        at = self.operation.at
        wanted = [self.wanted(server) for server in self.plan.servers]
        attaches = self.operation.name == "failover" and self._only_attaches
        kinds = [{"server", "volume", "port"}] if attaches else [read_build.kinds(one) for one in wanted]
        self.inventory(at).warm(network_kinds(self.networks).union(*kinds))

    @property
    def _only_attaches(self) -> bool:
        """Whether the failover only puts volumes on servers that are there."""
        chosen = choose(self.plan, offer(self.inventory("target").cloud, self._assume), "")
        return isinstance(chosen, Chosen) and chosen.method == "attach"

    def inventory(self, cloud: str) -> Inventory:
        """The inventory of a cloud of the plan, see `Clouds.inventory`."""
        return self.clouds.inventory(cloud)

    def hold(self, take: Callable[[], None], check: Callable[[], None]) -> None:
        """Lets nothing be changed unless the run holds the plan.

        :param take: takes the plan right before a step; ``check`` says, right before a request, that it is still held.
        """
        self.executor.claim, self.clouds.guard = take, check
        for inventory in self.clouds.inventories.values():
            inventory.cloud.guard = check

    def stop(self) -> None:
        """Ends the run: nothing more is sent to any cloud, or done on this machine."""
        self.executor.stop()
        self.clouds.stop()

    @property
    def _assume(self) -> bool:
        return self.guarded_api == "assume"

    @property
    def _copy_limits(self) -> Limits | None:
        at = self.inventory("target")
        return at.asked("quota", ANY_TIME, lambda: {"": copy_limits(at.cloud, self.plan, self._assume)})[""]

    @property
    def moment(self) -> datetime:
        """The moment at which the run began, by the clock of the target. Recovery points are told and judged by it.

        This machine may have a clock that is wrong, and the next run may be on another one.
        """
        return (self.now + self.inventory("target").cloud.ahead).replace(microsecond=0)

    @property
    def _latest(self) -> str:
        return latest_at(self.moment)

    def lag(self, point: str) -> int:
        """Seconds from a recovery point to the beginning of this run."""
        return round((self.moment - datetime.fromisoformat(point)).total_seconds())

    def _with_woken(self, inventory: Inventory, seen: Seen) -> Seen:
        """Asks Nova when it last woke a server, but only if the root of the server is, was or may be overwritten."""
        chosen = choose(self.plan, seen.offer, "")
        reimages = isinstance(chosen, Chosen) and chosen.method == "reimage"
        if seen.server is None or not (reimages or any(WOKEN in volume.metadata for volume in seen.volumes.values())):
            return seen
        return replace(seen, woken=read_dr.woken(inventory.cloud, seen.found.id))
