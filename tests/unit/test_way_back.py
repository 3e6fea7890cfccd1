# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would keep the old site from becoming the standby is told before a planned failover stops the first server."""

from __future__ import annotations

from typing import Any

import pytest
from circle import good
from memory_cloud.drive import act
from memory_cloud.world import World
from planned_scene import OPTIONS, made, run, server
from recovery_builders import row, the_plan


def told(world: World, *rows: dict[str, Any], **changes: Any) -> list[str]:
    """What is told before anything is stopped. The first request that changes something would be counted."""
    changed = the_plan(*(rows or (row(),)), **{"handover": world.plan.handover, **OPTIONS, **changes})
    world.trouble.count = 0
    wave = world.wave("stop_source", plan=changed)
    wave.jobs()
    found = [f"{finding}. {finding.todo}" for finding in wave.shortage()]
    assert world.trouble.count == 0
    return found


WARNED = "The move goes on. Until this is mended, site A cannot become the standby, and nothing protects the servers."


@pytest.mark.parametrize("handover", ["attach", "recreate", "reimage"])
def test_nothing_is_told_where_the_way_back_is_open(handover: str) -> None:
    """Which the way back then proves."""
    world = made(handover)
    assert told(world) == []
    for operation, options in (("stop_source", {}), ("replicate", {}), ("failover", {"planned": True})):
        good(run(world, operation, **options))
    good(run(world, "reprotect"))
    good(run(world, "replicate", plan=the_plan(row(), to="a", handover=handover, **OPTIONS)))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"handover": "attach"}, "The handover attach needs it"),
        ({"handover": "auto"}, "The plan says handover: auto without a fallback"),
        ({"handover": "auto", "fallback": "recreate"}, ""),
    ],
)
def test_the_old_site_cannot_take_the_servers_back_in_the_way_of_the_plan(changes: dict[str, Any], text: str) -> None:
    world = made("attach")
    world.source.guarded = False
    found = told(world, **changes)
    assert len(found) == bool(text)
    assert all(one.startswith("site A does not advertise the guarded root volume API") for one in found)
    assert all(text in one and one.endswith(f". {WARNED}") for one in found)


def test_a_cinder_that_cannot_copy_into_a_root() -> None:
    world = made("reimage")
    world.source.versions["block_storage"] = "3.60"
    (text,) = told(world)
    assert text.startswith("the volume API of site A is 3.60, 3.68 is needed.")


def test_the_old_site_has_no_administrator() -> None:
    """Replication needs one at both sites."""
    world = made()
    sites = {"a": {"cloud": "site_a"}, "b": {"cloud": "site_b", "admin_cloud": "site_b_admin"}}
    todo = "Name a cloud of clouds.yaml there: replication by cinder_backup needs it."
    text = f"the plan has no sites.a.admin_cloud. {todo}"
    assert told(world, sites=sites) == [f"{text} {WARNED}"]


def test_a_plan_that_is_none_in_the_other_direction() -> None:
    given = row(boot_volume={"volume": "golden"}, site_b={"boot_volume": {"image": "cirros", "size": 1}})
    text = (
        "towards site A the plan has a problem: disk root of the twin of server db would be the existing volume golden:"
        " make it from an image"
    )
    assert told(made(), given) == [f"{text}. {WARNED}"]


@pytest.mark.parametrize(
    ("handover", "left", "texts"),
    [
        ("attach", {"volumes": 2, "gigabytes": 3, "snapshots": 0}, []),
        ("attach", {"volumes": 1, "gigabytes": 2}, ["2 volumes, and 1", "3 GiB of volumes and snapshots, and 2"]),
        ("reimage", {"volumes": 2, "gigabytes": 6, "snapshots": 2}, []),
        ("reimage", {"gigabytes": 5, "snapshots": 1}, ["6 GiB of volumes and snapshots, and 5", "2 snapshots, and 1"]),
    ],
)
def test_room_for_the_first_recovery_point_back(handover: str, left: dict[str, int], texts: list[str]) -> None:
    """The old volumes are kept, so as much again is needed; with reimage snapshots of them besides."""
    world = made(handover)
    site = world.source
    sizes = sum(volume.size for volume in site.volumes.values())
    used = {"volumes": len(site.volumes), "gigabytes": sizes, "snapshots": len(site.snapshots)}
    site.most |= {what: used[what] + number for what, number in left.items()}
    found = told(world)
    assert [text.partition("the way back needs ")[2].partition(" of the ")[0] for text in found] == texts
    assert all(text.endswith(WARNED) for text in found)


def test_what_was_moved_before_needs_no_room() -> None:
    world = made("recreate")
    act(world.source, "shelve", server_id=server(world.source).id)
    world.settle()
    world.source.most["volumes"] = 0
    assert told(world) == []


def test_a_site_that_does_not_tell_its_quota() -> None:
    world = made()
    world.source.most["volumes"] = 0
    world.source.silent = {"/limits"}
    assert told(world) == []
