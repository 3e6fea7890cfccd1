# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery plan: the YAML of the user as dataclasses, cross-checked. All problems are told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Refused
from ..plan import Refusal
from ..wanted import DiskWanted, ServerWanted, server_wanted
from .network_problems import network_problems
from .replicas import PLAN, ROLE


@dataclass(frozen=True)
class PlanServer:
    """One server of a plan: as it is at site A, and the twin at site B with its placeholder volumes."""

    name: str
    tier: int
    critical: bool
    after: frozenset[str]
    health_checks: tuple[Mapping[str, Any], ...]
    at_a: ServerWanted
    at_b: ServerWanted

    @property
    def disks(self) -> tuple[str, ...]:
        """The tags of the disks that are replicated: all but CD-ROMs."""
        return tuple(disk.tag for disk in self.at_a.disks if disk.device_type != "cdrom")

    def at(self, site: str) -> ServerWanted:
        """What is wanted at site "a" or "b"."""
        return self.at_a if site == "a" else self.at_b


@dataclass(frozen=True)
class RecoveryPlan:
    """A plan. ``clouds`` maps "a", "a_admin", "b", "b_admin" to names of clouds, None where the plan names none.

    :param when: when the handover reimage fills the root of a twin: "at_failover" or "at_replication".
    """

    name: str
    clouds: Mapping[str, str | None]
    servers: tuple[PlanServer, ...]
    handover: str
    fallback: str | None
    when: str
    method: str
    keep: int
    full_every: int
    rpo: int | None


def recovery_plan(data: Mapping[str, Any]) -> RecoveryPlan:
    """The plan in ``data``, whose form was validated already.

    :raises Refused: with all problems that are found.
    """
    problems = list(_problems(data))
    if problems:
        seen, todo = "; ".join(problems), "Correct the plan. Nothing was changed."
        raise Refused(Refusal("bad_plan", f"use the plan {data.get('name')}", seen, todo))
    replication, sites = data["replication"], data["sites"]
    tiers = {row["name"]: row["tier"] for row in data["servers"]}
    return RecoveryPlan(
        name=data["name"],
        clouds={
            "a": sites["a"]["cloud"],
            "a_admin": sites["a"].get("admin_cloud"),
            "b": sites["b"]["cloud"],
            "b_admin": sites["b"].get("admin_cloud"),
        },
        servers=tuple(_server(data["name"], row, tiers) for row in data["servers"]),
        handover=data["handover"],
        fallback=data.get("fallback"),
        when=data.get("when") or "at_failover",
        method=replication["method"],
        keep=replication["keep"],
        full_every=replication["full_every"],
        rpo=replication.get("rpo"),
    )


def _server(plan: str, row: Mapping[str, Any], tiers: Mapping[str, int]) -> PlanServer:
    earlier = {name for name, tier in tiers.items() if tier < row["tier"]}
    return PlanServer(
        name=row["name"],
        tier=row["tier"],
        critical=row["critical"],
        after=frozenset(earlier | set(row.get("depends_on") or ())),
        health_checks=tuple(row.get("health_checks") or ()),
        at_a=server_wanted(row, {PLAN: plan}),
        at_b=server_wanted(twin_options(plan, row), {PLAN: plan, ROLE: "placeholder"}),
    )


def twin_options(plan: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the twin: those of the server, with what ``site_b`` overrides, and placeholders as volumes.

    Placeholders are removed again, so data disks are blank ones of the same size; the root must boot once.
    """
    over = {key: value for key, value in (row.get("site_b") or {}).items() if value is not None}
    options = {**row, **over}
    name = row["name"]
    root = {**(options.get("boot_volume") or {}), "delete_on_termination": False}
    options["boot_volume"] = {**root, "name": f"{root.get('name') or name + '-root'}-placeholder"}
    options["volumes"] = [_placeholder(name, number, disk) for number, disk in enumerate(row.get("volumes") or (), 1)]
    options["metadata"] = {**(options.get("metadata") or {}), PLAN: plan}
    return options


def _placeholder(server: str, number: int, disk: Mapping[str, Any]) -> dict[str, Any]:
    tag = disk.get("tag") or disk.get("name") or f"disk{number}"
    name = f"{disk.get('name') or server + '-' + tag}-placeholder"
    kept = {**disk, "tag": tag, "name": name, "delete_on_termination": False}
    if not disk.get("size") or disk.get("device_type") == "cdrom":
        return kept
    sources = ("volume", "snapshot", "image", "backup")
    return {**{key: value for key, value in kept.items() if key not in sources}, "blank": True}


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    servers = data["servers"]
    yield from _head_problems(data)
    yield from _address_problems(servers)
    yield from network_problems(data)
    others = {row["name"]: row for row in servers}
    for row in servers:
        yield from _server_problems(row)
        yield from _dependency_problems(row, others)
        yield from _option_problems(row)


def _head_problems(data: Mapping[str, Any]) -> Iterator[str]:
    if not data["servers"]:
        yield "it has no servers"
    for name, count in Counter(row["name"] for row in data["servers"]).items():
        if count > 1:
            yield f"{count} servers are named {name}"
    if data["sites"]["a"]["cloud"] == data["sites"]["b"]["cloud"]:
        yield f"site a and site b are the same cloud ({data['sites']['a']['cloud']})"
    way = data.get("fallback") if data["handover"] == "auto" else data["handover"]
    if data.get("when") == "at_replication" and way != "reimage":
        yield "when is at_replication, which needs handover: reimage, or handover: auto with fallback: reimage"
    for key in ("keep", "full_every"):
        if data["replication"][key] < 1:
            yield f"replication.{key} is {data['replication'][key]}, at least 1 is needed"


def _address_problems(servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every address may be used once on its network, at each site."""
    for site in ("a", "b"):
        ports = [port for row in servers for port in _ports(row, site) if port.get("fixed_ip")]
        used = Counter(f"{port['fixed_ip']} on {port.get('network')}" for port in ports)
        yield from (f"address {what} is used {count} times at site {site}" for what, count in used.items() if count > 1)


def _ports(row: Mapping[str, Any], site: str) -> Sequence[Mapping[str, Any]]:
    over = (row.get("site_b") or {}).get("ports") if site == "b" else None
    return over or row.get("ports") or ()


def _server_problems(row: Mapping[str, Any]) -> Iterator[str]:
    name = row["name"]
    for key in ("boot_volume", "flavor"):
        if not row.get(key):
            yield f"server {name} has no {key}"
    if row["tier"] < 1:
        yield f"server {name} has tier {row['tier']}, the first tier is 1"
    for check in row.get("health_checks") or ():
        if bool(check.get("console")) == bool(check.get("port")):
            yield f"a health check of server {name} names neither or both of console and port"


def _dependency_problems(row: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    name = row["name"]
    for other in row.get("depends_on") or ():
        if other not in others:
            yield f"server {name} depends on {other}, which is not in the plan"
        elif name in _all_before(other, others):
            yield f"servers {name} and {other} depend on each other"
        elif others[other]["tier"] > row["tier"]:
            yield f"server {name} (tier {row['tier']}) depends on {other} of the later tier {others[other]['tier']}"


def _option_problems(row: Mapping[str, Any]) -> Iterator[str]:
    """What server_wanted refuses, at site A, and if there is nothing, at site B."""
    try:
        server_wanted(row)
        twin = server_wanted(twin_options("", row))
    except Refused as refused:
        yield f"server {row['name']}: {refused.refusal.seen}"
        return
    for disk in twin.disks:
        yield from _twin_problems(row["name"], disk)


def _twin_problems(server: str, disk: DiskWanted) -> Iterator[str]:
    """Only what a plan made itself is ever taken off a twin and deleted, so every disk of a twin must be made."""
    cd, root = disk.device_type == "cdrom", disk.boot_index == 0
    if cd and root:
        yield f"the boot volume of server {server} is a CD-ROM: make it a blank one, and the CD-ROM a further volume"
    elif disk.kind == "volume":
        instead = "make it from an image" if cd else "say its size, so that a blank one takes its place"
        instead = "say under site_b what the twin is made from" if root else instead
        yield f"disk {disk.tag} of the twin of server {server} would be the existing volume {disk.ref}: {instead}"


def _all_before(name: str, others: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Everything that a server depends on, itself included, directly or not."""
    found: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            todo += [other for other in others.get(current, {}).get("depends_on") or () if other in others]
    return found
