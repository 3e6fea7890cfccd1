# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One operation of a recovery plan for all its servers: builds the jobs of a fleet. Knows no Ansible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .apply import Answered, Job
from .cloud import read_build, read_dr
from .cloud.inventory import Inventory, at_once
from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import last_failure, offer
from .cloud.session import Session
from .cloud.verbs import VERBS
from .decide.boot_volume import decide_present
from .decide.copying import Helpers
from .decide.cycle import Replication
from .decide.failover import Recovery, decide_failover, recovery
from .decide.fencing import SiteAnswer, may_fail_over
from .decide.handover import Chosen, choose
from .decide.quota import quota_findings
from .decide.readiness import decide_readiness
from .decide.recovery_plan import PlanServer, RecoveryPlan
from .decide.refreshing import is_wanted
from .decide.reimage import helper_name
from .decide.replicas import PLAN, ROLE, SERVER, WOKEN
from .decide.replication import Goal, decide_cycle, open_point
from .decide.twin import decide_prepare
from .errors import Refused, StandbyError
from .model import Flavor, Seen, Site
from .plan import Finding, Refusal, Step

#: Seconds that a site gets to answer whether it is alive.
FENCE_TIMEOUT = 10

Connect = Callable[..., Session]


@dataclass
class Wave:
    """The clouds of a plan, connected when first needed: a failover never needs site A.

    :param connect: (name of the cloud, api_timeout in seconds or None) -> session.
    :param now: the moment at which the run began, UTC.
    :param foretold: kind and name of networks and security groups that check mode takes as made already.
    """

    plan: RecoveryPlan
    connect: Connect
    now: datetime
    site: str = "b"
    min_interval: int = 0
    guarded_api: str = "advertised"
    foretold: frozenset[tuple[str, str]] = frozenset()
    inventories: dict[str, Inventory] = field(default_factory=dict)

    def jobs(self, operation: str) -> list[Job]:
        """One job for each server of the plan.

        :param operation: "build", "prepare", "readiness", "replicate" or "failover".
        :raises Refused: for a site that the operation cannot choose.
        """
        self._refuse_site(operation)
        make, clouds, ordered = {
            "build": (self._build, ("site",), False),
            "prepare": (self._prepare, ("b",), False),
            "readiness": (self._readiness, ("b",), False),
            "replicate": (self._replicate, ("a", "b", "a_admin", "b_admin"), False),
            "failover": (self._failover, ("b",), True),
        }[operation]
        for cloud in clouds:
            self.inventory(cloud)
        self._warm(operation)
        return [
            Job(
                server.name,
                *make(server),
                self._perform,
                self._explain,
                server.after if ordered else frozenset(),
                server.critical,
            )
            for server in self.plan.servers
        ]

    def _refuse_site(self, operation: str) -> None:
        """Steps go to ``site``, so that what was decided for site B would be done at site A."""
        if operation != "build" and self.site != "b":
            wanted = f"run {operation} of {self.plan.name} at site {self.site.upper()}"
            saw = f"only build chooses its site, and {operation} is always for site B"
            raise Refused(Refusal("wrong_site", wanted, saw, "Leave site out, or set operation: build."))

    def _warm(self, operation: str) -> None:
        """Reads at the same time the lists that the first reading of each server needs."""
        if operation == "replicate":
            return
        site = self.site if operation == "build" else "b"
        wanted = [server.at(site) for server in self.plan.servers]
        attaches = operation == "failover" and self._only_attaches
        kinds = [{"server", "volume", "port"}] if attaches else [read_build.kinds(one) for one in wanted]
        self.inventory(site).warm(set().union(*kinds))

    def inventory(self, cloud: str) -> Inventory:
        """The inventory of "a", "b", "a_admin", "b_admin", of the operation's "site", or "here", which is the same."""
        key = self.site if cloud in ("site", "here") else cloud
        if key not in self.inventories:
            name = self.plan.clouds[key]
            if not name:
                what = f"sites.{key[0]}.admin_cloud"
                saw, todo = f"the plan has no {what}", "Name a cloud of clouds.yaml there: records of backups need it."
                raise Refused(Refusal("no_admin_cloud", f"replicate {self.plan.name}", saw, todo))
            session = self.connect(name)
            session.authenticate()
            # one real request for each service, before many threads find it undiscovered
            at_once(lambda: offer(session), lambda: session.version("block_storage"))
            self.inventories[key] = Inventory(session)
        return self.inventories[key]

    def stop(self) -> None:
        """Nothing more is sent to any cloud: for a run that must not go on."""
        for inventory in list(self.inventories.values()):
            inventory.cloud.stop()

    def poll(self, cloud: str, kind: str, targets: set[Any], since: float) -> Mapping[Any, Any]:
        """A `fleet.Poll` over all clouds of the plan."""
        return self.inventory(cloud).states(kind, targets, since)

    def _perform(self, step: Step) -> Any:
        cloud = self.inventory(step.cloud).cloud
        return Answered(VERBS[step.verb](cloud, **step.args), cloud.request_id)

    def _explain(self, cloud: str, server_id: str) -> str:
        return last_failure(self.inventory(cloud).cloud, server_id)

    @property
    def _assume(self) -> bool:
        return self.guarded_api == "assume"

    def _build(self, server: PlanServer) -> tuple[Any, Any]:
        wanted = server.at(self.site)
        inventory = self.inventory("site")
        return (
            lambda since: read_build.site(Shared(inventory, since), wanted, self._assume, self.foretold),
            lambda seen: decide_present(seen, wanted),
        )

    def _prepare(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("b")
        return (
            lambda since: read_build.site(Shared(inventory, since), server.at_b, self._assume, self.foretold),
            lambda seen: decide_prepare(seen, server, self.plan),
        )

    def _readiness(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("b")

        def read(since: float) -> Any:
            site = read_build.site(Shared(inventory, since), server.at_b, self._assume)
            what = site.seen if self._only_attaches else site
            return site, self._recovery(inventory, since, what, server)

        return read, lambda seen: decide_readiness(seen[0], seen[1], server, self.plan, self.lag)

    @property
    def _only_attaches(self) -> bool:
        """Whether the failover does no more than put volumes on servers that are there."""
        chosen = choose(self.plan, offer(self.inventory("b").cloud, self._assume), "")
        return isinstance(chosen, Chosen) and chosen.method == "attach"

    def _recovery(self, inventory: Inventory, since: float, site: Site | Seen, server: PlanServer) -> Recovery:
        """With the volumes that carry the marks of the server: to look at all of them for each would take N x N."""
        own = read_dr.volumes_with(inventory, since, {PLAN: self.plan.name, SERVER: server.name})
        if isinstance(site, Seen):
            return recovery(site, own, self.plan.name, server.name)
        seen, helpers = self._with_woken(inventory, site.seen), self._helpers(inventory, since, server)
        return recovery(seen, own, self.plan.name, server.name, site.around, helpers)

    def _helpers(self, inventory: Inventory, since: float, server: PlanServer) -> Helpers:
        """What a killed run left that copied into the root of a twin."""
        marks = {PLAN: self.plan.name, SERVER: server.name, ROLE: "handover"}
        snapshots = read_dr.snapshots_with(inventory, since, marks)
        images = read_dr.images_with(inventory, since, helper_name(self.plan.name, server.name), marks)
        return Helpers(snapshots, images)

    def _with_woken(self, inventory: Inventory, seen: Seen) -> Seen:
        """Nova is asked when it woke a server last only where its root is, was or may now be overwritten."""
        chosen = choose(self.plan, seen.offer, "")
        reimages = isinstance(chosen, Chosen) and chosen.method == "reimage"
        if seen.server is None or not (reimages or any(WOKEN in volume.metadata for volume in seen.volumes.values())):
            return seen
        return replace(seen, woken=read_dr.woken(inventory.cloud, seen.found.id))

    def lag(self, point: str) -> int:
        """Seconds from a recovery point to the beginning of this run."""
        return round((self.now - datetime.fromisoformat(point)).total_seconds())

    def _replicate(self, server: PlanServer) -> tuple[Any, Any]:
        """The recovery point that the job is about is fixed when it first reads: one left open, or now."""
        a, b = self.inventory("a"), self.inventory("b")
        goals: list[Goal] = []
        fresh = (self.now - timedelta(seconds=self.min_interval)).isoformat()

        def read(since: float) -> Replication:
            twin = read_dr.server(b, server.name, since, self._assume)
            woken = read_dr.woken(b.cloud, twin.server.id) if twin.server else None
            what = Replication(
                seen_a=read_dr.server(a, server.name, since),
                twin=replace(twin, woken=woken),
                snapshots=read_dr.snapshots(a, since),
                backups_a=read_dr.backups(a, since),
                backups_b=read_dr.backups(b, since),
                volumes_b=read_dr.volumes(b, since),
                woken=woken,
                helpers=self._helpers(b, since, server) if is_wanted(self.plan, twin) else Helpers(),
            )
            if not goals:
                goals.append(Goal(open_point(what, self.plan, server) or self.now.isoformat(), fresh))
            return what

        return read, lambda what: decide_cycle(what, self.plan, server, goals[0])

    def _failover(self, server: PlanServer) -> tuple[Any, Any]:
        inventory = self.inventory("b")

        def read(since: float) -> Any:
            """What surrounds the server is needed only where more than attaching may have to be done."""
            if not self._only_attaches:
                site = read_build.site(Shared(inventory, since), server.at_b, self._assume)
                return self._recovery(inventory, since, site, server)
            seen = read_dr.server(inventory, server.name, since, self._assume)
            return self._recovery(inventory, since, seen, server)

        return read, lambda what: decide_failover(what, server, self.plan)

    def shortage(self) -> list[Finding]:
        """What the quota of site B lacks for the servers of the plan to come up: asked once, for all of them together.

        A cloud that does not tell is no reason to stop anything.
        """
        inventory = self.inventory("b")
        try:
            servers, limits = read_dr.servers(inventory, ANY_TIME), read_dr.limits(inventory.cloud)
            there, look = {server.name for server in servers}, Shared(inventory, ANY_TIME)
            missing = {s.name: read_build.flavor(look, s.at_b.flavor) for s in self.plan.servers if s.name not in there}
        except StandbyError:
            return []
        # only what is missing needs the flavor of the plan
        planned = {server.name: missing.get(server.name) or Flavor("") for server in self.plan.servers}
        return quota_findings(limits, servers, planned)

    def fence(self, reason: str | None) -> str:
        """Why the failover may go on, in words. Site A is not asked when the operator's word overrules its answer.

        :raises Refused: if the servers may still be running at site A.
        """
        # a site that is gone gives no answer at all, which takes FENCE_TIMEOUT to find out
        answer = SiteAnswer(False) if reason else self._ask_a()
        verdict = may_fail_over(answer, self.plan.name, reason)
        if isinstance(verdict, Refusal):
            raise Refused(verdict)
        return verdict

    def _ask_a(self) -> SiteAnswer:
        names = [server.name for server in self.plan.servers]
        return SiteAnswer(*read_dr.ask(lambda: self.connect(self.plan.clouds["a"], FENCE_TIMEOUT), names))


def utc_now() -> datetime:
    """Now, UTC, to the second: the time of a recovery point."""
    return datetime.now(timezone.utc).replace(microsecond=0)
