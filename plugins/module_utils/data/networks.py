# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and security groups: what a plan wants at a site, and what was seen there. Neutron names the ``options``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Protocol

#: What Neutron makes of the names and numbers of protocols (neutron/db/securitygroups_db.py).
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "any": "", "0": ""}
_EVERYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class SubnetWanted:
    """A subnet. ``options`` holds what the plan says: what is not in it, Neutron chooses."""

    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class NetworkWanted:
    """A network with its subnets."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    subnets: tuple[SubnetWanted, ...] = ()

    @property
    def label(self) -> str:
        """What people call it."""
        return f"network {self.name}"

    @property
    def makes(self) -> frozenset[tuple[str, str]]:
        """Kind and name of what a server may need of it."""
        return frozenset({("network", self.name)})


@dataclass(frozen=True)
class Rule:
    """A rule of a security group in its one canonical form, so that equal rules do the same.

    :param group: the other group: its id, or in a plan its name or id.
    :param description: does not make two rules different.
    """

    direction: str
    ethertype: str
    protocol: str | None = None
    low: int | None = None
    high: int | None = None
    prefix: str | None = None
    group: str | None = None
    description: str = field(default="", compare=False)

    def __str__(self) -> str:
        ports = f" {self.low}" if self.low == self.high else f" {self.low}-{self.high}"
        ports = "" if self.low is None and self.high is None else ports
        other = self.prefix or (f"group {self.group}" if self.group else "anywhere")
        way = "from" if self.direction == "ingress" else "to"
        return f"{self.direction} {self.ethertype} {self.protocol or 'any protocol'}{ports} {way} {other}"


def rule(row: Mapping[str, Any]) -> Rule:
    """The rule in canonical form, from what Neutron tells or would be told."""
    ethertype = row["ethertype"]
    protocol = _protocol(row.get("protocol"), ethertype)
    low, high = (None if port == -1 else port for port in (row.get("port_range_min"), row.get("port_range_max")))
    if protocol in ("tcp", "udp") and low in (None, 1) and high in (None, 65535):
        low = high = None
    return Rule(
        direction=row["direction"],
        ethertype=ethertype,
        protocol=protocol,
        low=low,
        high=high,
        prefix=_prefix(row.get("remote_ip_prefix")),
        group=row.get("remote_group_id") or row.get("remote_address_group_id"),
        description=row.get("description") or "",
    )


def _protocol(given: Any, ethertype: str) -> str | None:
    name = "" if given is None else str(given).lower()
    name = _PROTOCOLS.get(name, name)
    return "ipv6-icmp" if (name, ethertype) == ("icmp", "IPv6") else name or None


def _prefix(given: str | None) -> str | None:
    """For Neutron a rule for every address and one without a prefix are the same rule."""
    prefix = str(ip_network(given, strict=False)) if given else ""
    return None if prefix in _EVERYWHERE else prefix or None


@dataclass(frozen=True)
class GroupWanted:
    """A security group with all of its rules. ``description`` is None if the plan has none."""

    name: str
    description: str | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class GroupsWanted:
    """Security groups whose rules name each other, so that all of them are made before any rule; mostly only one."""

    groups: tuple[GroupWanted, ...]

    @property
    def label(self) -> str:
        """What people call them."""
        first, *others = (group.name for group in self.groups)
        if not others:
            return f"security group {first}"
        return f"security groups {first} and {others[0] if len(others) == 1 else f'{len(others)} more'}"

    @property
    def makes(self) -> frozenset[tuple[str, str]]:
        """Kind and name of what a server may need of them."""
        return frozenset(("security_group", group.name) for group in self.groups)


class Wanted(Protocol):
    """What one job makes that is no server."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def makes(self) -> frozenset[tuple[str, str]]:
        """Kind and name of what a server may need of it."""


@dataclass(frozen=True)
class Subnet:
    """A subnet, as Neutron tells it."""

    id: str
    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Network:
    """A network of the own project with all of its subnets."""

    id: str
    name: str
    options: Mapping[str, Any]
    subnets: tuple[Subnet, ...] = ()


@dataclass(frozen=True)
class Group:
    """A security group of the own project. ``rules`` by their ids."""

    id: str
    name: str
    description: str
    rules: Mapping[str, Rule]


@dataclass(frozen=True)
class Groups:
    """The wanted security groups that are there, by name.

    :param ids: by name or id, as rules of the plan name them, the ids of other groups; None for one that is not there.
    """

    there: Mapping[str, Group]
    ids: Mapping[str, str | None] = field(default_factory=dict)
