# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the networks and security groups of the own project. Those of other projects are never taken for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ...data.errors import Foreign
from ...data.networks import Group, Groups, GroupsWanted, Network, Subnet, rule
from ..lookup import Shared, by_key
from ..names import looks_like_id, one

Json = Mapping[str, Any]

_OF_NETWORK = ("mtu", "port_security_enabled")
_OF_SUBNET = (
    "cidr",
    "ip_version",
    "gateway_ip",
    "enable_dhcp",
    "dns_nameservers",
    "allocation_pools",
    "host_routes",
)


def network(look: Shared, name: str) -> Network | None:
    """The network of that name with its subnets, or None.

    :raises Ambiguous: if the project has several networks of that name.
    """
    data = own(look, "network", name)
    return None if data is None else with_subnets(look, data)


def with_subnets(look: Shared, data: Json, more: tuple[str, ...] = ()) -> Network:
    """A network with its subnets.

    :param more: what is read of it besides.
    """
    subnets = look.inventory.derived("subnet", look.since, by_key, "network_id").get(data["id"], [])
    return Network(
        id=data["id"],
        name=data["name"],
        options={key: data.get(key) for key in (*_OF_NETWORK, *more)},
        subnets=tuple(
            Subnet(item["id"], item.get("name") or "", {key: item.get(key) for key in _OF_SUBNET}) for item in subnets
        ),
    )


def groups(look: Shared, wanted: GroupsWanted) -> Groups:
    """Those of the security groups that are there, and the ids of all others that their rules name.

    :raises Ambiguous: if the project has several groups of one of these names.
    """
    found = {group.name: own(look, "security_group", group.name) for group in wanted.groups}
    named = {rule.group for group in wanted.groups for rule in group.rules if rule.group} - found.keys()
    return Groups(
        there={name: _group(data) for name, data in found.items() if data is not None},
        ids={ref: ref if looks_like_id(ref) else _id(own(look, "security_group", ref)) for ref in sorted(named)},
    )


def _group(data: Json) -> Group:
    rules: Iterable[Json] = data["security_group_rules"]
    return Group(data["id"], data["name"], data.get("description") or "", {item["id"]: rule(item) for item in rules})


def own(look: Shared, kind: str, name: str) -> Json | None:
    """The one of that name that belongs to the project of the session; an administrator sees those of all projects."""
    project, _roles = look.cloud.who()
    own = [item for item in look.named(kind, name) if project in (None, item.get("project_id"))]
    return one(look.cloud, kind, name, own)


def known(look: Shared, ref: str) -> Json | None:
    """The network that a plan names; None if only another project has one of that name."""
    with suppress(Foreign):
        return look.known("network", ref)
    return None


def _id(data: Json | None) -> str | None:
    return data["id"] if data else None
