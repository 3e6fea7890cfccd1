# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of one recovery point by Cinder backups, without those that an earlier run has done already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..model import Attachment, Backup, Seen, Snapshot, Volume
from ..plan import Ref, Step, Until
from .backup_chain import history, may_grow, needed_by_others
from .recovery_plan import PlanServer, RecoveryPlan
from .replicas import DISK, PLAN, POINT, REPLICA, ROLE, SERVER, STATE, points_of

_AVAILABLE = frozenset({"available"})
_CREATING = frozenset({"creating"})

#: A snapshot is "backing-up" while a backup is made of it, a backup "restoring" while it is restored.
_SNAPSHOT_BUSY = frozenset({"creating", "backing-up"})
_BACKUP_BUSY = frozenset({"creating", "restoring"})

#: States in which Cinder deletes a volume (cinder/volume/api.py, delete) that a replica may be in.
_DELETABLE = frozenset({"available", "error", "error_restoring"})


@dataclass(frozen=True)
class Replication:
    """What a cycle for one server looks at: the server at A, the twin at B, and all that earlier cycles left.

    :param woken: when the twin was last made or unshelved, by the clock of site B; None if there is no twin to tell.
    """

    seen_a: Seen
    twin: Seen
    snapshots: tuple[Snapshot, ...]
    backups_a: tuple[Backup, ...]
    backups_b: tuple[Backup, ...]
    volumes_b: tuple[Volume, ...]
    woken: str | None


def mine(items: Iterable[Any], plan: RecoveryPlan, server: PlanServer) -> list[Any]:
    """The snapshots, backups or volumes that a cycle for this server of this plan made: no others have all marks."""
    marks = {PLAN: plan.name, SERVER: server.name}
    found = (i for i in items if all(i.metadata.get(key) == value for key, value in marks.items()))
    return [item for item in found if POINT in item.metadata]


def one(items: Iterable[Any], time: str, disk: str) -> Any:
    """The item of this recovery point and disk that did not fail, or None."""
    found = (i for i in items if i.metadata.get(POINT) == time and i.metadata.get(DISK) == disk)
    return next((i for i in found if not i.status.startswith("error")), None)


@dataclass(frozen=True)
class BackupCycle:
    """One recovery point of one server.

    :param time: the recovery point.
    :param sources: by disk its attachment at site A.
    """

    what: Replication
    plan: RecoveryPlan
    server: PlanServer
    time: str
    sources: dict[str, Attachment]

    def steps(self) -> Iterator[Step]:
        """Stage by stage for all disks, so that the clouds work on all of them at the same time."""
        for stage in (self._snapshot, self._backup, self._transfer, self._make, self._restore, self._finish):
            done = [stage(disk) for disk in self.server.disks]
            yield from (step for requests, _waits in done for step in requests)
            yield from (step for _requests, waits in done for step in waits)
        yield from (self._mark_complete(disk) for disk in self.server.disks)

    def _snapshot(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self._found(self.what.snapshots, disk)
        args = {"volume_id": self.sources[disk].volume_id, "name": self._name(disk), "metadata": self._marks(disk)}
        make = Step(
            "create_snapshot", f"snapshot {self._label(disk)} at site A", args, result=f"snapshot {disk}", cloud="a"
        )
        until = Until("snapshot", self._id("snapshot", disk, found), _AVAILABLE, _SNAPSHOT_BUSY)
        wait = Step("wait", f"wait for the snapshot of {self._label(disk)}", until=until, cloud="a")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _backup(self, disk: str) -> tuple[list[Step], list[Step]]:
        found = self._found(self.what.backups_a, disk)
        snapshot = self._id("snapshot", disk, self._found(self.what.snapshots, disk))
        incremental = self._may_be_incremental(disk)
        kind = "incremental" if incremental else "full"
        args = {
            "volume_id": self.sources[disk].volume_id,
            "snapshot_id": snapshot,
            "name": self._name(disk),
            "incremental": incremental,
            "metadata": self._marks(disk),
        }
        make = Step("create_backup", f"back {self._label(disk)} up ({kind})", args, result=f"backup {disk}", cloud="a")
        until = Until("backup", self._id("backup", disk, found), _AVAILABLE, _BACKUP_BUSY)
        wait = Step("wait", f"wait for the backup of {self._label(disk)}", until=until, cloud="a")
        return [] if found else [make], [] if found and found.status == "available" else [wait]

    def _may_be_incremental(self, disk: str) -> bool:
        past = history(self.what.backups_a, self.sources[disk].volume_id)
        return may_grow(past, self.what.backups_b, self.plan.name, self.plan.full_every)

    def _transfer(self, disk: str) -> tuple[list[Step], list[Step]]:
        """The record of a backup carries its id, so site B knows it under the same one."""
        found = self._found(self.what.backups_a, disk)
        there = next((b for b in self.what.backups_b if found and b.id == found.id), None)
        backup_id = self._id("backup", disk, found)
        label = self._label(disk)
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
        found, label = self._replica(disk), self._label(disk)
        wanted = next(d for d in self.server.at_b.disks if d.tag == disk)
        args = {
            "name": self._name(disk),
            "size": self._source(disk).size,
            "volume_type": wanted.volume_type,
            "availability_zone": wanted.availability_zone,
            "metadata": {**self._marks(disk), ROLE: "replica", STATE: "copying"},
        }
        make = Step("create_volume", f"make a replica volume for {label} at site B", args, None, f"replica {disk}", "b")
        replica_id = self._id("replica", disk, found)
        until = Until("volume", replica_id, _AVAILABLE, _CREATING)
        wait = Step("wait", f"wait for the replica volume of {label}", until=until, cloud="b")
        snapshot_id = self._id("snapshot", disk, self._found(self.what.snapshots, disk))
        note = {"snapshot_id": snapshot_id, "metadata": {REPLICA: replica_id}}
        noted = Step("set_snapshot_metadata", f"note the replica of {label} at its snapshot", note, cloud="a")
        is_there = found is not None and found.status != "creating"
        is_noted = found is not None and self._noted(disk) == found.id
        return [] if found else [make], [*([] if is_there else [wait]), *([] if is_noted else [noted])]

    def _restore(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A replica that is available and still has its own marks was not restored, or its source has no metadata."""
        found, label = self._replica(disk), self._label(disk)
        backup = self._id("backup", disk, self._found(self.what.backups_a, disk))
        replica_id = self._id("replica", disk, found)
        args = {"backup_id": backup, "volume_id": replica_id}
        restore = Step("restore_backup", f"restore {label} into its replica at site B", args, cloud="b")
        until = Until("volume", replica_id, _AVAILABLE, frozenset({"restoring-backup"}))
        wait = Step("wait", f"wait for the replica of {label}", until=until, cloud="b")
        is_begun = found is not None and found.status == "restoring-backup"
        is_done = found is not None and found.status == "available" and found.metadata.get(STATE) != "copying"
        return [] if is_begun or is_done else [restore], [] if is_done else [wait]

    def _finish(self, disk: str) -> tuple[list[Step], list[Step]]:
        """A restored volume has the name of its source, and may lack what booting needs: flag and image properties."""
        replica, label = self._id("replica", disk, self._replica(disk)), self._label(disk)
        rename = Step(
            "update_volume", f"name the replica of {label}", {"volume_id": replica, "name": self._name(disk)}, cloud="b"
        )
        if disk != "root":
            return [rename], []
        bootable = Step("set_bootable", f"mark the replica of {label} bootable", {"volume_id": replica}, cloud="b")
        properties = dict(self._source(disk).image_metadata)
        args = {"volume_id": replica, "metadata": properties}
        carry = Step("set_image_metadata", f"carry the image properties of {label} over", args, cloud="b")
        return [rename, bootable, *([carry] if properties else [])], []

    def _mark_complete(self, disk: str) -> Step:
        marks = {**self._marks(disk), ROLE: "replica", STATE: "complete"}
        args = {"volume_id": self._id("replica", disk, self._replica(disk)), "metadata": marks}
        return Step("set_volume_metadata", f"mark the replica of {self._label(disk)} complete", args, cloud="b")

    def tidy(self, replicas: list[Volume]) -> Iterator[Step]:
        """Removes what this recovery point makes superfluous, our own only: snapshots, old and failed replicas.

        A replica in use is never touched, nor one on which site B may have run: it holds what was written there.
        """
        for snapshot in mine(self.what.snapshots, self.plan, self.server):
            if snapshot.status != "deleting":
                yield self._drop_snapshot(snapshot.name, snapshot.id)
        for disk in self.server.disks:
            if self._makes(disk):
                yield self._drop_snapshot(self._name(disk), Ref(f"snapshot {disk}"))
        kept = self._kept(replicas)
        for volume in replicas:
            if volume.id not in kept and volume.status in _DELETABLE and self._never_used(volume):
                yield Step("delete_volume", f"delete replica {volume.name}", {"volume_id": volume.id}, cloud="b")
        for disk in self.server.disks:
            yield from self._drop_old_chains(disk)

    def _never_used(self, volume: Volume) -> bool:
        """A complete replica was never used only if it was made after the twin was last made or brought up."""
        if volume.attached_to:
            return False
        if volume.metadata.get(STATE) != "complete":
            return True
        return self.what.woken is not None and _moment(volume.created_at) > _moment(self.what.woken)

    def _kept(self, replicas: list[Volume]) -> set[str]:
        """Ids of the volumes of this recovery point and of the newest complete ones before it."""
        others = [point for point in points_of(replicas) if point.time != self.time]
        kept = [point for point in others if point.complete(self.server.disks)][: self.plan.keep - 1]
        now = {replica.id for disk in self.server.disks if (replica := self._replica(disk))}
        return now | {volume.id for point in kept for volume in point.volumes.values()}

    def _drop_old_chains(self, disk: str) -> Iterator[Step]:
        """Backups from before the newest full one that both sites know; newest first, for they depend on older ones.

        No recovery point needs them: each is a volume of its own. At site A last: what is known there is found again.
        """
        ours = [b for b in mine(self.what.backups_a, self.plan, self.server) if b.metadata.get(DISK) == disk]
        newest_full = self._newest_full(disk, ours)
        past = history(self.what.backups_a, self.sources[disk].volume_id)
        needed = needed_by_others(past, self.plan.name)
        old = [backup for backup in ours if backup.metadata[POINT] < newest_full and backup.id not in needed]
        at_b = {backup.id: backup for backup in self.what.backups_b}
        for backup in sorted(old, key=lambda b: b.metadata[POINT], reverse=True):
            if backup.id in at_b:
                yield _drop_backup(at_b[backup.id], backup.name, "b")
            yield _drop_backup(backup, backup.name, "a")

    def _newest_full(self, disk: str, ours: list[Backup]) -> str:
        """The recovery point of the newest full backup that both sites know, once the steps of this cycle are done."""
        made = self._found(ours, disk)
        if made is None and self._replica(disk) is None and not self._may_be_incremental(disk):
            return self.time
        if made and not made.incremental:
            return self.time
        at_b = {backup.id for backup in self.what.backups_b if backup.status == "available"}
        full = [b.metadata[POINT] for b in ours if not b.incremental and b.status == "available" and b.id in at_b]
        return max(full, default="")

    def _drop_snapshot(self, name: str, snapshot_id: Any) -> Step:
        return Step("delete_snapshot", f"delete snapshot {name}", {"snapshot_id": snapshot_id}, cloud="a")

    def _makes(self, disk: str) -> bool:
        """Whether this cycle takes the snapshot: not if it was found, nor if the recovery point is complete already."""
        return self._found(self.what.snapshots, disk) is None and self._replica(disk) is None

    def _source(self, disk: str) -> Volume:
        return self.what.seen_a.volumes[self.sources[disk].volume_id]

    def _replica(self, disk: str) -> Volume | None:
        """The replica by its marks, or while it has none by the note at the snapshot."""
        noted = self._noted(disk)
        by_note = (v for v in self.what.volumes_b if v.id == noted and not v.status.startswith("error"))
        return self._found(self.what.volumes_b, disk) or next(by_note, None)

    def _noted(self, disk: str) -> str | None:
        """What an earlier run noted at the snapshot."""
        snapshot = self._found(self.what.snapshots, disk)
        return snapshot.metadata.get(REPLICA) if snapshot else None

    def _found(self, items: Iterable[Any], disk: str) -> Any:
        return one(mine(items, self.plan, self.server), self.time, disk)

    def _id(self, kind: str, disk: str, found: Any) -> Any:
        return found.id if found else Ref(f"{kind} {disk}")

    def _name(self, disk: str) -> str:
        return f"{self.plan.name}-{self.server.name}-{disk}-{self.time}"

    def _label(self, disk: str) -> str:
        return f"{self.server.name}/{disk}"

    def _marks(self, disk: str) -> dict[str, str]:
        return {PLAN: self.plan.name, SERVER: self.server.name, DISK: disk, POINT: self.time}


def _drop_backup(backup: Backup, name: str, cloud: str) -> Step:
    """One that is being deleted already is only waited for: Cinder answers 400 to a second request."""
    until = Until("backup", backup.id, frozenset({"gone"}), frozenset({"available", "deleting"}))
    if backup.status == "deleting":
        return Step("wait", f"wait until backup {name} is gone at site {cloud}", until=until, cloud=cloud)
    text = f"delete backup {name} at site {cloud}"
    return Step("delete_backup", text, {"backup_id": backup.id}, until, cloud=cloud)


def _moment(text: str) -> str:
    """A time of Nova or Cinder, both UTC, in a form that compares as text."""
    return text.replace(" ", "T").partition("+")[0].rstrip("Z")
