# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds of a recovery plan, connected when first needed. Knows no Ansible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .cloud import plan_records
from .cloud.errors import understood
from .cloud.read.fence import ask
from .cloud.read.server import last_failure, offer
from .cloud.session import Session
from .cloud.shared_lists import Inventory, at_once
from .data.errors import Refused, StandbyError
from .data.plan_record import Record, record_name
from .data.steps import Refusal
from .decide.handover.fence import SiteAnswer
from .decide.plan.identity import Identity, identity_problem
from .decide.plan.recovery_plan import RecoveryPlan
from .operations import Operation

#: Seconds that a site gets to answer whether it is alive.
FENCE_TIMEOUT = 10

#: Seconds that a site gets to show all its servers and volumes, where the operation goes on without it.
LOOK_TIMEOUT = 60

Connect = Callable[..., Session]


@dataclass
class Clouds:
    """The clouds of a plan in one direction: a failover never connects to the source.

    :param operation: what is done.
    :param connect: (a cloud as the plan says it, api_timeout in seconds or None) -> session.
    :param unanswered: by role, where the operation goes on without one of the sites, why it does not answer.
    :param guard: the guard of each session, see `Session`.
    :param records: by role the records of the plan that `look` found. A site that shows none may have none.
    """

    operation: Operation
    plan: RecoveryPlan
    connect: Connect
    inventories: dict[str, Inventory] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    guard: Callable[[], None] = lambda: None
    records: dict[str, tuple[Record, ...]] = field(default_factory=dict)

    def inventory(self, cloud: str) -> Inventory:
        """The inventory of "source", "target", "source_admin", "target_admin", or "here": where the operation is.

        :raises Refused: if the plan names no such cloud.
        """
        cloud = self.operation.at if cloud == "here" else cloud
        if cloud not in self.inventories:
            name = self.plan.direction.clouds[cloud]
            if not name:
                raise Refused(self._no_admin(cloud))
            session = self.connect(name, LOOK_TIMEOUT) if self.operation.about_leaders else self.connect(name)
            session.guard = self.guard
            with understood(session.label, "connect"):
                session.authenticate()
                self._refuse_identity(cloud, session)
                # one real request for each service, before many threads find it undiscovered
                at_once(lambda: offer(session), lambda: session.version("block_storage"))
            self.inventories[cloud] = Inventory(session)
        return self.inventories[cloud]

    def look(self) -> None:
        """Reads all that is needed to tell who leads; ``unanswered`` is by role why a site does not answer.

        :raises StandbyError: if none does.
        """
        at_once(lambda: self._look("source"), lambda: self._look("target"))
        if len(self.unanswered) > 1:
            raise StandbyError(f"Neither site answers: {'; '.join(self.unanswered.values())}")

    def _look(self, role: str) -> None:
        try:
            with understood(str(getattr(self.plan.direction, role)), "read servers and volumes"):
                inventory = self.inventory(role)
                at_once(lambda: inventory.warm(("server", "volume")), lambda: self._find_records(role))
        except Refused:
            raise
        except StandbyError as error:
            self.unanswered[role] = str(error)

    def _find_records(self, role: str) -> None:
        """What they tell is good to know, and nothing depends on it."""
        with suppress(StandbyError):
            self.records[role] = plan_records.find(self.inventory(role).cloud, record_name(self.plan.name, "plan"))

    def _no_admin(self, cloud: str) -> Refusal:
        site = self.plan.direction.source if cloud.startswith("source") else self.plan.direction.target
        saw = f"the plan has no sites.{site.letter}.admin_cloud"
        todo = f"Name a cloud of clouds.yaml there: replication by {self.plan.method} needs it."
        return Refusal("no_admin_cloud", f"{self.operation.words.verb} {self.plan.name}", saw, todo)

    def _refuse_identity(self, cloud: str, session: Session) -> None:
        """Refuses a user with the wrong role or project before anything is read."""
        self.identities[cloud] = Identity(*session.who())
        wanted = f"{self.operation.words.verb} {self.plan.name}"
        problem = identity_problem(wanted, cloud, self.plan.direction, self.identities)
        if problem:
            raise Refused(problem)

    @property
    def warnings(self) -> list[str]:
        """What the user should know about the connections."""
        return [text for inventory in self.inventories.values() for text in inventory.cloud.warnings]

    def stop(self) -> None:
        """Ends the run: nothing more is sent to any cloud."""
        for inventory in list(self.inventories.values()):
            inventory.cloud.stop()

    def poll(self, cloud: str, kind: str, targets: set[Any], since: float) -> Mapping[Any, Any]:
        """A `fleet.Poll` over all clouds of the plan."""
        with understood(self.inventory(cloud).cloud.label, f"look at each {kind}"):
            return self.inventory(cloud).states(kind, targets, since)

    def explain(self, cloud: str, server_id: str) -> str:
        """Why Nova says that a server failed. Members learn in which step, administrators also why."""
        told = self._failure(cloud, server_id)
        admin = f"{self.operation.at if cloud == 'here' else cloud}_admin"
        if told and self.plan.direction.clouds.get(admin):
            with suppress(StandbyError):
                return self._failure(admin, server_id) or told
        return told

    def _failure(self, cloud: str, server_id: str) -> str:
        session = self.inventory(cloud).cloud
        with understood(session.label, f"ask why server {server_id} failed"):
            return last_failure(session, server_id)

    def ask(self, role: str) -> SiteAnswer:
        """What a site answers; one that is gone gives no answer at all, which takes FENCE_TIMEOUT to find out."""
        cloud = self.plan.direction.clouds[role]
        return SiteAnswer(*ask(lambda: self.connect(cloud, FENCE_TIMEOUT), FENCE_TIMEOUT))
