# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What carries the marks of a server and no run removes: it is told, and people delete it.

The source says what it has. A run deletes nothing at the target only because the source does not show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .....data.seen import Backup
from ....plan.recovery_points import MOST_DOUBTS
from .cycle import BackupCycle


@dataclass(frozen=True)
class Leftovers(BackupCycle):
    """Tells what is left."""

    def told(self) -> Iterator[str]:
        """One line for each disk or volume of which something is left."""
        for disk in self.server.disks:
            yield from self._unknown_at_source(disk)
        others = sorted({item.volume_id for items in self._all() for item in items if self._is_of_another(item)})
        yield from map(self._of_another, others[:MOST_DOUBTS])
        more = len(others) - MOST_DOUBTS
        if more > 0:
            yield f"the same is true of {more} more volumes"

    def _all(self) -> tuple[Iterable[Any], ...]:
        return self.made.snapshots, self.made.at_source, self.made.at_target

    def _unknown_at_source(self, disk: str) -> Iterator[str]:
        """Somebody deleted them there. A run deletes those of the target first, so it never leaves any."""
        known = {backup.id for backup in self.made.at_source}
        lost = sorted(b.id for b in self._mine_at_target() if b.marks.disk == disk and b.id not in known)
        if lost:
            source, target, more = self.server.direction.source, self.server.direction.target, len(lost) - MOST_DOUBTS
            ids = ", ".join(lost[:MOST_DOUBTS]) + (f" and {more} more" if more > 0 else "")
            yield (
                f"{len(lost)} backups of {self.label(disk)} are known at {target} only: {ids}. They were deleted at "
                f"{source}. Delete them at {target}, the newest first, if nobody needs them."
            )

    def _mine_at_target(self) -> list[Backup]:
        return [backup for backup in self.mine(self.made.at_target) if backup.status != "deleting"]

    def _is_of_another(self, item: Any) -> bool:
        """Whether it was made of a volume that the server has no more. An import that is under way names none.

        What re-protection keeps is none: dr_status tells of it.
        """
        ours = item.marks.of(self.plan.name, self.server.name) and item.status not in ("creating", "deleting")
        known = {source.volume_id for source in self.sources.values()}
        return ours and item.marks.role != "superseded" and item.volume_id not in known

    def _of_another(self, volume_id: str) -> str:
        snapshots, at_source, at_target = (
            sum(item.volume_id == volume_id and self._is_of_another(item) for item in items) for items in self._all()
        )
        source, target = self.server.direction.source, self.server.direction.target
        counts = ((snapshots, "snapshots", source), (at_source, "backups", source), (at_target, "backups", target))
        what = ", ".join(f"{count} {kind} at {site}" for count, kind, site in counts if count)
        return (
            f"left of volume {volume_id}, which the server does not have any more: {what}. No run removes them. Delete "
            "them, the newest first and at the target before the source, if nobody needs them."
        )
