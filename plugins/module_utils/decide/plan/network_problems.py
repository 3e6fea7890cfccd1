# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the networks and security groups of a plan, and with the addresses that its servers want there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

Row = Mapping[str, Any]

#: How the names of jobs begin that are about no server.
_TAKEN = ("network ", "security group ", "security groups ")


def network_problems(plan: Row) -> Iterator[str]:
    """One text for each problem; whose form was validated already."""
    networks, groups = plan.get("networks") or (), plan.get("security_groups") or ()
    subnets = [subnet for network in networks for subnet in network.get("subnets") or ()]
    for kind, rows in (("networks", networks), ("subnets", subnets), ("security groups", groups)):
        counts = Counter(row["name"] for row in rows)
        yield from (f"{count} {kind} are named {name}" for name, count in counts.items() if count > 1)
    for subnet in subnets:
        yield from _subnet_problems(subnet)
    for name, rule in ((group["name"], rule) for group in groups for rule in group.get("rules") or ()):
        yield from _rule_problems(name, rule)
    known = {network["name"]: network for network in networks}
    for server in plan["servers"]:
        if server["name"].startswith(_TAKEN):
            yield f"server {server['name']} is named like the job of a network or of a security group"
        yield from _server_problems(server, known)


def _subnet_problems(subnet: Row) -> Iterator[str]:
    name, cidr = subnet["name"], _network(subnet["cidr"])
    if cidr is None:
        yield f"subnet {name} has the cidr {subnet['cidr']}, which is no network such as 192.168.10.0/24"
        return
    gateway = subnet.get("gateway_ip")
    if gateway and subnet.get("disable_gateway_ip"):
        yield f"subnet {name} names a gateway and disables it"
    ends = [pool[end] for pool in subnet.get("allocation_pools") or () for end in ("start", "end")]
    for address in [*([gateway] if gateway else []), *ends]:
        if not _inside(address, cidr):
            yield f"address {address} of subnet {name} is not in {cidr}"


def _rule_problems(group: str, rule: Row) -> Iterator[str]:
    prefix = rule.get("remote_ip_prefix")
    if prefix and rule.get("remote_group"):
        yield f"a rule of security group {group} names both remote_ip_prefix and remote_group"
    if prefix and _network(prefix) is None:
        yield f"a rule of security group {group} has the remote_ip_prefix {prefix}, which is no network"
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if (low is None) != (high is None):
        yield f"a rule of security group {group} names one end of a range of ports only"


def _server_problems(server: Row, known: Mapping[str, Row]) -> Iterator[str]:
    """A port wants its network at each site where the server is, and an address out of it."""
    over = (server.get("site_b") or {}).get("ports")
    at_a, at_b = server.get("ports") or (), over or server.get("ports") or ()
    for site, port in (*(("a", port) for port in at_a), *(("b", port) for port in at_b)):
        if port.get("network") in known:
            yield from _port_problems(server["name"], port, known[port["network"]], site)


def _port_problems(server: str, port: Row, network: Row, site: str) -> Iterator[str]:
    if site not in (network.get("sites") or ("a", "b")):
        yield f"server {server} has a port on network {network['name']}, which is not at site {site}"
    cidrs = [cidr for subnet in network.get("subnets") or () if (cidr := _network(subnet["cidr"]))]
    address = port.get("fixed_ip")
    if address and cidrs and not any(_inside(address, cidr) for cidr in cidrs):
        yield f"address {address} of server {server} is in no subnet of network {network['name']}"


def _network(cidr: str) -> Any:
    try:
        return ip_network(cidr)
    except ValueError:
        return None


def _inside(address: str, cidr: Any) -> bool:
    try:
        return ip_address(address) in cidr
    except ValueError:
        return False
