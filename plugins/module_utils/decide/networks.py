# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks, subnets and security groups of a plan: what is wanted at a site, and how what is there differs.

The modules of openstack.cloud make them. What would change is decided here, for `openstack.cloud.network` knows no
check mode, `openstack.cloud.subnet` (2.6.0) fails in it when the subnet exists, and one look is faster than a task for
each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

Row = Mapping[str, Any]

_NETWORK = {"mtu": "mtu", "port_security_enabled": "is_port_security_enabled"}
_SUBNET = {
    "cidr": "cidr",
    "gateway_ip": "gateway_ip",
    "enable_dhcp": "is_dhcp_enabled",
    "dns_nameservers": "dns_nameservers",
    "allocation_pools": "allocation_pools",
    "host_routes": "host_routes",
}
_ALL_PORTS = {-1: None, 1: None, 65535: None}

#: What Neutron puts into a new group: everything may leave.
_LET_OUT = [{"direction": "egress", "ether_type": "IPv4"}, {"direction": "egress", "ether_type": "IPv6"}]


def wanted_networks(plan: Row, site: str) -> dict[str, list[dict[str, Any]]]:
    """What the plan wants at site "a" or "b", ready for the modules: "networks", "subnets", "security_groups".

    A security group that names no rule for what leaves keeps the rules that Neutron gives it: everything may leave.
    """
    networks = _at(plan.get("networks"), site, "subnets")
    subnets = [{**_subnet(row), "network": network["name"]} for network in networks for row in network["subnets"]]
    groups = _at(plan.get("security_groups"), site, "rules")
    return {
        "networks": [{key: value for key, value in row.items() if key != "subnets"} for row in networks],
        "subnets": subnets,
        "security_groups": [{**row, "rules": _with_egress(row["rules"])} for row in groups],
    }


def _at(rows: Any, site: str, parts: str) -> list[dict[str, Any]]:
    there = [row for row in rows or () if site in (row.get("sites") or ("a", "b"))]
    return [{parts: [], **_given(row, leave_out="sites")} for row in there]


def _given(row: Row, leave_out: str = "") -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None and key != leave_out}


def _subnet(row: Row) -> dict[str, Any]:
    version = 6 if ":" in row["cidr"] else 4
    return {"enable_dhcp": True, "disable_gateway_ip": False, **_given(row), "ip_version": version}


def _with_egress(rules: Sequence[Row]) -> list[dict[str, Any]]:
    kept = [{"direction": "ingress", "ether_type": "IPv4", **_given(rule)} for rule in rules]
    return kept if any(rule["direction"] == "egress" for rule in kept) else kept + _LET_OUT


def changes(
    wanted: Mapping[str, Sequence[Row]], networks: Sequence[Row], subnets: Sequence[Row], groups: Sequence[Row]
) -> dict[str, Any]:
    """Those of `wanted_networks` that must be made or changed, under the same keys, and "texts": what, in words.

    :param networks: as ``openstack.cloud.networks_info`` returns them; ``subnets`` and ``groups`` likewise.
    """
    ids = {group["name"]: group["id"] for group in groups}
    found = {
        "networks": [(row, list(_network_texts(row, networks))) for row in wanted["networks"]],
        "subnets": [(row, list(_subnet_texts(row, subnets, networks))) for row in wanted["subnets"]],
        "security_groups": [(row, list(_group_texts(row, groups, ids))) for row in wanted["security_groups"]],
    }
    result: dict[str, Any] = {kind: [row for row, texts in rows if texts] for kind, rows in found.items()}
    result["texts"] = [text for rows in found.values() for _row, texts in rows for text in texts]
    return result


def _network_texts(row: Row, networks: Sequence[Row]) -> Iterator[str]:
    there = next((network for network in networks if network["name"] == row["name"]), None)
    if there is None:
        yield f"make network {row['name']}"
        return
    yield from _differences(f"network {row['name']}", row, there, _NETWORK)


def _subnet_texts(row: Row, subnets: Sequence[Row], networks: Sequence[Row]) -> Iterator[str]:
    known = {network["id"] for network in networks if network["name"] == row["network"]}
    there = next((s for s in subnets if s["name"] == row["name"] and s["network_id"] in known), None)
    if there is None:
        yield f"make subnet {row['name']} ({row['cidr']}) of network {row['network']}"
        return
    asked = {**row, **({"gateway_ip": None} if row["disable_gateway_ip"] else {})}
    yield from _differences(f"subnet {row['name']}", asked, there, _SUBNET)


def _differences(label: str, row: Row, there: Row, fields: Mapping[str, str]) -> Iterator[str]:
    for key, field in fields.items():
        if key in row and _plain(row[key]) != _plain(there.get(field)):
            yield f"change {key} of {label} from {there.get(field)} to {row[key]}"


def _plain(value: Any) -> Any:
    """Neutron keeps no order in lists."""
    if isinstance(value, (list, tuple)):
        return sorted(str(sorted(item.items())) if isinstance(item, Mapping) else str(item) for item in value)
    return value


def _group_texts(row: Row, groups: Sequence[Row], ids: Mapping[str, str]) -> Iterator[str]:
    name = row["name"]
    there = next((group for group in groups if group["name"] == name), None)
    if there is None:
        yield f"make security group {name} with {len(row['rules'])} rules"
        return
    yield from _differences(f"security group {name}", row, there, {"description": "description"})
    has = {_rule(rule, ids) for rule in there["security_group_rules"]}
    wants = {_rule(rule, ids) for rule in row["rules"]}
    yield from (f"add rule {_words(rule)} to security group {name}" for rule in sorted(wants - has, key=str))
    yield from (f"remove rule {_words(rule)} from security group {name}" for rule in sorted(has - wants, key=str))


def _rule(rule: Row, ids: Mapping[str, str]) -> tuple[Any, ...]:
    """What makes two rules the same one; descriptions do not."""
    protocol = None if str(rule.get("protocol")) in ("None", "any", "0") else str(rule["protocol"])
    ports = [rule.get("port_range_min"), rule.get("port_range_max")]
    if protocol in ("tcp", "udp") and all(port in (None, *_ALL_PORTS) for port in ports) and ports[0] != ports[1]:
        ports = [None, None]
    ports = [None if port == -1 else port for port in ports]
    prefix = rule.get("remote_ip_prefix")
    group = rule.get("remote_group") or rule.get("remote_group_id")
    return (
        rule.get("direction"),
        rule.get("ether_type") or rule.get("ethertype"),
        protocol,
        *ports,
        str(ip_network(prefix, strict=False)) if prefix else None,
        ids.get(group, group) if group else None,
    )


def _words(rule: tuple[Any, ...]) -> str:
    direction, kind, protocol, low, high, prefix, group = rule
    ports = "" if low is None and high is None else f" {low}" if low == high else f" {low}-{high}"
    other = prefix or (f"group {group}" if group else "anywhere")
    return (
        f"{direction} {kind} {protocol or 'any protocol'}{ports} {'from' if direction == 'ingress' else 'to'} {other}"
    )
