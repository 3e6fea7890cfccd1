# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cloud in memory knows, and how time passes there."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Backup,
    Flavor,
    Port,
    Server,
    Snapshot,
    Volume,
)

Json = dict[str, Any]

#: The addresses of the network that every cloud has.
RANGE: Json = {"cidr": "10.0.0.0/16", "ip_version": 4}

#: When the clocks of all clouds begin.
BEGIN = datetime(2026, 11, 20, 8, tzinfo=UTC)


@dataclass
class Clock:
    """Seconds since `BEGIN`. Each change that a cloud makes takes one of them, so that no two have the same time."""

    seconds: int = 0

    def text(self, skew: int = 0) -> str:
        """Now as Nova and Cinder write it, by a clock that is ``skew`` seconds ahead."""
        return f"{self.utc(skew):%Y-%m-%dT%H:%M:%S}.000000"

    def utc(self, skew: int = 0) -> datetime:
        """Now."""
        return BEGIN + timedelta(seconds=self.seconds + skew)


@dataclass(frozen=True)
class Saved:
    """What the backup store holds of a backup: as long as one of the clouds does not delete it."""

    backup: Backup
    parent: str | None
    contents: str
    source: Volume


class State:
    """All resources of one project by id, and what was begun with them.

    :ivar contents: by id of a volume, snapshot or image what it holds.
    :ivar taken: by id of a snapshot its volume at that moment.
    :ivar actions: by id of a server what was done to it, the oldest first: action, time, whether it failed.
    :ivar facts: by id of a resource what else its API shows of it.
    :ivar boots: what each server that was woken found on its volumes: id of the server, contents by volume, statuses.
    :ivar most: quota, by "volumes", "gigabytes", "snapshots", "instances", "networks", "subnets" or "ports".
    :ivar silent: paths that the cloud refuses to tell anything of. ``asked``: all that were asked for.
    :ivar busy: ids of snapshots that survive their deletion.
    :ivar failing: tasks that fail: "reimage", "unshelving", "spawning".
    :ivar storage: the folder with the data of its volumes, where something else than Cinder looks at it; else None.
    :ivar slow: what another run may see half done though Nova answers when it is over: "detach".
    """

    def __init__(self, name: str = "site_a", guarded: bool = False, clock: Clock | None = None) -> None:
        self.name, self.guarded, self.clock, self.skew = name, guarded, clock or Clock(), 0
        self.versions = {"compute": "2.96", "block_storage": "3.70"}
        self.servers: dict[str, Server] = {}
        self.volumes: dict[str, Volume] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.backups: dict[str, Backup] = {}
        self.ports: dict[str, Port] = {}
        self.images: dict[str, Json] = {}
        self.flavors = {"flavor-1": Flavor("m1.tiny", "flavor-1", 1, 64, 0)}
        self.networks: dict[str, Json] = {"net-1": {"id": "net-1", "name": "net"}}
        self.subnets = {"subnet-1": {"id": "subnet-1", "name": "net", "network_id": "net-1", **RANGE}}
        self.store: dict[str, Saved] = {}
        self.contents: dict[str, str] = {}
        self.taken: dict[str, Volume] = {}
        self.actions: dict[str, tuple[tuple[str, str, bool], ...]] = {}
        self.facts: dict[str, Json] = {}
        self.boots: list[tuple[str, dict[str, str], frozenset[str]]] = []
        self.under_way: list[tuple[Any, ...]] = []
        self.most: dict[str, int] = {}
        self.busy, self.failing, self.slow = set[str](), set[str](), set[str]()
        self.silent, self.asked = set[str](), set[str]()
        self.storage: Path | None = None
        self.reachable, self.count = True, 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Resources are never changed, only replaced: so a copy of what holds them is enough."""
        other = copy.copy(self)
        for key, value in vars(self).items():
            setattr(other, key, copy.copy(value) if isinstance(value, (dict, list, set)) else value)
        other.clock = copy.deepcopy(self.clock, memo)
        other.store = memo.setdefault(id(self.store), other.store)
        return other

    def refuse(self, status: int, text: str) -> NoReturn:
        """The cloud answers with an error."""
        raise CloudError(f"{self.name}: {text}", status)

    def kinds(self) -> list[dict[str, Any]]:
        """All that has an id of its own."""
        return [self.volumes, self.servers, self.snapshots, self.backups, self.ports]

    def find(self, resource_id: str, what: str = "resource") -> Any:
        """The resource with this id; 404 if there is none."""
        for items in self.kinds():
            if resource_id in items:
                return items[resource_id]
        return self.refuse(404, f"{what} {resource_id} could not be found")

    def change(self, resource_id: str, **changes: Any) -> None:
        """Gives a resource other values."""
        for items in self.kinds():
            if resource_id in items:
                items[resource_id] = replace(items[resource_id], **changes)

    def mark(self, resource_id: str, metadata: Mapping[str, str]) -> None:
        """Adds to the metadata of a resource."""
        self.change(resource_id, metadata={**self.find(resource_id).metadata, **metadata})

    @property
    def server(self) -> Any:
        """The only server, None if there is none."""
        return next(iter(self.servers.values()), None)

    @server.setter
    def server(self, server: Server | None) -> None:
        self.servers = {server.id: server} if server else {}

    @property
    def now(self) -> str:
        """A time that is later than all before."""
        self.clock.seconds += 1
        return self.clock.text(self.skew)

    def new_id(self, kind: str) -> str:
        """An id that nothing else has."""
        self.count += 1
        return f"{kind}-{self.count}-{self.name[-1]}-made"

    def later(self, end: str, *arguments: Any) -> None:
        """What ends when time passes: the name of a method, and its arguments."""
        self.under_way.append((end, *arguments))

    def settle(self) -> None:
        """Everything that was begun comes to its end, and what follows from that."""
        while self.under_way:
            end, *arguments = self.under_way.pop(0)
            getattr(self, end)(*arguments)

    def becomes(self, resource_id: str, was: str, status: str) -> None:
        """An end: of what still is as it was."""
        if any(resource_id in items and items[resource_id].status == was for items in self.kinds()):
            self.change(resource_id, status=status)

    def goes(self, resource_id: str) -> None:
        """An end: of what is being deleted. A snapshot may stay (cinder/volume/manager.py: SnapshotIsBusy)."""
        if resource_id in self.busy:
            self.change(resource_id, status="available")
            return
        for items in self.kinds():
            items.pop(resource_id, None)
