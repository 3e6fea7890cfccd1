# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the operations of a recovery plan look at, from lists that all servers of a wave share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import Ambiguous, StandbyError, Unreachable
from ..model import Backup, Limits, Named, Seen, Server, Snapshot, Volume
from . import parse, read
from .answers import Unusable
from .inventory import Inventory
from .lookup import ANY_TIME, Shared, by_key
from .session import Session

Items = Mapping[str, Any]


def server(inventory: Inventory, name: str, since: float, assume: bool = False) -> Seen:
    """The server of that name with its volumes and ports, mostly from shared lists.

    :raises Ambiguous: if several servers carry the name.
    """
    cloud = inventory.cloud
    offer = read.offer(cloud, assume)
    found = inventory.derived("server", since, by_key, "name").get(name, ())
    if len(found) > 1:
        ids = sorted(item["id"] for item in found)
        raise Ambiguous(
            f"{cloud.label}: {len(found)} servers are named {name} ({', '.join(ids)}). Rename all but one.", ids=ids
        )
    if not found:
        return Seen(None, offer)
    data: dict[str, Any] = found[0]
    answer = read.root_answer(cloud, data["id"], offer)
    parsed = parse.server(data, None if answer else read.attachments(cloud, data))
    known = inventory.all("volume", since)
    # no step of a wave over servers that are there changes a port, so one list serves the whole run
    ports = Shared(inventory, ANY_TIME).ports_of(parsed.id)
    return Seen(
        server=parsed,
        offer=offer,
        volumes={a.volume_id: parse.volume(known[a.volume_id]) for a in parsed.attachments if a.volume_id in known},
        ports=tuple(parse.port(item) for item in ports),
        root_answer=answer,
    )


def limits(cloud: Session) -> Limits:
    """Quota and usage of the project: Nova tells them to every member, however it counts and wherever they are set."""
    absolute = (cloud.get("compute", "/limits").get("limits") or {}).get("absolute") or {}
    names = {"cores": "Cores", "ram": "RAM", "instances": "Instances"}
    most = {"cores": "maxTotalCores", "ram": "maxTotalRAMSize", "instances": "maxTotalInstances"}
    return Limits(
        {what: absolute[name] for what, name in most.items() if name in absolute},
        {what: absolute.get(f"total{name}Used", 0) for what, name in names.items()},
    )


def servers(inventory: Inventory, since: float) -> tuple[Server, ...]:
    """All servers of the project, without their attachments."""
    return inventory.derived("server", since, _parsed, parse.server)


def volumes(inventory: Inventory, since: float) -> tuple[Volume, ...]:
    """All volumes of the project."""
    return inventory.derived("volume", since, _parsed, parse.volume)


def volumes_with(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Volume, ...]:
    """The volumes of the project that have these metadata."""
    index = inventory.derived("volume", since, _by_marks, tuple(marks))
    return tuple(parse.volume(item) for item in index.get(tuple(marks.values()), ()))


def snapshots(inventory: Inventory, since: float) -> tuple[Snapshot, ...]:
    """All snapshots of the project."""
    return inventory.derived("snapshot", since, _parsed, parse.snapshot)


def snapshots_with(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Snapshot, ...]:
    """The snapshots of the project that have these metadata."""
    index = inventory.derived("snapshot", since, _by_marks, tuple(marks))
    return tuple(parse.snapshot(item) for item in index.get(tuple(marks.values()), ()))


def woken(cloud: Session, server_id: str) -> str | None:
    """When a server was last made or unshelved, from Nova's record of its actions; None if that does not tell."""
    actions = cloud.get("compute", f"/servers/{server_id}/os-instance-actions")["instanceActions"]
    return max((a["start_time"] for a in actions if a["action"] in ("create", "unshelve")), default=None)


def images_with(inventory: Inventory, since: float, name: str, marks: Mapping[str, str]) -> tuple[Named, ...]:
    """The images of that name that have these properties."""
    found = Shared(inventory, since).named("image", name)
    return tuple(Named(item["id"], item["name"]) for item in found if marks.items() <= item.items())


def backups(inventory: Inventory, since: float) -> tuple[Backup, ...]:
    """All backups of the project."""
    return inventory.derived("backup", since, _parsed, parse.backup)


def _by_marks(items: Items, keys: tuple[str, ...]) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for item in items.values():
        metadata = item.get("metadata") or {}
        found.setdefault(tuple(metadata.get(key) for key in keys), []).append(item)
    return found


def _parsed(items: Items, parser: Callable[[Any], Any]) -> tuple[Any, ...]:
    return tuple(parser(item) for item in items.values())


def statuses(cloud: Session, names: Iterable[str]) -> list[tuple[str, str]]:
    """Name and status of every server that carries one of the names."""
    wanted = set(names)
    servers = cloud.pages("compute", "/servers/detail", "servers")
    return [(item["name"], item["status"]) for item in servers if item.get("name") in wanted]


def ask(connect: Callable[[], Session], names: Iterable[str]) -> tuple[bool, str, list[tuple[str, str]]]:
    """Whether a site answers at all, why its servers could not be read ("" if they could), and their statuses.

    Only a site whose identity service gives no answer does not answer: one whose Nova is silent, or for which a load
    balancer answers, or whose certificate expired, may still run servers.
    """
    try:
        cloud = connect()
        cloud.authenticate()
    except StandbyError as error:
        silent = isinstance(error, Unreachable) and not isinstance(error, Unusable)
        return not silent, str(error), []
    try:
        return True, "", statuses(cloud, names)
    except StandbyError as error:
        return True, str(error), []
