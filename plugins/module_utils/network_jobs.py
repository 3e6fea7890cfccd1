# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks and groups of a plan, or of a drill, as jobs of a wave. A server that needs them comes after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .cloud.lookup import Shared
from .cloud.read import drill as of_drill
from .cloud.read import networks as read
from .cloud.shared_lists import Inventory
from .data.drill import IsolatedWanted, Left, RestWanted
from .data.networks import GroupsWanted, NetworkWanted, Wanted
from .data.steps import Decision, Finding, Refusal, refused_for
from .data.wanted import ServerWanted
from .decide.drill.clean_up import decide_clean_up
from .decide.drill.networks import decide_isolated
from .decide.plan.networks import decide_network
from .decide.plan.security_groups import decide_groups
from .engine.converge import Job, Perform


def network_jobs(wanted: Iterable[Wanted], inventory: Inventory, perform: Perform) -> list[Job]:
    """One job for each network with its subnets, and for each security group with its rules."""
    return [_job(one, inventory, perform) for one in wanted]


def network_checks(wanted: Iterable[Wanted], inventory: Inventory, perform: Perform) -> list[Job]:
    """The same jobs for an operation that changes nothing: what would be changed is refused."""
    return [_check(job) for job in network_jobs(wanted, inventory, perform)]


def _check(job: Job) -> Job:
    def decide(now: Any, first: Any) -> Decision:
        decided = job.decide(now, first)
        if isinstance(decided, Refusal) or not decided.changed:
            return decided
        left = [step.text for step in decided.foretold if step.writes]
        found = [Finding(job.name, "as planned", "otherwise", f"not as planned: {text}") for text in left]
        return refused_for("not_ready", f"call {job.name} ready", found, "Run dr_prepare, which does this.")

    return replace(job, decide=decide)


def _job(one: Wanted, inventory: Inventory, perform: Perform) -> Job:
    reads, decides = _KINDS[type(one)]
    return Job(
        one.label,
        lambda since: reads(Shared(inventory, since), one),
        lambda seen, _first: decides(seen, one),
        perform,
    )


def _left(look: Shared, rest: RestWanted) -> Left:
    return of_drill.left_besides(look.inventory, look.since, rest)


def _decide_left(left: Left, rest: RestWanted) -> Decision:
    return decide_clean_up(left, rest.plan, f"remove {rest.label} of {rest.plan}", rest.keep)


#: By what is wanted, what is read for it, and who decides.
_KINDS: Mapping[type, tuple[Callable[[Shared, Any], Any], Callable[[Any, Any], Decision]]] = {
    NetworkWanted: (lambda look, network: read.network(look, network.name), decide_network),
    GroupsWanted: (read.groups, decide_groups),
    IsolatedWanted: (of_drill.isolated, decide_isolated),
    RestWanted: (_left, _decide_left),
}


def makers(wanted: Iterable[Wanted]) -> dict[tuple[str, str], str]:
    """By kind and name of a network or security group the name of the job that makes it."""
    return {made: one.label for one in wanted for made in one.makes}


def needed_by(server: ServerWanted, known: Mapping[tuple[str, str], str]) -> frozenset[str]:
    """The names of the jobs that must be finished before the server can be built.

    :param known: see `makers`.
    """
    return frozenset(known[ref] for ref in server.refs & known.keys())


def kinds(wanted: Iterable[Wanted]) -> set[str]:
    """Of what the lists are needed."""
    found: set[str] = set()
    for one in wanted:
        found |= _LISTS[type(one)]
    return found


_LISTS = {
    NetworkWanted: {"network", "subnet"},
    GroupsWanted: {"security_group"},
    IsolatedWanted: {"network", "subnet", "port"},
    RestWanted: {"server", "volume", "snapshot", "port", "network"},
}


#: The jobs by what an operation does about networks.
JOBS_OF_NETWORKS = {"made": network_jobs, "compared": network_checks, "removed": network_jobs}
