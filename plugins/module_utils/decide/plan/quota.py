# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the quota of a project lets all servers of a plan come up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ...data.seen import Flavor, Limits, Server, Volume
from ...data.steps import Finding, Refusal, refused_for

#: What Nova limits, as people say it.
WORDS = {"cores": "cores", "ram": "MiB of memory", "instances": "instances"}

#: What Cinder limits and a copy into a root needs for a while, as people say it.
COPY_WORDS = {"snapshots": "snapshots", "gigabytes": "GiB of volumes and snapshots"}


def quota_findings(
    limits: Limits, servers: Iterable[Server], planned: Mapping[str, Flavor], site: str
) -> list[Finding]:
    """What the servers of a plan need to come up, all of them together, and the quota does not give.

    A server that is missing needs everything. One that is shelved and offloaded needs cores and memory, unless Nova
    counts them already: it does where it counts in its database, and where it counts in placement it does not
    (nova/compute/api.py, _check_quota_unshelve_offloaded). Which of both it is, is told by what is used now.

    :param servers: all servers of the project.
    :param planned: by name of the servers of the plan their flavors there.
    :param site: the name of the site, for people.
    """
    there = list(servers)
    mine = {server.name: server for server in there if server.name in planned}
    asleep = [] if _counts_shelved(limits, there) else [s for s in mine.values() if _offloaded(s)]
    missing = [flavor for name, flavor in planned.items() if name not in mine]
    flavors = [*missing, *(server.flavor for server in asleep)]
    needs = {
        "cores": sum(flavor.vcpus for flavor in flavors),
        "ram": sum(flavor.ram for flavor in flavors),
        "instances": len(missing),
    }
    return [
        _finding(what, need, limits, len(flavors), site) for what, need in needs.items() if _short(what, need, limits)
    ]


def _offloaded(server: Server) -> bool:
    return server.status == "SHELVED_OFFLOADED"


def _counts_shelved(limits: Limits, servers: list[Server]) -> bool:
    used = limits.used.get("cores", 0)
    everything = sum(server.flavor.vcpus for server in servers)
    awake = sum(server.flavor.vcpus for server in servers if not _offloaded(server))
    return abs(used - everything) < abs(used - awake)


def _short(what: str, need: int, limits: Limits) -> bool:
    most = limits.most.get(what, -1)
    return need > 0 and most >= 0 and need > most - limits.used.get(what, 0)


def _finding(what: str, need: int, limits: Limits, count: int, site: str) -> Finding:
    most = limits.most[what]
    left = max(0, most - limits.used.get(what, 0))
    words = f"{who_needs(count)} {need} {WORDS[what]}, and {left} of the {most} of the quota of {site} are left"
    return Finding(f"quota of {what}", need, left, words)


def copy_findings(limits: Limits, tiers: Iterable[Iterable[int]], site: str) -> list[Finding]:
    """What the handover reimage needs of Cinder and its quota does not give: a snapshot of each root that is copied.

    Servers of one tier are copied at the same time. A snapshot counts as volumes do, unless the operators of the cloud
    say otherwise (no_snapshot_gb_quota).

    :param tiers: by tier the sizes of the roots that are to be copied, in GiB.
    """
    sizes = [list(tier) for tier in tiers]
    needs = {"snapshots": max(map(len, sizes), default=0), "gigabytes": max(map(sum, sizes), default=0)}
    return [
        Finding(
            f"quota of {what}",
            need,
            left,
            f"the servers of one tier need {need} {COPY_WORDS[what]} while their roots are copied, and {left} of the "
            f"{limits.most[what]} of the quota of {site} are left",
        )
        for what, need in needs.items()
        if (left := limits.left(what)) is not None and need > left
    ]


def volume_findings(limits: Limits, sizes: Collection[int], site: str, who: str) -> list[Finding]:
    """What new volumes need of Cinder and its quota does not give.

    :param sizes: of the volumes that are to be made, in GiB.
    :param who: what they are for, such as "the drill".
    """
    return need_findings(limits, {"volumes": len(sizes), "gigabytes": sum(sizes)}, f"{who} needs", site)


def who_needs(count: int) -> str:
    """So many servers, where a text tells what they need."""
    return "the server that is not up needs" if count == 1 else f"the {count} servers that are not up need"


def need_findings(limits: Limits, needs: Mapping[str, int], who: str, site: str) -> list[Finding]:
    """What is to be made in Cinder or Neutron and the quota does not give.

    :param needs: by kind of the quota how many, or how much.
    :param who: who needs it, as "the drill needs".
    """
    of = f"of the quota of {site} are left"
    return [
        Finding(
            f"quota of {what}",
            need,
            left,
            f"{who} {need} {COPY_WORDS.get(what, what)}, and {left} of the {limits.most[what]} {of}",
        )
        for what, need in needs.items()
        if (left := limits.left(what)) is not None and need > left
    ]


def no_room_for_a_drill(found: Sequence[Finding], plan: str) -> Refusal | None:
    """A drill that has not room enough is not begun."""
    todo = "Raise the quota, or choose fewer servers with only. Nothing was changed."
    return refused_for("no_room", f"drill {plan}", found, todo) if found else None


def without(limits: Limits, gone: Collection[Server]) -> Limits:
    """The quota as it is when these servers are gone."""
    freed = {
        "cores": sum(server.flavor.vcpus for server in gone),
        "ram": sum(server.flavor.ram for server in gone),
        "instances": len(gone),
    }
    return less(limits, freed)


def without_volumes(limits: Limits, gone: Collection[Volume]) -> Limits:
    """The quota as it is when these volumes are gone, of which there are no snapshots."""
    return less(limits, {"volumes": len(gone), "gigabytes": sum(volume.size for volume in gone)})


def less(limits: Limits, freed: Mapping[str, int]) -> Limits:
    """The quota as it is when so much less is used, by kind."""
    return replace(limits, used={what: used - freed.get(what, 0) for what, used in limits.used.items()})
