# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that modules return: an allow-list, the same in check mode and in _info."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...data.seen import Offer, Port, Root, Seen
from ...data.steps import Plan


def server_facts(seen: Seen, root: Root) -> dict[str, Any]:
    """The facts of a server: an empty dictionary if there is none."""
    server = seen.server
    if server is None:
        return {}
    return {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "task_state": server.task_state,
        "locked": server.locked,
        "flavor": server.flavor.name,
        "availability_zone": server.availability_zone,
        "description": server.description,
        "key_name": server.key_name,
        "config_drive": server.config_drive,
        "metadata": dict(server.metadata),
        "dormant": is_dormant(seen, root),
        "root_volume": asdict(root),
        "volumes": _volumes(seen, root),
        "ports": [port_facts(port) for port in seen.ports],
    }


def is_dormant(seen: Seen, root: Root) -> bool:
    """Whether the server is shelved, offloaded, idle and without a root volume."""
    server = seen.server
    return bool(
        server and server.status == "SHELVED_OFFLOADED" and not server.task_state and not server.image_id
        and root.present is False
    )  # fmt: skip


def _volumes(seen: Seen, root: Root) -> list[dict[str, Any]]:
    rows = []
    for attachment in seen.found.attachments if seen.server else ():
        volume = seen.volumes.get(attachment.volume_id)
        rows.append(
            {
                "id": attachment.volume_id,
                "name": volume.name if volume else None,
                "size": volume.size if volume else None,
                "status": volume.status if volume else None,
                "is_root": attachment.volume_id == root.volume_id,
                "device": attachment.device,
                "tag": attachment.tag,
                "delete_on_termination": attachment.delete_on_termination,
            }
        )
    return rows


def port_facts(port: Port) -> dict[str, Any]:
    """The facts of a port."""
    return {
        "id": port.id,
        "name": port.name,
        "network_id": port.network_id,
        "mac_address": port.mac,
        "fixed_ips": list(port.fixed_ips),
        "security_groups": list(port.security_groups),
    }


def decide_info(seen: Seen, root: Root) -> Plan:
    """An empty plan that carries the facts."""
    facts = server_facts(seen, root)
    return Plan(facts, facts, extra={"cloud": cloud_facts(seen.offer)})


def cloud_facts(offer: Offer) -> dict[str, Any]:
    """What the cloud offers for root volumes."""
    return {
        "guarded_api": offer.guarded_api,
        "guarded_api_is": offer.how,
        "compute_api_version": offer.compute_version,
        "volume_api_version": offer.volume_version,
    }
