# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user wants of a server: the options of the modules as dataclasses, with defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Refused
from .marks import DISK, SERVER
from .steps import Refusal

#: What a volume can be made from, in the order of the options.
SOURCES = ("volume", "snapshot", "image", "backup", "blank")

#: What Nova takes as a device tag (nova/api/validation/parameter_types.py, tag).
_TAG = re.compile(r"[^,/]{1,60}\Z")


@dataclass(frozen=True)
class DiskWanted:
    """One disk.

    ``kind`` is one of SOURCES, or "clone" of a volume in a drill; ``ref`` is the name or id of its source; ``size`` is
    in GiB (None: that of the source).
    """

    kind: str
    ref: str
    name: str
    tag: str
    size: int | None = None
    volume_type: str | None = None
    availability_zone: str | None = None
    delete_on_termination: bool = False
    disk_bus: str | None = None
    device_type: str | None = None
    boot_index: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NicWanted:
    """One port: an existing one (``port``), or one to be made on ``network`` under ``name``."""

    name: str
    port: str | None = None
    network: str | None = None
    fixed_ip: str | None = None
    mac: str | None = None
    security_groups: tuple[str, ...] | None = None
    description: str | None = None


@dataclass(frozen=True)
class ServerWanted:
    """A server that boots from a volume, with everything around it. None: not asked for, so not compared."""

    name: str
    flavor: str = ""
    disks: tuple[DiskWanted, ...] = ()
    nics: tuple[NicWanted, ...] = ()
    key_name: str | None = None
    availability_zone: str | None = None
    server_group: str | None = None
    config_drive: bool | None = None
    user_data: str | None = None
    metadata: Mapping[str, str] | None = None
    description: str | None = None

    @property
    def refs(self) -> frozenset[tuple[str, str]]:
        """Kind and name or id of the networks and groups that it refers to."""
        networks = (("network", nic.network) for nic in self.nics if nic.network)
        groups = (("security_group", group) for nic in self.nics for group in nic.security_groups or ())
        return frozenset((*networks, *groups, *((("server_group", self.server_group),) if self.server_group else ())))


def server_wanted(options: Mapping[str, Any], volume_metadata: Mapping[str, str] | None = None) -> ServerWanted:
    """The options of ``server_boot_volume`` as a `ServerWanted`.

    :param volume_metadata: put on every volume that is made for the server.
    :raises Refused: if a disk or a port does not say what it is, or if two disks carry the same tag or name.
    """
    name = options["name"]
    root = [("root", options["boot_volume"])] if options.get("boot_volume") else []
    rows = [*root, *_data_rows(options.get("volumes") or ())]
    problem = _problem(name, rows, options.get("ports") or ())
    if problem:
        raise Refused(problem)
    return ServerWanted(
        name=name,
        flavor=options.get("flavor") or "",
        disks=tuple(
            _disk(name, tag, row, index, {SERVER: name, DISK: tag, **(volume_metadata or {})})
            for (tag, row), index in zip(rows, _boot_indexes(rows, len(root)))
        ),
        nics=_nics(name, options),
        key_name=options.get("key_name"),
        availability_zone=options.get("availability_zone"),
        server_group=options.get("server_group"),
        config_drive=options.get("config_drive"),
        user_data=options.get("user_data"),
        metadata=_texts(options.get("metadata")),
        description=options.get("description"),
    )


def _data_rows(volumes: Any) -> list[tuple[str, Mapping[str, Any]]]:
    return [(row.get("tag") or row.get("name") or f"disk{number}", row) for number, row in enumerate(volumes, 1)]


def _boot_indexes(rows: list[tuple[str, Mapping[str, Any]]], roots: int) -> Iterator[int | None]:
    """The root is tried first, then the CDs in their order: the firmware passes over a root that is still empty."""
    following = 1
    for number, (_tag, row) in enumerate(rows):
        if number < roots:
            yield 0
        elif row.get("device_type") == "cdrom":
            yield following
            following += 1
        else:
            yield None


def _problem(name: str, rows: list[tuple[str, Mapping[str, Any]]], nics: Any) -> Refusal | None:
    wanted = f"build server {name}"
    for saw, todo in (*_disk_problems(rows), *_common_names(name, rows)):
        return Refusal("bad_disk", wanted, saw, todo)
    for row in nics:
        if bool(row.get("port")) == bool(row.get("network")):
            return Refusal("bad_port", wanted, "a port names neither or both of port and network", "Name exactly one.")
    return None


def _disk_problems(rows: list[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """What was seen and what to do about it."""
    tags = [tag for tag, _row in rows]
    for tag, row in rows:
        kinds = [kind for kind in SOURCES if row.get(kind)]
        if len(kinds) != 1:
            saw = f"the {'boot volume' if tag == 'root' else 'volume ' + tag} names {', '.join(kinds) or 'no source'}"
            yield saw, f"Name exactly one of {', '.join(SOURCES)}."
        if row.get("size") is not None and row["size"] < 1:
            yield f"the volume {tag} is to have {row['size']} GiB", "Say its size in GiB, at least 1."
        if kinds == ["blank"] and not row.get("size"):
            yield f"the blank volume {tag} has no size", "Say its size in GiB."
        if tags.count(tag) > 1:
            yield f"two disks have the tag {tag}", "Give each disk a tag of its own."
        if not _TAG.match(tag):
            yield f"Nova takes no tag like {tag}", "Say a tag of at most 60 characters, without comma and slash."


def _common_names(server: str, rows: list[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, str]]:
    """A run that was killed finds its volumes again by their names."""
    names = [_volume_name(server, tag, row) for tag, row in rows if not row.get("volume")]
    for name in names:
        if names.count(name) > 1:
            yield f"two volumes that are to be made have the name {name}", "Give each volume a name of its own."


def _volume_name(server: str, tag: str, row: Mapping[str, Any]) -> str:
    return row.get("name") or f"{server}-{tag}"


def _disk(server: str, tag: str, row: Mapping[str, Any], index: int | None, metadata: Mapping[str, str]) -> DiskWanted:
    kind = next(kind for kind in SOURCES if row.get(kind))
    return DiskWanted(
        kind=kind,
        ref="" if kind == "blank" else row[kind],
        name=_volume_name(server, tag, row),
        tag=tag,
        size=row.get("size"),
        volume_type=row.get("volume_type"),
        availability_zone=row.get("availability_zone"),
        delete_on_termination=bool(row.get("delete_on_termination")),
        disk_bus=row.get("disk_bus"),
        device_type=row.get("device_type"),
        boot_index=index,
        metadata=metadata,
    )


def _nics(server: str, options: Mapping[str, Any]) -> tuple[NicWanted, ...]:
    rows = options.get("ports") or ()
    default = options.get("security_groups")
    return tuple(
        NicWanted(
            name=row.get("name") or f"{server}-port{number}",
            port=row.get("port"),
            network=row.get("network"),
            fixed_ip=row.get("fixed_ip"),
            mac=row.get("mac_address"),
            security_groups=_groups(row.get("security_groups"), default if row.get("network") else None),
        )
        for number, row in enumerate(rows)
    )


def _groups(own: Any, default: Any) -> tuple[str, ...] | None:
    chosen = own if own is not None else default
    return None if chosen is None else tuple(chosen)


def _texts(metadata: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Nova takes texts only."""
    return None if metadata is None else {key: str(value) for key, value in metadata.items()}
