# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read from a cloud: frozen dataclasses, sizes in GiB and memory in MiB as in the APIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .marks import Marks, about, read


@dataclass(frozen=True)
class Limits:
    """What a project may use at most (below 0: no limit), and what it uses, by kind.

    Of Nova: "cores", "ram" (MiB), "instances". Of Cinder: "volumes", "snapshots", "gigabytes". Of Neutron: "networks",
    "subnets", "ports".
    """

    most: Mapping[str, int]
    used: Mapping[str, int]

    def left(self, what: str) -> int | None:
        """What is left of a kind; None where there is no limit, or none is told."""
        most = self.most.get(what, -1)
        return None if most < 0 else max(0, most - self.used.get(what, 0))


@dataclass(frozen=True)
class Attachment:
    """One volume of a server, as Nova tells it."""

    volume_id: str
    device: str | None = None
    tag: str | None = None
    delete_on_termination: bool = False


@dataclass(frozen=True)
class Flavor:
    """A flavor; ``ram`` in MiB, ``disk`` in GiB."""

    name: str
    id: str = ""
    vcpus: int = 0
    ram: int = 0
    disk: int = 0


@dataclass(frozen=True)
class Server:
    """A server, as Nova tells it. ``root_device_name`` is shown to administrators only.

    :param pinned_zone: the availability zone that it stays in when it is unshelved, "" for none, None if not told.
    :param server_groups: the id of the wanted server group, if it is a member; None if none is wanted.
    :param addresses: the MAC and IP addresses of its ports, as Nova remembers them.
    :param updated: when Nova last changed its record of the server, by Nova's clock.
    """

    id: str
    name: str
    status: str
    task_state: str | None = None
    flavor: Flavor = Flavor("")
    availability_zone: str = ""
    host: str = ""
    locked: bool = False
    image_id: str | None = None
    root_device_name: str | None = None
    attachments: tuple[Attachment, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    key_name: str | None = None
    config_drive: bool = False
    fault: str = ""
    pinned_zone: str | None = None
    server_groups: tuple[str, ...] | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    updated: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume, as Cinder tells it. ``attached_to`` are ids of servers.

    :param promised: whether it is not there yet: the provider can make it of a recovery point.
    """

    id: str
    name: str
    status: str
    size: int
    bootable: bool = False
    availability_zone: str = ""
    volume_type: str = ""
    multiattach: bool = False
    attached_to: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    image_metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    promised: bool = False

    @cached_property
    def marks(self) -> Marks:
        """Its marks, none if they are about another volume."""
        return about(self.id, self.metadata)


@dataclass(frozen=True)
class RootAnswer:
    """What a cloud with the guarded API says of a server's root volume.

    :param task: "detaching" or "attaching" if such a request began and has not ended; it works, or it broke off.
    """

    device: str
    present: bool
    volume_id: str | None
    task: str | None = None


@dataclass(frozen=True)
class Root:
    """The root volume of a server. ``present`` is None when nothing tells; ``found_by`` says what told."""

    present: bool | None
    volume_id: str | None = None
    device: str | None = None
    found_by: str = "nothing tells"


@dataclass(frozen=True)
class Offer:
    """What a cloud offers for root volumes. ``how``: "advertised", "assumed" or "not advertised"."""

    guarded_api: bool
    how: str
    compute_version: str = ""
    volume_version: str = ""


@dataclass(frozen=True)
class Port:
    """A port of Neutron. ``security_groups`` are ids; ``admin_up`` is whether an administrator lets traffic through.

    ``owner`` is what it is for, such as "compute:nova" or "network:dhcp".
    """

    id: str
    name: str
    network_id: str
    mac: str
    fixed_ips: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    device_id: str = ""
    status: str = ""
    admin_up: bool = True
    description: str = ""
    owner: str = ""

    @property
    def of_router(self) -> bool:
        """Whether it leads to a router. That of a highly available one is "network:ha_router_replicated_interface"."""
        return self.owner.startswith(("network:router", "network:ha_router"))


@dataclass(frozen=True)
class Source:
    """What a volume is made from. ``min_disk`` and ``size`` in GiB, ``min_ram`` in MiB; ``properties`` of an image."""

    kind: str
    id: str
    name: str
    status: str
    size: int = 0
    min_disk: int = 0
    min_ram: int = 0
    volume_id: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a volume."""

    id: str
    name: str
    status: str
    volume_id: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""

    @cached_property
    def marks(self) -> Marks:
        """Its marks."""
        return read(self.metadata)


@dataclass(frozen=True)
class Named:
    """Something of which only id and name matter."""

    id: str
    name: str


@dataclass(frozen=True)
class Backup:
    """A backup of a volume. ``data_timestamp`` is when its data was taken: that of the snapshot that it is made of."""

    id: str
    name: str
    status: str
    volume_id: str
    size: int
    incremental: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    data_timestamp: str = ""

    @cached_property
    def marks(self) -> Marks:
        """Its marks."""
        return read(self.metadata)


@dataclass(frozen=True)
class Backups:
    """What replication by Cinder backups has made of a server so far, and all other backups of its disks.

    :param noted: volumes of the target that backups there name as the replicas into which they are restored.
    """

    snapshots: tuple[Snapshot, ...] = ()
    at_source: tuple[Backup, ...] = ()
    at_target: tuple[Backup, ...] = ()
    noted: tuple[Volume, ...] = ()


@dataclass(frozen=True)
class Seen:
    """Everything that a decision about one server looks at.

    :param woken: when the server was last made or unshelved, as Nova recorded it; None if unknown, or nobody asked.
    """

    server: Server | None
    offer: Offer
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    root_answer: RootAnswer | None = None
    woken: str | None = None

    @property
    def found(self) -> Server:
        """The server, for decisions that have made sure that there is one."""
        if self.server is None:
            raise LookupError("decided about a server that was not found")
        return self.server


@dataclass(frozen=True)
class Surroundings:
    """What a server that is to be built needs, as the cloud knows it.

    :param sources: by tag of the disk what its volume is made from; None if the cloud does not know it.
    :param given: by tag of the disk the existing volume that is to be used as it is.
    :param same_name: by tag of the disk the volumes that already carry the name of the volume to be made.
    :param ports: by name of the port those that exist: the one named, or those that carry its name.
    :param foreign_networks: networks of other projects, on which a member may not choose addresses.
    :param networks_down: networks that an administrator has set down.
    :param ids: ids by (kind, name or id) of networks, security groups, server groups and key pairs; None if unknown.
    """

    flavor: Flavor | None = None
    sources: Mapping[str, Source | None] = field(default_factory=dict)
    given: Mapping[str, Volume] = field(default_factory=dict)
    same_name: Mapping[str, tuple[Volume, ...]] = field(default_factory=dict)
    ports: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    ids: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    zones: frozenset[str] = frozenset()
    foreign_networks: frozenset[str] = frozenset()
    networks_down: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Site:
    """A server, or its absence, and what it needs around it."""

    seen: Seen
    around: Surroundings


@dataclass(frozen=True)
class Image(Named):
    """An image of the collection's own; ``metadata`` are its marks."""

    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """A server, and all of the project that tells what its volumes were and which revert of them is under way.

    :param images: those that a revert of this server made for a while.
    :param actions: what was done to the server, as Nova recorded it: name and UTC time of the beginning.
    """

    seen: Seen
    volumes: tuple[Volume, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Image, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
