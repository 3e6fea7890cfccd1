# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a server that boots from a volume needs around it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...data.errors import Foreign, StandbyError
from ...data.seen import Flavor, Port, Seen, Site, Source, Surroundings, Volume
from ...data.wanted import DiskWanted, NicWanted, ServerWanted
from .. import parse
from ..lookup import Lookup
from ..names import KINDS
from . import server as read


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
        networks_down=_networks_down(look, wanted),
    )


def kinds(wanted: ServerWanted) -> set[str]:
    """The kinds whose lists are needed, whether the server is there or not."""
    return {"server", "volume", "port", "flavor", *(kind for kind, _ref in wanted.refs)}


def flavor(look: Lookup, ref: str) -> Flavor | None:
    """The flavor with this name or id."""
    data = look.known("flavor", ref) if ref else None
    return parse.flavor(data) if data else None


def _with_groups(look: Lookup, seen: Seen, wanted: ServerWanted) -> Seen:
    """Adds the server group, if the server is a member of the wanted one. No list of servers tells it."""
    if not wanted.server_group or seen.server is None:
        return seen
    group = look.find("server_group", wanted.server_group)
    groups = (group["id"],) if group and seen.server.id in (group.get("members") or ()) else ()
    return replace(seen, server=replace(seen.server, server_groups=groups))


def _sources(look: Lookup, made: list[DiskWanted]) -> dict[str, Source | None]:
    return {disk.tag: source(look, disk) for disk in made if disk.kind in KINDS}


def _image_of_root(look: Lookup, made: list[DiskWanted]) -> dict[str, Source | None]:
    """The image, only to compare. An image that is gone, or a name that several carry, is not an error here."""
    try:
        return _sources(look, [disk for disk in made if disk.boot_index == 0 and disk.kind == "image"])
    except StandbyError:
        return {}


def source(look: Lookup, disk: DiskWanted) -> Source | None:
    """What the volume of ``disk`` is made from, or None."""
    data = look.known(disk.kind, disk.ref)
    return parse.source(disk.kind, data) if data is not None else None


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
    ids = {(kind, ref): _foretold(look, kind, ref, foretold) for kind, ref in sorted(wanted.refs)}
    if wanted.key_name:
        ids["key", wanted.key_name] = wanted.key_name if look.has_key(wanted.key_name) else None
    return ids


def _foretold(look: Lookup, kind: str, ref: str, foretold: frozenset[tuple[str, str]]) -> str | None:
    """The id of what is there or will be made. If only another project has that name, it will be made."""
    if (kind, ref) not in foretold:
        return _id(look, kind, ref)
    with suppress(Foreign):
        return _id(look, kind, ref) or f"{ref} (to be made)"
    return f"{ref} (to be made)"


def _for_a_build(look: Lookup, wanted: ServerWanted) -> dict[tuple[str, str], str | None]:
    """What Cinder and Neutron would refuse only after half of the volumes are made."""
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
    """Networks of other projects on which the plan chooses an address. Administrators may do that, so none for them."""
    chosen = {nic.network for nic in wanted.nics if nic.network and (nic.fixed_ip or nic.mac)}
    project, roles = look.cloud.who() if chosen else (None, frozenset())
    if project is None or "admin" in roles:
        return frozenset()
    known = {ref: _network(look, ref) for ref in chosen}
    return frozenset(ref for ref, data in known.items() if data.get("project_id", project) != project)


def _networks_down(look: Lookup, wanted: ServerWanted) -> frozenset[str]:
    refs = {nic.network for nic in wanted.nics if nic.network}
    return frozenset(ref for ref in refs if _network(look, ref).get("admin_state_up") is False)


def _network(look: Lookup, ref: str) -> dict[str, Any]:
    """What is known of a network; {} if only another project has one of that name."""
    with suppress(Foreign):
        return look.known("network", ref) or {}
    return {}


def _free(look: Lookup, nic: NicWanted) -> str | None:
    """The address if it is free. The port of this name, which a killed run made, does not count."""
    network, address = _network(look, nic.network or "").get("id"), nic.fixed_ip or ""
    others = [port for port in look.ports_at(network, address) if port.get("name") != nic.name] if network else []
    return None if others else address


def _id(look: Lookup, kind: str, ref: str) -> str | None:
    data = look.known(kind, ref)
    return data["id"] if data else None
