# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server "db" at the source, and its twin that sleeps at the target: where replication and failover begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from builders import VOLUMES, port, server
from memory_cloud.world import World
from recovery_builders import PREPARED, placeholder, the_plan, twin

AWAKE = "2026-11-20T23:00:00.000000"


def moment(number: int) -> str:
    """The time of a recovery point."""
    return f"2026-11-20T08:{number:02}:00+00:00"


def filled(**changes: Any) -> Any:
    """A plan that fills the root of the twin while it sleeps, and keeps one recovery point."""
    replication = {"keep": 1, "full_every": 3}
    return the_plan(**{"replication": replication, "handover": "reimage", "when": "at_replication", **changes})


class Sites(World):
    """The volumes at the source carry marks of their own, as everything does that the plan made.

    :param of: the plan. One that hands over by reimage has its twin on placeholders, at a cloud without the guarded
        API; any other has a twin without volumes.
    """

    def __init__(self, of: Any = None) -> None:
        super().__init__(of or filled(), guarded=(of or filled()).handover != "reimage")
        self.source.servers["srv"] = server()
        for disk, more in (("root", {"image_metadata": {"hw_disk_bus": "virtio"}}), ("data", {"size": 2})):
            marks = {"standby_plan": "shop", "standby_server": "db", "standby_disk": disk}
            self.source.volumes[f"vol-{disk}"] = replace(VOLUMES[f"vol-{disk}"], metadata=marks, **more)
        self.writes("data of the beginning")
        on = () if self.target.guarded else tuple(placeholder(disk, status="reserved") for disk in ("root", "data"))
        self.target.volumes.update({volume.id: volume for volume in on})
        self.target.contents.update(dict.fromkeys(self.target.volumes, "nothing"))
        self.target.servers["twin"] = twin(on).found
        self.target.ports["port-0"] = port(device_id="twin")
        self.woke(PREPARED)

    def writes(self, data: str) -> None:
        """The server writes to its volumes."""
        self.source.contents.update({key: f"{data} of {key}" for key in self.source.volumes})

    def woke(self, when: str) -> None:
        """Somebody wakes the twin, and shelves it again."""
        self.target.actions["twin"] = (("unshelve", when, False),)

    @property
    def twin(self) -> Any:
        """The twin."""
        return self.target.servers["twin"]

    @property
    def root(self) -> Any:
        """The root of the twin."""
        return self.target.volumes[self.target.root_of(self.twin) or ""]

    def replicate(self, number: int, min_interval: int = 0, **options: Any) -> Iterator[str]:
        """A run of replication, of what the server wrote until then."""
        self.writes(f"data at {number}")
        self.clock.seconds = max(self.clock.seconds, 60 * number)
        now = datetime.fromisoformat(moment(number))
        return self.drive("replicate", now=now, min_interval=min_interval, **options)

    def fail_over(self) -> Iterator[str]:
        """A run of a failover."""
        return self.drive("failover")

    def woke_right(self) -> bool:
        """Whether nobody copied into a volume when its server was woken, and all held the data of one moment."""
        return all(
            statuses <= {"reserved", "in-use"} and len({held.partition(" of ")[0] for held in on.values()}) == 1
            for _server, on, statuses in self.target.boots
        )
