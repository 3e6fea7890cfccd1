# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what is there of a drill, from lists that all jobs of a wave share. All of it is found by its marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ...data.drill import Isolated, IsolatedWanted, Left
from ...data.marks import DRILL, SERVER, drill_note
from ...data.seen import Port, Server, Snapshot, Volume
from .. import parse
from ..lookup import Shared, by_key
from ..shared_lists import Inventory
from . import networks
from .recovery import each, snapshots_by_volume, with_marks


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
    )


def network_ids(look: Shared, refs: Iterable[str]) -> frozenset[str]:
    """The ids of those of the networks that are there."""
    return frozenset(data["id"] for ref in refs if (data := networks.known(look, ref)))


def servers(inventory: Inventory, since: float, plan: str) -> tuple[Server, ...]:
    """The servers of drills of a plan."""
    return tuple(map(parse.server, with_marks(inventory, "server", since, {DRILL: plan})))


def of_server(inventory: Inventory, since: float, plan: str, server: str) -> tuple[Server, ...]:
    """Those that stand for one server of the plan."""
    return tuple(map(parse.server, with_marks(inventory, "server", since, {DRILL: plan, SERVER: server})))


def clones(inventory: Inventory, since: float, plan: str, server: str) -> tuple[Volume, ...]:
    """The volumes of a drill of one server. Where a copy carries their marks, it is none."""
    found = with_marks(inventory, "volume", since, {DRILL: plan, SERVER: server})
    return tuple(volume for volume in map(parse.volume, found) if volume.marks.drill == plan)


def left_of(inventory: Inventory, since: float, plan: str, server: str) -> Left:
    """What is there of the drill of one server of the plan."""
    noted = inventory.derived("port", since, by_key, "description").get(drill_note(plan, server), ())
    volumes = clones(inventory, since, plan, server)
    return Left(
        servers=of_server(inventory, since, plan, server),
        volumes=volumes,
        ports=tuple(map(parse.port, noted)),
        snapshots=_snapshots(inventory, since, volumes),
    )


def left_besides(inventory: Inventory, since: float, plan: str, known: Collection[str]) -> Left:
    """What is there of drills of the plan that belongs to none of its servers: networks, and servers that it lost.

    :param known: the servers of the plan.
    """
    theirs, ours = {drill_note(plan, name) for name in known}, f"{drill_note(plan)} "
    marked = map(parse.volume, with_marks(inventory, "volume", since, {DRILL: plan}))
    volumes = tuple(v for v in marked if v.marks.drill == plan and v.marks.server not in known)
    ports = (port for port in _ports(inventory, since) if port.description.startswith(ours))
    named = _networks(inventory, since, drill_note(plan))
    return Left(
        servers=tuple(one for one in servers(inventory, since, plan) if one.metadata.get(SERVER) not in known),
        volumes=volumes,
        ports=tuple(port for port in ports if port.description not in theirs),
        networks={item["id"]: item["name"] for item in named},
        snapshots=_snapshots(inventory, since, volumes),
        ports_of={item["id"]: _ports_on(inventory, since, item["id"]) for item in named},
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
    return inventory.derived("port", since, each, parse.port)


def _ports_on(inventory: Inventory, since: float, network: str) -> tuple[Port, ...]:
    found: Iterable[Any] = inventory.derived("port", since, by_key, "network_id").get(network, ())
    return tuple(map(parse.port, found))
