# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the operations of a recovery plan look at, from lists that all servers of a wave share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...data.errors import Ambiguous
from ...data.seen import Limits, Named, Offer, Seen, Server, Snapshot, Volume
from .. import parse
from ..lookup import ANY_TIME, Shared, by_key
from ..session import Session
from ..shared_lists import Inventory
from ..typed import checked
from . import server as read

Items = Mapping[str, Any]

#: Where the root volume does not matter.
NOT_ASKED = Offer(False, "not asked")


def server(inventory: Inventory, name: str, since: float, assume: bool = False) -> Seen:
    """The server of that name with its volumes and ports, mostly from shared lists.

    :raises Ambiguous: if several servers carry the name.
    """
    cloud = inventory.cloud
    offer = read.offer(cloud, assume)
    data = _named(inventory, name, since)
    if data is None:
        return Seen(None, offer)
    answer = read.root_answer(Shared(inventory, since), data["id"], offer)
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


def listed(inventory: Inventory, name: str, since: float) -> Seen:
    """The server of that name with its volumes, from shared lists alone: nothing tells devices, tags or the root.

    :raises Ambiguous: if several servers carry the name.
    """
    found = _named(inventory, name, since)
    parsed = parse.server(found) if found else None
    known = inventory.all("volume", since)
    ids = [a.volume_id for a in parsed.attachments] if parsed else []
    return Seen(parsed, NOT_ASKED, {one: parse.volume(known[one]) for one in ids if one in known})


def _named(inventory: Inventory, name: str, since: float) -> dict[str, Any] | None:
    found = inventory.derived("server", since, by_key, "name").get(name, ())
    if len(found) > 1:
        ids = sorted(item["id"] for item in found)
        raise Ambiguous(
            f"{inventory.cloud.label}: {len(found)} servers are named {name} ({', '.join(ids)}). Rename all but one.",
            ids=ids,
        )
    return found[0] if found else None


@checked
def limits(cloud: Session) -> Limits:
    """Quota and usage of the project. Nova tells them to every member."""
    absolute = (cloud.get("compute", "/limits").get("limits") or {}).get("absolute") or {}
    names = {"cores": "Cores", "ram": "RAM", "instances": "Instances"}
    most = {"cores": "maxTotalCores", "ram": "maxTotalRAMSize", "instances": "maxTotalInstances"}
    return Limits(
        {what: absolute[name] for what, name in most.items() if name in absolute},
        {what: absolute.get(f"total{name}Used", 0) for what, name in names.items()},
    )


@checked
def volume_limits(cloud: Session) -> Limits:
    """Quota and usage of Cinder: of "volumes", "snapshots", and of "gigabytes" of both together."""
    absolute = (cloud.get("block_storage", "/limits").get("limits") or {}).get("absolute") or {}
    names = {"volumes": "Volumes", "snapshots": "Snapshots", "gigabytes": "VolumeGigabytes"}
    used = {"volumes": "totalVolumesUsed", "snapshots": "totalSnapshotsUsed", "gigabytes": "totalGigabytesUsed"}
    most = {what: absolute.get(f"maxTotal{name}") for what, name in names.items()}
    return Limits(
        {what: number for what, number in most.items() if number is not None},
        {what: absolute.get(name) or 0 for what, name in used.items()},
    )


def network_limits(cloud: Session) -> Limits:
    """Quota and usage of Neutron: of "networks", "subnets" and "ports". Every member may ask for them."""
    told = cloud.get("network", f"/quotas/{cloud.who()[0]}/details").get("quota") or {}
    known = {f"{kind}s": told[kind] for kind in ("network", "subnet", "port") if kind in told}
    return Limits(
        {what: one["limit"] for what, one in known.items()},
        {what: one["used"] + one["reserved"] for what, one in known.items()},
    )


def servers(inventory: Inventory, since: float) -> tuple[Server, ...]:
    """All servers of the project, without their attachments."""
    return inventory.derived("server", since, each, parse.server)


def volumes(inventory: Inventory, since: float) -> tuple[Volume, ...]:
    """All volumes of the project."""
    return inventory.derived("volume", since, each, parse.volume)


def volumes_with(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Volume, ...]:
    """The volumes of the project that have these metadata."""
    return tuple(map(parse.volume, with_marks(inventory, "volume", since, marks)))


def volumes_named(inventory: Inventory, since: float, ids: Iterable[str]) -> dict[str, Volume]:
    """By id the volumes of the project with these ids; an empty one names none."""
    wanted = sorted(set(filter(None, ids)))
    known = inventory.all("volume", since) if wanted else {}
    return {volume_id: parse.volume(known[volume_id]) for volume_id in wanted if volume_id in known}


def snapshots_with(inventory: Inventory, since: float, marks: Mapping[str, str]) -> tuple[Snapshot, ...]:
    """The snapshots of the project that have these metadata."""
    return tuple(map(parse.snapshot, with_marks(inventory, "snapshot", since, marks)))


def with_marks(inventory: Inventory, kind: str, since: float, marks: Mapping[str, str]) -> Sequence[Any]:
    """The resources of a kind that have these metadata."""
    found: Sequence[Any] = inventory.derived(kind, since, _by_marks, tuple(marks)).get(tuple(marks.values()), ())
    return found


def snapshots_by_volume(inventory: Inventory, since: float) -> Mapping[str, list[Snapshot]]:
    """The snapshots of the project by the id of their volume."""
    return inventory.derived("snapshot", since, _by_volume)


def _by_volume(items: Items) -> dict[str, list[Snapshot]]:
    found: dict[str, list[Snapshot]] = {}
    for snapshot in each(items, parse.snapshot):
        found.setdefault(snapshot.volume_id, []).append(snapshot)
    return found


def woken(cloud: Session, server_id: str) -> str | None:
    """When a server was last made or unshelved, from Nova's record of its actions; None if that does not tell."""
    actions = cloud.get("compute", f"/servers/{server_id}/os-instance-actions")["instanceActions"]
    return max((a["start_time"] for a in actions if a["action"] in ("create", "unshelve")), default=None)


def images_with(inventory: Inventory, since: float, name: str, marks: Mapping[str, str]) -> tuple[Named, ...]:
    """The images of that name that have these properties."""
    found = Shared(inventory, since).named("image", name)
    return tuple(Named(item["id"], item["name"]) for item in found if marks.items() <= item.items())


def _by_marks(items: Items, keys: tuple[str, ...]) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for item in items.values():
        metadata = item.get("metadata") or {}
        found.setdefault(tuple(metadata.get(key) for key in keys), []).append(item)
    return found


def each(items: Items, parser: Callable[[Any], Any]) -> tuple[Any, ...]:
    """All items of a list, parsed: for `Inventory.derived`."""
    return tuple(parser(item) for item in items.values())
