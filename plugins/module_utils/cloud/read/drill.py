# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is there of a drill, from lists that all jobs of a wave share. All of it is found by its marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...data.drill import Isolated, IsolatedWanted, Left, RestWanted
from ...data.marks import DRILL, PLAN, SERVER, drill_note, is_port_note
from ...data.seen import Port, Server, Snapshot, Volume
from .. import parse
from ..lookup import Shared, by_key
from ..shared_lists import Inventory
from . import networks
from .recovery import snapshots_by_volume, with_marks


def isolated(look: Shared, wanted: IsolatedWanted) -> Isolated:
    """A network of a drill, and the network that it stands for.

    :raises Ambiguous: if the project has several networks of the name of either.
    """
    original = look.known("network", wanted.original)
    there = networks.own(look, "network", wanted.name)
    return Isolated(
        original=networks.with_subnets(look, original) if original else None,
        there=networks.with_subnets(look, there, ("description",)) if there else None,
        note=(there or {}).get("description") or "",
        ports=_ports_on(look.inventory, look.since, there["id"]) if there else (),
        of_neutron=(_number_of_neutron(look, original), _number_of_neutron(look, there)),
    )


#: Owners of the ports that Neutron puts on each network: of its DHCP agents, of OVN (neutron_lib/constants.py).
_OF_NEUTRON = ("network:dhcp", "network:distributed")


def _number_of_neutron(look: Shared, network: Mapping[str, Any] | None) -> int:
    on_it = look.inventory.derived("port", look.since, by_key, "network_id").get(network["id"], ()) if network else ()
    return len([item for item in on_it if item.get("device_owner") in _OF_NEUTRON and _ours(look.inventory, item)])


def ports_noted(inventory: Inventory, since: float, note: str) -> tuple[Port, ...]:
    """The ports of the own project with this description."""
    noted = inventory.derived("port", since, _by_note, inventory.cloud.who()[0])
    return tuple(map(parse.port, noted.get(note, ())))


def freed_of_neutron(inventory: Inventory, since: float, gone: Left) -> dict[str, int]:
    """What its end gives back to the quota of Neutron. With a network go its subnets, and what Neutron made on it.

    :param gone: what is deleted and in no list any more.
    """
    subnets = inventory.derived("subnet", since, by_key, "network_id")
    left = sum(port.network_id in gone.networks for port in _ports(inventory, since))
    return {
        "networks": len(gone.networks),
        "subnets": sum(len(subnets.get(network, ())) for network in gone.networks),
        "ports": len(gone.ports) + left,
    }


def network_ids(look: Shared, refs: Iterable[str]) -> frozenset[str]:
    """The ids of those of the networks that are there."""
    return frozenset(data["id"] for ref in refs if (data := networks.known(look, ref)))


def servers(inventory: Inventory, since: float, plan: str) -> tuple[Server, ...]:
    """The servers of drills of a plan."""
    return _servers(inventory, since, {DRILL: plan})


def of_server(inventory: Inventory, since: float, plan: str, server: str) -> tuple[Server, ...]:
    """Those that stand for one server of the plan."""
    return _servers(inventory, since, {DRILL: plan, SERVER: server})


def _servers(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Server, ...]:
    """What carries the mark of a plan as well is a part of it, and never of a drill."""
    found = with_marks(inventory, "server", since, marks)
    return tuple(parse.server(item) for item in found if PLAN not in item["metadata"])


def clones(inventory: Inventory, since: float, plan: str, server: str) -> tuple[Volume, ...]:
    """The volumes of a drill of one server. Where a copy carries their marks, it is none."""
    return _clones(inventory, since, {DRILL: plan, SERVER: server})


def _clones(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Volume, ...]:
    """Their marks name them, or say for which server they are being made. A part of the plan is never one."""
    volumes = map(parse.volume, with_marks(inventory, "volume", since, marks))
    return tuple(v for v in volumes if v.marks.drill and not v.marks.plan and (v.marks.named or v.marks.building))


def left_of(inventory: Inventory, since: float, plan: str, server: str) -> Left:
    """What is there of the drill of one server of the plan."""
    volumes = clones(inventory, since, plan, server)
    return Left(
        servers=of_server(inventory, since, plan, server),
        volumes=volumes,
        ports=ports_noted(inventory, since, drill_note(plan, server)),
        snapshots=_snapshots(inventory, since, volumes),
    )


def left_besides(inventory: Inventory, since: float, rest: RestWanted) -> Left:
    """What is there of drills of the plan that belongs to none of its servers: networks, and servers that it lost."""
    plan, known = rest.plan, rest.servers
    theirs, going = ({drill_note(plan, name) for name in names} for names in (known, rest.going))
    named = _networks(inventory, since, drill_note(plan))
    volumes = _clones(inventory, since, {DRILL: plan})
    ports = [p for p in _ports(inventory, since) if is_port_note(p.description, plan)]
    stay = known - rest.going
    return Left(
        servers=tuple(one for one in servers(inventory, since, plan) if one.metadata.get(SERVER) not in known),
        volumes=tuple(v for v in volumes if v.marks.server not in known),
        ports=tuple(p for p in ports if p.description not in theirs),
        networks={item["id"]: item["name"] for item in named},
        snapshots=_snapshots(inventory, since, volumes),
        ports_of={
            item["id"]: tuple(p for p in _ports_on(inventory, since, item["id"]) if p.description not in going)
            for item in named
        },
        others={
            "servers": tuple(s.name for s in servers(inventory, since, plan) if s.metadata.get(SERVER) in stay),
            "volumes": tuple(v.name or v.id for v in volumes if v.marks.server in stay),
            "ports": tuple(p.name or p.id for p in ports if p.description in theirs - going),
        },
    )


def _snapshots(inventory: Inventory, since: float, volumes: Iterable[Volume]) -> dict[str, tuple[Snapshot, ...]]:
    known = snapshots_by_volume(inventory, since)
    return {volume.id: tuple(known.get(volume.id, ())) for volume in volumes}


def _networks(inventory: Inventory, since: float, note: str) -> list[dict[str, Any]]:
    """Those of the own project with this description."""
    project, _roles = inventory.cloud.who()
    found = inventory.derived("network", since, by_key, "description").get(note, [])
    return [item for item in found if project in (None, item.get("project_id"))]


def _ports(inventory: Inventory, since: float) -> tuple[Port, ...]:
    """Those of the own project: an administrator sees all."""
    return inventory.derived("port", since, _of_project, inventory.cloud.who()[0])


def _ours(inventory: Inventory, item: Mapping[str, Any]) -> bool:
    project = inventory.cloud.who()[0]
    return project in (None, item.get("project_id", project))


def _of_project(items: Mapping[str, Any], project: str | None) -> tuple[Port, ...]:
    return tuple(map(parse.port, (p for p in items.values() if project in (None, p.get("project_id", project)))))


def _by_note(items: Mapping[str, Any], project: str | None) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for port in items.values():
        if project in (None, port.get("project_id", project)):
            found.setdefault(port.get("description") or "", []).append(port)
    return found


def _ports_on(inventory: Inventory, since: float, network: str) -> tuple[Port, ...]:
    found: Iterable[Any] = inventory.derived("port", since, by_key, "network_id").get(network, ())
    return tuple(map(parse.port, found))
