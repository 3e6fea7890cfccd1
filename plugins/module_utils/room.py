# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the quota of the target has room for the servers of a plan. A cloud that does not tell it stops nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .cloud.errors import understood
from .cloud.lookup import ANY_TIME, Shared
from .cloud.read import build as read_build
from .cloud.read import drill as read_drill
from .cloud.read import recovery as read_dr
from .cloud.read.server import offer
from .cloud.session import Session
from .cloud.shared_lists import Inventory
from .data.drill import Left
from .data.errors import StandbyError
from .data.marks import PLAN, SERVER
from .data.seen import Flavor, Limits, Server
from .data.steps import Finding
from .decide.plan.quota import clone_findings, copy_findings, quota_findings, without
from .decide.plan.recovery_plan import PlanServer, RecoveryPlan
from .decide.plan.recovery_points import Wish, choose_point, points_of, replicas_of
from .decide.root.ways import Chosen, choose


def shortage(
    inventory: Inventory, plan: RecoveryPlan, copies: Limits | None, gone: Collection[Server] = ()
) -> list[Finding]:
    """What the quota lacks for all servers of the plan to come up.

    :param copies: the quota of Cinder, if roots may be copied.
    :param gone: servers that are deleted before.
    """
    try:
        with understood(inventory.cloud.label, "read the quota"):
            ids = {server.id for server in gone}
            servers = [one for one in read_dr.servers(inventory, ANY_TIME) if one.id not in ids]
            limits = without(read_dr.limits(inventory.cloud), gone)
            there, look = {server.name for server in servers}, Shared(inventory, ANY_TIME)
            new = [server for server in plan.servers if server.name not in there]
            missing = {server.name: read_build.flavor(look, server.twin.flavor) for server in new}
    except StandbyError:
        return []
    # only what is missing needs the flavor of the plan
    planned = {server.name: missing.get(server.name) or Flavor("") for server in plan.servers}
    asleep = {server.name for server in servers if server.status == "SHELVED_OFFLOADED"}
    target = str(plan.direction.target)
    of_copies = copy_findings(copies, _copied(plan, asleep), target) if copies else []
    return [*quota_findings(limits, servers, planned, target), *of_copies]


def shortage_of_drill(inventory: Inventory, plan: RecoveryPlan, wish: Wish, gone: Left) -> list[Finding]:
    """What the quota lacks for all servers of a drill that are not there yet, and for their volumes.

    :param gone: what is deleted before.
    """
    target, look = str(plan.direction.target), Shared(inventory, ANY_TIME)
    there = {one.metadata.get(SERVER) for one in read_drill.servers(inventory, ANY_TIME, plan.name)}
    missing = [server for server in plan.servers if server.name not in there]
    try:
        with understood(inventory.cloud.label, "read the quota"):
            limits = without(read_dr.limits(inventory.cloud), gone.servers)
            of_volumes = without(read_dr.volume_limits(inventory.cloud), (), gone.volumes)
            flavors = {one.name: read_build.flavor(look, one.twin.flavor) or Flavor("") for one in missing}
            sizes = [size for one in missing for size in _sizes(inventory, plan, one, wish)]
    except StandbyError:
        return []
    return [*quota_findings(limits, (), flavors, target), *clone_findings(of_volumes, sizes, target)]


def _sizes(inventory: Inventory, plan: RecoveryPlan, server: PlanServer, wish: Wish) -> list[int]:
    """The sizes of the disks that a drill of the server still has to clone, in GiB."""
    own = read_dr.volumes_with(inventory, ANY_TIME, {PLAN: plan.name, SERVER: server.name})
    points = [one for one in points_of(replicas_of(own, plan.name, server.name)) if wish.takes(one.time)]
    point = choose_point(points, server.disks, ()).point
    made = {clone.marks.disk for clone in read_drill.clones(inventory, ANY_TIME, plan.name, server.name)}
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
