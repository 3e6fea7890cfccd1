# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups, as Cinder keeps them: chains, records that make them known to another cloud, and what a restore does."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Backup, Snapshot

from .cinder import Cinder
from .state import Json, Saved


class Backups(Cinder):
    """Each method is a request; those at the end are what follows from one."""

    def create_backup(self, backup: Json) -> Json:
        """An increment builds on the newest data before the snapshot, whoever made it (cinder/backup/api.py)."""
        snapshot: Snapshot = self.find(backup["snapshot_id"], "Snapshot")
        if snapshot.status != "available":
            self.refuse(400, f"the snapshot to be backed up is {snapshot.status}")
        parent = self._parent(snapshot) if backup["incremental"] else None
        made = Backup(
            self.new_id("backup"), backup["name"], "creating", backup["volume_id"], snapshot.size,
            backup["incremental"], dict(backup.get("metadata") or {}), self.now, snapshot.created_at,
        )  # fmt: skip
        self.change(snapshot.id, status="backing-up")
        self.backups[made.id] = made
        source, parent_id = self.volumes[snapshot.volume_id], parent.id if parent else None
        self.store[made.id] = Saved(made, parent_id, self.contents[snapshot.id], source)
        self.later("becomes", made.id, "creating", "available")
        self.later("becomes", snapshot.id, "backing-up", "available")
        return {"backup": {"id": made.id}}

    def _parent(self, snapshot: Snapshot) -> Backup:
        ready = [b for b in self.backups.values() if b.volume_id == snapshot.volume_id and b.status == "available"]
        older = [b for b in ready if b.data_timestamp < snapshot.created_at]
        if not older:
            self.refuse(400, "No backups available to do an incremental backup.")
        return max(older, key=lambda backup: backup.data_timestamp)

    def delete_backup(self, backup_id: str) -> None:
        """Not while another one builds on it. The data goes for both clouds."""
        backup = self.find(backup_id, "Backup")
        if backup.status not in ("available", "error"):
            self.refuse(400, f"Backup status must be available or error, but is {backup.status}")
        if any(self.store[key].parent == backup_id for key in self.backups if key in self.store):
            self.refuse(400, "Incremental backups exist for this backup.")
        self._begin_to_delete(backup_id)
        self.later("erased", backup_id)

    def export_record(self, backup_id: str) -> Json:
        """Of what is complete."""
        if self.find(backup_id, "Backup").status != "available":
            self.refuse(400, "Backup status must be available")
        told = json.dumps({"id": backup_id, "metadata": dict(self.find(backup_id).metadata)})
        return {"backup-record": {"backup_url": base64.b64encode(told.encode()).decode()}}

    def import_record(self, record: Json) -> Json:
        """Known under the same id, with what the record says; the rest is read from the store."""
        told = json.loads(base64.b64decode(record["backup_url"]))
        key = told["id"]
        if key in self.backups:
            self.refuse(400, "Backup already exists in database.")
        self.backups[key] = Backup(key, "", "creating", "0000", 0, metadata=told["metadata"])
        self.later("imported", key)
        return {"backup": {"id": key}}

    def update_backup(self, backup_id: str, backup: Json) -> None:
        """Metadata: all others go."""
        self.find(backup_id, "Backup")
        self.change(backup_id, **backup)

    def restore(self, backup_id: str, restore: Json) -> Json:
        """Into a volume that is free and large enough, if the whole chain is known and there."""
        backup, volume = self.find(backup_id, "Backup"), self.find(restore["volume_id"], "Volume")
        if backup.status != "available" or volume.status != "available" or volume.size < backup.size:
            self.refuse(400, f"the backup is {backup.status}, the volume {volume.status} of {volume.size} GiB")
        whole = self._is_whole(backup_id)
        self.change(volume.id, status="restoring-backup")
        self.change(backup_id, status="restoring")
        self.contents[volume.id] = "half of a restore"
        self.later("becomes", backup_id, "restoring", "available")
        self.later("restored" if whole else "not_restored", volume.id, backup_id)
        return {"restore": {"volume_id": volume.id}}

    def _is_whole(self, backup_id: str | None) -> bool:
        while backup_id:
            known = self.backups.get(backup_id)
            if known is None or known.status == "error" or backup_id not in self.store:
                return False
            backup_id = self.store[backup_id].parent
        return True

    def erased(self, backup_id: str) -> None:
        """An end: the data in the store is gone."""
        self.store.pop(backup_id, None)

    def imported(self, backup_id: str) -> None:
        """An end: all is known that the record tells."""
        if backup_id in self.backups and self.backups[backup_id].status == "creating":
            saved, known = self.store.get(backup_id), self.backups[backup_id]
            whole = replace(saved.backup, status="available", metadata=known.metadata) if saved else None
            self.backups[backup_id] = whole or replace(known, status="error")

    def restored(self, volume_id: str, backup_id: str) -> None:
        """An end. With metadata and image properties of the source, if it had any; a name that is there stays.

        See cinder/backup/driver.py, put_metadata, and for the id of the backup cinder/backup/manager.py.
        """
        volume = self.volumes.get(volume_id)
        if volume is None or volume.status != "restoring-backup":
            return
        source = self.store[backup_id].source
        metadata = {**(source.metadata or volume.metadata), "src_backup_id": backup_id}
        boots = {"image_metadata": source.image_metadata, "bootable": True} if source.image_metadata else {}
        self.change(volume_id, status="available", name=volume.name or source.name, metadata=metadata, **boots)
        self.contents[volume_id] = self.store[backup_id].contents

    def not_restored(self, volume_id: str, backup_id: str) -> None:
        """An end: a link of the chain was missing."""
        self.becomes(volume_id, "restoring-backup", "error_restoring")
