# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a server that boots from a volume needs around it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..errors import CloudError
from ..model import Port, Site, Source, Surroundings, Volume
from ..wanted import DiskWanted, NicWanted, ServerWanted
from . import parse, read
from .find import find, named
from .session import Session


def site(
    cloud: Session, wanted: ServerWanted, assume: bool = False, foretold: frozenset[tuple[str, str]] = frozenset()
) -> Site:
    """The server of that name, or its absence, and everything that building it refers to.

    :param assume: the operator vouches for the guarded API.
    :param foretold: kind and name of what is not there yet, but will be made first.
    """
    seen = read.server(cloud, wanted.name, assume)
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    building = seen.server is None
    return Site(
        seen,
        Surroundings(
            flavor=_flavor(cloud, wanted.flavor),
            sources={disk.tag: source(cloud, disk) for disk in made if disk.kind != "blank" and building},
            given={disk.tag: volume for disk in wanted.disks if (volume := _given(cloud, disk)) is not None},
            same_name={disk.tag: _same_name(cloud, disk.name) for disk in made},
            ports={nic.name: _ports(cloud, nic) for nic in wanted.nics},
            ids={**_ids(cloud, wanted, foretold), **(_for_a_build(cloud, wanted) if building else {})},
            zones=_zones(cloud) if wanted.availability_zone else frozenset(),
        ),
    )


def _flavor(cloud: Session, ref: str) -> Any:
    data = cloud.once(("flavor", ref), lambda: find(cloud, "flavor", ref)) if ref else None
    return parse.flavor(data) if data else None


def source(cloud: Session, disk: DiskWanted) -> Source | None:
    """What the volume of ``disk`` is made from, or None."""
    data = cloud.once((disk.kind, disk.ref), lambda: find(cloud, disk.kind, disk.ref))
    if data is None:
        return None
    if disk.kind == "image":
        return parse.image_source(data)
    return Source(disk.kind, data["id"], data.get("name") or "", data["status"], data.get("size") or 0)


def _given(cloud: Session, disk: DiskWanted) -> Volume | None:
    data = find(cloud, "volume", disk.ref) if disk.kind == "volume" else None
    return parse.volume(data) if data else None


def _same_name(cloud: Session, name: str) -> tuple[Volume, ...]:
    return tuple(parse.volume(item) for item in named(cloud, "volume", name))


def _ports(cloud: Session, nic: NicWanted) -> tuple[Port, ...]:
    if nic.port:
        data = find(cloud, "port", nic.port)
        return (parse.port(data),) if data else ()
    return tuple(parse.port(item) for item in named(cloud, "port", nic.name))


def _ids(
    cloud: Session, wanted: ServerWanted, foretold: frozenset[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:
    refs = {("network", nic.network) for nic in wanted.nics if nic.network}
    refs |= {("security_group", group) for nic in wanted.nics for group in nic.security_groups or ()}
    refs |= {("server_group", wanted.server_group)} if wanted.server_group else set()
    ids = {(kind, ref): _id(cloud, kind, ref) for kind, ref in sorted(refs)}
    ids.update({(kind, ref): f"{ref} (to be made)" for kind, ref in foretold & ids.keys() if ids[kind, ref] is None})
    if wanted.key_name:
        ids["key", wanted.key_name] = _key(cloud, wanted.key_name)
    return ids


def _for_a_build(cloud: Session, wanted: ServerWanted) -> dict[tuple[str, str], str | None]:
    """What only Cinder and Neutron would find out, when half of the volumes are made already."""
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    types = {disk.volume_type for disk in made if disk.volume_type}
    zones = {disk.availability_zone for disk in made if disk.availability_zone}
    known = _zones(cloud, "block_storage") if zones else frozenset()
    return {
        **{("volume_type", name): _id(cloud, "volume_type", name) for name in sorted(types)},
        **{("volume_availability_zone", zone): zone if zone in known else None for zone in sorted(zones)},
        **{("free_address", nic.fixed_ip): _free(cloud, nic) for nic in wanted.nics if nic.network and nic.fixed_ip},
    }


def _free(cloud: Session, nic: NicWanted) -> str | None:
    """The address, unless a port has it that is not the one that a killed run made for this."""
    network = _id(cloud, "network", nic.network or "")
    query = f"/ports?network_id={network}&fixed_ips=ip_address%3D{quote(nic.fixed_ip or '')}"
    others = (
        [port for port in cloud.pages("network", query, "ports") if port.get("name") != nic.name] if network else []
    )
    return None if others else nic.fixed_ip


def _id(cloud: Session, kind: str, ref: str) -> str | None:
    data = cloud.once((kind, ref), lambda: find(cloud, kind, ref))
    return data["id"] if data else None


def _key(cloud: Session, name: str) -> str | None:
    try:
        return cloud.once(("key", name), lambda: cloud.get("compute", f"/os-keypairs/{quote(name)}"))["keypair"]["name"]
    except CloudError as error:
        if error.status == 404:
            return None
        raise


def _zones(cloud: Session, service: str = "compute") -> frozenset[str]:
    data = cloud.once(("zones", service), lambda: cloud.get(service, "/os-availability-zone"))
    return frozenset(zone["zoneName"] for zone in data["availabilityZoneInfo"] if zone["zoneState"]["available"])
