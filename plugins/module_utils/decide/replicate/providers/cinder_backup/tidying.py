# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a complete recovery point makes superfluous: snapshots and backups. Only what replication made is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .....data.parts import Part
from .....data.seen import Backup
from .....data.steps import Ref, Step, Until, for_part
from .chain import history, needed_by_others
from .cycle import BackupCycle


@dataclass(frozen=True)
class Tidying(BackupCycle):
    """Removes what is older than a recovery point."""

    def steps(self) -> tuple[Step, ...]:
        """Removes snapshots, and chains of backups that are not needed any more."""
        return for_part(Part.TIDY, self._drop())

    def _drop(self) -> Iterator[Step]:
        # in the order of the steps that this cycle adds, so that check mode tells them as they come
        disks = list(self.server.disks)
        known = self.mine(self.made.snapshots)
        for snapshot in sorted(known, key=lambda found: (found.marks.point, disks.index(found.marks.disk))):
            if snapshot.status != "deleting":
                yield self._drop_snapshot(snapshot.name, snapshot.id)
        for disk in self.server.disks:
            if self._makes(disk):
                yield self._drop_snapshot(self.name(disk), Ref(f"snapshot {disk}"))
        for disk in self.server.disks:
            yield from self._drop_old_chains(disk)

    def _drop_old_chains(self, disk: str) -> Iterator[Step]:
        """Backups from before the newest full one that both sites know; newest first, for they depend on older ones.

        No recovery point needs them: each is a volume of its own. Those at the source go last: by them a run that was
        killed finds the others again.
        """
        ours = [b for b in self.mine(self.made.at_source) if b.marks.disk == disk]
        newest_full = self._newest_full(disk, ours)
        past = history(self.made.at_source, self.sources[disk].volume_id)
        needed = needed_by_others(past, self.plan.name)
        old = [backup for backup in ours if backup.marks.point < newest_full and backup.id not in needed]
        known = {backup.id: backup for backup in self.mine(self.made.at_target)}
        for backup in sorted(old, key=lambda b: b.marks.point, reverse=True):
            if backup.id in known:
                yield _drop_backup(known[backup.id], backup.name, "target")
            yield _drop_backup(backup, backup.name, "source")

    def _newest_full(self, disk: str, ours: list[Backup]) -> str:
        """The recovery point of the newest full backup that both sites know, once the steps of this cycle are done."""
        made = self.found(ours, disk)
        if made is None and self.replica(disk) is None and not self.may_be_incremental(disk):
            return self.time
        if made and not made.incremental:
            return self.time
        known = {backup.id for backup in self.mine(self.made.at_target) if backup.status == "available"}
        full = [b.marks.point for b in ours if not b.incremental and b.status == "available" and b.id in known]
        return max(full, default="")

    def _drop_snapshot(self, name: str, snapshot_id: Any) -> Step:
        return Step("delete_snapshot", f"delete snapshot {name}", {"snapshot_id": snapshot_id}, cloud="source")

    def _makes(self, disk: str) -> bool:
        """Whether this cycle takes the snapshot: not if it was found, nor if the recovery point is complete already."""
        return self.found(self.made.snapshots, disk) is None and self.replica(disk) is None


def _drop_backup(backup: Backup, name: str, cloud: str) -> Step:
    """One that is being deleted already is only waited for: Cinder answers 400 to a second request."""
    until = Until("backup", backup.id, frozenset({"gone"}), frozenset({"available", "deleting"}))
    if backup.status == "deleting":
        return Step("wait", f"wait until backup {name} is gone at the {cloud}", until=until, cloud=cloud)
    text = f"delete backup {name} at the {cloud}"
    return Step("delete_backup", text, {"backup_id": backup.id}, until, cloud=cloud)
