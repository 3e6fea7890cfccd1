# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of a recovery plan: one row for each. Nothing else lists them.

A new operation is a row here, its decision in `decide/`, and a method of `jobs.Wave` of the same name that reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """How an operation is told to people. "{source}" and "{target}" are the names of the sites.

    :param verb: what it does to a plan: "fail over".
    :param noun: the operation as a thing: "Failover".
    :param where: which site a report is about.
    :param came_through: what is true of its servers in the end.
    :param good: the same in one or two words. ``bad``: what is said of a server that did not come through.
    :param passed: what is said of a run that ended well.
    :param done: what is said of a server for which something was done, ``still`` of one for which nothing had to be.
    :param nothing: what is said while it runs of a server for which nothing has to be done.
    :param data: what the age of the oldest data is called; ``age`` is the same for one server, ``lag`` as the head of a
        column.
    :param after: what the time is called at which a server was finished.
    """

    verb: str
    noun: str
    where: str
    came_through: str
    good: str
    bad: str = "failed"
    passed: str = "succeeded"
    done: str = "done"
    still: str = "as it was"
    nothing: str = "nothing to do"
    data: str = "Age of the oldest data"
    age: str = "Age of its data"
    lag: str = "lag"
    after: str = "Finished after"


@dataclass(frozen=True)
class Operation:
    """One row.

    :param name: as in ``operation`` of dr_wave, in journals and in results.
    :param clouds: which clouds it needs, beside those that a provider needs for it.
    :param needs: the verbs that it needs of a provider: see decide/replicate/providers/contract.py.
    :param at: the role of the site whose servers it is about.
    :param takes: the option that names a site: "to", its target; "site", the one that it is about; "" for none.
    :param networks: what it does about networks and security groups: "made" before its servers, "compared" with the
        plan, "removed" after its servers; "" for nothing.
    :param networks_of: which of ``networks`` of the plan these are; "" for those at the site that it is about.
    :param by_tier: whether servers wait for those of earlier tiers, and for those that they depend on.
    :param backwards: whether they wait for those of later tiers instead, and for those that depend on them.
    :param lock: of operations with the same lock only one may run for a plan at a time; "" for no lock. Drills have one
        of their own, because replication goes on during a drill, and a failover goes first.
    :param fenced: whether the source is asked first whether its servers still run.
    :param needs_room: whether the quota of the target is compared with what the servers need.
    :param looks_back: whether it is looked first what the direction back will need.
    :param about_data: whether recovery points, and their age, are told.
    :param about_leaders: whether it is told who leads each server. It reads both sites, and goes on without one.
    :param brings_up: whether servers come up on a recovery point, so that RPO and RTO are told.
    :param makes_points: whether it makes recovery points, so that their age is told as of its end.
    :param writes: whether it changes anything.
    """

    name: str
    words: Words = field(repr=False)
    clouds: tuple[str, ...] = ("target",)
    needs: tuple[str, ...] = ()
    at: str = "target"
    takes: str = "to"
    networks: str = ""
    networks_of: str = ""
    by_tier: bool = False
    backwards: bool = False
    lock: str = "plan"
    fenced: bool = False
    needs_room: bool = False
    looks_back: bool = False
    about_data: bool = True
    about_leaders: bool = False
    brings_up: bool = False
    makes_points: bool = False
    writes: bool = True

    @property
    def looks_first(self) -> bool:
        """Whether something is told of the wave as a whole before its first job begins."""
        return self.needs_room or self.looks_back

    @property
    def rehearses(self) -> bool:
        """Whether it is a drill."""
        return self.networks_of == "drill"


_ROWS = (
    Operation(
        "provision",
        Words(
            "provision", "Provisioning", "at {source}", "are as planned at {source}", "as planned",
            still="stood already",
        ),
        clouds=("source",), at="source", takes="site", networks="made", about_data=False,
    ),
    Operation(
        "prepare",
        Words(
            "prepare", "Preparation", "at {target}", "have a twin at rest at {target}", "prepared",
            still="was prepared already",
        ),
        networks="made", about_data=False,
    ),
    Operation(
        "readiness",
        Words(
            "check", "Readiness check", "for a failover to {target}", "are ready for a failover to {target}", "ready",
            bad="not ready", passed="passed", done="ready", still="ready", nothing="ready",
        ),
        needs=("status", "points"), networks="compared", lock="", needs_room=True, writes=False,
    ),
    Operation(
        "replicate",
        Words(
            "replicate", "Replication", "to {target}", "have their recovery point at {target}", "replicated",
            done="new", still="recent enough", lag="lag now",
        ),
        clouds=("source", "target"), needs=("protect", "points"), makes_points=True,
    ),
    Operation(
        "failover",
        Words(
            "fail over", "Failover", "to {target}", "run at {target}", "up",
            done="brought up", still="ran already", data="Data lost at most (RPO)", age="Data lost at most",
            lag="age of its data", after="Up after",
        ),
        needs=("points", "make_usable"), by_tier=True, fenced=True, needs_room=True, brings_up=True,
    ),
    Operation(
        "drill",
        Words(
            "drill", "Drill", "at {target}", "came up as clones at {target}", "up",
            done="came up", still="stands already", data="Age of the oldest data", lag="age of its data",
            after="Up after",
        ),
        needs=("points", "clone"), networks="made", networks_of="drill", by_tier=True, lock="drill", needs_room=True,
        brings_up=True,
    ),
    Operation(
        "drill_cleanup",
        Words(
            "clean up the drill of", "Clean-up of the drill", "at {target}", "are without a drill at {target}",
            "cleaned up", still="nothing was left", nothing="nothing is left",
        ),
        networks="removed", networks_of="left", lock="drill", about_data=False,
    ),
    Operation(
        "stop_source",
        Words(
            "stop", "Stop", "at {source}", "do not run at {source}", "stopped",
            still="at rest already", nothing="at rest already",
        ),
        clouds=("source", "target"), at="source", by_tier=True, backwards=True, looks_back=True, about_data=False,
    ),
    Operation(
        "abort",
        Words(
            "take back the failover of", "Abort", "to {target}", "are as before the planned failover", "taken back",
        ),
        clouds=("source", "target"), by_tier=True, about_data=False,
    ),
    Operation(
        "status",
        Words(
            "look at", "Status", "", "were looked at", "looked at", bad="unknown", done="looked at", still="looked at",
            nothing="looked at",
        ),
        clouds=(), takes="", lock="", about_data=False, about_leaders=True, writes=False,
    ),
    Operation(
        "fence",
        Words(
            "fence", "Fence", "", "have no stale copy that runs", "fenced",
            still="no stale copy runs", nothing="no stale copy runs",
        ),
        clouds=("source", "target"), takes="site", about_data=False,
    ),
    Operation(
        "reprotect",
        Words(
            "re-protect", "Re-protection", "", "are dormant at the site that does not lead them", "re-protected",
            done="put to rest", still="rested already", nothing="at rest already",
        ),
        clouds=("source", "target"), takes="site", about_data=False,
    ),
)  # fmt: skip

#: By name.
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ROWS}


def operation_named(name: str) -> Operation:
    """The operation of a journal. One that this version does not know is told by its name."""
    noun = name.replace("_", " ").capitalize()
    return OPERATIONS.get(name) or Operation(name, Words(name, noun, "", "done", "done"), about_data=False)
