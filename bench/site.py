# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pretended cloud holds: servers, volumes and ports, which change with the requests and with the clock.

It refuses what Nova and Cinder would refuse in the calls that it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.documents import DEVICE, GROUP, NETWORK, PLAN, PROJECT, Json, made_id, server_name

#: Two recovery points are kept, as is the default of a plan; the second is the newest.
POINTS = ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00")

#: Seconds that it takes to make a volume, to make a server, to shelve one and to stop one.
MAKE, BUILD, SHELVE, STOP = 1.0, 5.0, 2.0, 2.0

#: The only subnet of the beginning.
_RANGE = {"cidr": "10.0.0.0/8", "ip_version": 4, "enable_dhcp": True}

#: By action what it needs, the task, the seconds that it takes, and what comes of it.
_ACTIONS = {
    "shelve": (("ACTIVE", "SHUTOFF"), "shelving", SHELVE, "SHELVED_OFFLOADED"),
    "os-stop": (("ACTIVE",), "powering-off", STOP, "SHUTOFF"),
}


class Refused(Exception):
    """The cloud does not take a request.

    :param status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Server:
    """A server; ``volumes`` are devices by id. At ``due`` (seconds of the clock) it becomes ``then``."""

    id: str
    name: str
    status: str
    metadata: Json = field(default_factory=dict)
    volumes: dict[str, str] = field(default_factory=dict)
    address: str = ""
    task: str | None = None
    due: float = 0.0
    then: str = ""

    @property
    def root(self) -> str | None:
        """The id of its root volume."""
        return next((volume for volume, device in self.volumes.items() if device == DEVICE), None)


@dataclass
class Volume:
    """A volume; ``server`` is the id of the one that it is attached to. It is there from ``due`` on."""

    id: str
    name: str
    size: int = 20
    metadata: Json = field(default_factory=dict)
    server: str = ""
    due: float = 0.0


@dataclass
class Port:
    """A port; ``server`` is the id of the one that it belongs to."""

    id: str
    number: int
    name: str
    server: str = ""
    network: str = NETWORK
    description: str = ""

    @property
    def address(self) -> str:
        """Its address."""
        return f"10.0.{self.number // 250}.{self.number % 250 + 1}"


class Site:
    """All of it.

    :param servers: how many there are, dormant, or are to be made.
    :param unshelve: seconds from an unshelve until the server is ACTIVE.
    :param empty: whether the servers and their ports are still to be made. Their replicas are there.
    :param leads: whether the servers run here, on volumes of their own, and the other site has the replicas.
    """

    def __init__(
        self,
        servers: int,
        unshelve: float,
        empty: bool = False,
        leads: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unshelve_seconds, self.clock, self.made = unshelve, clock, 0
        self.servers: dict[str, Server] = {}
        self.ports: dict[str, Port] = {}
        self.networks: dict[str, Json] = {NETWORK: {"id": NETWORK, "name": "app", "project_id": PROJECT}}
        self.groups: dict[str, Json] = {GROUP["id"]: GROUP}
        self.subnets: dict[str, Json] = {"s": {"id": "s", "name": "app", "network_id": NETWORK, **_RANGE}}
        made = [[_led(number)] if leads else replicas(number) for number in range(servers)]
        self.volumes = {volume.id: volume for volumes in made for volume in volumes}
        for number in range(0 if empty else servers):
            self._stand(number, leads)

    def _stand(self, number: int, leads: bool) -> None:
        """A server that is there from the beginning, with its port: it runs on its own volume, or is dormant."""
        of = " of the source" if leads else ""
        port = Port(made_id(f"port{of}", number), number, f"{server_name(number)}-port", made_id(f"server{of}", number))
        status, volumes = ("ACTIVE", {_led(number).id: DEVICE}) if leads else ("SHELVED_OFFLOADED", {})
        server = Server(port.server, server_name(number), status, {"standby_plan": PLAN}, volumes, port.address)
        self.ports[port.id], self.servers[server.id] = port, server

    def settle(self, server: Server) -> Server:
        """Lets what has become due happen to a server."""
        if server.due and self.clock() >= server.due:
            server.status, server.task, server.due = server.then, None, 0.0
        return server

    def server(self, server_id: str) -> Server:
        """A server as it is now."""
        if server_id not in self.servers:
            raise Refused(404, f"Instance {server_id} could not be found.")
        return self.settle(self.servers[server_id])

    def volume(self, volume_id: str) -> Volume:
        """A volume."""
        if volume_id not in self.volumes:
            raise Refused(404, f"Volume {volume_id} could not be found.")
        return self.volumes[volume_id]

    def volume_status(self, volume: Volume) -> str:
        """`reserved` while its server is shelved, else `in-use`."""
        if volume.server:
            return "reserved" if self.server(volume.server).status == "SHELVED_OFFLOADED" else "in-use"
        return "available" if self.clock() >= volume.due else "creating"

    def new_id(self, kind: str) -> str:
        """An id that nothing has yet."""
        self.made += 1
        return made_id(f"new {kind}", self.made)

    def begin(self, server: Server, task: str | None, seconds: float, then: str) -> None:
        """Something happens to a server, which takes its time."""
        server.task, server.due, server.then = task, self.clock() + seconds, then

    def create_volume(self, wanted: Json) -> Volume:
        """Makes a volume."""
        made = Volume(self.new_id("volume"), wanted["name"], wanted["size"], wanted.get("metadata") or {})
        made.due = self.clock() + MAKE
        self.volumes[made.id] = made
        return made

    def delete_volume(self, volume_id: str) -> None:
        """Deletes a volume that is free."""
        if self.volume_status(self.volume(volume_id)) != "available":
            raise Refused(400, "Invalid volume: Volume status must be available.")
        del self.volumes[volume_id]

    def create_port(self, wanted: Json) -> Port:
        """Makes a port."""
        told = {"network": wanted.get("network_id", NETWORK), "description": wanted.get("description", "")}
        made = Port(self.new_id("port"), len(self.ports), wanted["name"], **told)
        self.ports[made.id] = made
        return made

    def delete_port(self, port_id: str) -> None:
        """Deletes a port."""
        if self.ports.pop(port_id, None) is None:
            raise Refused(404, f"Port {port_id} could not be found.")

    def delete_network(self, network_id: str) -> None:
        """Deletes a network on which nobody has a port, with its subnets."""
        if any(port.network == network_id for port in self.ports.values()):
            raise Refused(409, "There are ports on the network.")
        del self.networks[network_id]
        for subnet in [one for one, found in self.subnets.items() if found["network_id"] == network_id]:
            del self.subnets[subnet]

    def create_server(self, wanted: Json) -> Server:
        """Makes a server that boots from a volume."""
        made = Server(self.new_id("server"), wanted["name"], "BUILD", wanted.get("metadata") or {})
        for mapping in wanted["block_device_mapping_v2"]:
            volume = self.volume(mapping["uuid"])
            if self.volume_status(volume) != "available":
                raise Refused(400, f"volume {volume.id} is not available")
            made.volumes[volume.id] = DEVICE if mapping["boot_index"] == 0 else f"/dev/vd{len(made.volumes)}"
        for network in wanted["networks"]:
            port = self.ports[network["port"]]
            port.server, made.address = made.id, port.address
        for volume_id in made.volumes:
            self.volumes[volume_id].server = made.id
        self.begin(made, "spawning", BUILD, "ACTIVE")
        self.servers[made.id] = made
        return made

    def delete_server(self, server_id: str) -> None:
        """Deletes a server; its volumes and ports are kept."""
        server = self.server(server_id)
        for volume_id in server.volumes:
            self.volumes[volume_id].server = ""
        for port in self.ports.values():
            port.server = "" if port.server == server_id else port.server
        del self.servers[server_id]

    def attach(self, server_id: str, wanted: Json) -> Server:
        """The guarded API: the root of a dormant server."""
        server, volume = self.server(server_id), self.volumes.get(wanted["volumeId"])
        if volume is None or wanted.get("device") != DEVICE:
            raise Refused(400, "no such volume, or not the device of the root")
        if server.root or server.task or server.status != "SHELVED_OFFLOADED" or volume.server:
            raise Refused(409, "the server is not dormant, or the volume is not available")
        server.volumes[volume.id], volume.server = DEVICE, server_id
        return server

    def detach(self, server_id: str, volume_id: str) -> None:
        """Takes a volume off a server that is shelved."""
        server = self.server(server_id)
        if volume_id not in server.volumes or server.status != "SHELVED_OFFLOADED" or server.task:
            raise Refused(409, "the volume is not attached, or the server is not shelved")
        del server.volumes[volume_id]
        self.volumes[volume_id].server = ""

    def action(self, server_id: str, body: Json) -> Any:
        """Stop, shelve, unshelve, and the console."""
        server = self.server(server_id)
        if "os-getConsoleOutput" in body:
            if server.status != "ACTIVE":
                raise Refused(404, "no console")
            return {"output": "login:"}
        wake = (("SHELVED_OFFLOADED",), "spawning", self.unshelve_seconds, "ACTIVE")
        wanted, task, seconds, then = {**_ACTIONS, "unshelve": wake}.get(next(iter(body)), ((), "", 0.0, ""))
        if not then:
            raise Refused(400, "no such action")
        if server.status not in wanted or server.task or not server.root:
            raise Refused(409, f"Cannot do this while the server is {server.status}, busy or without a root volume.")
        self.begin(server, task, seconds, then)
        return None


def _led(number: int) -> Volume:
    """The root of a server that runs at the site that leads."""
    marks = {"standby_plan": PLAN, "standby_server": server_name(number), "standby_disk": "root"}
    volume_id, server = made_id("volume of the source", number), made_id("server of the source", number)
    return Volume(volume_id, f"{server_name(number)}-root", 20, {**marks, "standby_volume": volume_id}, server)


def replicas(number: int) -> list[Volume]:
    """The replicas of the root of a server, one of each recovery point."""
    marks = {"standby_plan": PLAN, "standby_server": server_name(number), "standby_role": "replica",
             "standby_disk": "root", "standby_state": "complete"}  # fmt: skip
    return [
        Volume(volume_id, f"{server_name(number)}-root", 20,
               {**marks, "standby_recovery_point": point, "standby_volume": volume_id})
        for point in POINTS
        for volume_id in (made_id(f"volume-{point}", number),)
    ]  # fmt: skip
