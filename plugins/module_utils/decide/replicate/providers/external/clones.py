# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a drill, of a recovery point that is no volumes yet. The point is not promoted for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .....data.external import Point
from .....data.marks import BUILDING
from .....data.parts import Part
from .....data.steps import Refusal, Step, for_part
from .....data.wanted import DiskWanted
from ....drill.from_storage import DrillDisks
from .commands import command
from .take_over import TakeOver
from .usable import CORRECT


@dataclass(frozen=True)
class Clones:
    """Makes the volumes of one drill."""

    what: DrillDisks
    point: Point

    @classmethod
    def of(cls, what: DrillDisks) -> Clones | None:
        """None if the point is volumes, from which Cinder clones."""
        point = what.recovery.made.at(what.point.time)
        return cls(what, point) if point and any(v.promised for v in what.point.volumes.values()) else None

    def stages(self) -> tuple[tuple[Step, ...], ...] | Refusal:
        """First the storage makes copies, then they are taken over. A volume that is there needs no copy."""
        takes = [self._take(disk) for disk in self.what.definition.disks if disk.tag in self.point.notes]
        unmade = [take.disk.tag for take in takes if not (take.told or take.found)]
        adopt = for_part(Part.VOLUMES, self._adopt(takes))
        if unmade:
            text = f"copy recovery point {self.point.time} of {self.what.server.name} for a drill"
            about = {"point": self.point.id, "time": self.point.time, "disks": unmade}
            made = command(self.what.plan, self.what.server, "clone", text, Part.VOLUMES, **about)
            return (made,), adopt
        why = next(filter(None, (take.unfit(self.what.recovery.made.named) for take in takes)), "")
        if why:
            return Refusal("unfit_object", f"drill {self.what.server.name}", why, CORRECT)
        return (adopt,) if adopt else ()

    @staticmethod
    def _adopt(takes: list[TakeOver]) -> Iterator[Step]:
        for take in takes:
            yield from take.begin()
        for take in takes:
            yield from take.finish()

    def _take(self, disk: DiskWanted) -> TakeOver:
        twin = next(one for one in self.what.server.twin.disks if one.tag == disk.tag)
        return TakeOver(
            point=self.point.id,
            label=f"{self.what.server.name}/{disk.tag} of the drill",
            disk=replace(disk, volume_type=twin.volume_type, availability_zone=twin.availability_zone),
            name=disk.name,
            metadata={**disk.metadata, BUILDING: self.what.definition.name},
            notes=self.point.notes[disk.tag],
            told=self.point.clones.get(disk.tag),
            found=next((one for one in self.what.there if one.marks.disk == disk.tag), None),
            manages=self.what.plan.options["adopt"] == "manage",
        )
