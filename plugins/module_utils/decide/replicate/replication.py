# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of replication looks at for one server, and the recovery point that it is about. Knows no provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from ...data.marks import (
    DISK,
    DRILLED,
    DRILLED_ON,
    GENERATION,
    OF_SERVER,
    PLAN,
    POINT,
    RESTED,
    ROLE,
    SERVER,
    STATE,
    VOLUME,
)  # fmt: skip
from ...data.seen import Attachment, Seen, Snapshot, Volume
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import END_OF_TIME, last_drill, replicas_of
from ..root.volume_copy import Helpers

Known = TypeVar("Known", bound="Cycle")


@dataclass(frozen=True)
class Replication:
    """The server at the source, the twin at the target, and all that earlier runs left.

    :param volumes: those of the target with marks of this server; more do no harm.
    :param made: what the provider has made so far, from its own reader. Only the provider looks at it.
    :param woken: when the twin was last made or unshelved, by the clock of the target; None if no twin tells.
    :param helpers: what a killed run left that copied into the root of the twin.
    :param latest: a later recovery point does not count.
    :param snapshots: by id of the volume all of the target.
    """

    source: Seen
    twin: Seen
    volumes: tuple[Volume, ...]
    made: Any
    woken: str | None
    helpers: Helpers = field(default_factory=Helpers)
    latest: str = END_OF_TIME
    snapshots: Mapping[str, Sequence[Snapshot]] = field(default_factory=dict)

    def replicas(self, plan: RecoveryPlan, server: PlanServer) -> list[Volume]:
        """The replicas of the server."""
        return replicas_of(self.volumes, plan.name, server.name, self.latest)


@dataclass(frozen=True)
class Goal:
    """The recovery point that a run is about, and the oldest that makes a new one unnecessary.

    :param rested: Nova's record of the source if it did not run before the run began the point, else "".
    """

    time: str
    fresh_from: str
    rested: str = ""


@dataclass(frozen=True)
class Cycle:
    """One recovery point of one server.

    :param time: the recovery point.
    :param sources: by disk its attachment at the source.
    :param rested: see `Goal`.
    """

    what: Replication
    plan: RecoveryPlan
    server: PlanServer
    time: str
    sources: dict[str, Attachment]
    rested: str = ""

    @classmethod
    def of(cls: type[Known], cycle: Cycle) -> Known:  # noqa: PYI019 - typing.Self is newer than Python 3.9
        """The same recovery point with what a provider knows of it."""
        return cls(*(getattr(cycle, one.name) for one in fields(Cycle)))

    @property
    def replicas(self) -> list[Volume]:
        """The replicas of the server, of all recovery points."""
        return self.what.replicas(self.plan, self.server)

    def marked_replica(self, disk: str) -> Volume | None:
        """The replica of a disk by its marks, if it did not fail."""
        return one(self.replicas, self.time, disk)

    def source(self, disk: str) -> Volume:
        """The volume at the source that a disk is."""
        return self.what.source.volumes[self.sources[disk].volume_id]

    def name(self, disk: str) -> str:
        """The name of everything that is made of a disk for this recovery point."""
        return f"{self.plan.name}-{self.server.name}-{disk}-{self.time}"

    def label(self, disk: str) -> str:
        """A disk, for people."""
        return f"{self.server.name}/{disk}"

    def marks(self, disk: str) -> dict[str, str]:
        """The metadata by which everything of a disk is found again."""
        return {PLAN: self.plan.name, SERVER: self.server.name, DISK: disk, POINT: self.time}

    def complete_marks(self, disk: str, volume_id: Any) -> dict[str, str]:
        """The marks of a replica that is complete: a failover takes the volume that carries them."""
        source = {OF_SERVER: self.what.source.server.id} if self.what.source.server else {}
        own = {VOLUME: volume_id, ROLE: "replica", STATE: "complete", GENERATION: str(self.generation)}
        rested = {RESTED: self.rested} if self.rested else {}
        return {**self.marks(disk), **own, **source, **rested, **(self._drilled if disk == "root" else {})}

    @property
    def _drilled(self) -> dict[str, str]:
        """What older recovery points tell of the last drill: they are removed some day."""
        last = last_drill(self.replicas, self.what.latest)
        return {DRILLED: last.drilled, DRILLED_ON: last.drilled_on} if last.drilled else {}

    @property
    def generation(self) -> int:
        """Of the data once the target runs on it: that of the source, and one more."""
        return 1 + max((self.source(disk).marks.generation for disk in self.sources), default=1)


def one(items: Iterable[Any], time: str, disk: str) -> Any:
    """The item of this recovery point and disk that did not fail, or None."""
    found = (i for i in items if (i.marks.point, i.marks.disk) == (time, disk))
    return next((i for i in found if not i.status.startswith("error")), None)
