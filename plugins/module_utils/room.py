# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the quota of the target has room for the servers of a plan. A cloud that does not tell it stops nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from .cloud.errors import understood
from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import build as read_build
from .cloud.read import drill as read_drill
from .cloud.read import recovery as read_dr
from .cloud.read.server import offer
from .cloud.session import Session
from .cloud.shared_lists import Inventory
from .data.drill import IsolatedWanted, Left
from .data.errors import StandbyError
from .data.marks import PLAN, SERVER, drill_note
from .data.seen import Flavor, Limits, Server, Volume
from .data.steps import Finding
from .decide.drill.definition import drilled
from .decide.drill.networks import needs
from .decide.plan.quota import (
    copy_findings,
    less,
    need_findings,
    quota_findings,
    volume_findings,
    who_needs,
    without,
    without_volumes,
)
from .decide.plan.recovery_plan import PlanServer, RecoveryPlan
from .decide.plan.recovery_points import RecoveryPoint, Wish, choose_point, points_of, replicas_of
from .decide.root.ways import Chosen, choose

Told = TypeVar("Told")


def shortage(
    inventory: Inventory, plan: RecoveryPlan, copies: Limits | None, gone: Collection[Server] = ()
) -> list[Finding]:
    """What the quota lacks for all servers of the plan to come up.

    :param copies: the quota of Cinder, if roots may be copied.
    :param gone: servers that are deleted before.
    """
    cloud, target = inventory.cloud, str(plan.direction.target)
    servers = _without(inventory, gone)
    asleep = {server.name for server in servers or () if server.status == "SHELVED_OFFLOADED"}
    of_copies = copy_findings(copies, _copied(plan, asleep), target) if copies else []
    of_ports = told(cloud, lambda: _of_ports(inventory, plan, servers)) if servers is not None else None
    return [*shortage_of_servers(inventory, plan, gone), *of_copies, *(of_ports or ())]


def shortage_of_servers(inventory: Inventory, plan: RecoveryPlan, gone: Collection[Server] = ()) -> list[Finding]:
    """The same of Nova alone."""
    servers = _without(inventory, gone)
    if servers is None:
        return []
    return told(inventory.cloud, lambda: _of_servers(inventory, plan, servers, gone)) or []


def _without(inventory: Inventory, gone: Collection[Server]) -> list[Server] | None:
    """The servers of the project without those that go; None if Nova does not tell."""
    there, ids = told(inventory.cloud, lambda: read_dr.servers(inventory, ANY_TIME)), {server.id for server in gone}
    return None if there is None else [one for one in there if one.id not in ids]


def told(cloud: Session, read: Callable[[], Told]) -> Told | None:
    """What a service tells of its quota. None of one that does not, which stops nothing."""
    try:
        with understood(cloud.label, "read the quota"):
            return read()
    except StandbyError:
        return None


def _of_servers(
    inventory: Inventory, plan: RecoveryPlan, servers: Collection[Server], gone: Collection[Server]
) -> list[Finding]:
    limits = without(read_dr.limits(inventory.cloud), gone)
    there, look = {server.name for server in servers}, Shared(inventory, ANY_TIME)
    new = [server for server in plan.servers if server.name not in there]
    missing = {server.name: read_build.flavor(look, server.twin.flavor) for server in new}
    # only what is missing needs the flavor of the plan
    planned = {server.name: missing.get(server.name) or Flavor("") for server in plan.servers}
    return quota_findings(limits, servers, planned, str(plan.direction.target))


def _of_ports(inventory: Inventory, plan: RecoveryPlan, servers: Collection[Server]) -> list[Finding]:
    """The ports of servers that are not there. They are kept where a twin is deleted, so mostly all are there."""
    look, there = Shared(inventory, ANY_TIME), {server.name for server in servers}
    new = [server for server in plan.servers if server.name not in there]
    missing = [nic for one in new for nic in one.twin.nics if nic.network and not look.named("port", nic.name)]
    if not missing:
        return []
    limits = read_dr.network_limits(inventory.cloud)
    return need_findings(limits, {"ports": len(missing)}, who_needs(len(new)), str(plan.direction.target))


def shortage_of_drill(
    inventory: Inventory,
    plan: RecoveryPlan,
    wish: Wish,
    promised: Callable[[PlanServer], Iterable[Volume]],
    gone: Left,
) -> list[Finding]:
    """What the quota lacks for all servers of a drill that are not there yet, their volumes, networks and ports.

    :param promised: what the provider can make of the recovery points of a server.
    :param gone: what is deleted before.
    """
    cloud = inventory.cloud
    there = {one.metadata.get(SERVER) for one in read_drill.servers(inventory, ANY_TIME, plan.name)}
    missing = [server for server in plan.servers if server.name not in there]

    def of_volumes() -> list[Finding]:
        limits = without_volumes(read_dr.volume_limits(cloud), gone.volumes)
        sizes = [size for one in missing for size in _sizes(inventory, one, wish, promised(one))]
        return volume_findings(limits, sizes, str(plan.direction.target), "the drill")

    return [
        *(told(cloud, lambda: _of_new_servers(inventory, plan, missing, gone)) or ()),
        *(told(cloud, of_volumes) or ()),
        *(told(cloud, lambda: _of_networks(inventory, plan, missing, gone)) or ()),
    ]


def _of_new_servers(
    inventory: Inventory, plan: RecoveryPlan, missing: Collection[PlanServer], gone: Left
) -> list[Finding]:
    """What a drill still has to make in Nova."""
    limits, look = without(read_dr.limits(inventory.cloud), gone.servers), Shared(inventory, ANY_TIME)
    flavors = {one.name: read_build.flavor(look, one.twin.flavor) or Flavor("") for one in missing}
    return quota_findings(limits, (), flavors, str(plan.direction.target))


def _of_networks(
    inventory: Inventory, plan: RecoveryPlan, missing: Collection[PlanServer], gone: Left
) -> list[Finding]:
    """What a drill still has to make in Neutron."""
    look, needed = Shared(inventory, ANY_TIME), Counter[str]()
    for one in plan.networks["drill"]:
        if isinstance(one, IsolatedWanted):
            needed.update(needs(read_drill.isolated(look, one)))
    for server in missing:
        note = drill_note(plan.name, server.name)
        made = {port.name for port in read_drill.ports_noted(inventory, ANY_TIME, note)}
        nics = drilled(server.twin, plan.name, plan.drill).nics
        needed["ports"] += sum(bool(nic.network) and nic.name not in made for nic in nics)
    if not needed.total():
        return []
    freed = read_drill.freed_of_neutron(inventory, ANY_TIME, gone)
    limits = less(read_dr.network_limits(inventory.cloud), freed)
    return need_findings(limits, needed, "the drill needs", str(plan.direction.target))


def shortage_of_points(
    inventory: Inventory, plan: RecoveryPlan, wish: Wish, promised: Callable[[PlanServer], Iterable[Volume]]
) -> list[Finding]:
    """What the quota lacks for recovery points that become volumes with a failover.

    :param promised: see `shortage_of_drill`.
    """
    points = (_point(inventory, server, wish, promised(server)) for server in plan.servers)
    sizes = [v.size for point in points if point for v in point.volumes.values() if v.promised]
    if not sizes:
        return []
    limits = told(inventory.cloud, lambda: read_dr.volume_limits(inventory.cloud))
    return volume_findings(limits, sizes, str(plan.direction.target), "the failover") if limits else []


def _point(inventory: Inventory, server: PlanServer, wish: Wish, promised: Iterable[Volume]) -> RecoveryPoint | None:
    """The point that is used, or would be."""
    own = (*read_dr.volumes_with(inventory, ANY_TIME, {PLAN: server.plan, SERVER: server.name}), *promised)
    replicas = replicas_of(own, server.plan, server.name)
    used = {replica.marks.point for replica in replicas if replica.status in ("in-use", "reserved")}
    points = [one for one in points_of(replicas) if wish.takes(one.time)]
    return choose_point(points, server.disks, used).point


def _sizes(inventory: Inventory, server: PlanServer, wish: Wish, promised: Iterable[Volume]) -> list[int]:
    """The sizes of the disks that a drill of the server still has to clone, in GiB."""
    point = _point(inventory, server, wish, promised)
    made = {clone.marks.disk for clone in read_drill.clones(inventory, ANY_TIME, server.plan, server.name)}
    return [volume.size for disk, volume in point.volumes.items() if disk not in made] if point else []


def _copied(plan: RecoveryPlan, asleep: Collection[str]) -> Iterable[list[int]]:
    """By tier the sizes of the roots of the twins that sleep, as far as the plan says them."""
    tiers: dict[int, list[int]] = {}
    for server in plan.servers:
        if server.name in asleep:
            size = next((disk.size for disk in server.twin.disks if disk.tag == "root"), None)
            tiers.setdefault(server.tier, []).append(size or 0)
    return tiers.values()


def copy_limits(cloud: Session, plan: RecoveryPlan, assume: bool) -> Limits | None:
    """The quota of Cinder, if roots may be copied there: with the handover reimage.

    :param assume: the operator vouches for the guarded API.
    """
    chosen = choose(plan, offer(cloud, assume), "")
    if not isinstance(chosen, Chosen) or chosen.method != "reimage":
        return None
    try:
        with understood(cloud.label, "read the quota"):
            return read_dr.volume_limits(cloud)
    except StandbyError:
        return None
