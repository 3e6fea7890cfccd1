# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that build a server that boots from a volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.marks import BUILDING, VOLUME
from ...data.parts import Part
from ...data.seen import Surroundings, Volume
from ...data.steps import Ref, Step, Until, for_part
from ...data.wanted import DiskWanted, NicWanted, ServerWanted

#: The status in which a source can be used, the field of Cinder's request that names it; what a volume is on its way.
READY = {"image": "active", "snapshot": "available", "backup": "available", "clone": "available"}
SOURCE_FIELD = {"image": "imageRef", "snapshot": "snapshot_id", "backup": "backup_id", "clone": "source_volid"}
MAKING = frozenset({"creating", "downloading", "restoring-backup"})


def build_steps(wanted: ServerWanted, around: Surroundings) -> tuple[Step, ...]:
    """Volumes first, all at once, then waited for; then ports; then the server; then the marks are removed."""
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    found = _left_over(wanted, around)
    ids = volume_ids(wanted, around)
    before = (
        *(_make_volume(wanted, disk, around) for disk in made if disk.tag not in found),
        *(await_volume(disk.name, ids[disk.tag]) for disk in made if not _ready(found.get(disk.tag))),
        *(bootable_step(disk.name, ids[disk.tag]) for disk in made if _needs_mark(disk, found.get(disk.tag))),
        *(_make_port(nic, around) for nic in wanted.nics if not around.ports.get(nic.name)),
    )
    unmark = (finished_step(disk.name, ids[disk.tag], disk.metadata) for disk in made)
    server = (_make_server(wanted, around, ids), *unmark)
    return (*for_part(Part.VOLUMES, before), *for_part(Part.BUILD, server))


def _left_over(wanted: ServerWanted, around: Surroundings) -> dict[str, Volume]:
    """By disk the volume that an earlier run, which did not get to the server, has made already."""
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    return {disk.tag: volumes[0] for disk in made if (volumes := around.same_name.get(disk.tag))}


def volume_ids(wanted: ServerWanted, around: Surroundings) -> dict[str, Any]:
    """By disk the id of its volume, or the reference to the step that makes it."""
    found = _left_over(wanted, around)
    return {disk.tag: _volume_id(disk, around, found) for disk in wanted.disks}


def _volume_id(disk: DiskWanted, around: Surroundings, found: dict[str, Volume]) -> Any:
    if disk.kind == "volume":
        return around.given[disk.tag].id
    return found[disk.tag].id if disk.tag in found else Ref(f"disk {disk.tag}")


def _ready(volume: Volume | None) -> bool:
    return volume is not None and volume.status == "available"


def _needs_mark(disk: DiskWanted, volume: Volume | None) -> bool:
    """Nova refuses a root without the flag. An image and a clone bring it; all other sources may not."""
    return disk.boot_index == 0 and disk.kind not in ("image", "clone") and not (volume and volume.bootable)


def _make_volume(wanted: ServerWanted, disk: DiskWanted, around: Surroundings) -> Step:
    source = around.sources.get(disk.tag)
    size = disk.size or (max(source.size, source.min_disk, 1) if source else None)
    made_from = {SOURCE_FIELD[disk.kind]: source.id} if source else {}
    words = f"{disk.kind} {disk.ref}" if source else "nothing"
    return Step(
        "create_volume",
        f"make volume {disk.name} ({size} GiB) from {words}",
        {
            "name": disk.name,
            "size": size,
            "volume_type": disk.volume_type,
            "availability_zone": disk.availability_zone,
            "metadata": {**disk.metadata, BUILDING: wanted.name},
            **made_from,
        },
        result=f"disk {disk.tag}",
    )


def await_volume(name: str, volume_id: Any) -> Step:
    """The wait for a volume that is being made."""
    until = Until("volume", volume_id, frozenset({"available"}), MAKING)
    return Step("wait", f"wait until volume {name} is available", until=until)


def bootable_step(name: str, volume_id: Any) -> Step:
    """Marks a volume bootable."""
    return Step("set_bootable", f"mark volume {name} bootable", {"volume_id": volume_id})


def finished_step(name: str, volume_id: Any, metadata: Mapping[str, str]) -> Step:
    """Removes the mark of a volume that is being built; from now on its marks name it.

    :param metadata: all that it has besides.
    """
    args = {"volume_id": volume_id, "metadata": {**metadata, VOLUME: volume_id}}
    return Step("replace_volume_metadata", f"mark volume {name} as finished", args, part=Part.BUILD)


def _make_port(nic: NicWanted, around: Surroundings) -> Step:
    args: dict[str, Any] = {"name": nic.name, "network_id": around.ids["network", nic.network or ""]}
    if nic.fixed_ip:
        args["fixed_ips"] = [{"ip_address": nic.fixed_ip}]
    if nic.mac:
        args["mac_address"] = nic.mac
    if nic.description:
        args["description"] = nic.description
    if nic.security_groups is not None:
        args["security_groups"] = [around.ids["security_group", group] for group in nic.security_groups]
    at = f" with address {nic.fixed_ip}" if nic.fixed_ip else ""
    return Step("create_port", f"make port {nic.name} on network {nic.network}{at}", args, result=f"port {nic.name}")


def _make_server(wanted: ServerWanted, around: Surroundings, ids: dict[str, Any]) -> Step:
    optional = {
        "key_name": wanted.key_name,
        "availability_zone": wanted.availability_zone,
        "config_drive": wanted.config_drive,
        "user_data": wanted.user_data,
        "metadata": dict(wanted.metadata or {}) or None,
        "description": wanted.description,
        "hints": {"group": around.ids["server_group", wanted.server_group]} if wanted.server_group else None,
    }
    flavor = around.flavor
    args = {
        "name": wanted.name,
        "flavorRef": flavor.id if flavor else None,
        "networks": [{"port": _port_id(nic, around)} for nic in wanted.nics] or "none",
        "block_device_mapping_v2": [_mapping(disk, ids[disk.tag]) for disk in wanted.disks],
        **{key: value for key, value in optional.items() if value is not None},
    }
    until = Until("server", Ref("server"), frozenset({"ACTIVE"}), frozenset({"BUILD"}), frozenset({"BUILD"}))
    return Step("create_server", f"make server {wanted.name}", args, until, result="server")


def _port_id(nic: NicWanted, around: Surroundings) -> Any:
    ports = around.ports.get(nic.name)
    return ports[0].id if ports else Ref(f"port {nic.name}")


def _mapping(disk: DiskWanted, volume_id: Any) -> dict[str, Any]:
    """One entry of block_device_mapping_v2; -1 as boot index: never booted from."""
    mapping = {
        "source_type": "volume",
        "destination_type": "volume",
        "uuid": volume_id,
        "boot_index": -1 if disk.boot_index is None else disk.boot_index,
        "tag": disk.tag,
        "delete_on_termination": disk.delete_on_termination,
        "disk_bus": disk.disk_bus,
        "device_type": disk.device_type,
    }
    return {key: value for key, value in mapping.items() if value is not None}
