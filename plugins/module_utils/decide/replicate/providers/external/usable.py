# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery point of the storage becomes volumes: the command promotes it, then its objects are taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .....data.external import Point, Stored
from .....data.marks import DISK, PLAN, POINT, ROLE, SERVER, STATE, VOLUME
from .....data.parts import Part
from .....data.seen import Volume
from .....data.steps import Refusal, Step, for_part
from ....handover.recovery import Recovery
from ....plan.recovery_plan import PlanServer, RecoveryPlan
from ....plan.recovery_points import RecoveryPoint
from .commands import command
from .promised import begun, complete_metadata, volume_name
from .take_over import TakeOver

#: What to do where the storage names something that is not taken over.
CORRECT = "Correct the command, or what replication.adopt of the plan says: see docs/providers.md. Then repeat."


@dataclass(frozen=True)
class AtTarget:
    """What the provider reads at the site that has the points.

    :param named: by id the volumes that the storage names as its objects, those that are there.
    """

    stored: Stored
    named: Mapping[str, Volume]

    def at(self, time: str) -> Point | None:
        """The point of that time."""
        return next((point for point in self.stored.points if point.time == time), None)


@dataclass(frozen=True)
class Usable:
    """Makes one recovery point usable.

    :param disks: those that are no volumes yet.
    """

    what: Recovery
    plan: RecoveryPlan
    server: PlanServer
    point: Point
    disks: tuple[str, ...]

    @classmethod
    def of(cls, what: Recovery, plan: RecoveryPlan, server: PlanServer, point: RecoveryPoint) -> Usable | None:
        """None if all of the point are volumes."""
        disks = tuple(disk for disk in server.disks if point.volumes[disk].promised)
        found = what.made.at(point.time) if disks else None
        return cls(what, plan, server, found, disks) if found else None

    def stages(self) -> tuple[tuple[Step, ...], ...] | Refusal:
        """After each stage everything is read and decided again: only then it is known what the storage has."""
        takes = [self._take(disk) for disk in self.disks]
        adopt = for_part(Part.HANDOVER, self._adopt(takes))
        what = f"make recovery point {self.point.time} of {self.server.name} usable"
        if self.point.promoted:
            why = next(filter(None, (take.unfit(self.what.made.named) for take in takes)), "")
            return Refusal("unfit_object", what, why, CORRECT) if why else (adopt,)
        about = {"point": self.point.id, "time": self.point.time, "disks": list(self.server.disks)}
        promote = command(self.plan, self.server, "promote", f"{what} at the storage", Part.HANDOVER, **about)
        return (promote,), adopt

    def _adopt(self, takes: list[TakeOver]) -> Iterator[Step]:
        """All requests first, then all waits; the last steps mark the volumes complete."""
        for take in takes:
            yield from take.begin()
        for take in takes:
            yield from take.finish()
        for take in takes:
            disk, volume_id = take.disk.tag, take.volume_id
            args = {"volume_id": volume_id, "metadata": {**complete_metadata(self.point, disk), VOLUME: volume_id}}
            text = f"mark the volume of {take.label} complete"
            yield Step("replace_volume_metadata", text, args, cloud="target")

    def _take(self, disk: str) -> TakeOver:
        marks = {PLAN: self.plan.name, SERVER: self.server.name, DISK: disk, POINT: self.point.time}
        return TakeOver(
            point=self.point.id,
            label=f"{self.server.name}/{disk}",
            disk=next(one for one in self.server.twin.disks if one.tag == disk),
            name=volume_name(self.point, self.plan.name, self.server.name, disk),
            metadata={**marks, ROLE: "replica", STATE: "copying"},
            notes=self.point.notes[disk],
            told=self.point.objects.get(disk),
            found=begun(self.point, disk, self.what.replicas),
            manages=self.plan.options["adopt"] == "manage",
        )
