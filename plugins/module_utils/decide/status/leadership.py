# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site leads a server, told from what each site shows of it. Both sites are judged by the same table.

Every change of leadership makes data of a higher generation: a recovery point has the generation of its source and one
more, and whoever runs on it runs on that generation. So the site with the higher generation leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...data.direction import other
from ...data.seen import Seen, Volume
from ...data.steps import Refusal
from ..root.root_state import Kind, is_superseded, kind_of
from ..server.states import AT_REST


class Standing(str, Enum):
    """How a server stands at one site.

    UNKNOWN: the site does not answer, or what it shows does not tell. MISSING: it has no such server. DORMANT: a twin
    that holds no data of the application. AT_REST: it holds data, and does not run. RUNS: it holds data, and runs or
    may run.
    """

    UNKNOWN = "unknown"
    MISSING = "missing"
    DORMANT = "dormant"
    AT_REST = "at rest"
    RUNS = "runs"


#: Standings of a server that holds data of the application.
HOLDS = frozenset({Standing.AT_REST, Standing.RUNS})

#: What a volume is that holds nothing which the application wrote and still needs.
_EMPTY = frozenset({Kind.PLACEHOLDER, Kind.REFRESHED, Kind.SUPERSEDED})


@dataclass(frozen=True)
class AtSite:
    """A server at one site.

    :param generation: of the data that it holds, 0 if it holds none.
    :param seen: what the site shows; None if it does not answer.
    """

    standing: Standing
    generation: int = 0
    seen: Seen | None = None


@dataclass(frozen=True)
class Leadership:
    """Who leads a server.

    :param leader: the letter of the site, "" if none leads or nobody can tell.
    :param generation: of the data of the leader, 0 without one.
    :param sure: whether both sites tell enough.
    :param disputed: whether both hold data of the same generation, so that nothing tells which is the newer.
    :param stale: the letter of the site whose copy is older than the leader's, "" if there is none.
    :param two_copies: whether the stale copy, or one of two disputed ones, runs or may run.
    """

    leader: str = ""
    generation: int = 0
    sure: bool = True
    disputed: bool = False
    stale: str = ""
    two_copies: bool = False


def at_site(seen: Seen | None, plan: str) -> AtSite:
    """How a server stands at a site, by its volumes and their marks. Lists tell all that is needed for it.

    What is superseded holds nothing as long as nobody runs on it. A server that runs on it is a copy of its generation.
    """
    if seen is None:
        return AtSite(Standing.UNKNOWN)
    if seen.server is None:
        return AtSite(Standing.MISSING, seen=seen)
    server = seen.server
    rests = server.status in AT_REST
    holding = [v for v in seen.volumes.values() if _holds(v, plan, server.name, rests)]
    unknown = len(server.attachments) > len(seen.volumes)
    if not (holding or unknown or server.image_id):
        empty = bool(seen.volumes) or rests or server.status == "BUILD"
        return AtSite(Standing.DORMANT if empty else Standing.UNKNOWN, seen=seen)
    standing = Standing.AT_REST if rests else Standing.RUNS
    return AtSite(standing, max((v.marks.generation for v in holding), default=1), seen)


def _holds(volume: Volume, plan: str, server: str, rests: bool) -> bool:
    return kind_of(volume, plan, server) not in _EMPTY or (not rests and is_superseded(volume, plan, server))


def leadership(sites: Mapping[str, AtSite]) -> Leadership:
    """Who leads, from how a server stands at the sites "a" and "b"."""
    holders = [letter for letter, site in sites.items() if site.standing in HOLDS]
    sure = all(site.standing is not Standing.UNKNOWN for site in sites.values())
    if not holders:
        return Leadership(sure=sure)
    leader = max(holders, key=lambda letter: sites[letter].generation)
    generation, rival = sites[leader].generation, other(leader)
    if len(holders) == 1:
        return Leadership(leader, generation, sure)
    if sites[rival].generation == generation:
        runs = sum(site.standing is Standing.RUNS for site in sites.values())
        return Leadership(disputed=True, two_copies=runs == len(sites))
    runs_too = sites[rival].standing is Standing.RUNS
    return Leadership(leader, generation, stale=rival, two_copies=runs_too)


def disputed(led: Leadership, wanted: str) -> Refusal | None:
    """A refusal if nothing tells who leads."""
    if not led.disputed:
        return None
    saw = "both sites hold data of the same generation, so nothing tells which leads"
    return Refusal("disputed", wanted, saw, "Look at both, and stop the one that you do not want.")
