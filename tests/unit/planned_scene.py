# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of a planned failover share: two clouds in memory, and one server that is to be moved."""

from __future__ import annotations

from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from circle import good
from memory_cloud.drive import act
from memory_cloud.world import World
from recovery_builders import row, the_plan

OPTIONS: dict[str, Any] = {"replication": {"keep": 2, "full_every": 3, "rpo": 3600}}
PLANNED = {"planned": True}


def plan(to: str = "b", handover: str = "attach") -> Any:
    return the_plan(row(), to=to, handover=handover, **OPTIONS)


def made(handover: str = "attach") -> World:
    """A server that runs at site A, and its twin at site B with a recovery point."""
    world = World(plan(handover=handover), guarded=handover == "attach")
    world.source.guarded = world.target.guarded
    for site in (world.source, world.target):
        site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
        site.contents["cirros"] = "image"
    for operation in ("provision", "prepare", "replicate"):
        good(run(world, operation))
    return world


def run(world: World, operation: str, **options: Any) -> dict[str, Result]:
    results = world.run(operation, **options)
    world.settle()
    world.clock.seconds += 60
    return results


def server(site: Any) -> Any:
    (found,) = site.servers.values()
    return found


def disks(site: Any) -> dict[str, str]:
    """By disk what is on the volumes of the server."""
    used = [site.volumes[a.volume_id] for a in server(site).attachments]
    return {volume.marks.disk: site.contents[volume.id] for volume in used}


def write(site: Any, what: str) -> dict[str, str]:
    """The guest writes to all its disks."""
    assert server(site).status == "ACTIVE"
    for attachment in server(site).attachments:
        volume = site.volumes[attachment.volume_id]
        site.contents[volume.id] = f"{volume.marks.disk}: {what}"
    return disks(site)


def starts(site: Any) -> int:
    """How often the site was asked to run a server."""
    return sum(action in ("create", "unshelve") for actions in site.actions.values() for action, *_rest in actions)


def power(world: World, verb: str) -> None:
    """Somebody starts or stops the server of the source."""
    act(world.source, verb, server_id=server(world.source).id)
    world.settle()
    world.clock.seconds += 60


def stopped(world: World) -> None:
    """The server of the source is stopped, and its last recovery point is there."""
    good(run(world, "stop_source"))
    good(run(world, "replicate"))
