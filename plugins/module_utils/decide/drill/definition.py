# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill makes of a plan: its servers, named and marked as those of a drill, and the networks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ...data.drill import SUFFIX, IsolatedWanted
from ...data.marks import DISK, DRILL, KEPT, PLAN, SERVER, drill_note
from ...data.wanted import DiskWanted, NicWanted, ServerWanted


def networks_of_drill(
    plan: str, twins: Iterable[ServerWanted], instead: Mapping[str, str]
) -> tuple[IsolatedWanted, ...]:
    """The isolated networks of a drill.

    :param twins: what is wanted at the target.
    :param instead: by network of the plan an existing one that a drill uses.
    """
    used = (nic.network for twin in twins for nic in twin.nics if nic.network and nic.network not in instead)
    return tuple(IsolatedWanted(f"{one}{SUFFIX}", plan=plan, original=one) for one in dict.fromkeys(used))


def drilled(twin: ServerWanted, plan: str, instead: Mapping[str, str], keep: bool = False) -> ServerWanted:
    """The server of a drill. Its disks are clones of replicas, which only the recovery point tells.

    It joins no server group, so that it takes no place from the twins, and has no disk that is not replicated.

    :param instead: see `networks_of_drill`.
    :param keep: whether the drill is to stay.
    """
    theirs = {key: value for key, value in (twin.metadata or {}).items() if key != PLAN}
    marks = {DRILL: plan, SERVER: twin.name, **({KEPT: "yes"} if keep else {})}
    return replace(
        twin,
        name=f"{twin.name}{SUFFIX}",
        disks=tuple(_clone(disk, twin.name, plan) for disk in twin.disks if disk.device_type != "cdrom"),
        nics=tuple(_nic(nic, twin.name, plan, instead) for nic in twin.nics),
        server_group=None,
        metadata={**theirs, **marks},
        description=f"Drill of {twin.name}",
    )


def _clone(disk: DiskWanted, server: str, plan: str) -> DiskWanted:
    return replace(
        disk,
        kind="clone",
        ref="",
        name=f"{server}-{disk.tag}{SUFFIX}",
        size=None,
        volume_type=None,
        availability_zone=None,
        delete_on_termination=False,
        metadata={DRILL: plan, SERVER: server, DISK: disk.tag},
    )


def _nic(nic: NicWanted, server: str, plan: str, instead: Mapping[str, str]) -> NicWanted:
    if not nic.network:
        return nic
    network = instead.get(nic.network, f"{nic.network}{SUFFIX}")
    return replace(nic, name=f"{nic.name}{SUFFIX}", network=network, description=drill_note(plan, server))


def drill_problems(data: Mapping[str, Any], used: Mapping[str, Collection[str]], to: str) -> Iterator[str]:
    """What is wrong with ``drill`` of a plan.

    :param used: by site the networks that the plan uses there. One plan says it for both directions.
    :param to: the site that is the target.
    """
    given = (data.get("drill") or {}).get("networks")
    if given in (None, "isolated"):
        return
    if not isinstance(given, Mapping) or not all(
        isinstance(one, str) and one for pair in given.items() for one in pair
    ):
        yield "drill.networks is neither isolated nor networks of the plan, each with an existing one to use instead"
        return
    for network, other in given.items():
        if not any(network in theirs for theirs in used.values()):
            yield f"drill.networks names {network}, on which no server of the plan has a port"
        if other in used[to]:
            yield f"drill.networks uses {other} for {network}, where the plan runs: a drill there would be in its way"


def instead_of(data: Mapping[str, Any]) -> dict[str, str]:
    """By network of the plan the existing one that a drill uses; {} for isolated ones."""
    given = (data.get("drill") or {}).get("networks")
    return dict(given) if isinstance(given, Mapping) else {}
