# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a recovery point by Cinder backups is found again: snapshots and backups, by their marks and their volume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .....data.marks import RESTORED, moment
from .....data.seen import Backup, Backups, Volume
from .....data.steps import Ref
from ....plan.recovery_points import CLOCKS
from ...replication import Cycle, one
from .chain import history, may_grow


@dataclass(frozen=True)
class BackupCycle(Cycle):
    """One recovery point of one server, and what there is of it."""

    @property
    def made(self) -> Backups:
        """What all cycles have made so far."""
        return self.what.made

    def mine(self, items: Iterable[Any]) -> list[Any]:
        """The snapshots or backups that cycles made of the disks of this server: by their marks and their volume.

        Whoever may write to the source can mark what he wants. So marks alone never choose what is used or deleted.
        """
        marked = (item for item in items if item.marks.of(self.plan.name, self.server.name))
        timed = (item for item in marked if "" < item.marks.point <= self.what.latest)
        return [item for item in timed if item.volume_id == self._source_id(item.marks.disk)]

    def _source_id(self, disk: str) -> str | None:
        source = self.sources.get(disk)
        return source.volume_id if source else None

    def may_be_incremental(self, disk: str) -> bool:
        """Whether the next backup of a disk may build on the newest one."""
        past = history(self.made.at_source, self.sources[disk].volume_id)
        return may_grow(past, self.made.at_target, self.plan.name, self.plan.options["full_every"])

    def replica(self, disk: str) -> Volume | None:
        """The replica by its marks, or while it has none by the note at the imported backup."""
        return self.marked_replica(disk) or self._restored(disk)

    def _restored(self, disk: str) -> Volume | None:
        """The volume that is noted at the imported backup, if it fits and that backup is, or was, restored into it."""
        backup = self.imported(disk)
        noted = (v for v in (*self.what.volumes, *self.made.noted) if backup and v.id == backup.marks.replica)
        return next((v for v in noted if self.is_restored(v, backup) and self._fits(v, disk)), None)

    def is_restored(self, volume: Volume, backup: Backup | None) -> bool:
        """Whether Cinder says that a backup is, or was, restored into a volume."""
        done = backup and volume.status == "available" and volume.metadata.get(RESTORED) == backup.id
        return bool(done) or volume.status == "restoring-backup"

    def _fits(self, volume: Volume, disk: str) -> bool:
        """Whether a volume can have been made for this recovery point."""
        begun = moment(self.time)
        made = moment(f"{volume.created_at[:19]}+00:00")
        fresh = bool(begun and made and made >= begun - CLOCKS)
        return fresh and volume.size == self.source(disk).size and not volume.attached_to

    def imported(self, disk: str) -> Backup | None:
        """The backup of this recovery point as the target knows it. While it is imported, only its id tells."""
        found = self.found(self.made.at_source, disk)
        same = [b for b in self.made.at_target if found and b.id == found.id]
        return next((b for b in same if b.status == "creating" or self.mine([b])), None)

    def found(self, items: Iterable[Any], disk: str) -> Any:
        """What this recovery point has of a disk in a list, None if nothing or only what failed."""
        return one(self.mine(items), self.time, disk)

    def id_of(self, kind: str, disk: str, found: Any) -> Any:
        """The id of what was found, else the reference to the step that makes it."""
        return found.id if found else Ref(f"{kind} {disk}")
