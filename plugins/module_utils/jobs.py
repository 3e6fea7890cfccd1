# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One operation of a recovery plan for all its servers: makes the jobs of a fleet. Knows no Ansible.

Each operation of `operations.py` has a method of its name here: it says what is read for a server, and who decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .cloud.errors import understood
from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import build as read_build
from .cloud.read import recovery as read_dr
from .cloud.read.server import offer
from .cloud.shared_lists import Inventory
from .clouds import Clouds, Connect
from .data.direction import other
from .data.errors import Refused
from .data.marks import PLAN, ROLE, SERVER, WOKEN
from .data.networks import Wanted
from .data.seen import Limits, Seen, Site
from .data.steps import Decision, Finding, Refusal
from .data.wanted import ServerWanted
from .decide.handover.by_reimage import helper_name
from .decide.handover.failover import decide_failover
from .decide.handover.fence import SiteAnswer, may_fail_over
from .decide.handover.provision import decide_provision
from .decide.handover.readiness import decide_readiness
from .decide.handover.recovery import Recovery, recovery
from .decide.plan.recovery_plan import PlanServer, RecoveryPlan
from .decide.plan.recovery_points import latest_at, servers_noted
from .decide.replicate.decide import decide_replication, open_point
from .decide.replicate.providers.contract import Verb, lacking
from .decide.replicate.refill_root import is_wanted
from .decide.replicate.replication import Goal, Replication
from .decide.reprotect.old_site import OldSite, Wish, decide_reprotect
from .decide.root.volume_copy import Helpers
from .decide.root.ways import Chosen, choose
from .decide.status.leadership import leadership
from .decide.status.stale_copy import decide_fence
from .decide.status.status import BothSites, decide_status
from .decide.twin.prepare import decide_prepare
from .engine.converge import Job
from .executors import Executor
from .network_jobs import kinds as network_kinds
from .network_jobs import makers, needed_by, network_checks, network_jobs
from .operations import Operation
from .providers import PROVIDERS, Look, Row
from .room import copy_limits, shortage


@dataclass
class Wave:
    """An operation of a plan, begun once.

    :param connect: see `Clouds`.
    :param now: the moment at which the run began, UTC.
    :param site: for operations that take one, the site that they may be about; "" for either.
    :param stale: "stop" if a stale copy that runs may be stopped.
    :param foretold: kind and name of networks and security groups that check mode takes as made already.
    """

    operation: Operation
    plan: RecoveryPlan
    connect: Connect
    now: datetime
    min_interval: int = 0
    guarded_api: str = "advertised"
    site: str = ""
    stale: str = "refuse"
    foretold: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        self.clouds = Clouds(self.operation, self.plan, self.connect)
        self.executor = Executor(lambda cloud: self.inventory(cloud).cloud)
        self._makers = makers(self.networks if self.operation.builds else ())

    def jobs(self) -> list[Job]:
        """One job for each server of the plan; before them, where servers are built, those for what they need.

        :raises Refused: if the provider of the plan does not offer what the operation needs, or the plan does not name
            a cloud that it needs.
        """
        provider, wanted = self.provider.decides, f"{self.operation.words.verb} {self.plan.name}"
        refusal = lacking(provider, self.operation.needs, wanted, self.plan.method)
        if refusal:
            raise Refused(refusal)
        more = (cloud for verb in self.operation.needs for cloud in provider.clouds.get(Verb(verb), ()))
        for cloud in (*self.operation.clouds, *more):
            self.inventory(cloud)
        self._warm()
        if self.operation.about_leaders:
            self.clouds.look()
        make = network_jobs if self.operation.builds else network_checks
        before = make(self.networks, self.inventory("here"), self.executor) if self.networks else []
        return [self._understood(job) for job in (*before, *map(self._job, self.plan.servers))]

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

    @property
    def networks(self) -> tuple[Wanted, ...]:
        """The networks and security groups that the operation makes before it builds servers, or compares."""
        return self.plan.networks[self.operation.at] if self.operation.knows_networks else ()

    def _job(self, server: PlanServer) -> Job:
        """The job of a server. Playbooks in its texts get the direction, such as "dr_prepare -e to=a"."""
        read, decide = getattr(self, f"_{self.operation.name}")(server)
        return Job(
            server.name,
            read,
            lambda now, first: self.plan.direction.addressed(decide(now, first)),
            self.executor,
            self.clouds.explain,
            needed_by(server.at(self.operation.at), self._makers)
            | (server.after if self.operation.by_tier else frozenset()),
            server.critical,
            server.tier if self.operation.by_tier else 0,
        )

    def _warm(self) -> None:
        """Reads at the same time the lists that the first reading of each server needs."""
        if len(self.operation.clouds) != 1:
            return
        at = self.operation.at
        wanted = [server.at(at) for server in self.plan.servers]
        attaches = self.operation.name == "failover" and self._only_attaches
        kinds = [{"server", "volume", "port"}] if attaches else [read_build.kinds(one) for one in wanted]
        self.inventory(at).warm(network_kinds(self.networks).union(*kinds))

    def inventory(self, cloud: str) -> Inventory:
        """The inventory of a cloud of the plan, see `Clouds.inventory`."""
        return self.clouds.inventory(cloud)

    def stop(self) -> None:
        """Ends the run: nothing more is sent to any cloud, or done on this machine."""
        self.executor.stop()
        self.clouds.stop()

    @property
    def _assume(self) -> bool:
        return self.guarded_api == "assume"

    def _site(self, cloud: str, wanted: ServerWanted) -> Callable[[float], Site]:
        """Reads a server that is to be built, or compared."""
        inventory = self.inventory(cloud)
        return lambda since: read_build.site(Shared(inventory, since), wanted, self._assume, self.foretold)

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

    @property
    def _only_attaches(self) -> bool:
        """Whether the failover only puts volumes on servers that are there."""
        chosen = choose(self.plan, offer(self.inventory("target").cloud, self._assume), "")
        return isinstance(chosen, Chosen) and chosen.method == "attach"

    def _recovery(self, inventory: Inventory, since: float, site: Site | Seen, server: PlanServer) -> Recovery:
        """Reads only the volumes with the marks of the server. All volumes for each server would take N x N."""
        own = read_dr.volumes_with(inventory, since, {PLAN: self.plan.name, SERVER: server.name})
        if isinstance(site, Seen):
            return recovery(site, own, server, self._latest)
        found = recovery(self._with_woken(inventory, site.seen), own, server, self._latest)
        helpers = self._helpers(inventory, since, server)
        return replace(found, around=site.around, helpers=helpers, limits=self._copy_limits)

    @property
    def _copy_limits(self) -> Limits | None:
        at = self.inventory("target")
        return at.asked("quota", ANY_TIME, lambda: {"": copy_limits(at.cloud, self.plan, self._assume)})[""]

    def _helpers(self, inventory: Inventory, since: float, server: PlanServer) -> Helpers:
        """What a killed run left that copied into the root of a twin."""
        marks = {PLAN: self.plan.name, SERVER: server.name, ROLE: "handover"}
        snapshots = read_dr.snapshots_with(inventory, since, marks)
        images = read_dr.images_with(inventory, since, helper_name(self.plan.name, server.name), marks)
        return Helpers(snapshots, images)

    def _with_woken(self, inventory: Inventory, seen: Seen) -> Seen:
        """Asks Nova when it last woke a server, but only if the root of the server is, was or may be overwritten."""
        chosen = choose(self.plan, seen.offer, "")
        reimages = isinstance(chosen, Chosen) and chosen.method == "reimage"
        if seen.server is None or not (reimages or any(WOKEN in volume.metadata for volume in seen.volumes.values())):
            return seen
        return replace(seen, woken=read_dr.woken(inventory.cloud, seen.found.id))

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

    def _replicate(self, server: PlanServer) -> tuple[Any, Any]:
        source, target, provider = self.inventory("source"), self.inventory("target"), self.provider
        now = self.moment.isoformat()
        fresh = (self.moment - timedelta(seconds=self.min_interval)).isoformat()
        marks = {PLAN: self.plan.name, SERVER: server.name}

        def read(since: float) -> Replication:
            twin = read_dr.server(target, server.name, since, self._assume)
            woken = read_dr.woken(target.cloud, twin.server.id) if twin.server else None
            seen = read_dr.server(source, server.name, since)
            return Replication(
                source=seen,
                twin=replace(twin, woken=woken),
                volumes=read_dr.volumes_with(target, since, marks),
                made=provider.read(Look(source, target, since, marks, seen.volumes)),
                woken=woken,
                helpers=self._helpers(target, since, server) if is_wanted(self.plan, twin) else Helpers(),
                latest=self._latest,
                snapshots=read_dr.snapshots_by_volume(target, since),
            )

        def decide(what: Replication, first: Replication) -> Decision:
            """The recovery point that the job is about is fixed when it first reads: one left open, or now."""
            time = open_point(first, self.plan, server, provider.decides) or now
            return decide_replication(what, self.plan, server, Goal(time, fresh), provider.decides)

        return read, decide

    def _failover(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("target")

        def read(since: float) -> Any:
            """Reads the surroundings of the server only if the failover may have to do more than attach volumes."""
            if not self._only_attaches:
                site = read_build.site(Shared(inventory, since), server.twin, self._assume)
                return self._recovery(inventory, since, site, server)
            seen = read_dr.server(inventory, server.name, since, self._assume)
            return self._recovery(inventory, since, seen, server)

        return read, lambda what, _first: decide_failover(what, server, self.plan)

    def _status(self, server: PlanServer) -> tuple[Any, Any]:
        answering = [role for role in ("source", "target") if role not in self.clouds.unanswered]
        ahead = self.inventory(answering[-1]).cloud.ahead
        return (
            lambda since: self._both(server, since, answering),
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
        for role in ("source", "target"):
            letter, answers = getattr(self.plan.direction, role).letter, role in answering
            inventory = self.inventory(role) if answers else None
            seen[letter] = read_dr.listed(inventory, server.name, since) if inventory else None
            volumes[letter] = read_dr.volumes_with(inventory, since, marks) if inventory else ()
            snapshots[letter] = read_dr.snapshots_with(inventory, since, marks) if inventory else ()
        return BothSites(seen, volumes, snapshots)

    def shortage(self) -> list[Finding]:
        """What the quota of the target lacks for all servers of the plan to come up."""
        return shortage(self.inventory("target"), self.plan, self._copy_limits)

    def fence(self, reason: str | None) -> str:
        """Why the failover may go on, in words. The operator's word overrules the source, so then it is not asked.

        :raises Refused: if the servers may still be running at the source.
        """
        answer = SiteAnswer(False) if reason else self.clouds.ask("source")
        noted = self._noted() if answer.reached and not answer.error else {}
        verdict = may_fail_over(answer, self.plan, noted, reason)
        if isinstance(verdict, Refusal):
            raise Refused(verdict)
        return verdict

    def _noted(self) -> dict[str, list[str]]:
        """What earlier runs noted at the target of the servers at the source."""
        inventory = self.inventory("target")
        with understood(inventory.cloud.label, "read volumes"):
            return servers_noted(read_dr.volumes(inventory, ANY_TIME), self.plan.name)


def utc_now() -> datetime:
    """Now, UTC, to the second: the time of a recovery point."""
    return datetime.now(timezone.utc).replace(microsecond=0)
