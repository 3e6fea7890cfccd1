# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a plan with their subnets: what is wanted at a site, and what must be made or changed.

Nothing is ever deleted. A subnet whose range of addresses differs is refused, for Neutron cannot change that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from ...data.networks import Network, NetworkWanted, Subnet, SubnetWanted
from ...data.parts import Part
from ...data.steps import Decision, Plan, Ref, Refusal, Step, for_part

Row = Mapping[str, Any]

#: In what is foretold, the id of what is yet to be made.
NEW = "(new)"

#: What Neutron cannot change.
_FIXED = ("ip_version", "cidr")


def wanted_networks(plan: Row, site: str) -> tuple[NetworkWanted, ...]:
    """What the plan wants at site "a" or "b"."""
    return tuple(
        NetworkWanted(
            name=row["name"],
            options=given(row, "mtu", "port_security_enabled"),
            subnets=tuple(_subnet_wanted(subnet) for subnet in row.get("subnets") or ()),
        )
        for row in at_site(plan.get("networks"), site)
    )


def at_site(rows: Any, site: str) -> list[Row]:
    """Those of the rows that are about a site; without ``sites`` a row is about both."""
    return [row for row in rows or () if site in (row.get("sites") or ("a", "b"))]


def given(row: Row, *names: str) -> dict[str, Any]:
    """The options that the plan says."""
    return {name: row[name] for name in names if row.get(name) is not None}


def _subnet_wanted(row: Row) -> SubnetWanted:
    options = {
        "cidr": row["cidr"],
        "ip_version": 6 if ":" in row["cidr"] else 4,
        "enable_dhcp": True,
        **given(row, "gateway_ip", "enable_dhcp", "dns_nameservers", "allocation_pools", "host_routes"),
    }
    return SubnetWanted(row["name"], {**options, **({"gateway_ip": None} if row.get("disable_gateway_ip") else {})})


def decide_network(seen: Network | None, wanted: NetworkWanted) -> Decision:
    """Makes the network and its subnets, or changes what differs."""
    there = {subnet.name: subnet for subnet in seen.subnets} if seen else {}
    for subnet in wanted.subnets:
        problem = _refusal(wanted.name, subnet, there.get(subnet.name))
        if problem:
            return problem
    steps = [*_network_steps(seen, wanted)]
    for subnet in wanted.subnets:
        steps += _subnet_steps(seen.id if seen else Ref(wanted.label), wanted, subnet, there.get(subnet.name))
    return Plan({"network": _facts(seen)}, {"network": _foretold(seen, wanted)}, for_part(Part.NETWORK, steps))


def _refusal(network: str, wanted: SubnetWanted, there: Subnet | None) -> Refusal | None:
    differs = there and next(iter(_differences(wanted.options, there.options, _FIXED)), None)
    if there is None or differs is None:
        return None
    saw = f"a subnet of that name is there with {there.options['cidr']}, and Neutron changes no range of addresses"
    todo = "Correct the plan, or give the subnet another name in it."
    return Refusal("other_subnet", f"make subnet {wanted.name} of network {network}", saw, todo)


def _network_steps(seen: Network | None, wanted: NetworkWanted) -> Iterator[Step]:
    if seen is None:
        args = {"name": wanted.name, **wanted.options}
        yield Step("create_network", f"make {wanted.label}", args, result=wanted.label)
        return
    changes = _differences(wanted.options, seen.options)
    if changes:
        text = _text(wanted.label, changes, seen.options)
        yield Step("update_network", text, {"network_id": seen.id, **changes})


def _subnet_steps(
    network_id: str | Ref, network: NetworkWanted, wanted: SubnetWanted, there: Subnet | None
) -> Iterator[Step]:
    if there is None:
        text = f"make subnet {wanted.name} ({wanted.options['cidr']}) of {network.label}"
        yield Step("create_subnet", text, {"network_id": network_id, "name": wanted.name, **wanted.options})
        return
    changes = _differences(wanted.options, there.options)
    if changes:
        text = _text(f"subnet {wanted.name}", changes, there.options)
        yield Step("update_subnet", text, {"subnet_id": there.id, **changes})


def _text(label: str, changes: Row, there: Row) -> str:
    told = (f"{key} from {_words(there.get(key))} to {_words(value)}" for key, value in changes.items())
    return f"change {label}: {', '.join(told)}"


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "-".join(map(str, value.values()))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_words, value))}]"
    return "none" if value is None else str(value)


def _differences(wanted: Row, there: Row, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """Those of the wanted options that are not as wanted."""
    looked_at = {key: wanted[key] for key in keys or wanted}
    return {key: value for key, value in looked_at.items() if _plain(value) != _plain(there.get(key))}


def _plain(value: Any) -> Any:
    """One form for what is the same: Neutron keeps no order in lists, and writes addresses in their shortest form."""
    if isinstance(value, Mapping):
        return sorted((key, _plain(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, str):
        return _address(value)
    return value


def _address(text: str) -> str:
    try:
        return str(ip_network(text) if "/" in text else ip_address(text))
    except ValueError:
        return text


def _facts(network: Network | None) -> dict[str, Any] | None:
    if network is None:
        return None
    subnets = [{"id": subnet.id, "name": subnet.name, **subnet.options} for subnet in network.subnets]
    return {"id": network.id, "name": network.name, **network.options, "subnets": subnets}


def _foretold(seen: Network | None, wanted: NetworkWanted) -> dict[str, Any]:
    facts = _facts(seen) or {"id": NEW, "name": wanted.name, "subnets": []}
    subnets = {row["name"]: row for row in facts["subnets"]}
    for subnet in wanted.subnets:
        subnets[subnet.name] = {**subnets.get(subnet.name, {"id": NEW, "name": subnet.name}), **subnet.options}
    return {**facts, **wanted.options, "subnets": list(subnets.values())}
