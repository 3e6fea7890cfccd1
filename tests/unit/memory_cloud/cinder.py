# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots, as Cinder keeps them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Snapshot, Volume

from .state import Json, State

#: States in which a volume is deleted (cinder/volume/api.py, delete).
DELETABLE = {"available", "error", "error_restoring", "error_extending"}

#: What Glance tells of an image beside its properties.
NO_PROPERTIES = {"id", "name", "status", "disk_format", "container_format", "snapshot"}


class Cinder(State):
    """Each method is a request; those at the end are what follows from one."""

    def create_volume(self, volume: Json) -> Json:
        """Of nothing, of an image, of a snapshot, or of another volume, with the image properties of each."""
        self._within_quota(volume["size"])
        made = Volume(
            self.new_id("volume"), volume["name"], "creating", volume["size"],
            availability_zone=volume.get("availability_zone") or "nova", volume_type=volume.get("volume_type") or "",
            metadata=dict(volume.get("metadata") or {}), created_at=self.now,
        )  # fmt: skip
        self.volumes[made.id] = replace(made, **self._filled_from(volume))
        source = volume.get("snapshot_id") or volume.get("imageRef") or volume.get("source_volid") or ""
        self.contents[made.id] = self.contents[source] if source else "nothing"
        self.later("becomes", made.id, "creating", "available")
        return {"volume": {"id": made.id}}

    def manage_volume(self, volume: Json) -> Json:
        """What is in the storage gets another name there. What is not there fails after the answer, as with drivers."""
        held = self.storage / volume["ref"]["source-name"] if self.storage else None
        there = held is not None and held.exists()
        data = json.loads(held.read_text()) if held and there else {"size": 0, "data": "nothing"}
        self._within_quota(data["size"])
        made = Volume(
            self.new_id("volume"), volume["name"], "managing", data["size"], bootable=volume["bootable"],
            availability_zone=volume.get("availability_zone") or "nova", volume_type=volume.get("volume_type") or "",
            metadata=dict(volume.get("metadata") or {}), created_at=self.now,
        )  # fmt: skip
        self.volumes[made.id], self.contents[made.id] = made, data["data"]
        if held and there:
            held.rename(held.with_name(f"volume-{made.id}"))
        self.later("becomes", made.id, "managing", "available" if there else "error_managing")
        return {"volume": {"id": made.id}}

    def _within_quota(self, size: int) -> None:
        """Cinder answers 413 (cinder/exception.py, VolumeLimitExceeded)."""
        used = {"volumes": len(self.volumes) + 1, "gigabytes": sum(v.size for v in self.volumes.values()) + size}
        if any(used[what] > self.most.get(what, used[what]) for what in used):
            self.refuse(413, "VolumeSizeExceedsAvailableQuota")

    def _filled_from(self, volume: Json) -> Json:
        if volume.get("imageRef"):
            image = self.images[volume["imageRef"]]
            return {"bootable": True, "image_metadata": self.properties_of(image)}
        if volume.get("source_volid"):  # cinder/volume/flows/manager/create_volume.py, _create_from_source_volume
            cloned: Volume = self.find(volume["source_volid"], "Volume")
            if cloned.status not in ("available", "in-use"):
                self.refuse(400, f"the status of the source volume is {cloned.status}")
            return {"bootable": cloned.bootable, "image_metadata": cloned.image_metadata}
        if not volume.get("snapshot_id"):
            return {}
        if self.find(volume["snapshot_id"], "Snapshot").status != "available":
            self.refuse(400, "the status of the snapshot is not available")
        was = self.taken[volume["snapshot_id"]]
        return {"bootable": was.bootable, "image_metadata": was.image_metadata}

    @staticmethod
    def properties_of(image: Json) -> dict[str, str]:
        """What a volume that is filled from an image is told of it (volume_glance_metadata), but for its format."""
        own = {key: value for key, value in image.items() if isinstance(value, str) and key not in NO_PROPERTIES}
        return {**own, "image_id": image["id"]}

    def delete_volume(self, volume_id: str) -> None:
        """Neither one that is used nor one that has snapshots."""
        volume = self.find(volume_id, "Volume")
        if volume.status not in DELETABLE or volume.attached_to:
            self.refuse(400, f"Volume status must be available or error, but is {volume.status}")
        if any(snapshot.volume_id == volume_id for snapshot in self.snapshots.values()):
            self.refuse(400, "Volume still has 1 dependent snapshots")
        self._begin_to_delete(volume_id)

    def _begin_to_delete(self, resource_id: str) -> None:
        if self.storage:
            (self.storage / f"volume-{resource_id}").unlink(missing_ok=True)
        self.change(resource_id, status="deleting")
        self.later("goes", resource_id)

    def update_volume(self, volume_id: str, volume: Json) -> None:
        """Name."""
        self.find(volume_id, "Volume")
        self.change(volume_id, **volume)

    def set_metadata(self, resource_id: str, metadata: Json) -> None:
        """Of a volume, a snapshot or a server."""
        self.mark(resource_id, metadata)

    def replace_metadata(self, volume_id: str, metadata: Json) -> None:
        """All others go."""
        self.find(volume_id, "Volume")
        self.change(volume_id, metadata=dict(metadata))

    def delete_metadata(self, volume_id: str, key: str) -> None:
        """404 if there is none of that name."""
        left = dict(self.find(volume_id, "Volume").metadata)
        if key not in left:
            self.refuse(404, f"Volume {volume_id} has no metadata with key {key}")
        del left[key]
        self.change(volume_id, metadata=left)

    def volume_os_set_bootable(self, volume: Volume, body: Json) -> None:
        """The flag without which Nova boots from no volume."""
        self.change(volume.id, bootable=body["bootable"])

    def volume_os_set_image_metadata(self, volume: Volume, body: Json) -> None:
        """Adds."""
        self.change(volume.id, image_metadata={**volume.image_metadata, **body["metadata"]})

    def volume_os_unset_image_metadata(self, volume: Volume, body: Json) -> None:
        """404 if there is none of that name."""
        left = dict(volume.image_metadata)
        if body["key"] not in left:
            self.refuse(404, "Glance metadata for volume cannot be found")
        del left[body["key"]]
        self.change(volume.id, image_metadata=left)

    def volume_os_reimage(self, volume: Volume, body: Json) -> None:
        """Looks for the snapshot that an image without data names before the status (_reimage)."""
        image = self.images.get(body["image_id"])
        if image is None:
            self.refuse(404, "Image could not be found")
        source = image.get("snapshot", image["id"])
        if "snapshot" in image and source not in self.snapshots:
            self.refuse(404, f"Snapshot {source} could not be found")
        allowed = {"available", "error", *(("reserved",) if body["reimage_reserved"] else ())}
        if volume.status not in allowed or image["status"] != "active":
            self.refuse(400, f"Volume {volume.id} is {volume.status}, the image {image['status']}")
        self.change(volume.id, status="downloading")
        held, self.contents[volume.id] = self.contents[source], "half of a copy"
        self.later("copied", volume.id, volume.status, held, self.properties_of(image))

    def copied(self, volume_id: str, status: str, held: str, properties: dict[str, str]) -> None:
        """An end: only now, and only if it was not in vain, the volume has the properties of the image and no other."""
        if volume_id not in self.volumes or self.volumes[volume_id].status != "downloading":
            return
        if "reimage" in self.failing:
            self.contents[volume_id] = "rubbish"
            self.change(volume_id, status="error")
            return
        self.contents[volume_id] = held
        self.change(volume_id, status=status, image_metadata=properties)

    def create_snapshot(self, snapshot: Json) -> Json:
        """Of what is free or in use, if that is forced; of nothing else (cinder/volume/api.py)."""
        volume = self.find(snapshot["volume_id"], "Volume")
        if volume.status not in ("available", "in-use"):
            self.refuse(400, f"Volume is {volume.status}")
        if len(self.snapshots) >= self.most.get("snapshots", len(self.snapshots) + 1):
            self.refuse(413, "Maximum number of snapshots allowed exceeded for quota 'snapshots'.")
        made = Snapshot(
            self.new_id("snapshot"), snapshot["name"], "creating", volume.id, volume.size,
            dict(snapshot.get("metadata") or {}), self.now,
        )  # fmt: skip
        self.keep(made)
        self.later("becomes", made.id, "creating", "available")
        return {"snapshot": {"id": made.id}}

    def keep(self, made: Snapshot) -> None:
        """A snapshot of what its volume is and holds now."""
        self.snapshots[made.id], self.taken[made.id] = made, self.volumes[made.volume_id]
        self.contents[made.id] = self.contents[made.volume_id]

    def delete_snapshot(self, snapshot_id: str) -> None:
        """None that is being made, or of which a backup is."""
        snapshot = self.find(snapshot_id, "Snapshot")
        if snapshot.status not in ("available", "error"):
            self.refuse(400, f"Snapshot status must be available or error, but is {snapshot.status}")
        self._begin_to_delete(snapshot_id)

    def hold(self, volume_id: str, status: str, server_id: str = "") -> None:
        """Cinder tells who has a volume only while it is in use, not while it is reserved."""
        self.change(volume_id, status=status, attached_to=(server_id,) if server_id else ())

    def freed(self, volume_id: str) -> None:
        """An end: a volume is off its server."""
        if volume_id in self.volumes and self.volumes[volume_id].status != "deleting":
            self.hold(volume_id, "available")

    def connected(self, volume_id: str, server_id: str) -> None:
        """An end: a volume is at a server that runs."""
        if volume_id in self.volumes and self.volumes[volume_id].status in ("reserved", "attaching"):
            self.hold(volume_id, "in-use", server_id)

    def listed(self, items: dict[str, Any]) -> list[Any]:
        """The newest first, as Nova and Cinder list."""
        return list(reversed(items.values()))
