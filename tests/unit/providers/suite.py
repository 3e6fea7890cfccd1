# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of the contract start a provider, stop it, break it and look at it: one row for each provider.

This is the only file of the tests of the contract that knows how a provider works, and the cloud in memory.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    DISK,
    EXTERNAL,
    PLAN,
    POINT,
    REPLICA,
    SERVER,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Backup, Snapshot, Volume
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Step
from builders import plan
from external_sites import ExternalSites, external_plan
from memory_cloud.drive import carry_out
from memory_cloud.state import Saved
from recovery_builders import CREATED, marked, the_plan
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

    #: By id what stands for volumes that the provider can make of its recovery points, and what they will hold.
    promised: Mapping[str, Volume]
    to_hold: Mapping[str, str]

    def run(self, number: int, stop_after: int | None = None) -> int:
        """One run of replication, or only its first steps: then it was killed. How many steps it had.

        :raises AssertionError: if a run that was not killed has left anything to do.
        """

    def decide(self, number: int, **seen: Any) -> Decision:
        """What a run would do; ``seen`` are changes of what it looks at."""

    def settle(self) -> None:
        """Everything that was begun comes to its end."""

    def make_usable(self) -> None:
        """The newest recovery point becomes volumes, if it is none yet."""

    def completes(self, step: Step) -> bool:
        """Whether a step is one of those that complete a recovery point."""

    def removes(self, step: Step) -> set[str]:
        """The ids of the volumes that a step removes, also of those that are not there yet."""

    def copy(self) -> Rig:
        """The same sites once more."""

    def forge(self, number: int, victim: str) -> None:
        """Marks as much as a member of the source can, so that a volume of the target is that of a recovery point."""

    def future(self, number: int) -> None:
        """Something says that there is, or will be, a recovery point of a later moment."""

    def left(self) -> list[str]:
        """What there is beside volumes and what the next run needs. After a run that came to its end: nothing."""


class CinderBackupRig:
    """Two sites that share a backup store."""

    promised: Mapping[str, Volume] = {}
    to_hold: Mapping[str, str] = {}

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

    def make_usable(self) -> None:
        pass

    def completes(self, step: Step) -> bool:
        return bool(step.args.get("metadata", {}).get("standby_state") == "complete")

    def removes(self, step: Step) -> set[str]:
        return {step.args["volume_id"]} if step.verb == "delete_volume" else set()

    def copy(self) -> CinderBackupRig:
        return copy.deepcopy(self)

    def future(self, number: int) -> None:
        self.forge(number, "payroll")

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


class ExternalRig(CinderBackupRig):
    """Two sites with storages of their own, between which the example of the docs replicates."""

    def __init__(self, keep: int) -> None:
        self.sites: ExternalSites = ExternalSites(external_plan(keep))

    @property
    def promised(self) -> dict[str, Volume]:  # type: ignore[override]
        wave = self.sites.wave("readiness")
        return {volume.id: volume for volume in wave.standby(self.sites.plan.servers[0], time.monotonic()).promised}

    @property
    def to_hold(self) -> dict[str, str]:  # type: ignore[override]
        held = self.sites.held()
        return {key: held[v.marks.point][v.marks.disk] for key, v in self.promised.items()}

    def make_usable(self) -> None:
        """A failover, killed before it hands over the first volume."""
        next(text for text in self.sites.fail_over() if text.startswith("attach"))

    def completes(self, step: Step) -> bool:
        return _command(step) == "replicate"

    def removes(self, step: Step) -> set[str]:
        if _command(step) != "remove":
            return super().removes(step)
        return {f"storage:{point}:{disk}" for point in step.args["given"]["points"] for disk in DISKS}

    def forge(self, number: int, victim: str) -> None:
        """A member of the source has no way into the storage. The marks that it can make are looked at by nobody."""
        super().forge(number, victim)
        for disk, volume_id in DISKS.items():
            marks = {PLAN: "shop", SERVER: "db", DISK: disk, POINT: moment(number), REPLICA: victim, EXTERNAL: "x"}
            here = self.sites.source.volumes[volume_id]
            self.sites.source.volumes[volume_id] = replace(here, metadata={**here.metadata, **marks})

    def future(self, number: int) -> None:
        """The clock of the storage may be wrong."""
        notes = {disk: {"size": 1, "metadata": {**marked(disk, "replica"), POINT: moment(number)}} for disk in DISKS}
        folder = self.sites.folder / "b" / "points" / "early"
        folder.mkdir()
        point = {"plan": "shop", "server": "db", "id": "early", "time": moment(number), "complete": True}
        more = {"promoted": False, "objects": [], "clones": [], "notes": notes}
        (folder / "point.json").write_text(json.dumps({**point, **more}))

    def left(self) -> list[str]:
        """Folders that are no points."""
        folders = self.sites.folder.glob("*/points/*")
        return [str(folder) for folder in folders if not (folder / "point.json").exists()]


def _command(step: Step) -> str:
    return str(step.args["given"]["verb"]) if step.verb == "command" else ""


#: By ``replication.method``; the argument is how many recovery points stay.
RIGS: Mapping[str, Callable[[int], Rig]] = {"cinder_backup": CinderBackupRig, "external": ExternalRig}


def after(rig: Rig, runs: int) -> Rig:
    """The sites after so many runs."""
    for number in range(1, runs + 1):
        rig.run(number)
        rig.settle()
    return rig


def points(rig: Rig) -> dict[str, dict[str, str]]:
    """By time what the complete volumes of a recovery point hold, by disk: all that a failover takes for one."""
    found: dict[str, dict[str, str]] = {}
    held = {**rig.to_hold, **rig.contents}
    for key, volume in {**rig.promised, **rig.volumes}.items():
        if volume.marks.role == "replica" and volume.marks.state == "complete" and volume.marks.named:
            found.setdefault(volume.marks.point, {})[volume.marks.disk] = held[key]
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
