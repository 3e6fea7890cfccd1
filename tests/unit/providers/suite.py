# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of the contract start a provider, stop it, break it and look at it: one row for each provider.

This is the only file of the tests of the contract that knows how a provider works, and the cloud in memory.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    DISK,
    PLAN,
    POINT,
    REPLICA,
    SERVER,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Backup, Snapshot, Volume
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision
from builders import plan
from memory_cloud.drive import carry_out
from memory_cloud.state import Saved
from recovery_builders import CREATED, the_plan
from test_backup_cycle import decide
from two_sites import Sites, moment

#: The disks of the server at the source; each volume there holds "data at <number> of <id>" from that moment on.
DISKS = {"root": "vol-root", "data": "vol-data"}


class Rig(Protocol):
    """A provider between two clouds in memory. Runs have numbers, which are the minutes of their moments."""

    #: By id the volumes of the target.
    volumes: dict[str, Volume]

    #: By id what a volume of the target holds.
    contents: Mapping[str, str]

    def run(self, number: int, stop_after: int | None = None) -> int:
        """One run of replication, or only its first steps: then it was killed. How many steps it had.

        :raises AssertionError: if a run that was not killed has left anything to do.
        """

    def decide(self, number: int, **seen: Any) -> Decision:
        """What a run would do; ``seen`` are changes of what it looks at."""

    def settle(self) -> None:
        """Everything that was begun comes to its end."""

    def copy(self) -> Rig:
        """The same sites once more."""

    def forge(self, number: int, victim: str) -> None:
        """Marks as much as a member of the source can, so that a volume of the target is that of a recovery point."""

    def left(self) -> list[str]:
        """What there is beside volumes and what the next run needs. After a run that came to its end: nothing."""


class CinderBackupRig:
    """Two sites that share a backup store."""

    def __init__(self, keep: int) -> None:
        self.sites = Sites(the_plan(replication={"method": "cinder_backup", "keep": keep, "full_every": 3}))

    @property
    def volumes(self) -> dict[str, Volume]:
        return self.sites.target.volumes

    @property
    def contents(self) -> dict[str, str]:
        return self.sites.target.contents

    def run(self, number: int, stop_after: int | None = None) -> int:
        steps = len(plan(self.decide(number)).steps)
        carry_out(self.sites.replicate(number), stop_after)
        return steps

    def decide(self, number: int, **seen: Any) -> Decision:
        return decide(self.sites, number, self.sites.plan, **seen)

    def settle(self) -> None:
        self.sites.settle()

    def copy(self) -> CinderBackupRig:
        return copy.deepcopy(self)

    def forge(self, number: int, victim: str) -> None:
        for disk, volume_id in DISKS.items():
            marks = {PLAN: "shop", SERVER: "db", DISK: disk, POINT: moment(number), REPLICA: victim}
            key, here, data = f"forged-{number}-{disk}", self.sites.source, f"data at {number} of {volume_id}"
            here.snapshots[key] = Snapshot(key, key, "available", volume_id, 1, marks)
            here.contents[key], here.taken[key] = data, here.volumes[volume_id]
            made = Backup(f"{key}-b", key, "available", volume_id, 1, False, marks, CREATED, CREATED)
            here.backups[made.id] = made
            here.store[made.id] = Saved(made, None, data, here.volumes[volume_id])

    def left(self) -> list[str]:
        """Snapshots, and backups that only one site knows."""
        return [*self.sites.source.snapshots, *(self.sites.source.backups.keys() ^ self.sites.target.backups.keys())]


#: By ``replication.method``; the argument is how many recovery points stay.
RIGS: Mapping[str, Callable[[int], Rig]] = {"cinder_backup": CinderBackupRig}


def after(rig: Rig, runs: int) -> Rig:
    """The sites after so many runs."""
    for number in range(1, runs + 1):
        rig.run(number)
        rig.settle()
    return rig


def points(rig: Rig) -> dict[str, dict[str, str]]:
    """By time what the complete volumes of a recovery point hold, by disk: all that a failover takes for one."""
    found: dict[str, dict[str, str]] = {}
    for key, volume in rig.volumes.items():
        if volume.marks.role == "replica" and volume.marks.state == "complete" and volume.marks.named:
            found.setdefault(volume.marks.point, {})[volume.marks.disk] = rig.contents[key]
    return {time: disks for time, disks in found.items() if disks.keys() == DISKS.keys()}


def whole(number: int) -> dict[str, str]:
    """What the recovery point of a run holds if all is well: data of its moment on all disks."""
    return {disk: f"data at {number} of {source}" for disk, source in DISKS.items()}


def number_of(time: str) -> int:
    """The run that a recovery point is of."""
    return int(time[14:16])


def copied(volume: Volume, volume_id: str) -> Volume:
    """What a member gets who makes a volume from another one, or restores it: all its metadata at another id."""
    return replace(volume, id=volume_id, metadata={**volume.metadata, "src_backup_id": "somebodys"})


def verbs(decision: Decision) -> list[str]:
    """The verbs of a plan."""
    return [step.verb for step in plan(decision).steps]
