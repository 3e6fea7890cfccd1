# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill of a recovery point that is no volumes yet: the provider makes volumes, then the drill goes on as ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ...data.marks import BUILDING
from ...data.seen import Volume
from ...data.steps import Decision, Plan, Refusal, Step
from ...data.wanted import DiskWanted, ServerWanted
from ..handover.recovery import Recovery
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint, points_of
from .drill import Drill, DrillWish, decide_drill, of_point, point_of_drill


@dataclass(frozen=True)
class DrillDisks:
    """What a drill needs of a recovery point.

    :param definition: the server of the drill, with the names and the marks of its volumes.
    :param there: the volumes of the drill that are there already.
    """

    recovery: Recovery
    plan: RecoveryPlan
    server: PlanServer
    point: RecoveryPoint
    definition: ServerWanted
    there: Sequence[Volume]


class Clones(Protocol):
    """The part of a provider that is needed here."""

    def clone(self, what: DrillDisks) -> tuple[tuple[Step, ...], ...] | Refusal:
        """See `Provider`."""

    def note(self, what: DrillDisks, step: Step) -> Step:
        """See `Provider`."""


def decide_drill_of(what: Drill, server: PlanServer, wish: DrillWish, plan: RecoveryPlan, provider: Clones) -> Decision:
    """As `decide_drill`, also where the point stays in the storage."""
    point = _newest_promised(what) if what.site.seen.server else point_of_drill(what, server, "")
    if not isinstance(point, RecoveryPoint) or not any(volume.promised for volume in what.recovery.replicas):
        return decide_drill(what, server, wish)
    disks = DrillDisks(what.recovery, plan, server, point, of_point(wish.definition, point), what.clones)
    stages = () if what.site.seen.server else provider.clone(disks)
    if isinstance(stages, Refusal):
        return stages
    decided = decide_drill(_as_if_made(what, disks) if stages else what, server, wish)
    if isinstance(decided, Refusal):
        return decided
    decided = _noted(decided, disks, provider)
    if not stages:
        return decided
    later = tuple(step for stage in stages[1:] for step in stage)
    return replace(decided, steps=stages[0], later=(*later, *decided.foretold))


def _newest_promised(what: Drill) -> RecoveryPoint | None:
    """The drill stands. Its result is noted at the newest point."""
    return next(iter(points_of(what.recovery.replicas)), None)


def _as_if_made(what: Drill, disks: DrillDisks) -> Drill:
    """What comes after the volumes is foretold as if they were there."""
    there = {clone.marks.disk for clone in disks.there}
    missing = [disk for disk in disks.definition.disks if disk.tag in disks.point.volumes and disk.tag not in there]
    known = what.site.around.same_name
    made = {disk.tag: (*known.get(disk.tag, ()), _made(disk, disks)) for disk in missing}
    around = replace(what.site.around, same_name={**known, **made})
    return replace(what, site=replace(what.site, around=around))


def _made(disk: DiskWanted, disks: DrillDisks) -> Volume:
    of = disks.point.volumes[disk.tag]
    metadata = {**disk.metadata, BUILDING: disks.definition.name}
    return replace(of, id=disk.name, name=disk.name, metadata=metadata, promised=False)


def _noted(decided: Plan, disks: DrillDisks, provider: Clones) -> Plan:
    """A note at a volume that is not there yet is the provider's to keep."""
    promised = {volume.id for volume in disks.recovery.replicas if volume.promised}

    def kept(steps: tuple[Step, ...]) -> tuple[Step, ...]:
        ours = (step.verb == "set_volume_metadata" and step.args["volume_id"] in promised for step in steps)
        return tuple(provider.note(disks, step) if noted else step for step, noted in zip(steps, ours))

    later = None if decided.later is None else kept(decided.later)
    return replace(decided, steps=kept(decided.steps), later=later)
