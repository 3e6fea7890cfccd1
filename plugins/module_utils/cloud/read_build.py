# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a server that boots from a volume needs around it."""

from __future__ import annotations

from dataclasses import replace

from ..errors import StandbyError
from ..model import Flavor, Port, Seen, Site, Source, Surroundings, Volume
from ..wanted import DiskWanted, NicWanted, ServerWanted
from . import parse, read
from .lookup import Lookup


def site(
    look: Lookup, wanted: ServerWanted, assume: bool = False, foretold: frozenset[tuple[str, str]] = frozenset()
) -> Site:
    """The server of that name, or its absence, and everything that building it refers to.

    :param assume: the operator vouches for the guarded API.
    :param foretold: kind and name of what is not there yet, but will be made first.
    """
    seen = _with_groups(look, read.seen(look, wanted.name, assume), wanted)
    return Site(seen, around(look, wanted, seen.server is None, foretold))


def around(
    look: Lookup,
    wanted: ServerWanted,
    building: bool = True,
    foretold: frozenset[tuple[str, str]] = frozenset(),
) -> Surroundings:
    """Everything that building a server refers to.

    :param building: whether the server is not there yet.
    """
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    return Surroundings(
        flavor=flavor(look, wanted.flavor),
        sources=_sources(look, made) if building else _image_of_root(look, made),
        given={disk.tag: volume for disk in wanted.disks if (volume := _given(look, disk)) is not None},
        same_name={disk.tag: _same_name(look, disk.name) for disk in made},
        ports={nic.name: _ports(look, nic) for nic in wanted.nics},
        ids={**_ids(look, wanted, foretold), **(_for_a_build(look, wanted) if building else {})},
        zones=look.zones("compute") if wanted.availability_zone else frozenset(),
        foreign_networks=_foreign_networks(look, wanted) if building else frozenset(),
    )


def kinds(wanted: ServerWanted) -> set[str]:
    """Of what the lists are needed, whether the server is there or not."""
    groups = {"security_group" for nic in wanted.nics if nic.security_groups}
    networks = {"network" for nic in wanted.nics if nic.network}
    return {
        "server",
        "volume",
        "port",
        "flavor",
        *networks,
        *groups,
        *(("server_group",) if wanted.server_group else ()),
    }


def flavor(look: Lookup, ref: str) -> Flavor | None:
    """The flavor with this name or id."""
    data = look.known("flavor", ref) if ref else None
    return parse.flavor(data) if data else None


def _with_groups(look: Lookup, seen: Seen, wanted: ServerWanted) -> Seen:
    """With the server group, if the server is a member of the one that is wanted; no list of servers tells it."""
    if not wanted.server_group or seen.server is None:
        return seen
    group = look.find("server_group", wanted.server_group)
    groups = (group["id"],) if group and seen.server.id in (group.get("members") or ()) else ()
    return replace(seen, server=replace(seen.server, server_groups=groups))


def _sources(look: Lookup, made: list[DiskWanted]) -> dict[str, Source | None]:
    return {disk.tag: source(look, disk) for disk in made if disk.kind != "blank"}


def _image_of_root(look: Lookup, made: list[DiskWanted]) -> dict[str, Source | None]:
    """Only to compare: an image that is gone, or whose name several carry now, is no reason to fail."""
    try:
        return _sources(look, [disk for disk in made if disk.boot_index == 0 and disk.kind == "image"])
    except StandbyError:
        return {}


def source(look: Lookup, disk: DiskWanted) -> Source | None:
    """What the volume of ``disk`` is made from, or None."""
    data = look.known(disk.kind, disk.ref)
    if data is None:
        return None
    if disk.kind == "image":
        return parse.image_source(data)
    return Source(disk.kind, data["id"], data.get("name") or "", data["status"], data.get("size") or 0)


def _given(look: Lookup, disk: DiskWanted) -> Volume | None:
    data = look.find("volume", disk.ref) if disk.kind == "volume" else None
    return parse.volume(data) if data else None


def _same_name(look: Lookup, name: str) -> tuple[Volume, ...]:
    return tuple(parse.volume(item) for item in look.named("volume", name))


def _ports(look: Lookup, nic: NicWanted) -> tuple[Port, ...]:
    if nic.port:
        data = look.find("port", nic.port)
        return (parse.port(data),) if data else ()
    return tuple(parse.port(item) for item in look.named("port", nic.name))


def _ids(look: Lookup, wanted: ServerWanted, foretold: frozenset[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
    refs = {("network", nic.network) for nic in wanted.nics if nic.network}
    refs |= {("security_group", group) for nic in wanted.nics for group in nic.security_groups or ()}
    refs |= {("server_group", wanted.server_group)} if wanted.server_group else set()
    ids = {(kind, ref): _id(look, kind, ref) for kind, ref in sorted(refs)}
    ids.update({(kind, ref): f"{ref} (to be made)" for kind, ref in foretold & ids.keys() if ids[kind, ref] is None})
    if wanted.key_name:
        ids["key", wanted.key_name] = wanted.key_name if look.has_key(wanted.key_name) else None
    return ids


def _for_a_build(look: Lookup, wanted: ServerWanted) -> dict[tuple[str, str], str | None]:
    """What only Cinder and Neutron would find out, when half of the volumes are made already."""
    made = [disk for disk in wanted.disks if disk.kind != "volume"]
    types = {disk.volume_type for disk in made if disk.volume_type}
    zones = {disk.availability_zone for disk in made if disk.availability_zone}
    known = look.zones("block_storage") if zones else frozenset()
    return {
        **{("volume_type", name): _id(look, "volume_type", name) for name in sorted(types)},
        **{("volume_availability_zone", zone): zone if zone in known else None for zone in sorted(zones)},
        **{("free_address", nic.fixed_ip): _free(look, nic) for nic in wanted.nics if nic.network and nic.fixed_ip},
    }


def _foreign_networks(look: Lookup, wanted: ServerWanted) -> frozenset[str]:
    """Networks of other projects on which an address is to be chosen; none for an administrator, who may."""
    chosen = {nic.network for nic in wanted.nics if nic.network and (nic.fixed_ip or nic.mac)}
    project, roles = look.cloud.who() if chosen else (None, frozenset())
    if project is None or "admin" in roles:
        return frozenset()
    known = {ref: look.known("network", ref) or {} for ref in chosen}
    return frozenset(ref for ref, data in known.items() if data.get("project_id", project) != project)


def _free(look: Lookup, nic: NicWanted) -> str | None:
    """The address, unless a port has it that is not the one that a killed run made for this."""
    network, address = _id(look, "network", nic.network or ""), nic.fixed_ip or ""
    others = [port for port in look.ports_at(network, address) if port.get("name") != nic.name] if network else []
    return None if others else address


def _id(look: Lookup, kind: str, ref: str) -> str | None:
    data = look.known(kind, ref)
    return data["id"] if data else None
