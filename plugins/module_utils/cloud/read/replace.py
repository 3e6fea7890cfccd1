# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a decision about another root for a server looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...data.marks import ROOT_BEFORE
from ...data.replacement import KINDS, Definition, Details, Recreation, Replacing, helper_name, root_name
from ...data.seen import Named, Seen, Snapshot, Source, Volume
from ...data.wanted import DiskWanted, NicWanted, ServerWanted
from .. import parse
from ..lookup import Lookup
from ..names import find, named, need
from ..session import Session
from . import build as read_build
from . import server as read


def replacing(cloud: Session, options: Mapping[str, Any], record: Definition | None = None) -> Replacing:
    """The server, the source that the options name, and what runs that were killed left.

    :param record: what was written down of a server before it was deleted; a record of another server does not count.
    :raises NotFound: if the cloud does not know the source.
    """
    source, given = _source(cloud, options)
    record = record if record and options["server"] in (record.server_id, record.name) else None
    seen = _server(cloud, options, record)
    server = seen.server
    name, server_id = (record.name, record.server_id) if record else ("", "")
    if server is not None:
        name, server_id = server.name, server.id
    return Replacing(
        seen=seen,
        source=source,
        given=given,
        named_root=_id_of_volume(cloud, options["root_volume"]),
        same_name=_volumes(cloud, root_name(name, source)) if name and given is None else (),
        formers=_formers(cloud, seen),
        snapshots=_snapshots(cloud, helper_name(server_id)) if server else (),
        images=_images(cloud, helper_name(server_id)) if server else (),
        recreation=_recreation(cloud, options, seen, record),
        again=options["again"],
    )


def _server(cloud: Session, options: Mapping[str, Any], record: Definition | None) -> Seen:
    """Finds the server that the options name. If they name an id and the server is gone, its record tells the name."""
    assume = options["guarded_api"] == "assume"
    seen = read.server(cloud, options["server"], assume)
    if seen.server is None and record and options["server"] == record.server_id:
        return read.server(cloud, record.name, assume)
    return seen


def _recreation(
    cloud: Session, options: Mapping[str, Any], seen: Seen, record: Definition | None
) -> Recreation:  # fmt: skip
    """Read only if the server may be made again, because it takes more requests."""
    told = Recreation(options["record"], options["user_data"], options["availability_zone"], options["release_ports"])
    server = seen.server
    if "recreate" not in (options["handover"], options["fallback"]):
        return told
    details = _details(cloud, server.id) if server else None
    what = _referred(seen, details, record, options["availability_zone"])
    return replace(
        told,
        details=details,
        record=record,
        around=read_build.around(Lookup(cloud), what) if what else told.around,
        is_another=bool(server and record and options["server"] == record.server_id != server.id),
    )


def _referred(seen: Seen, details: Details | None, record: Definition | None, zone: str | None) -> ServerWanted | None:
    """What a build of the server refers to. If the server is gone, its record tells it."""
    server = seen.server
    same = record if record and (server is None or record.server_id == server.id) else None
    volumes = [a.volume_id for a in server.attachments] if server else []
    ports = [port.id for port in seen.ports]
    if same:
        volumes += [row["id"] for row in (*same.volumes, *([same.root] if same.root else ()))]
        ports += [row["id"] for row in same.ports]
    groups = details.server_groups if details else ()
    disks = (DiskWanted("volume", volume_id, volume_id, volume_id) for volume_id in dict.fromkeys(volumes))
    nics = tuple(NicWanted(port_id, port_id) for port_id in dict.fromkeys(ports))
    if server is not None:
        asked = details.zone if details and zone is None else zone
        group = groups[0] if groups else None
        return ServerWanted(server.name, server.flavor.name, tuple(disks), nics, server.key_name, asked or None, group)
    if same is None:
        return None
    asked = same.availability_zone if zone is None else zone
    return ServerWanted(
        same.name, same.flavor["name"], tuple(disks), nics, same.key_name, asked or None, same.server_group
    )


def _details(cloud: Session, server_id: str) -> Details:
    """What Nova shows to members beside what all modules look at."""
    data = cloud.get("compute", f"/servers/{server_id}")["server"]
    cards = cloud.get("compute", f"/servers/{server_id}/os-interface")["interfaceAttachments"]
    ports = cloud.pages("network", f"/ports?device_id={server_id}", "ports")
    addresses = [item for items in (data.get("addresses") or {}).values() for item in items]
    return Details(
        created=data["created"],
        flavor=parse.flavor(data["flavor"]),
        zone=(data["pinned_availability_zone"] or "") if "pinned_availability_zone" in data else None,
        server_groups=tuple(data.get("server_groups") or ()),
        macs=tuple(dict.fromkeys(item["OS-EXT-IPS-MAC:mac_addr"] for item in addresses)),
        nic_tags={item["port_id"]: item["tag"] for item in cards if item.get("tag")},
        ports_made={port["id"]: port.get("created_at") or "" for port in ports},
        more=_more(data, cloud.version("compute")),
    )


def _more(data: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Options for the request that makes a server, as Nova shows them; empty ones are left out.

    Before 2.90 Nova shows administrators a host name, but accepts none.
    """
    may_name = tuple(int(part) for part in version.split(".")) >= (2, 90)
    told = {key: data.get(key) for key in ("tags", "accessIPv4", "accessIPv6", "OS-DCF:diskConfig")}
    host = {"hostname": data.get("OS-EXT-SRV-ATTR:hostname")} if may_name else {}
    return {key: value for key, value in {**told, **host}.items() if value}


def _source(cloud: Session, options: Mapping[str, Any]) -> tuple[Source, Volume | None]:
    kind = next(kind for kind in KINDS if options.get(kind))
    data = need(cloud, kind, options[kind])
    return parse.source(kind, data), parse.volume(data) if kind == "volume" else None


def _id_of_volume(cloud: Session, ref: str | None) -> str | None:
    """The id of a volume. If it is gone, the name that was given."""
    data = find(cloud, "volume", ref) if ref else None
    return data["id"] if data else ref


def _volumes(cloud: Session, name: str) -> tuple[Volume, ...]:
    return tuple(parse.volume(item) for item in named(cloud, "volume", name))


def _formers(cloud: Session, seen: Seen) -> dict[str, Volume]:
    ids = {volume.metadata.get(ROOT_BEFORE) for volume in seen.volumes.values()}
    return read.volumes(Lookup(cloud), sorted(filter(None, ids)))


def _snapshots(cloud: Session, name: str) -> tuple[Snapshot, ...]:
    return tuple(parse.snapshot(item) for item in named(cloud, "snapshot", name))


def _images(cloud: Session, name: str) -> tuple[Named, ...]:
    return tuple(Named(item["id"], item["name"]) for item in named(cloud, "image", name))
