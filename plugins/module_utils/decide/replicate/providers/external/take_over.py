# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object of the storage becomes a volume: Cinder manages it, or the command has made a volume and names its id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .....data.external import DiskNotes, StoredObject
from .....data.marks import EXTERNAL
from .....data.seen import Volume
from .....data.steps import Ref, Step, Until
from .....data.wanted import DiskWanted

_AVAILABLE = frozenset({"available"})

#: cinder/volume/flows/api/manage_existing.py
_MANAGING = frozenset({"creating", "managing"})


@dataclass(frozen=True)
class TakeOver:
    """One object.

    :param point: the id of its recovery point.
    :param disk: what the plan wants of the volume.
    :param name: of the volume.
    :param metadata: of the volume from its first moment: a run that is killed finds it again.
    :param told: where the object is; None while the storage does not tell, or if Cinder manages it already.
    :param found: the volume that an earlier run began.
    :param manages: whether Cinder manages it.
    """

    point: str
    label: str
    disk: DiskWanted
    name: str
    metadata: Mapping[str, str]
    notes: DiskNotes
    told: StoredObject | None
    found: Volume | None
    manages: bool

    @property
    def volume_id(self) -> Any:
        """The id of the volume, or the reference to the step that makes it."""
        if self.found:
            return self.found.id
        named = self.told.volume_id if self.told else ""
        return Ref(f"volume {self.disk.tag}") if self.manages else named

    def begin(self) -> Iterator[Step]:
        """The request, if it was not made."""
        if self.found:
            return
        if not self.manages:
            args = {"volume_id": self.volume_id, "metadata": {**self.metadata, EXTERNAL: self.point}}
            yield Step("replace_volume_metadata", f"mark the volume of {self.label}", args, cloud="target")
            return
        args = {
            "host": self.told.host if self.told else "",
            "ref": self.told.ref if self.told else {},
            "name": self.name,
            "volume_type": self.disk.volume_type,
            "availability_zone": self.disk.availability_zone,
            "bootable": self.disk.tag == "root",
            "metadata": self.metadata,
        }
        text = f"let Cinder at the target manage {self.label}"
        yield Step("manage_volume", text, args, result=f"volume {self.disk.tag}", cloud="target_admin")

    def finish(self) -> Iterator[Step]:
        """What is left then. Booting needs the flag and the image properties of the source."""
        if self.manages and not (self.found and self.found.status == "available"):
            until = Until("volume", self.volume_id, _AVAILABLE, _MANAGING)
            yield Step("wait", f"wait for the volume of {self.label}", until=until, cloud="target")
        if not self.manages and not (self.found and self.found.name == self.name):
            args = {"volume_id": self.volume_id, "name": self.name}
            yield Step("update_volume", f"name the volume of {self.label}", args, cloud="target")
        if self.disk.tag != "root":
            return
        if not (self.found and self.found.bootable):
            text = f"mark the volume of {self.label} bootable"
            yield Step("set_bootable", text, {"volume_id": self.volume_id}, cloud="target")
        properties = dict(self.notes.image_metadata)
        if properties and not (self.found and properties.items() <= self.found.image_metadata.items()):
            args = {"volume_id": self.volume_id, "metadata": properties}
            text = f"carry the image properties of {self.label} over"
            yield Step("set_image_metadata", text, args, cloud="target")

    def unfit(self, named: Mapping[str, Volume]) -> str:
        """Why it cannot be taken over, "" if it can: a slip of the command must not take over a volume of somebody.

        :param named: by id the volumes that the storage names, those that are there.
        """
        if self.found or self.told is None:
            return ""
        if self.manages:
            return self._unfit_ref(self.told, named)
        if self.told.ref:
            return f"the storage names what to manage for {self.label}, and no volume"
        volume = named.get(self.told.volume_id)
        if volume is None:
            return f"the storage names volume {self.told.volume_id} for {self.label}, which the project does not have"
        return self._unfit(volume, f"volume {volume.name or volume.id} for {self.label}")

    def _unfit_ref(self, told: StoredObject, named: Mapping[str, Volume]) -> str:
        """A driver may take what is a volume already, and give it another name (rbd.py, manage_existing)."""
        if told.volume_id:
            return f"the storage names volume {told.volume_id} for {self.label}, and not what to manage"
        taken = next((one for one in told.volume_ids if one in named), "")
        return f"the storage names an object for {self.label} that is volume {taken} already" if taken else ""

    def _unfit(self, volume: Volume, what: str) -> str:
        if volume.metadata.get(EXTERNAL) != self.point:
            return f"{what} does not have the metadata {EXTERNAL}={self.point}, so it is none of this recovery point"
        if volume.marks.plan or volume.marks.drill:
            return f"{what} carries marks of a plan already, so it was taken over before"
        if volume.status != "available" or volume.attached_to:
            return f"{what} is {volume.status}, not available"
        if volume.size < self.notes.size:
            return f"{what} has {volume.size} GiB, and the disk had {self.notes.size}"
        return ""
