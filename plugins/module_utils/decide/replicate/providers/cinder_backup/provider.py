# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication by Cinder backups, as a provider.

Snapshots of all disks together; from each a backup, incremental where the chain allows it; its record exported at
the source and imported at the target, which share the backup store; restored there into a new volume. The recovery
point is complete when the last of its replicas is. Then, and only then, older ones go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .....data.marks import RESTORED
from .....data.seen import Backups
from .....data.steps import Finding, Refusal, Step
from ....drill.from_storage import DrillDisks
from ....handover.recovery import Recovery
from ....plan.recovery_plan import PlanServer, RecoveryPlan
from ....plan.recovery_points import Marked, RecoveryPoint
from ...replication import Cycle, one
from ..contract import Verb
from .cycle import BackupCycle
from .leftovers import Leftovers
from .steps import Making
from .tidying import Tidying


class CinderBackup:
    """See `Provider` for the contract. Its recovery points are volumes: they can be used, and cloned, as they are."""

    offers = frozenset({Verb.PROTECT, Verb.STATUS, Verb.POINTS, Verb.MAKE_USABLE, Verb.CLONE})

    def lacks(self, _verb: Verb, _options: Mapping[str, Any]) -> str:
        """Every plan names all that it needs."""
        return ""

    def clouds(self, verb: Verb, _options: Mapping[str, Any]) -> tuple[str, ...]:
        """Only administrators export and import the records of backups."""
        return ("source_admin", "target_admin") if verb is Verb.PROTECT else ()

    def begun(self, cycle: Cycle) -> Iterator[str]:
        """The moments of which there are snapshots of all disks."""
        known = BackupCycle.of(cycle)
        snapshots = known.mine(known.made.snapshots)
        for time in {snapshot.marks.point for snapshot in snapshots}:
            if all(one(snapshots, time, disk) for disk in cycle.server.disks):
                yield time

    def refusal(self, _cycle: Cycle) -> Refusal | None:
        """Nothing beside what replication itself refuses."""
        return None

    def protect(self, cycle: Cycle) -> Iterator[Step]:
        """The steps that are left until all replicas are complete."""
        return Making.of(cycle).steps()

    def proves(self, cycle: Cycle, point: RecoveryPoint) -> bool:
        """Two records say the same: the replica names the backup restored into it, and that backup the replica."""
        known = BackupCycle.of(cycle)
        backups = known.mine(known.made.at_target)
        noted = {(b.marks.replica, b.id) for b in backups if b.marks.point == point.time}
        replicas = (point.volumes[disk] for disk in cycle.server.disks)
        return all((replica.id, replica.metadata.get(RESTORED)) in noted for replica in replicas)

    def superfluous(self, cycle: Cycle) -> tuple[Step, ...]:
        """Snapshots, and chains of backups that a newer full one replaces."""
        return Tidying.of(cycle).steps()

    def marked(self, made: Backups) -> Iterable[Marked]:
        """Snapshots and backups."""
        return (*made.snapshots, *made.at_source, *made.at_target)

    def left(self, cycle: Cycle) -> Iterator[str]:
        """Backups that only the target knows, and what is of volumes that the server has no more."""
        yield from Leftovers.of(cycle).told()

    def hindrances(self, _made: Any) -> Iterable[Finding]:
        """Nothing: all that there is at the target is volumes."""
        return ()

    def make_usable(
        self, _what: Recovery, _plan: RecoveryPlan, _server: PlanServer, _point: RecoveryPoint
    ) -> tuple[tuple[Step, ...], ...] | Refusal:
        """A recovery point is volumes from the beginning."""
        return ()

    def clone(self, _what: DrillDisks) -> tuple[tuple[Step, ...], ...] | Refusal:
        """Cinder clones the volumes of a point."""
        return ()

    def note(self, _what: DrillDisks, step: Step) -> Step:
        """All volumes are there."""
        return step
