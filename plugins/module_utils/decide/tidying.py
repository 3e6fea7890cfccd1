# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a complete recovery point makes superfluous. Only what replication made itself is ever removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model import Backup, Volume
from ..plan import Ref, Step, Until
from .backup_chain import history, needed_by_others
from .cycle import Cycle, mine
from .replicas import DISK, POINT, STATE, points_of

#: States in which Cinder deletes a volume (cinder/volume/api.py, delete) that a replica may be in.
_DELETABLE = frozenset({"available", "error", "error_restoring"})


@dataclass(frozen=True)
class Tidying(Cycle):
    """Removes what is older than a recovery point."""

    def tidy(self, replicas: list[Volume]) -> Iterator[Step]:
        """Removes what this recovery point makes superfluous, our own only: snapshots, old and failed replicas.

        A replica in use is never touched, nor one on which site B may have run: it holds what was written there.
        """
        for snapshot in mine(self.what.snapshots, self.plan, self.server):
            if snapshot.status != "deleting":
                yield self._drop_snapshot(snapshot.name, snapshot.id)
        for disk in self.server.disks:
            if self._makes(disk):
                yield self._drop_snapshot(self.name(disk), Ref(f"snapshot {disk}"))
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
        now = {replica.id for disk in self.server.disks if (replica := self.replica(disk))}
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
        made = self.found(ours, disk)
        if made is None and self.replica(disk) is None and not self.may_be_incremental(disk):
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
        return self.found(self.what.snapshots, disk) is None and self.replica(disk) is None


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
