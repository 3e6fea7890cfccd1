# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of one recovery point by Cinder backups, without those that an earlier run has done already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .....data.marks import REPLICA, RESTORED, ROLE, STATE, without
from .....data.parts import Part
from .....data.steps import Ref, Step, Until, for_part
from .cycle import BackupCycle

_AVAILABLE = frozenset({"available"})
_CREATING = frozenset({"creating"})

#: A snapshot is "backing-up" while a backup is made of it, a backup "restoring" while it is restored.
_SNAPSHOT_BUSY = frozenset({"creating", "backing-up"})
_BACKUP_BUSY = frozenset({"creating", "restoring"})


@dataclass(frozen=True)
class Making(BackupCycle):
    """Makes a recovery point."""

    def steps(self) -> Iterator[Step]:
        """Stage by stage for all disks, so that the clouds work on all of them at the same time."""
        yield from for_part(Part.SNAPSHOT, self._stage(self._snapshot))
        yield from for_part(Part.BACKUP, self._stage(self._backup))
        for stage in (self._transfer, self._make, self._restore, self._finish):
            yield from for_part(Part.RESTORE, self._stage(stage))
        yield from for_part(Part.RESTORE, (self._mark_complete(disk) for disk in self.server.disks))

    def _stage(self, stage: Callable[[str], tuple[list[Step], list[Step]]]) -> Iterator[Step]:
        """All requests first, then all waits."""
        done = [stage(disk) for disk in self.server.disks]
        yield from (step for requests, _waits in done for step in requests)
        yield from (step for _requests, waits in done for step in waits)

    def _snapshot(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self.found(self.made.snapshots, disk)
        args = {"volume_id": self.sources[disk].volume_id, "name": self.name(disk), "metadata": self.marks(disk)}
        make = Step(
            "create_snapshot",
            f"snapshot {self.label(disk)} at the source",
            args,
            result=f"snapshot {disk}",
            cloud="source",
        )
        until = Until("snapshot", self.id_of("snapshot", disk, found), _AVAILABLE, _SNAPSHOT_BUSY)
        wait = Step("wait", f"wait for the snapshot of {self.label(disk)}", until=until, cloud="source")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _backup(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self.found(self.made.at_source, disk)
        snapshot = self.id_of("snapshot", disk, self.found(self.made.snapshots, disk))
        incremental = self.may_be_incremental(disk)
        kind = "incremental" if incremental else "full"
        args = {
            "volume_id": self.sources[disk].volume_id,
            "snapshot_id": snapshot,
            "name": self.name(disk),
            "incremental": incremental,
            "metadata": self.marks(disk),
        }
        make = Step(
            "create_backup", f"back {self.label(disk)} up ({kind})", args, result=f"backup {disk}", cloud="source"
        )
        until = Until("backup", self.id_of("backup", disk, found), _AVAILABLE, _BACKUP_BUSY)
        wait = Step("wait", f"wait for the backup of {self.label(disk)}", until=until, cloud="source")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _transfer(self, disk: str) -> tuple[list[Step], list[Step]]:
        """The record of a backup carries its id, so the target knows it under the same one."""
        found = self.found(self.made.at_source, disk)
        there = self.imported(disk)
        backup_id = self.id_of("backup", disk, found)
        label = self.label(disk)
        record = Ref(f"record {disk}", "backup-record")
        requests = [
            Step(
                "export_backup",
                f"export the record of {label}",
                {"backup_id": backup_id},
                result=f"record {disk}",
                cloud="source_admin",
                only_reads=True,
            ),
            Step(
                "import_backup",
                f"import the record of {label} at the target",
                {"record": record, "metadata": self.marks(disk)},
                cloud="target_admin",
            ),
        ]
        until = Until("backup", backup_id, _AVAILABLE, _BACKUP_BUSY)
        wait = Step("wait", f"wait for the imported backup of {label}", until=until, cloud="target_admin")
        return [] if there else requests, [] if there and there.status in ("available", "restoring") else [wait]

    def _make(self, disk: str) -> tuple[list[Step], list[Step]]:
        """An empty volume, known by its marks until its id is noted at the imported backup.

        A restore replaces name and metadata of a volume by those of the source (cinder/backup/driver.py). A volume made
        *from* the backup would be lost to a run that was killed before it could note the id. The note is at the target:
        what the source says never decides which volume of the target is a replica.
        """
        found, label = self.replica(disk), self.label(disk)
        wanted = next(d for d in self.server.twin.disks if d.tag == disk)
        args = {
            "name": self.name(disk),
            "size": self.source(disk).size,
            "volume_type": wanted.volume_type,
            "availability_zone": wanted.availability_zone,
            "metadata": {**self.marks(disk), ROLE: "replica", STATE: "copying"},
        }
        make = Step(
            "create_volume", f"make a replica volume for {label} at the target", args, None, f"replica {disk}", "target"
        )
        replica_id = self.id_of("replica", disk, found)
        until = Until("volume", replica_id, _AVAILABLE, _CREATING)
        wait = Step("wait", f"wait for the replica volume of {label}", until=until, cloud="target")
        backup, backup_id = self.imported(disk), self.id_of("backup", disk, self.found(self.made.at_source, disk))
        note = {"backup_id": backup_id, "metadata": {**self.marks(disk), REPLICA: replica_id}}
        noted = Step(
            "set_backup_metadata", f"note the replica of {label} at its backup at the target", note, cloud="target"
        )
        is_there = found is not None and found.status != "creating"
        is_noted = found is not None and backup is not None and backup.marks.replica == found.id
        return [] if found else [make], [*([] if is_there else [wait]), *([] if is_noted else [noted])]

    def _restore(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A replica that still has the marks that it was made with was not restored: Cinder says when it was."""
        found, label = self.replica(disk), self.label(disk)
        backup = self.id_of("backup", disk, self.found(self.made.at_source, disk))
        replica_id = self.id_of("replica", disk, found)
        args = {"backup_id": backup, "volume_id": replica_id}
        restore = Step("restore_backup", f"restore {label} into its replica at the target", args, cloud="target")
        until = Until("volume", replica_id, _AVAILABLE, frozenset({"restoring-backup"}))
        wait = Step("wait", f"wait for the replica of {label}", until=until, cloud="target")
        is_begun = found is not None and found.status == "restoring-backup"
        is_done = found is not None and found.status == "available" and found.marks.state != "copying"
        return [] if is_begun or is_done else [restore], [] if is_done else [wait]

    def _finish(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A restored volume has the name of its source, and may lack what booting needs: flag and image properties."""
        replica, label = self.id_of("replica", disk, self.replica(disk)), self.label(disk)
        rename = Step(
            "update_volume",
            f"name the replica of {label}",
            {"volume_id": replica, "name": self.name(disk)},
            cloud="target",
        )
        if disk != "root":
            return [rename], []
        bootable = Step("set_bootable", f"mark the replica of {label} bootable", {"volume_id": replica}, cloud="target")
        properties = dict(self.source(disk).image_metadata)
        args = {"volume_id": replica, "metadata": properties}
        carry = Step("set_image_metadata", f"carry the image properties of {label} over", args, cloud="target")
        return [rename, bootable, *([carry] if properties else [])], []

    def _mark_complete(self, disk: str) -> Step:
        """All metadata are replaced: what the restore brought was about another volume. Those of the user stay."""
        replica = self.id_of("replica", disk, self.replica(disk))
        backup = self.id_of("backup", disk, self.found(self.made.at_source, disk))
        marks = {**self.complete_marks(disk, replica), RESTORED: backup}
        args = {"volume_id": replica, "metadata": {**without(self.source(disk).metadata), **marks}}
        return Step("replace_volume_metadata", f"mark the replica of {self.label(disk)} complete", args, cloud="target")
