# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios made in a cloud, as JSON by kind: `look.py CLOUD`. `look.py CLOUD clean` removes it."""

from __future__ import annotations

import json
import sys
from typing import Any

import openstack

NAME = "molecule"


def found(cloud: Any) -> dict[str, list[Any]]:
    """Everything whose name begins like those of the scenarios."""
    lists = {
        "servers": cloud.compute.servers(),
        "backups": cloud.block_storage.backups(),
        "snapshots": cloud.block_storage.snapshots(),
        "volumes": cloud.block_storage.volumes(),
        "ports": cloud.network.ports(),
        "subnets": cloud.network.subnets(),
        "networks": cloud.network.networks(),
        "security_groups": cloud.network.security_groups(),
    }
    return {kind: [item for item in items if (item.name or "").startswith(NAME)] for kind, items in lists.items()}


def clean(cloud: Any) -> None:
    """Removes it, that which is needed by others last."""
    items = found(cloud)
    for server in items["servers"]:
        cloud.delete_server(server.id, wait=True)
    for backup in sorted(items["backups"], key=lambda backup: backup.created_at, reverse=True):
        cloud.delete_volume_backup(backup.id, wait=True)
    for snapshot in items["snapshots"]:
        cloud.delete_volume_snapshot(snapshot.id, wait=True)
    for volume in items["volumes"]:
        cloud.delete_volume(volume.id, wait=True)
    for port in items["ports"]:
        cloud.network.delete_port(port)
    for network in items["networks"]:
        cloud.network.delete_network(network)
    for group in items["security_groups"]:
        cloud.network.delete_security_group(group)


def main(name: str, *words: str) -> None:
    """Looks, or cleans."""
    cloud = openstack.connect(cloud=name)
    if "clean" in words:
        clean(cloud)
    items = found(cloud)
    json.dump({kind: [item.to_dict() for item in rows] for kind, rows in items.items()}, sys.stdout, default=str)


if __name__ == "__main__":
    main(*sys.argv[1:])
