# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery points of the storage as the volumes that they become. Everything else looks at them as at replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .....data.external import Point, Stored
from .....data.marks import EXTERNAL, ROLE, STATE, VOLUME
from .....data.seen import Volume
from .....data.wanted import DiskWanted
from ....plan.recovery_points import is_complete

#: The id of a volume that is not there yet begins so. No id of Cinder does.
NOT_YET = "storage:"


def promised(
    stored: Stored, volumes: Sequence[Volume], plan: str, server: str, disks: Iterable[DiskWanted]
) -> list[Volume]:
    """What the complete points of the storage become, but for the disks that are volumes already.

    :param volumes: those of the site with the marks of the server.
    :param disks: as the plan wants them at the site.
    """
    ours = [v for v in volumes if v.marks.of(plan, server)]
    wanted = [disk for disk in disks if disk.device_type != "cdrom"]
    return [
        _volume(point, disk, volume_name(point, plan, server, disk.tag))
        for point in stored.points
        if point.complete
        for disk in wanted
        if disk.tag in point.notes and not _is_volume(point, disk.tag, ours) and _is_there(point, disk.tag, ours)
    ]


def of_point(point: Point, disk: str) -> str:
    """The id of a disk of a point that is no volume yet."""
    return f"{NOT_YET}{point.id}:{disk}"


def volume_name(point: Point, plan: str, server: str, disk: str) -> str:
    """The name of the volume that a disk of a point becomes."""
    return f"{plan}-{server}-{disk}-{point.time}"


def _is_there(point: Point, disk: str, volumes: Iterable[Volume]) -> bool:
    """Of a promoted point only what is told can be taken over. The rest is Cinder's, or people deleted it there."""
    return not point.promoted or disk in point.objects or begun(point, disk, volumes) is not None


def _is_volume(point: Point, disk: str, volumes: Iterable[Volume]) -> bool:
    """Whether the data became a volume. One that is superseded holds what was written since, and is no point again."""
    return any(is_complete(v) or v.marks.role != "replica" for v in _same(point, disk, volumes))


def _same(point: Point, disk: str, volumes: Iterable[Volume]) -> Iterator[Volume]:
    return (v for v in volumes if (v.marks.point, v.marks.disk) == (point.time, disk) and v.status != "deleting")


def begun(point: Point, disk: str, volumes: Iterable[Volume]) -> Volume | None:
    """The volume that a killed run began to make of a disk of a point, if it did not fail."""
    found = (v for v in _same(point, disk, volumes) if v.marks.role == "replica" and not v.promised)
    return next((v for v in found if not v.status.startswith("error")), None)


def complete_metadata(point: Point, disk: str) -> dict[str, str]:
    """The metadata of a disk of a point once it is complete, without the id of its volume."""
    noted = point.notes[disk].metadata
    return {**noted, ROLE: "replica", STATE: "complete", EXTERNAL: point.id}


def _volume(point: Point, disk: DiskWanted, name: str) -> Volume:
    """It will have the type and the zone that the plan wants: Cinder is asked for them."""
    volume_id, notes = of_point(point, disk.tag), point.notes[disk.tag]
    return Volume(
        id=volume_id,
        name=name,
        status="available",
        size=notes.size,
        bootable=disk.boot_index == 0,
        availability_zone=disk.availability_zone or "",
        volume_type=disk.volume_type or "",
        metadata={**complete_metadata(point, disk.tag), VOLUME: volume_id},
        image_metadata=notes.image_metadata,
        created_at=point.time,
        promised=True,
    )
