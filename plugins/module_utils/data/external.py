# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands of the user say about the storage, with the replication method external."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .marks import Marks, read

#: The version of the JSON that commands get and give.
FORM = 1

_MANAGED = re.compile(r"volume-([0-9A-Za-z-]+)", re.ASCII)

#: Commands that a plan must name, and those that it may name.
REQUIRED, OPTIONAL = ("status", "replicate", "promote", "remove", "reverse"), ("clone", "note")


@dataclass(frozen=True)
class DiskNotes:
    """What replication knew of a disk when its recovery point was made; the storage keeps it with the point.

    :param size: GiB.
    :param metadata: those of the replica to be, without the id of its volume.
    """

    size: int
    metadata: Mapping[str, str]
    image_metadata: Mapping[str, str]


@dataclass(frozen=True)
class StoredObject:
    """Where the data of a disk is. Either Cinder manages ``ref`` at ``host``, or it is a volume already."""

    host: str = ""
    ref: Mapping[str, str] = field(default_factory=dict)
    volume_id: str = ""

    @property
    def volume_ids(self) -> list[str]:
        """The ids of volumes that it names, as itself or as Cinder names what it manages (volume_name_template)."""
        managed = (found for text in self.ref.values() for found in _MANAGED.findall(text))
        return [*filter(None, (self.volume_id,)), *managed]


@dataclass(frozen=True)
class Point:
    """A recovery point, as the storage of the target tells it.

    :param notes: by disk.
    :param promoted: whether ``objects`` can be written to.
    :param objects: by disk. What Cinder manages by now is told no more.
    :param clones: the same of copies for a drill.
    """

    id: str
    time: str
    complete: bool
    notes: Mapping[str, DiskNotes]
    promoted: bool = False
    objects: Mapping[str, StoredObject] = field(default_factory=dict)
    clones: Mapping[str, StoredObject] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people."""
        return self.id

    @cached_property
    def marks(self) -> Marks:
        """Those of one of its disks."""
        return next((read(notes.metadata) for notes in self.notes.values()), Marks())


@dataclass(frozen=True)
class Stored:
    """What the storage of one site has of a server.

    :param source: the letter of the site that it receives from, or whose data it has received last; "" for none.
    :param problems: what stands in the way of replication, in the words of the command.
    :param faults: points that cannot be read and count for nothing, in words.
    """

    source: str = ""
    points: tuple[Point, ...] = ()
    problems: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def objects(self) -> list[StoredObject]:
        """All that Cinder may take over."""
        return [one for point in self.points for one in (*point.objects.values(), *point.clones.values())]


def request(verb: str, plan: str, source: str, target: str, **more: Any) -> dict[str, Any]:
    """What a command gets on its standard input.

    :param source: the letter of the site from which data comes, and ``target`` of that to which it goes.
    """
    return {"form": FORM, "verb": verb, "plan": plan, "source": source, "target": target, **more}
