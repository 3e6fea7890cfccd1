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
            ids=_ids(cloud, wanted, foretold),
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


def _zones(cloud: Session) -> frozenset[str]:
    data = cloud.once(("zones", ""), lambda: cloud.get("compute", "/os-availability-zone"))
    return frozenset(zone["zoneName"] for zone in data["availabilityZoneInfo"] if zone["zoneState"]["available"])
