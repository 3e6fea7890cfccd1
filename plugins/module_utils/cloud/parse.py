# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the JSON of the APIs to the dataclasses of `data/seen.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..data.marks import PREFIX
from ..data.seen import Attachment, Backup, Flavor, Image, Port, RootAnswer, Server, Snapshot, Source, Volume
from .typed import checked

Json = Mapping[str, Any]


@checked
def server(data: Json, attachments: list[Json] | None = None) -> Server:
    """A server of Nova (microversion 2.85 or newer).

    :param attachments: of os-volume_attachments; without them what the server tells, without tags and devices.
    """
    tells = attachments if attachments is not None else data.get("os-extended-volumes:volumes_attached") or ()
    return Server(
        id=data["id"],
        name=data.get("name") or "",
        status=data["status"],
        task_state=data.get("OS-EXT-STS:task_state"),
        flavor=flavor(data.get("flavor") or {}),
        availability_zone=data.get("OS-EXT-AZ:availability_zone") or "",
        host=data.get("OS-EXT-SRV-ATTR:host") or "",
        locked=bool(data.get("locked")),
        image_id=(data.get("image") or {}).get("id"),
        root_device_name=data.get("OS-EXT-SRV-ATTR:root_device_name"),
        attachments=tuple(attachment(item) for item in tells),
        metadata=data.get("metadata") or {},
        description=data.get("description") or "",
        key_name=data.get("key_name"),
        config_drive=str(data.get("config_drive") or "").lower() == "true",
        fault=(data.get("fault") or {}).get("message") or "",
        # from 2.96
        pinned_zone=data["pinned_availability_zone"] or "" if "pinned_availability_zone" in data else None,
        addresses=tuple(_addresses(data)),
        updated=data.get("updated") or "",
    )


def _addresses(data: Json) -> Iterator[tuple[str, str]]:
    """Without floating ones, which are no addresses of ports of the server."""
    for items in (data.get("addresses") or {}).values():
        fixed = (item for item in items if item.get("OS-EXT-IPS:type") == "fixed")
        yield from ((item.get("OS-EXT-IPS-MAC:mac_addr") or "", item["addr"]) for item in fixed)


@checked
def attachment(data: Json) -> Attachment:
    """An attachment, from os-volume_attachments or from the server itself."""
    return Attachment(
        volume_id=data.get("volumeId") or data["id"],
        device=data.get("device"),
        tag=data.get("tag"),
        delete_on_termination=bool(data.get("delete_on_termination")),
    )


@checked
def flavor(data: Json) -> Flavor:
    """A flavor, embedded in a server or from the list of flavors."""
    return Flavor(
        name=data.get("original_name") or data.get("name") or "",
        id=data.get("id") or "",
        vcpus=data.get("vcpus") or 0,
        ram=data.get("ram") or 0,
        disk=data.get("disk") or 0,
    )


@checked
def volume(data: Json) -> Volume:
    """A volume of Cinder."""
    return Volume(
        id=data["id"],
        name=data.get("name") or "",
        status=data["status"],
        size=data["size"],
        bootable=str(data.get("bootable")).lower() == "true",
        availability_zone=data.get("availability_zone") or "",
        volume_type=data.get("volume_type") or "",
        multiattach=bool(data.get("multiattach")),
        attached_to=tuple(item["server_id"] for item in data.get("attachments") or () if item.get("server_id")),
        metadata=data.get("metadata") or {},
        image_metadata=data.get("volume_image_metadata") or {},
        created_at=data.get("created_at") or "",
    )


@checked
def port(data: Json) -> Port:
    """A port of Neutron."""
    return Port(
        id=data["id"],
        name=data.get("name") or "",
        network_id=data["network_id"],
        mac=data.get("mac_address") or "",
        fixed_ips=tuple(item["ip_address"] for item in data.get("fixed_ips") or ()),
        security_groups=tuple(sorted(data.get("security_groups") or ())),
        device_id=data.get("device_id") or "",
        status=data.get("status") or "",
        admin_up=data.get("admin_state_up") is not False,
        description=data.get("description") or "",
        owner=data.get("device_owner") or "",
    )


@checked
def snapshot(data: Json) -> Snapshot:
    """A snapshot of Cinder."""
    return Snapshot(
        id=data["id"],
        name=data.get("name") or "",
        status=data["status"],
        volume_id=data.get("volume_id") or "",
        size=data.get("size") or 0,
        metadata=data.get("metadata") or {},
        created_at=data.get("created_at") or "",
    )


@checked
def backup(data: Json) -> Backup:
    """A backup of Cinder."""
    return Backup(
        id=data["id"],
        name=data.get("name") or "",
        status=data["status"],
        volume_id=data.get("volume_id") or "",
        size=data.get("size") or 0,
        incremental=bool(data.get("is_incremental")),
        metadata=data.get("metadata") or {},
        created_at=data.get("created_at") or "",
        data_timestamp=data.get("data_timestamp") or "",
    )


def source(kind: str, data: Json) -> Source:
    """What a volume is made from."""
    if kind == "image":
        return image_source(data)
    return Source(kind, data["id"], data.get("name") or "", data["status"], data.get("size") or 0)


@checked
def image_source(data: Json) -> Source:
    """An image of Glance as what a volume is made from. Its size is bytes; a volume needs full GiB."""
    gib = 1 << 30
    size = max(data.get("virtual_size") or 0, data.get("size") or 0)
    return Source(
        kind="image",
        id=data["id"],
        name=data.get("name") or "",
        status=data["status"],
        size=-(-size // gib),
        min_disk=data.get("min_disk") or 0,
        min_ram=data.get("min_ram") or 0,
        properties={key: value for key, value in data.items() if isinstance(value, str)},
    )


@checked
def own_image(data: Json) -> Image:
    """An image that the collection made, with its marks."""
    marks = {key: value for key, value in data.items() if key.startswith(PREFIX)}
    return Image(data["id"], data.get("name") or "", marks)


@checked
def root_answer(data: Json) -> RootAnswer:
    """The answer of the guarded API."""
    root = data["root_volume"]
    present = bool(root["device_present"])
    return RootAnswer(root.get("device") or "", present, root.get("volume_id"), root.get("task"))
