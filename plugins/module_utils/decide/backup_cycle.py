# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of one recovery point by Cinder backups, without those that an earlier run has done already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..plan import Ref, Step, Until
from .cycle import Cycle
from .replicas import REPLICA, ROLE, STATE

_AVAILABLE = frozenset({"available"})
_CREATING = frozenset({"creating"})

#: A snapshot is "backing-up" while a backup is made of it, a backup "restoring" while it is restored.
_SNAPSHOT_BUSY = frozenset({"creating", "backing-up"})
_BACKUP_BUSY = frozenset({"creating", "restoring"})


@dataclass(frozen=True)
class BackupCycle(Cycle):
    """Makes a recovery point."""

    def steps(self) -> Iterator[Step]:
        """Stage by stage for all disks, so that the clouds work on all of them at the same time."""
        for stage in (self._snapshot, self._backup, self._transfer, self._make, self._restore, self._finish):
            done = [stage(disk) for disk in self.server.disks]
            yield from (step for requests, _waits in done for step in requests)
            yield from (step for _requests, waits in done for step in waits)
        yield from (self._mark_complete(disk) for disk in self.server.disks)

    def _snapshot(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self.found(self.what.snapshots, disk)
        args = {"volume_id": self.sources[disk].volume_id, "name": self.name(disk), "metadata": self.marks(disk)}
        make = Step(
            "create_snapshot", f"snapshot {self.label(disk)} at site A", args, result=f"snapshot {disk}", cloud="a"
        )
        until = Until("snapshot", self.id_of("snapshot", disk, found), _AVAILABLE, _SNAPSHOT_BUSY)
        wait = Step("wait", f"wait for the snapshot of {self.label(disk)}", until=until, cloud="a")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _backup(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self.found(self.what.backups_a, disk)
        snapshot = self.id_of("snapshot", disk, self.found(self.what.snapshots, disk))
        incremental = self.may_be_incremental(disk)
        kind = "incremental" if incremental else "full"
        args = {
            "volume_id": self.sources[disk].volume_id,
            "snapshot_id": snapshot,
            "name": self.name(disk),
            "incremental": incremental,
            "metadata": self.marks(disk),
        }
        make = Step("create_backup", f"back {self.label(disk)} up ({kind})", args, result=f"backup {disk}", cloud="a")
        until = Until("backup", self.id_of("backup", disk, found), _AVAILABLE, _BACKUP_BUSY)
        wait = Step("wait", f"wait for the backup of {self.label(disk)}", until=until, cloud="a")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _transfer(self, disk: str) -> tuple[list[Step], list[Step]]:
        """The record of a backup carries its id, so site B knows it under the same one."""
        found = self.found(self.what.backups_a, disk)
        there = next((b for b in self.what.backups_b if found and b.id == found.id), None)
        backup_id = self.id_of("backup", disk, found)
        label = self.label(disk)
        record = Ref(f"record {disk}", "backup-record")
        requests = [
            Step(
                "export_backup",
                f"export the record of {label}",
                {"backup_id": backup_id},
                None,
                f"record {disk}",
                "a_admin",
            ),
            Step("import_backup", f"import the record of {label} at site B", {"record": record}, cloud="b_admin"),
        ]
        until = Until("backup", backup_id, _AVAILABLE, _BACKUP_BUSY)
        wait = Step("wait", f"wait for the imported backup of {label}", until=until, cloud="b_admin")
        return [] if there else requests, [] if there and there.status in ("available", "restoring") else [wait]

    def _make(self, disk: str) -> tuple[list[Step], list[Step]]:
        """An empty volume, known by its marks until its id is noted at the snapshot.

        A restore replaces name and metadata of a volume by those of the source (cinder/backup/driver.py). A volume made
        *from* the backup would be lost to a run that was killed before it could note the id.
        """
        found, label = self.replica(disk), self.label(disk)
        wanted = next(d for d in self.server.at_b.disks if d.tag == disk)
        args = {
            "name": self.name(disk),
            "size": self.source(disk).size,
            "volume_type": wanted.volume_type,
            "availability_zone": wanted.availability_zone,
            "metadata": {**self.marks(disk), ROLE: "replica", STATE: "copying"},
        }
        make = Step("create_volume", f"make a replica volume for {label} at site B", args, None, f"replica {disk}", "b")
        replica_id = self.id_of("replica", disk, found)
        until = Until("volume", replica_id, _AVAILABLE, _CREATING)
        wait = Step("wait", f"wait for the replica volume of {label}", until=until, cloud="b")
        snapshot_id = self.id_of("snapshot", disk, self.found(self.what.snapshots, disk))
        note = {"snapshot_id": snapshot_id, "metadata": {REPLICA: replica_id}}
        noted = Step("set_snapshot_metadata", f"note the replica of {label} at its snapshot", note, cloud="a")
        is_there = found is not None and found.status != "creating"
        is_noted = found is not None and self.noted(disk) == found.id
        return [] if found else [make], [*([] if is_there else [wait]), *([] if is_noted else [noted])]

    def _restore(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A replica that is available and still has its own marks was not restored, or its source has no metadata."""
        found, label = self.replica(disk), self.label(disk)
        backup = self.id_of("backup", disk, self.found(self.what.backups_a, disk))
        replica_id = self.id_of("replica", disk, found)
        args = {"backup_id": backup, "volume_id": replica_id}
        restore = Step("restore_backup", f"restore {label} into its replica at site B", args, cloud="b")
        until = Until("volume", replica_id, _AVAILABLE, frozenset({"restoring-backup"}))
        wait = Step("wait", f"wait for the replica of {label}", until=until, cloud="b")
        is_begun = found is not None and found.status == "restoring-backup"
        is_done = found is not None and found.status == "available" and found.metadata.get(STATE) != "copying"
        return [] if is_begun or is_done else [restore], [] if is_done else [wait]

    def _finish(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A restored volume has the name of its source, and may lack what booting needs: flag and image properties."""
        replica, label = self.id_of("replica", disk, self.replica(disk)), self.label(disk)
        rename = Step(
            "update_volume", f"name the replica of {label}", {"volume_id": replica, "name": self.name(disk)}, cloud="b"
        )
        if disk != "root":
            return [rename], []
        bootable = Step("set_bootable", f"mark the replica of {label} bootable", {"volume_id": replica}, cloud="b")
        properties = dict(self.source(disk).image_metadata)
        args = {"volume_id": replica, "metadata": properties}
        carry = Step("set_image_metadata", f"carry the image properties of {label} over", args, cloud="b")
        return [rename, bootable, *([carry] if properties else [])], []

    def _mark_complete(self, disk: str) -> Step:
        marks = {**self.marks(disk), ROLE: "replica", STATE: "complete"}
        args = {"volume_id": self.id_of("replica", disk, self.replica(disk)), "metadata": marks}
        return Step("set_volume_metadata", f"mark the replica of {self.label(disk)} complete", args, cloud="b")
