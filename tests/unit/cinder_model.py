# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Cinders of two sites in memory, with the rules that a cycle of replication meets; everything takes time there.

What is asked for is "creating" until somebody waits for it, or until `Cinders.time_passes`. A restore gives the new
volume name and metadata of its source when it ends, as cinder/backup/driver.py does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import resolve
from ansible_collections.standby.openstack.plugins.module_utils.decide.cycle import Replication
from ansible_collections.standby.openstack.plugins.module_utils.model import Backup, Snapshot, Volume
from ansible_collections.standby.openstack.plugins.module_utils.plan import Step, Until
from builders import GUARDED, nothing, seen, volume
from recovery_builders import CREATED, PREPARED


class Rejected(Exception):
    """Cinder answers 400 or 404."""


#: The volumes of the server at site A. They carry marks of their own, as everything does that the plan made.
SOURCES = {
    "vol-root": volume(
        "vol-root",
        name="db-root",
        status="in-use",
        attached_to=("srv",),
        image_metadata={"hw_disk_bus": "virtio"},
        metadata={"standby_plan": "shop", "standby_server": "db", "standby_disk": "root"},
    ),
    "vol-data": volume(
        "vol-data",
        name="db-data",
        status="in-use",
        size=2,
        bootable=False,
        attached_to=("srv",),
        metadata={"standby_plan": "shop", "standby_server": "db", "standby_disk": "data"},
    ),
}


class Cinders:
    """Snapshots and backups of site A, backups and volumes of site B. ``contents`` tells what a thing holds."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Snapshot] = {}
        self.backups: dict[str, dict[str, Backup]] = {"a": {}, "b": {}}
        self.volumes: dict[str, Volume] = {}
        self.parents: dict[str, str | None] = {}
        self.contents: dict[str, str] = {}
        self.made_from: dict[str, str] = {}
        self.log: list[str] = []
        self.count = 0
        self.data = "data of the beginning"
        self.sent = ""

    def seen(self, **changes: Any) -> Replication:
        """What a cycle looks at; the newest first, as Cinder lists."""
        source = replace(seen(), volumes=SOURCES)
        lists = [self.snapshots, self.backups["a"], self.backups["b"], self.volumes]
        found = [tuple(reversed(list(items.values()))) for items in lists]
        return replace(Replication(source, nothing(GUARDED), *found, woken=PREPARED), **changes)

    def run(self, steps: tuple[Step, ...], stop_after: int | None = None) -> None:
        """Carries out steps as `apply.converge` does, or only the first of them: the rest was killed."""
        answers: dict[str, Any] = {}
        for step in steps[:stop_after]:
            ready = resolve(step, answers)
            answer = {} if step.verb == "wait" else self.perform(ready)
            if step.result:
                answers[step.result] = answer
            until = resolve(step, answers).until
            if until:
                self.wait(until, step.cloud[0])

    def perform(self, step: Step) -> Any:
        """One request at the cloud that the step names."""
        self.log.append(step.text)
        self.sent = step.cloud
        assert step.cloud.startswith("b") == (step.verb in AT_B) or step.verb == "delete_backup", step
        return getattr(self, step.verb)(**step.args)

    def wait(self, until: Until, site: str) -> None:
        """Until it is what is waited for; a state that is not on the way fails."""
        before = self._status(until, site)
        if before not in until.target | until.pending:
            raise Rejected(f"{until.kind} {until.id} is {before}: neither wanted nor on the way")
        self.time_passes()
        if self._status(until, site) not in until.target:
            raise Rejected(f"{until.kind} {until.id} is {self._status(until, site)}, not {sorted(until.target)}")

    def _status(self, until: Until, site: str) -> str:
        lists = {"snapshot": self.snapshots, "volume": self.volumes, "backup": self.backups[site]}
        found = lists[until.kind].get(until.id)
        return found.status if found else "gone"

    def time_passes(self) -> None:
        """Everything that was begun comes to its end, restores with the name and metadata of the source."""
        self.snapshots = dict(_settled(self.snapshots))
        known = {key: self.backups["a"].get(key, backup) for key, backup in self.backups["b"].items()}
        for key, backup in self.backups["b"].items():
            if backup.status == "creating":
                self.backups["b"][key] = replace(known[key], status="creating")
        self.backups = {site: dict(_settled(backups)) for site, backups in self.backups.items()}
        for key, found in list(self.volumes.items()):
            if found.status == "creating":
                self.volumes[key] = replace(found, status="available")
            elif found.status == "restoring-backup":
                source = SOURCES[self.made_from.pop(key)]
                self.volumes[key] = replace(found, status="available", name=source.name, metadata=source.metadata)
            elif found.status == "deleting":
                del self.volumes[key]

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def create_snapshot(self, volume_id: str, name: str, metadata: Mapping[str, str]) -> Any:
        made = Snapshot(self._id("snapshot"), name, "creating", volume_id, 1, dict(metadata))
        self.snapshots[made.id] = made
        self.contents[made.id] = f"{self.data} of {volume_id}"
        return {"id": made.id}

    def set_snapshot_metadata(self, snapshot_id: str, metadata: Mapping[str, str]) -> None:
        old = self.snapshots[snapshot_id]
        self.snapshots[snapshot_id] = replace(old, metadata={**old.metadata, **metadata})

    def delete_snapshot(self, snapshot_id: str) -> None:
        if self.snapshots[snapshot_id].status not in ("available", "error"):
            raise Rejected("a snapshot that is busy")
        del self.snapshots[snapshot_id]

    def create_backup(
        self, volume_id: str, snapshot_id: str, name: str, incremental: bool, metadata: Mapping[str, str]
    ) -> Any:
        if self.snapshots[snapshot_id].status != "available":
            raise Rejected("no backup of a snapshot that is not available")
        ready = [b for b in self.backups["a"].values() if b.volume_id == volume_id and b.status == "available"]
        if incremental and not ready:
            raise Rejected("No backups available to do an incremental backup.")
        key = self._id("backup")
        self.parents[key] = max(ready, key=lambda b: b.data_timestamp).id if incremental else None
        self.snapshots[snapshot_id] = replace(self.snapshots[snapshot_id], status="backing-up")
        moments = (f"{self.count:06}", f"{int(snapshot_id.partition('-')[2]):06}")
        made = Backup(key, name, "creating", volume_id, 1, incremental, False, dict(metadata), *moments)
        self.backups["a"][key] = made
        self.contents[key] = self.contents[snapshot_id]
        return {"id": key}

    def export_backup(self, backup_id: str) -> Any:
        if self.backups["a"][backup_id].status != "available":
            raise Rejected("no record of a backup that is not available")
        return {"backup-record": backup_id}

    def import_backup(self, record: str) -> None:
        if record in self.backups["b"]:
            raise Rejected("the record is known already")
        self.backups["b"][record] = Backup(record, "", "creating", "0000", 0)

    def delete_backup(self, backup_id: str) -> None:
        there = self.backups[self.sent[0]]
        if there[backup_id].status not in ("available", "error"):
            raise Rejected("a backup that is busy")
        if any(self.parents[other] == backup_id for other in there):
            raise Rejected("Incremental backups exist for this backup.")
        there[backup_id] = replace(there[backup_id], status="deleting")

    def create_volume(self, name: str, size: int, metadata: Mapping[str, str], **_more: Any) -> Any:
        made = Volume(self._id("volume"), name, "creating", size, metadata=dict(metadata), created_at=CREATED)
        self.volumes[made.id] = made
        return {"id": made.id}

    def restore_backup(self, backup_id: str, volume_id: str) -> None:
        chain: str | None = backup_id
        while chain:
            if chain not in self.backups["b"] or self.backups["b"][chain].status != "available":
                raise Rejected(f"site B does not know backup {chain}")
            chain = self.parents[chain]
        source = self.backups["b"][backup_id].volume_id
        if self.volumes[volume_id].size < SOURCES[source].size:
            raise Rejected("too small")
        self._change(volume_id, status="restoring-backup")
        self.backups["b"][backup_id] = replace(self.backups["b"][backup_id], status="restoring")
        self.made_from[volume_id] = source
        self.contents[volume_id] = self.contents[backup_id]

    def update_volume(self, volume_id: str, name: str) -> None:
        self._change(volume_id, name=name)

    def set_bootable(self, volume_id: str) -> None:
        self._change(volume_id, bootable=True)

    def set_image_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self._change(volume_id, image_metadata=dict(metadata))

    def set_volume_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self._change(volume_id, metadata={**self.volumes[volume_id].metadata, **metadata})

    def _change(self, volume_id: str, **changes: Any) -> None:
        if self.volumes[volume_id].status != "available":
            raise Rejected("a volume that is not available")
        self.volumes[volume_id] = replace(self.volumes[volume_id], **changes)

    def delete_volume(self, volume_id: str) -> None:
        old = self.volumes[volume_id]
        if old.status not in ("available", "error", "error_restoring") or old.attached_to:
            raise Rejected("a volume that is in use")
        self.volumes[volume_id] = replace(old, status="deleting")


#: Verbs that are for site B only.
AT_B = {
    "import_backup",
    "create_volume",
    "restore_backup",
    "update_volume",
    "set_bootable",
    "set_image_metadata",
    "set_volume_metadata",
    "delete_volume",
}


def _settled(items: Mapping[str, Any]) -> Any:
    for key, item in items.items():
        if item.status != "deleting":
            busy = item.status in ("creating", "backing-up", "restoring")
            yield key, replace(item, status="available") if busy else item
