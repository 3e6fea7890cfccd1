# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a server of a plan: who leads it, how it stands at both sites, and its recovery points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...data.direction import other
from ...data.marks import KEPT, moment
from ...data.seen import Seen, Server, Snapshot, Volume
from ...data.steps import Finding, Plan
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint, last_drill, latest_at, points_of, replicas_of
from .leadership import AtSite, Leadership, Standing, at_site, leadership


@dataclass(frozen=True)
class BothSites:
    """One server, as both sites show it.

    :param seen: by letter of the site; None if it does not answer.
    :param volumes: by letter of the site, its volumes with the marks of the server; ``snapshots`` likewise.
    :param drills: by letter of the site, the servers of drills of the server.
    """

    seen: Mapping[str, Seen | None]
    volumes: Mapping[str, tuple[Volume, ...]]
    snapshots: Mapping[str, tuple[Snapshot, ...]]
    drills: Mapping[str, tuple[Server, ...]] = field(default_factory=dict)

    def standings(self, plan: str) -> dict[str, AtSite]:
        """How the server stands at each site."""
        return {letter: at_site(seen, plan) for letter, seen in self.seen.items()}


def decide_status(what: BothSites, server: PlanServer, plan: RecoveryPlan, now: datetime) -> Plan:
    """Nothing to do, ever: facts, and as findings what should worry people.

    The facts of a server: ``leader`` ("a", "b" or None), ``generation``, ``sure``, ``stale`` (a letter or None),
    ``two_copies``, ``disputed``; ``sites``, by letter ``standing``, ``status``, ``id`` and ``generation``;
    ``recovery_points`` of the leader's data at the other site: ``site``, ``number``, ``times``, ``newest`` (a time or
    None) and ``age`` in seconds; ``last_drill`` with ``time`` (None: never) and ``age``, None where the site that does
    not lead is unknown; ``drills``, servers of a drill that stand, with ``site``, ``name``, ``status`` and ``kept``;
    ``superseded``, what is kept, with ``site``, ``kind`` ("volume" or "snapshot"), ``id``, ``name`` and ``size``, GiB.
    """
    sites = what.standings(plan.name)
    led = leadership(sites)
    points, drill = _of_the_standby(what, led, server, plan, now)
    facts = {
        "leader": led.leader or None,
        "generation": led.generation,
        "sure": led.sure,
        "disputed": led.disputed,
        "stale": led.stale or None,
        "two_copies": led.two_copies,
        "sites": {letter: _shown(site) for letter, site in sites.items()},
        "recovery_points": points,
        "last_drill": drill,
        "drills": _drills(what),
        "superseded": _superseded(what),
    }
    findings = tuple(_findings(sites, led, points, server, plan))
    return Plan(facts, facts, findings=findings)


def _drills(what: BothSites) -> list[dict[str, Any]]:
    return [
        {"site": letter, "name": one.name, "status": one.status, "kept": one.metadata.get(KEPT) == "yes"}
        for letter, servers in what.drills.items()
        for one in servers
    ]


def _superseded(what: BothSites) -> list[dict[str, Any]]:
    return [
        {"site": letter, "kind": kind, "id": item.id, "name": item.name, "size": item.size}
        for letter in what.seen
        for kind, items in (("volume", what.volumes[letter]), ("snapshot", what.snapshots[letter]))
        for item in items
        if item.marks.role == "superseded"
    ]


def _shown(site: AtSite) -> dict[str, Any]:
    server = site.seen.server if site.seen else None
    return {
        "standing": site.standing.value,
        "status": server.status if server else None,
        "id": server.id if server else None,
        "generation": site.generation,
    }


def _points(whole: Sequence[RecoveryPoint], site: str, led: Leadership, now: datetime) -> dict[str, Any]:
    """Of the data of the leader. Points that the leader itself came up on are older than it, and are none of them."""
    found = [point for point in whole if point.generation > led.generation]
    newest = found[0].time if found else ""
    times = [point.time for point in found]
    return {"site": site, "number": len(found), "times": times, "newest": newest or None, "age": _age(newest, now)}


def _age(time: str, now: datetime) -> int | None:
    begun = moment(time)
    return round((now - begun).total_seconds()) if begun else None


def _standby(what: BothSites, led: Leadership) -> str:
    """The site that would take over, "" if it does not answer, or nobody can tell.

    While the leader is dead the other site does not know it. Its points are what a failover can choose from.
    """
    answering = [letter for letter, seen in what.seen.items() if seen is not None]
    site = other(led.leader) if led.leader else answering[0] if len(answering) == 1 else ""
    return site if site in answering else ""


def _of_the_standby(
    what: BothSites, led: Leadership, server: PlanServer, plan: RecoveryPlan, now: datetime
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Recovery points and the last drill, as the volumes of the standby tell; None if it is unknown."""
    site, latest = _standby(what, led), latest_at(now)
    if not site:
        return None, None
    replicas = replicas_of(what.volumes[site], plan.name, server.name, latest)
    whole = [point for point in points_of(replicas) if point.complete(server.disks)]
    drill = last_drill(replicas, latest).drilled
    return _points(whole, site, led, now), {"time": drill or None, "age": _age(drill, now)}


def _findings(
    sites: Mapping[str, AtSite], led: Leadership, points: Mapping[str, Any] | None, server: PlanServer,
    plan: RecoveryPlan,
) -> Iterator[Finding]:  # fmt: skip
    names = {letter: str(plan.direction.site(letter)) for letter in sites}
    if led.disputed:
        words = (
            f"both sites hold data of {server.name} of the same generation, so nothing tells which is newer. Look at "
            "both, and stop the one that you do not want"
        )
        yield Finding("disputed", "one site that leads", "both", words)
    elif led.stale:
        yield _stale(sites, led, server, names)
    elif not led.leader and led.sure:
        words = f"neither site holds data of {server.name}: nothing leads it"
        yield Finding("no_leader", "one site that leads", None, words)
    elif not led.sure:
        yield from _unknown(sites, led, server, names)
    if points is not None and plan.rpo is not None and (points["age"] or 0) > plan.rpo:
        words = f"the newest recovery point of {server.name} is older than the rpo of {plan.rpo} s"
        yield Finding("rpo", plan.rpo, points["age"], words)
    if points is not None and not points["number"]:
        words = f"{server.name} has no complete recovery point at {names[points['site']]}"
        yield Finding("no_point", "a complete recovery point", None, words)


def _stale(sites: Mapping[str, AtSite], led: Leadership, server: PlanServer, names: Mapping[str, str]) -> Finding:
    stale, ahead = sites[led.stale], f"{names[led.leader]} leads with generation {led.generation}"
    old = f"{names[led.stale]} holds a stale copy of {server.name} of generation {stale.generation}"
    if led.two_copies:
        both = sites[led.leader].standing is Standing.RUNS
        ends = "Stop the stale one: dr_fence" if both else "It is at rest, so find out first which of them is to run"
        words = f"{'TWO COPIES RUN: ' if both else ''}{old}, which runs, and {ahead}. {ends}"
        return Finding("two_copies", names[led.leader], names[led.stale], words)
    return Finding("stale", names[led.leader], names[led.stale], f"{old}, at rest; {ahead}", blocks=False)


def _unknown(
    sites: Mapping[str, AtSite], led: Leadership, server: PlanServer, names: Mapping[str, str]
) -> Iterator[Finding]:
    """A site that does not answer is told once for the whole plan; what it shows and does not tell is told here."""
    for letter, site in sites.items():
        if site.standing is Standing.UNKNOWN and site.seen is not None:
            words = f"{names[letter]} shows {server.name} without any volume: what it holds is unknown"
            yield Finding("unknown", "a server whose volumes tell", "none", words, blocks=not led.leader)
