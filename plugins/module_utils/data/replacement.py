# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at when a server gets another root, and the names of what is made for that. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .seen import Flavor, Named, Seen, Snapshot, Source, Surroundings, Volume

#: What can become a root, as the options of the module are called.
KINDS = ("volume", "snapshot", "backup", "image")


@dataclass(frozen=True)
class Definition:
    """All of a server that an ordinary member can read, so that it can be made again. Written to a file as JSON.

    :param server_id: of the server that it was read from.
    :param ports: in their order; each with id, name, mac_address, fixed_ips and tag (None without).
    :param volumes: data volumes by device; each with id, name, device, tag and delete_on_termination.
    :param root: the root as it was, like one of ``volumes``; None without.
    :param server_group: its id.
    :param more: what goes into the request that makes the server as it is.
    :param user_data: whether the user gave some. It is not written down, for it may hold secrets.
    """

    server_id: str
    name: str
    flavor: Mapping[str, Any]
    ports: tuple[Mapping[str, Any], ...]
    volumes: tuple[Mapping[str, Any], ...]
    root: Mapping[str, Any] | None
    key_name: str | None
    availability_zone: str | None
    server_group: str | None
    config_drive: bool
    metadata: Mapping[str, str]
    description: str
    more: Mapping[str, Any]
    user_data: bool


def definition_from(data: Mapping[str, Any]) -> Definition:
    """A definition out of the JSON that was written of it.

    :raises KeyError: if something is missing.
    """
    values = {item.name: data[item.name] for item in fields(Definition)}
    return Definition(**{**values, "ports": tuple(values["ports"]), "volumes": tuple(values["volumes"])})


@dataclass(frozen=True)
class Details:
    """What only making a server again needs to know of it.

    :param created: when, UTC.
    :param flavor: with the sizes that the server has.
    :param zone: the availability zone that was asked for, "" for none, None if the cloud does not tell.
    :param macs: MAC addresses in the order in which the guest has its network cards.
    :param nic_tags: by id of the port, and ``ports_made`` likewise: when the port was made.
    """

    created: str
    flavor: Flavor
    zone: str | None
    server_groups: tuple[str, ...]
    macs: tuple[str, ...]
    nic_tags: Mapping[str, str]
    ports_made: Mapping[str, str]
    more: Mapping[str, Any]


@dataclass(frozen=True)
class Recreation:
    """What is looked at when the server may be made again.

    :param file: where its definition is written.
    :param user_data: None: not said. Likewise ``zone``.
    :param release: whether ports are taken off the server before it is deleted.
    :param details: of the server that is there.
    :param record: what is in the file, None if there is none.
    :param around: what a build needs; of volumes and ports those of the server and of the record, by id.
    :param is_another: the server was found by the name in the record only, and is not the one that it was read from.
    """

    file: str | None = None
    user_data: str | None = None
    zone: str | None = None
    release: bool = False
    details: Details | None = None
    record: Definition | None = None
    around: Surroundings = field(default_factory=Surroundings)
    is_another: bool = False

    @property
    def read(self) -> Details:
        """The details, for decisions about a server that is there."""
        if self.details is None:
            raise LookupError("decided about a server whose details were not read")
        return self.details


@dataclass(frozen=True)
class Replacing:
    """A server, and what is to be its root.

    :param source: what was named. ``size``: of a volume, a snapshot or a backup what it has, in GiB.
    :param given: the volume that was named; None for any other source.
    :param named_root: the id of the volume that the user says is the root, None if nothing was said.
    :param same_name: volumes that have the name of the volume that is to be made of the source.
    :param formers: by id the volumes that attached volumes are marked as the successors of.
    :param snapshots: made for a copy by a run that was killed, and ``images`` likewise.
    :param again: whether the source is handed over although it was already when this run began to read.
    """

    seen: Seen
    source: Source
    given: Volume | None = None
    named_root: str | None = None
    same_name: tuple[Volume, ...] = ()
    formers: Mapping[str, Volume] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Named, ...] = ()
    recreation: Recreation = field(default_factory=Recreation)
    again: bool = False


def root_name(server: str, source: Source) -> str:
    """The name of the volume that is made of a source to be the root of a server."""
    return f"{server}-root-{source.id[:8]}"


def helper_name(server_id: str) -> str:
    """The name of the snapshot and the image that a copy into the root of a server needs for a while."""
    return f"standby-{server_id}-root-copy"
