# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sites of the demo as its audience sees them: disks, and what the consoles say about them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import openstack

Disk = tuple[str, str]

DISK_LINE = re.compile(r"disk \S+ boot_index=\S+ volume=(?P<volume>\S+) head=(?P<head>.*)")
PATIENCE = 10.0


@dataclass(frozen=True)
class Server:
    """What must not change on the way to site B and back."""

    id: str
    addresses: frozenset[str]


def servers(cloud: str) -> dict[str, Server]:
    """Returns by name the servers of a site."""
    with openstack.connect(cloud=cloud) as connection:
        found = {}
        for server in sorted(connection.compute.servers(), key=lambda one: str(one.name)):
            addresses = (port["addr"] for ports in server.addresses.values() for port in ports)
            found[str(server.name)] = Server(str(server.id), frozenset(addresses))
        return found


def disks(cloud: str) -> dict[Disk, str]:
    """Returns by server and tag the id of each volume of the plan that a server uses."""
    with openstack.connect(cloud=cloud) as connection:
        attached = [volume for volume in connection.block_storage.volumes() if volume.attachments]
        return {(v.metadata["standby_server"], v.metadata["standby_disk"]): v.id for v in attached}


def consoles(cloud: str) -> dict[Disk, str]:
    """Returns by server and tag with which text the disk began when the server booted last, as its console says."""
    tags = {volume: disk for disk, volume in disks(cloud).items()}
    with openstack.connect(cloud=cloud) as connection:
        boots = [last_boot(connection, server) for server in connection.compute.servers()]
    matches = [match for boot in boots for match in DISK_LINE.finditer(boot) if match["volume"] in tags]
    return {tags[match["volume"]]: match["head"] for match in matches}


def last_boot(connection: Any, server: Any) -> str:
    """Returns what the console shows since the last boot."""
    end = time.monotonic() + PATIENCE
    while True:
        text: str = connection.compute.get_server_console_output(server.id)["output"]
        boot = text.rpartition("boot at ")[2]
        if "login:" in boot or time.monotonic() > end:
            return boot
        time.sleep(0.5)
