# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a provider: a way of replicating the disks of a server to the target. docs/providers.md explains it.

Every decision of a provider is pure: it gets what was seen and returns steps. It does nothing itself. So these rules
hold for each verb:

- Idempotent. When all is done, no step that writes is left.
- Killable. A run may end before or after any request. The next run sees what is there, and its steps are those that
  are left. What tells them apart stands at the resources, never in a file of ours.
- Honest in check mode. The steps are what will be done.
- Safe. A step deletes or overwrites only what the provider made for this server of this plan, and marks that somebody
  else may write never choose a volume of the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from ....data.steps import Finding, Refusal, Step
from ...drill.from_storage import DrillDisks
from ...handover.recovery import Recovery
from ...plan.recovery_plan import PlanServer, RecoveryPlan
from ...plan.recovery_points import Marked, RecoveryPoint
from ..replication import Cycle


class Verb(str, Enum):
    """What an operation may need of a provider."""

    PROTECT = "protect"
    STATUS = "status"
    POINTS = "points"
    MAKE_USABLE = "make_usable"
    REVERSE = "reverse"
    RESYNC = "resync"
    CLONE = "clone"
    FORGET = "forget"


@dataclass(frozen=True)
class Clause:
    """One verb, as docs/providers.md shows it."""

    verb: Verb
    does: str
    may_assume: str
    must_guarantee: str


CLAUSES = (
    Clause(
        Verb.PROTECT,
        "Start replication of all disks of a server, or carry it on to the recovery point that the run is about.",
        "Both sites answer. The source leads: a server that was failed over is refused before. Only one run of the plan"
        " is active.",
        "In the end there is one complete recovery point of that moment, of all disks. A point with a disk missing is"
        " none. A point that a killed run began is finished, or counts for nothing. The source server keeps running.",
    ),
    Clause(
        Verb.STATUS,
        "Tell for each disk how old the newest data at the target is, and what stands in the way.",
        "Only the target answers. Nothing is locked.",
        "It changes nothing. The age is proved by data at the target, never taken from a service that says it is"
        " replicating. What cannot be known is unknown, not fine.",
    ),
    Clause(
        Verb.POINTS,
        "Tell the recovery points of a server, the newest first.",
        "Only the target answers.",
        "It changes nothing. Each point has a time, UTC by the clock of the target. A point counts only if all disks"
        " have it and the target itself can tell where it comes from. `keep` points stay, and so does each point whose"
        " volumes are in use or on which the target may have run.",
    ),
    Clause(
        Verb.MAKE_USABLE,
        "Turn one recovery point into volumes of the project at the target.",
        "Only the target answers; the source may be dead, or come back in the middle. The fence has said that the"
        " servers do not run at the source.",
        "In the end each disk is a volume of the project that can be written to and attached, with the marks of a"
        " complete replica; the root boots and has its image properties. A handover knows nothing else of a provider."
        " Writing is proved, not believed. The source cannot overwrite the volumes any more.",
    ),
    Clause(
        Verb.REVERSE,
        "Replicate the other way: the target leads, the old source receives.",
        "Both sites answer. The servers of the old source are fenced and stay down.",
        "What the old source wrote after the failover point is never taken as newer. Its volumes are kept or named"
        " before they are overwritten. At every moment there is a complete point of what the leader wrote.",
    ),
    Clause(
        Verb.RESYNC,
        "Copy from the leader again where source and target have parted.",
        "Both sites answer. Somebody named the side whose data is given up.",
        "Only that side is overwritten. Until the copy is complete the newest complete point stays.",
    ),
    Clause(
        Verb.CLONE,
        "Make volumes for a drill from a recovery point.",
        "Only the target answers. A failover may begin in the middle.",
        "Replication does not pause, and the point stays usable for a failover. The volumes are marked as those of a"
        " drill, are never taken as replicas, and can be removed without touching the point.",
    ),
    Clause(
        Verb.FORGET,
        "End the replication of a server and remove what the provider made for it.",
        "Somebody named the server and said that its recovery points may go.",
        "It removes nothing else. It refuses while a replica is in use. The server at the source is left as it is.",
    ),
)


class Provider(Protocol):
    """A way of replicating. It stands in the registry (`module_utils/providers.py`) under its ``replication.method``.

    The methods are those that operations use today. Each further verb gets its own when the first operation needs it.
    """

    @property
    def offers(self) -> frozenset[Verb]:
        """The verbs that it keeps. An operation that needs another one is refused."""

    def lacks(self, verb: Verb, options: Mapping[str, Any]) -> str:
        """What ``replication`` of a plan must name before the provider keeps a verb that it offers, "" for nothing."""

    def clouds(self, verb: Verb, options: Mapping[str, Any]) -> tuple[str, ...]:
        """The clouds that a verb needs beside those of the operation, such as "source_admin".

        :param options: ``replication`` of the plan.
        """

    def begun(self, cycle: Cycle) -> Iterable[str]:
        """PROTECT: the times of recovery points that earlier runs began and that can still be finished.

        It may assume nothing about the time of ``cycle``. A point of which not all disks were taken is not among them.
        """

    def refusal(self, cycle: Cycle) -> Refusal | None:
        """PROTECT: why the recovery point of ``cycle`` cannot be made, or finished, as things stand."""

    def protect(self, cycle: Cycle) -> Iterable[Step]:
        """PROTECT: the steps that are left until the recovery point of ``cycle`` is complete at the target.

        The last steps mark its volumes complete. Until then nothing takes them as a recovery point.
        """

    def proves(self, cycle: Cycle, point: RecoveryPoint) -> bool:
        """POINTS: whether the target itself tells where the volumes of a complete recovery point come from.

        Only a point that is proved makes a new one unnecessary and older ones superfluous.
        """

    def superfluous(self, cycle: Cycle) -> Iterable[Step]:
        """PROTECT: the steps that remove what nobody needs once the recovery point of ``cycle`` is complete.

        They follow the steps of ``protect`` and may refer to their answers. Volumes of older points are not the
        provider's: `retention.py` removes them. Points that are no volumes yet are.
        """

    def marked(self, made: Any) -> Iterable[Marked]:
        """All that carries marks in what its reader saw: marks that do not count are told."""

    def left(self, cycle: Cycle) -> Iterable[str]:
        """What the provider made for this server and no run will remove, in words, and what to do about it."""

    def hindrances(self, made: Any) -> Iterable[Finding]:
        """STATUS: what its reader saw at the target beside the age of the points.

        What stands in the way of readiness blocks. What only does not count is told, also by a failover.
        """

    def make_usable(
        self, what: Recovery, plan: RecoveryPlan, server: PlanServer, point: RecoveryPoint
    ) -> tuple[tuple[Step, ...], ...] | Refusal:
        """MAKE_USABLE: the stages that are left until all disks of a point are volumes; () if they are.

        Only the first stage is carried out, then everything is read and decided again. The others are foretold.
        """

    def clone(self, what: DrillDisks) -> tuple[tuple[Step, ...], ...] | Refusal:
        """CLONE: the stages that are left until a drill has its volumes; () if they are there, or Cinder clones them.

        They have the names and the metadata of its definition, and the mark of a volume that is being built.
        """

    def note(self, what: DrillDisks, step: Step) -> Step:
        """CLONE: what is done instead of a step that sets metadata of a volume that is not there yet."""


def lacking(
    provider: Provider, needs: Iterable[str], wanted: str, method: str, options: Mapping[str, Any]
) -> Refusal | None:
    """Why an operation cannot be done with a provider, or None.

    :param needs: values of `Verb`.
    :param options: ``replication`` of the plan.
    """
    verbs = [Verb(verb) for verb in needs]
    missing = [verb.value for verb in verbs if verb not in provider.offers]
    if missing:
        saw = f"replication by {method} does not offer {', '.join(missing)}"
        todo = "Use another replication.method: docs/providers.md tells what each offers."
        return Refusal("not_offered", wanted, saw, todo)
    unnamed = [lack for verb in verbs if (lack := provider.lacks(verb, options))]
    if not unnamed:
        return None
    todo = f"Name it: docs/providers.md tells what replication by {method} needs for which verb."
    return Refusal("not_offered", wanted, f"the plan names no {', '.join(unnamed)}", todo)
