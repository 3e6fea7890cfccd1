# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover that is killed at random moments, and repeated each time, ends as one that nobody disturbed.

HANDOVER_KILLS says how often each way of handing over is killed (default 3), HANDOVER_SEED where and when. Both are
shown when a test fails, with the last line of progress before each kill.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from api import Json
from scene import Scene

KILLS = int(os.environ.get("HANDOVER_KILLS", "3"))
SEED = int(os.environ.get("HANDOVER_SEED", "1"))

#: Of one failover; the next kill waits for the next failover.
MOST_KILLS = 4
SHORTS = ("db", "app", "web")


def plan(scene: Scene, method: str) -> None:
    """A database with a data disk and an application at once; after both a second tier."""
    scene.rows.update(app={"volumes": []}, web={"volumes": [], "tier": 2})
    scene.plan(method, SHORTS)


def put_back(scene: Scene, method: str) -> None:
    """Brings the twins to where they wait for a failover."""
    if method != "recreate":
        for short in SHORTS:
            scene.sleep(short)
        return
    replicas = [volume["id"] for volume in scene.replicas().values()]
    for server in [scene.server(scene.b, short)["id"] for short in SHORTS]:
        scene.b.send("DELETE", "compute", f"/servers/{server}")
    for volume in replicas:
        scene.b.wait_volume(volume)
    scene("dr_prepare").good()


def the_end(scene: Scene, method: str) -> Json:
    """Everything that a failover leads to. Ids of what each failover makes anew are told by what they belong to."""
    scene.settle()
    there = scene.everything(scene.b)
    names = {server["id"]: server["name"] for server in there["servers"]}
    volumes = {volume["id"]: volume for volume in there["volumes"]}
    kept = ("name", "status", "metadata", "locked", "OS-EXT-STS:task_state", *(("id",) if method != "recreate" else ()))
    return {
        "servers": sorted([server[key] for key in kept] for server in there["servers"]),
        "volumes": sorted(tell(volume) for volume in volumes.values()),
        "on": {names[i]: sorted(tell(volumes[a["volumeId"]]) for a in rows) for i, rows in there["attached"].items()},
        "flags": {a["delete_on_termination"] for rows in there["attached"].values() for a in rows},
        "ports": sorted((p["id"], p["mac_address"], names[p["device_id"]]) for p in there["ports"]),
        "left over": scene.left_over(),
        "heads": {short: scene.heads(short) for short in SHORTS},
    }


def tell(volume: Json) -> tuple[Any, ...]:
    """A volume; of replicas also which one it is. When its twin was woken last differs from failover to failover."""
    replica = volume["metadata"]["standby_role"] == "replica"
    marks = {key: value if key != "standby_woken" else "then" for key, value in volume["metadata"].items()}
    return volume["name"], volume["status"], volume["id"] if replica else "", *sorted(marks.items())


@pytest.mark.parametrize(("kind", "method"), [("guarded", "attach"), ("stock", "reimage"), ("stock", "recreate")])
def test_killed_at_random_moments(scene_at: Callable[[str], Scene], kind: str, method: str) -> None:
    scene, dice = scene_at(kind), random.Random(f"{SEED} {method}")
    print(f"HANDOVER_SEED={SEED} HANDOVER_KILLS={KILLS}")
    plan(scene, method)
    scene("dr_prepare").good()
    scene.replicate(SHORTS)
    undisturbed = scene.fail_over().good()
    expected, lines = the_end(scene, method), sum(1 for line in undisturbed.lines if line.startswith("["))
    assert expected["heads"] == {short: scene.replica_heads(short) for short in SHORTS}
    left = KILLS
    while left > 0:
        put_back(scene, method)
        left -= disturb(scene, dice, lines, min(left, MOST_KILLS))
        scene.fail_over().good()
        assert the_end(scene, method) == expected
        before = scene.everything(scene.b)
        assert (scene.fail_over().good().changed, scene.everything(scene.b)) == (False, before)


def disturb(scene: Scene, dice: random.Random, lines: int, most: int) -> int:
    """Runs one failover, and kills it up to so many times; returns how often that was."""
    gone = 0
    for number in range(most):
        after, seconds, workers_too = dice.randint(1, max(1, lines - gone)), dice.random(), dice.random() < 0.5
        killed, seen = scene.killed_at(after, seconds, workers_too)
        gone += len(seen)
        last = seen[-1].strip() if seen else "the start"
        print(f"{'killed' if killed else 'ended'} {seconds:.2f} s after {last!r}, workers too: {workers_too}")
        if not killed:
            return max(number, 1)
    return most
