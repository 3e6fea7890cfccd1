# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery plan: the YAML of the user as dataclasses, cross-checked. All problems are told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...data.direction import SITES, Direction, PlanSite, direction
from ...data.drill import RestWanted
from ...data.errors import Refused
from ...data.marks import PLAN, ROLE
from ...data.networks import Wanted
from ...data.steps import Refusal
from ...data.wanted import SOURCES, DiskWanted, ServerWanted, server_wanted
from ..drill.definition import drill_problems, instead_of, networks_of_drill
from .dependencies import dependency_problems
from .network_problems import network_problems
from .networks import wanted_networks
from .plan_texts import text_problems
from .replication_problems import replication_problems
from .security_groups import wanted_groups


@dataclass(frozen=True)
class PlanServer:
    """One server of a plan, in one direction.

    :param plan: the name of the plan.
    :param after: the servers that it depends on. Those of earlier tiers come before it as well.
    :param source: the server as it is at the source.
    :param twin: the twin at the target, with its placeholder volumes.
    """

    name: str
    plan: str
    direction: Direction
    tier: int
    critical: bool
    after: frozenset[str]
    health_checks: tuple[Mapping[str, Any], ...]
    source: ServerWanted
    twin: ServerWanted

    @property
    def disks(self) -> tuple[str, ...]:
        """The tags of the disks that are replicated: all but CD-ROMs."""
        return tuple(disk.tag for disk in self.source.disks if disk.device_type != "cdrom")

    def at(self, role: str) -> ServerWanted:
        """What is wanted at the "source" or at the "target"."""
        return self.source if role == "source" else self.twin


@dataclass(frozen=True)
class RecoveryPlan:
    """A plan, in one direction.

    :param networks: by role, "source" or "target", the networks and security groups that the plan makes there; "drill",
        the networks of a drill at the target; "left", what must be gone after it.
    :param runs_on: the networks of all servers of the plan at the target, also where only some are chosen.
    :param drill: by network of the plan at the target an existing one that a drill uses; {} if drills are isolated.
    :param options: ``replication`` of the plan, for the provider.
    :param data: the whole plan, as the user wrote it. It may hold secrets, so it is never shown.
    :param when: when the handover reimage fills the root of a twin: "at_failover" or "at_replication".
    """

    name: str
    direction: Direction
    servers: tuple[PlanServer, ...]
    handover: str
    fallback: str | None
    when: str
    method: str
    keep: int
    rpo: int | None
    rto: int | None
    options: Mapping[str, Any]
    networks: Mapping[str, tuple[Wanted, ...]]
    runs_on: frozenset[str]
    drill: Mapping[str, str]
    data: Mapping[str, Any] = field(repr=False)


def recovery_plan(data: Mapping[str, Any], to: str = "b") -> RecoveryPlan:
    """The plan in ``data``, whose form was validated already.

    :param to: the site that is the target, "a" or "b".
    :raises Refused: with all problems that are found.
    """
    problems = list(_problems(data, to))
    if problems:
        seen, todo = "; ".join(problems), "Correct the plan. Nothing was changed."
        raise Refused(Refusal("bad_plan", f"use the plan {data.get('name')}", seen, todo))
    replication, towards = data["replication"], direction(data["sites"], to)
    servers = tuple(_server(data["name"], towards, row) for row in data["servers"])
    return RecoveryPlan(
        name=data["name"],
        direction=towards,
        servers=servers,
        handover=data["handover"],
        fallback=data.get("fallback"),
        when=data.get("when") or "at_failover",
        method=replication["method"],
        keep=replication["keep"],
        rpo=replication.get("rpo"),
        rto=replication.get("rto"),
        options=replication,
        networks=_all_networks(data, towards, servers),
        runs_on=frozenset(_used_networks(data["servers"], to)),
        drill=instead_of(data),
        data=data,
    )


def problems_back(plan: RecoveryPlan) -> tuple[str, ...]:
    """What is wrong with the plan in the other direction alone."""
    return tuple(_problems(plan.data, plan.direction.source.letter))


def _all_networks(
    data: Mapping[str, Any], towards: Direction, servers: Sequence[PlanServer]
) -> dict[str, tuple[Wanted, ...]]:
    return {
        "source": _networks(data, towards.source),
        "target": _networks(data, towards.target),
        "drill": networks_of_drill(data["name"], (server.twin for server in servers), instead_of(data)),
        "left": (RestWanted(data["name"], frozenset(server.name for server in servers)),),
    }


def _networks(data: Mapping[str, Any], site: PlanSite) -> tuple[Wanted, ...]:
    return (*wanted_networks(data, site.letter), *wanted_groups(data, site.letter))


def _server(plan: str, towards: Direction, row: Mapping[str, Any]) -> PlanServer:
    at_target = options_at(row, towards.target.letter)
    return PlanServer(
        name=row["name"],
        plan=plan,
        direction=towards,
        tier=row["tier"],
        critical=row["critical"],
        after=frozenset(row.get("depends_on") or ()),
        health_checks=tuple(row.get("health_checks") or ()),
        source=server_wanted(options_at(row, towards.source.letter), {PLAN: plan}),
        twin=server_wanted(twin_options(plan, at_target), {PLAN: plan, ROLE: "placeholder"}),
    )


def options_at(row: Mapping[str, Any], site: str) -> dict[str, Any]:
    """The options of a server at site "a", or at site "b", where ``site_b`` overrides some."""
    over = (row.get("site_b") or {}) if site == "b" else {}
    return {**row, **{key: value for key, value in over.items() if value is not None}}


def twin_options(plan: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the twin: those of the server at that site, with placeholders as volumes.

    Placeholders are removed again, so data disks are blank ones of the same size; the root must boot once.
    """
    options, name = dict(row), row["name"]
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
    return {**{key: value for key, value in kept.items() if key not in SOURCES}, "blank": True}


def _problems(data: Mapping[str, Any], to: str) -> Iterator[str]:
    servers = data["servers"]
    yield from _head_problems(data)
    yield from _address_problems(servers)
    yield from network_problems(data)
    yield from text_problems(data)
    yield from drill_problems(data, {site: _used_networks(servers, site) for site in SITES}, to)
    depending = dependency_problems(servers)
    for row in servers:
        yield from _server_problems(row)
        yield from depending[row["name"]]
        yield from _option_problems(row, to)


def _used_networks(servers: Sequence[Mapping[str, Any]], to: str) -> set[str]:
    """The networks of the servers at their target."""
    ports = (port for row in servers for port in options_at(row, to).get("ports") or ())
    return {port["network"] for port in ports if port.get("network")}


def _head_problems(data: Mapping[str, Any]) -> Iterator[str]:
    if not data["servers"]:
        yield "it has no servers"
    for name, count in Counter(row["name"] for row in data["servers"]).items():
        if count > 1:
            yield f"{count} servers are named {name}"
    yield from _site_problems(data["sites"])
    way = data.get("fallback") if data["handover"] == "auto" else data["handover"]
    if data.get("when") == "at_replication" and way != "reimage":
        yield "when is at_replication, which needs handover: reimage, or handover: auto with fallback: reimage"
    yield from replication_problems(data)


def _site_problems(sites: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A cloud is a name or a dictionary; the latter holds secrets, which no text tells."""
    for letter, key in ((letter, key) for letter in SITES for key in ("cloud", "admin_cloud")):
        cloud = sites[letter].get(key)
        if cloud is not None and not (cloud and isinstance(cloud, (str, Mapping))):
            yield f"sites.{letter}.{key} is neither a name of clouds.yaml nor a dictionary of arguments"
    cloud = sites["a"]["cloud"]
    if cloud == sites["b"]["cloud"]:
        yield f"site a and site b are the same cloud{f' ({cloud})' if isinstance(cloud, str) else ''}"


def _address_problems(servers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every address may be used once on its network, at each site."""
    for site in SITES:
        rows = [options_at(row, site) for row in servers]
        ports = [port for row in rows for port in row.get("ports") or () if port.get("fixed_ip")]
        used = Counter(f"{port['fixed_ip']} on {port.get('network')}" for port in ports)
        yield from (f"address {what} is used {count} times at site {site}" for what, count in used.items() if count > 1)


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


def _option_problems(row: Mapping[str, Any], to: str) -> Iterator[str]:
    """What server_wanted refuses at the sites, else what the twin cannot be."""
    try:
        for site in SITES:
            server_wanted(options_at(row, site))
        twin = server_wanted(twin_options("", options_at(row, to)))
    except Refused as refused:
        yield f"server {row['name']}: {refused.refusal.seen}"
        return
    for disk in twin.disks:
        yield from _twin_problems(row["name"], disk, to)


def _twin_problems(server: str, disk: DiskWanted, to: str) -> Iterator[str]:
    """Only what a plan made itself is ever taken off a twin and deleted, so every disk of a twin must be made."""
    cd, root = disk.device_type == "cdrom", disk.boot_index == 0
    if cd and root:
        yield f"the boot volume of server {server} is a CD-ROM: make it a blank one, and the CD-ROM a further volume"
    elif disk.kind == "volume":
        instead = "make it from an image" if cd else "say its size, so that a blank one takes its place"
        other_source = "say under site_b what the twin is made from"
        instead = (other_source if to == "b" else "make it from an image") if root else instead
        yield f"disk {disk.tag} of the twin of server {server} would be the existing volume {disk.ref}: {instead}"
