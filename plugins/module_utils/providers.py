# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of replicating that a plan may name: one row for each. Nothing else lists them.

A new provider is a row here, its decisions in a folder of `decide/replicate/providers/`, and its reader in
`cloud/read/`. The contract is `decide/replicate/providers/contract.py`; docs/providers.md explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .cloud.read import external, recovery
from .cloud.read.backups import backups
from .cloud.shared_lists import Inventory
from .data.marks import PLAN, SERVER
from .data.seen import Backups, Volume
from .decide.plan.recovery_plan import PlanServer, RecoveryPlan
from .decide.replicate.providers.cinder_backup.provider import CinderBackup
from .decide.replicate.providers.contract import Provider
from .decide.replicate.providers.external.commands import status_request
from .decide.replicate.providers.external.promised import promised
from .decide.replicate.providers.external.provider import External
from .decide.replicate.providers.external.usable import AtTarget


@dataclass(frozen=True)
class Standby:
    """What a reader of a provider may ask at the site that has the recovery points: the other one may be dead.

    :param role: of the site, "source" or "target" of the plan.
    :param since: lists that began before are too old.
    :param run: (program and arguments, seconds, what it gets) -> the JSON that it answers.
    """

    site: Inventory
    role: str
    since: float
    plan: RecoveryPlan
    server: PlanServer
    run: Callable[..., Any]


@dataclass(frozen=True)
class AtStandby:
    """What a provider has at that site.

    :param made: only the provider looks at it.
    :param promised: volumes that are not there yet and that it can make of recovery points.
    """

    made: Any = None
    promised: tuple[Volume, ...] = ()


@dataclass(frozen=True)
class Look:
    """What a reader of a provider may ask for a new recovery point.

    :param since: lists that began before are too old.
    :param marks: those of the server that it is about.
    :param disks: ids of the volumes of the server at the source.
    :param standby: what it has read at the target.
    """

    source: Inventory
    target: Inventory
    since: float
    marks: Mapping[str, str]
    disks: Collection[str]
    standby: Any = None


@dataclass(frozen=True)
class Row:
    """A provider: what it decides, and what it reads for that.

    :param standby: what it has beside volumes at the site with the recovery points.
    """

    decides: Provider
    read: Callable[[Look], Any]
    standby: Callable[[Standby], AtStandby] = lambda _look: AtStandby()


def _cinder_backup(look: Look) -> Backups:
    return backups(look.source, look.target, look.since, look.marks, look.disks)


def _external(look: Standby) -> AtStandby:
    plan, letter = look.plan, getattr(look.plan.direction, look.role).letter

    def ask() -> Any:
        options = plan.options
        return look.run(options["commands"]["status"], options["status_timeout"], status_request(plan, letter))

    said = external.answer(look.site, look.since, letter, ask)
    name = look.server.name
    stored = external.stored(said, plan.name, name, look.server.disks)
    there = recovery.volumes_with(look.site, look.since, {PLAN: plan.name, SERVER: name})
    disks = look.server.at(look.role).disks
    named = recovery.volumes_named(
        look.site, look.since, [volume_id for one in stored.objects for volume_id in one.volume_ids]
    )
    return AtStandby(AtTarget(stored, named), tuple(promised(stored, there, plan.name, name, disks)))


#: By ``replication.method`` of a plan.
PROVIDERS: Mapping[str, Row] = {
    "cinder_backup": Row(CinderBackup(), _cinder_backup),
    "external": Row(External(), lambda look: look.standby, _external),
}
