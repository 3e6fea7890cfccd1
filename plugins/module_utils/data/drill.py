# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill makes beside its servers, and what was seen of a drill at the site where it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .networks import Network, NetworkWanted
from .seen import Port, Server, Snapshot, Volume

#: At the end of the name of everything that a drill makes. Only people need it: what is found again is found by marks.
SUFFIX = "-drill"


@dataclass(frozen=True)
class IsolatedWanted(NetworkWanted):
    """A network of a drill: the subnets of another network, which are read at the target, and no router.

    :param original: the network that it stands for, by name or id.
    """

    plan: str = ""
    original: str = ""


@dataclass(frozen=True)
class RestWanted:
    """What is to be left of a drill in the end: nothing.

    :param servers: all servers of the plan. What is left of one of them is removed by its own job.
    :param going: in check mode those of them of which it would be removed before.
    :param keep: whether a drill that is to stay is left alone.
    """

    plan: str
    servers: frozenset[str]
    going: frozenset[str] = frozenset()
    keep: bool = False
    label: str = "what is left of the drill"
    makes: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Isolated:
    """A network of a drill, as it was seen.

    :param original: the network that it stands for; None if there is none.
    :param there: the one of the drill; None if it is not made yet.
    :param note: the description of that one.
    :param ports: its ports.
    :param of_neutron: how many ports of the own project Neutron has made for itself, for DHCP or metadata, on the
        original and on the one of the drill.
    """

    original: Network | None
    there: Network | None = None
    note: str = ""
    ports: tuple[Port, ...] = ()
    of_neutron: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Left:
    """What is there of a drill, or of a part of it.

    :param snapshots: by the id of a volume.
    :param networks: by id their names.
    :param ports_of: by the id of such a network all of its ports.
    :param others: by kind the names of what is there of servers whose own jobs remove it. It is only told.
    """

    servers: tuple[Server, ...] = ()
    volumes: tuple[Volume, ...] = ()
    ports: tuple[Port, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    snapshots: Mapping[str, tuple[Snapshot, ...]] = field(default_factory=dict)
    ports_of: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __add__(self, other: Left) -> Left:
        """Both together."""
        return Left(
            servers=(*self.servers, *other.servers),
            volumes=(*self.volumes, *other.volumes),
            ports=(*self.ports, *other.ports),
            networks={**self.networks, **other.networks},
        )

    @property
    def ids(self) -> Iterator[str]:
        """Of all of it."""
        yield from (one.id for of_kind in (self.servers, self.volumes, self.ports) for one in of_kind)
        yield from self.networks
