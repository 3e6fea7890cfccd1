# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server is deleted and made again on the same ports: what a failover by recreate and another root share."""

from __future__ import annotations

from dataclasses import replace

from ...data.seen import Server, Surroundings
from ...data.steps import Step
from .present_absent import until_deleted
from .root_volume import clear_delete_flags


def delete_server_steps(server: Server, what: str, safe: str = "") -> tuple[Step, ...]:
    """Deletes a server and none of its volumes. Right before, a step checks that no volume would go with it.

    :param safe: what people should know if it fails.
    """
    ids = tuple(attachment.volume_id for attachment in server.attachments)
    check = {"server_id": server.id, "volume_ids": sorted(ids)}
    gone, text = until_deleted(server.id), f"delete {what} {server.name}"
    return (
        *clear_delete_flags(server, ids),
        Step(
            "check_volumes_kept", f"check that no volume is deleted with {what} {server.name}", check, only_reads=True
        ),
        Step("delete_server", text, {"server_id": server.id}, gone, safe=safe),
    )


def ports_freed(around: Surroundings, server_id: str) -> Surroundings:
    """What a build needs, as it will be once the server is deleted: its ports are free."""
    ports = {
        name: tuple(replace(port, device_id="") if port.device_id == server_id else port for port in found)
        for name, found in around.ports.items()
    }
    return replace(around, ports=ports)
