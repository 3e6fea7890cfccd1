# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cinder and the Glance around a server that gets another root: see replace_model.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.model import Named, Snapshot, Volume
from builders import volume

#: What a source of each kind holds.
HOLDS = {"volume": "data of vol-new", "snapshot": "data of the snapshot", "backup": "data of the backup",
         "image": "data of the image"}  # fmt: skip
ON_THE_WAY = {"creating": "available", "restoring-backup": "available", "downloading": "reserved", "deleting": "gone"}


#: How the server boots, and that its image has a checksum.
BOOTS = {"hw_firmware_type": "uefi", "checksum": "1", "os_hash_algo": "sha512"}

#: What an image has that has no data and names a snapshot.
STRAY = dict.fromkeys(("block_device_mapping", "bdm_v2", "root_device_name"), "")


class Rejected(Exception):
    """The cloud answers 400, 404 or 409."""


class Storage:
    """The volumes of the server "db", and one source of each kind."""

    def __init__(self) -> None:
        self.count = 0
        held = {"status": "reserved"}
        first = (
            volume("vol-root", name="db-root", size=2, volume_type="fast", image_metadata=BOOTS, **held),
            volume("vol-data", name="db-data", bootable=False, **held),
            volume("vol-new", name="replica"),
        )
        self.volumes: dict[str, Volume] = {item.id: item for item in first}
        self.contents = {"vol-root": "old data", "vol-data": "data of db", "vol-new": HOLDS["volume"]}
        self.contents |= {"snapshot-1": HOLDS["snapshot"], "backup-1": HOLDS["backup"], "image-1": HOLDS["image"]}
        self.snapshots: dict[str, Snapshot] = {}
        self.images: dict[str, Named] = {}
        self.properties: dict[str, dict[str, str]] = {"image-1": {}}
        self.copying: dict[str, str] = {}

    def settle(self) -> None:
        """What was begun comes to its end; a restore with the metadata of the volume that was backed up."""
        for key, item in list(self.volumes.items()):
            restored = {"metadata": {"theirs": "1", "src_backup_id": "backup-1"}}
            more = restored if item.status == "restoring-backup" else self._copied(key)
            self.volumes[key] = replace(item, status=ON_THE_WAY.get(item.status, item.status), **more)
        self.volumes = {key: item for key, item in self.volumes.items() if item.status != "gone"}
        self.snapshots = {
            key: replace(item, status="available") for key, item in self.snapshots.items() if item.status != "deleting"
        }

    def _copied(self, volume_id: str) -> dict[str, Any]:
        """At the end of a copy Cinder gives the volume the properties of the image, and takes its own."""
        image_id = self.copying.pop(volume_id, None)
        if image_id is None:
            return {}
        self.contents[volume_id] = self.contents[image_id]
        return {"image_metadata": {**self.properties[image_id], "image_id": image_id}}

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}-made"

    def create_volume(self, name: str, size: int, metadata: Mapping[str, str], **more: Any) -> Any:
        made = Volume(self._id("volume"), name, "creating", size, bool(more.get("imageRef")), metadata=dict(metadata))
        self.volumes[made.id] = made
        self.contents[made.id] = self.contents.get(more.get("snapshot_id") or more.get("imageRef") or "", "nothing")
        return {"id": made.id}

    def restore_backup(self, backup_id: str, volume_id: str) -> None:
        self._change(volume_id, {"available"}, status="restoring-backup")
        self.contents[volume_id] = self.contents[backup_id]

    def set_bootable(self, volume_id: str) -> None:
        self._change(volume_id, {"available"}, bootable=True)

    def set_volume_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self._change(volume_id, None, metadata={**self.volumes[volume_id].metadata, **metadata})

    def delete_volume_metadata(self, volume_id: str, key: str) -> None:
        left = {name: value for name, value in self.volumes[volume_id].metadata.items() if name != key}
        self._change(volume_id, None, metadata=left)

    def _change(self, volume_id: str, only: set[str] | None, **changes: Any) -> None:
        if only and self.volumes[volume_id].status not in only:
            raise Rejected(f"a volume that is {self.volumes[volume_id].status}")
        self.volumes[volume_id] = replace(self.volumes[volume_id], **changes)

    def delete_volume(self, volume_id: str) -> None:
        if any(snapshot.volume_id == volume_id for snapshot in self.snapshots.values()):
            raise Rejected("a volume that has snapshots")
        assert volume_id not in ("vol-root", "vol-data", "vol-new"), "a volume that nobody named for it"
        self._change(volume_id, {"available", "error"}, status="deleting")

    def create_snapshot(self, volume_id: str, name: str, metadata: Mapping[str, str]) -> Any:
        self._change(volume_id, {"available", "in-use"})
        made = Snapshot(self._id("snapshot"), name, "creating", volume_id, 1, dict(metadata))
        self.snapshots[made.id] = made
        self.contents[made.id] = self.contents[volume_id]
        return {"id": made.id}

    def delete_snapshot(self, snapshot_id: str) -> None:
        assert snapshot_id != "snapshot-1", "the snapshot of the user"
        self.snapshots[snapshot_id] = replace(self.snapshots[snapshot_id], status="deleting")

    def create_image(self, name: str, snapshot_id: str, size: int, properties: Mapping[str, str] | None = None) -> Any:
        made = Named(self._id("image"), name)
        self.properties[made.id] = {**STRAY, **(properties or {})}
        self.images[made.id], self.contents[made.id] = made, self.contents[snapshot_id]
        return {"id": made.id}

    def upload_nothing(self, image_id: str) -> None:
        assert image_id in self.images

    def delete_image(self, image_id: str) -> None:
        del self.images[image_id]

    def check_copy(self, volume_id: str) -> None:
        """Asks at a volume that is reserved."""
        if self.volumes[volume_id].status != "reserved":
            raise Rejected("a volume that is not reserved")

    def reimage_volume(self, volume_id: str, image_id: str) -> None:
        self._change(volume_id, {"reserved"}, status="downloading")
        self.contents[volume_id], self.copying[volume_id] = "half of a copy", image_id

    def set_image_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self._change(volume_id, None, image_metadata={**self.volumes[volume_id].image_metadata, **metadata})

    def unset_image_metadata(self, volume_id: str, key: str) -> None:
        if key not in self.volumes[volume_id].image_metadata:
            raise Rejected(f"no property {key}")
        left = {name: value for name, value in self.volumes[volume_id].image_metadata.items() if name != key}
        self._change(volume_id, None, image_metadata=left)
