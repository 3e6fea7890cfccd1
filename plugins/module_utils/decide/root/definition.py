# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a server, read from the server: what is written down before it is deleted and made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...data.replacement import Definition, Details, Recreation
from ...data.seen import Attachment, Port, Root, Seen, Volume
from ...data.steps import Refusal
from ...data.wanted import DiskWanted, NicWanted, ServerWanted


def read_back(seen: Seen, root: Root, what: Recreation, wanted: str) -> Definition | Refusal:
    """The definition of the server that is there, or why it would not be complete."""
    server, details, ports = seen.found, what.read, _ports(seen, what, what.read)
    refusal = _not_told(what, details, wanted) or _port_lost(ports, details, wanted)
    if refusal:
        return refusal
    rows = {a.volume_id: _volume(a, seen.volumes.get(a.volume_id)) for a in server.attachments}
    was_root = rows.pop(root.volume_id or "", None)
    return Definition(
        server_id=server.id,
        name=server.name,
        flavor={key: value for key, value in asdict(details.flavor).items() if key != "id"},
        ports=tuple(_port(port, details) for port in ports),
        volumes=tuple(sorted(rows.values(), key=_by_device)),
        root=was_root,
        key_name=server.key_name,
        availability_zone=(details.zone if what.zone is None else what.zone) or None,
        server_group=details.server_groups[0] if details.server_groups else None,
        config_drive=server.config_drive,
        metadata=dict(server.metadata),
        description=server.description,
        more=dict(details.more),
        user_data=bool(what.user_data),
    )


def _not_told(what: Recreation, details: Details, wanted: str) -> Refusal | None:
    """What Nova does not show to members must be said."""
    if what.user_data is None:
        saw = "Nova does not show the user_data of the server to members"
        return Refusal("user_data_unknown", wanted, saw, 'Say user_data, as it was; user_data: "" if there was none.')
    if details.zone is None and what.zone is None:
        saw = "this Nova (older than API 2.96) does not tell the availability zone that was asked for"
        return Refusal("zone_unknown", wanted, saw, 'Say availability_zone; availability_zone: "" for none.')
    return None


def _port_lost(ports: list[Port], details: Details, wanted: str) -> Refusal | None:
    """Nova still names the network cards of ports that were taken off behind its back."""
    lost = [mac for mac in details.macs if mac not in {port.mac for port in ports}]
    if not lost:
        return None
    saw = f"the server has a network card {', '.join(lost)}, and no port of it has that MAC address"
    return Refusal("port_lost", wanted, saw, "Find its port, and set its device_id to the id of the server.")


def _ports(seen: Seen, what: Recreation, details: Details) -> list[Port]:
    """In the order of the network cards; those that a run which was killed has taken off already included."""
    record, mine = what.record, {port.id: port for port in seen.ports}
    if record and record.server_id == seen.found.id:
        loose = [what.around.ports.get(row["id"], ()) for row in record.ports]
        mine.update({port.id: port for found in loose for port in found if not port.device_id})
    order = {mac: number for number, mac in enumerate(details.macs)}
    return sorted(mine.values(), key=lambda port: (order.get(port.mac, len(order)), port.id))


def _port(port: Port, details: Details) -> dict[str, Any]:
    return {
        "id": port.id,
        "name": port.name,
        "mac_address": port.mac,
        "fixed_ips": list(port.fixed_ips),
        "tag": details.nic_tags.get(port.id),
    }


def _volume(attachment: Attachment, volume: Volume | None) -> dict[str, Any]:
    return {
        "id": attachment.volume_id,
        "name": volume.name if volume else None,
        "device": attachment.device,
        "tag": attachment.tag,
        "delete_on_termination": attachment.delete_on_termination,
    }


def _by_device(row: Mapping[str, Any]) -> tuple[int, str]:
    """/dev/vdz comes before /dev/vdaa."""
    device = row["device"] or ""
    return len(device), device


def made_of(definition: Definition, root_id: str, zone: str | None, user_data: str | None) -> ServerWanted:
    """The server to be made: as it was, on another root, and with volumes that stay when it is deleted.

    :param zone: overrides the availability zone, "" for none.
    """
    root = DiskWanted("volume", root_id, root_id, "root", boot_index=0)
    data = (DiskWanted("volume", row["id"], row["name"] or row["id"], row["id"]) for row in definition.volumes)
    return ServerWanted(
        name=definition.name,
        flavor=definition.flavor["name"],
        disks=(root, *data),
        nics=tuple(NicWanted(row["id"], row["id"]) for row in definition.ports),
        key_name=definition.key_name,
        availability_zone=(definition.availability_zone if zone is None else zone) or None,
        server_group=definition.server_group,
        config_drive=definition.config_drive,
        user_data=user_data or None,
        metadata=definition.metadata,
        description=definition.description or None,
    )


def completed(args: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """The request that makes the server, with what only a server that was there before has: its own tags, and more."""
    disk_tags = {row["id"]: row["tag"] for row in definition.volumes}
    disks = [_tagged(row, disk_tags.get(row["uuid"], row["tag"])) for row in args["block_device_mapping_v2"]]
    nics = args["networks"]
    if not isinstance(nics, str):
        nics = [_tagged(nic, row["tag"]) for nic, row in zip(nics, definition.ports)]
    return {**args, **definition.more, "block_device_mapping_v2": disks, "networks": nics}


def _tagged(row: Mapping[str, Any], tag: str | None) -> dict[str, Any]:
    bare = {key: value for key, value in row.items() if key != "tag"}
    return {**bare, "tag": tag} if tag else bare
