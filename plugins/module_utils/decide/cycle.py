# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cycle of replication looks at, and how it finds again what an earlier run has made for a recovery point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..model import Attachment, Backup, Seen, Snapshot, Volume
from ..plan import Ref
from .backup_chain import history, may_grow
from .copying import Helpers
from .recovery_plan import PlanServer, RecoveryPlan
from .replicas import DISK, PLAN, POINT, REPLICA, SERVER


@dataclass(frozen=True)
class Replication:
    """What a cycle for one server looks at: the server at A, the twin at B, and all that earlier cycles left.

    :param woken: when the twin was last made or unshelved, by the clock of site B; None if there is no twin to tell.
    :param helpers: what a killed run left that copied into the root of the twin.
    """

    seen_a: Seen
    twin: Seen
    snapshots: tuple[Snapshot, ...]
    backups_a: tuple[Backup, ...]
    backups_b: tuple[Backup, ...]
    volumes_b: tuple[Volume, ...]
    woken: str | None
    helpers: Helpers = field(default_factory=Helpers)


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
class Cycle:
    """One recovery point of one server.

    :param time: the recovery point.
    :param sources: by disk its attachment at site A.
    """

    what: Replication
    plan: RecoveryPlan
    server: PlanServer
    time: str
    sources: dict[str, Attachment]

    def may_be_incremental(self, disk: str) -> bool:
        """Whether the next backup of a disk may build on the newest one."""
        past = history(self.what.backups_a, self.sources[disk].volume_id)
        return may_grow(past, self.what.backups_b, self.plan.name, self.plan.full_every)

    def source(self, disk: str) -> Volume:
        """The volume at site A that a disk is."""
        return self.what.seen_a.volumes[self.sources[disk].volume_id]

    def replica(self, disk: str) -> Volume | None:
        """The replica by its marks, or while it has none by the note at the snapshot."""
        noted = self.noted(disk)
        by_note = (v for v in self.what.volumes_b if v.id == noted and not v.status.startswith("error"))
        return self.found(self.what.volumes_b, disk) or next(by_note, None)

    def noted(self, disk: str) -> str | None:
        """What an earlier run noted at the snapshot."""
        snapshot = self.found(self.what.snapshots, disk)
        return snapshot.metadata.get(REPLICA) if snapshot else None

    def found(self, items: Iterable[Any], disk: str) -> Any:
        """What this recovery point has of a disk in a list, None if nothing or only what failed."""
        return one(mine(items, self.plan, self.server), self.time, disk)

    def id_of(self, kind: str, disk: str, found: Any) -> Any:
        """The id of what was found, else the reference to the step that makes it."""
        return found.id if found else Ref(f"{kind} {disk}")

    def name(self, disk: str) -> str:
        """The name of everything that is made of a disk for this recovery point."""
        return f"{self.plan.name}-{self.server.name}-{disk}-{self.time}"

    def label(self, disk: str) -> str:
        """A disk, for people."""
        return f"{self.server.name}/{disk}"

    def marks(self, disk: str) -> dict[str, str]:
        """The metadata by which everything of a disk is found again."""
        return {PLAN: self.plan.name, SERVER: self.server.name, DISK: disk, POINT: self.time}
