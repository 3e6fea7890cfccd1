# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover looks at, and what it hands over once the recovery point is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...data.seen import Limits, Seen, Server, Surroundings, Volume
from ...data.steps import Finding
from ..plan.recovery_plan import PlanServer
from ..plan.recovery_points import END_OF_TIME, LATEST, RecoveryPoint, Wish, doubts, heard_of, replicas_of
from ..root.volume_copy import Helpers


@dataclass(frozen=True)
class Recovery:
    """A twin and all replicas of its server.

    :param heard: the highest generation that the target has heard of.
    :param limits: quota and usage of Cinder; None if nothing tells, or nothing needs it.
    :param around: what a new server would need, where the plan may make one.
    :param helpers: what a killed run left that copied into the root of the twin.
    :param doubts: marks of the server that do not count, in words.
    :param wish: which recovery points the operator allows.
    :param giving_place: servers of drills that a failover deletes first, because the quota is short.
    :param made: what the provider has at the target, from its own reader. Only the provider looks at it.
    :param hindrances: what the provider says that stands in the way.
    """

    seen: Seen
    replicas: tuple[Volume, ...]
    doubts: tuple[str, ...] = ()
    heard: int = 0
    limits: Limits | None = None
    around: Surroundings = field(default_factory=Surroundings)
    helpers: Helpers = field(default_factory=Helpers)
    wish: Wish = LATEST
    giving_place: tuple[Server, ...] = ()
    made: Any = None
    hindrances: tuple[Finding, ...] = ()


def recovery(seen: Seen, volumes: Sequence[Volume], server: PlanServer, latest: str = END_OF_TIME) -> Recovery:
    """What a failover of ``server`` looks at, out of all volumes of the target.

    :param latest: a later recovery point does not count.
    """
    owner = server.plan, server.name
    replicas = tuple(replicas_of(volumes, *owner, latest))
    return Recovery(seen, replicas, doubts(volumes, *owner, latest), heard_of(volumes, *owner))


@dataclass(frozen=True)
class Handover:
    """A server that is brought up at the target on a recovery point.

    :param seen: the twin as it is now.
    :param around: as in `Recovery`, and ``helpers`` likewise.
    :param wanted: for messages.
    """

    seen: Seen
    around: Surroundings
    helpers: Helpers
    server: PlanServer
    point: RecoveryPoint
    wanted: str

    @property
    def replica(self) -> Volume:
        """The replica of the root."""
        return self.point.volumes["root"]

    def runs_on(self, root: Volume) -> dict[str, Volume]:
        """By disk what the server runs on in the end, if this volume is its root."""
        return {disk: self.point.volumes[disk] for disk in sorted(self.server.disks)} | {"root": root}

    def is_on(self, volume: Volume) -> bool:
        """Whether the volume is attached to the twin."""
        attachments = self.seen.server.attachments if self.seen.server else ()
        return any(attachment.volume_id == volume.id for attachment in attachments)
