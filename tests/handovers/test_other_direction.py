# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other direction: the application runs at site B, site A has nothing of it, and every verb says to: a."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from scene import Scene
from story import Story

KINDS = {"attach": "guarded", "reimage": "stock", "recreate": "stock"}
TOWARDS_A = {"to": "a"}


def plan(scene: Scene, method: str) -> None:
    """Writes a plan in which the site of the twins is site A, with a title; what differs at site B is told there."""
    source = "b" if scene.letter == "a" else "a"
    both = {letter: {"cloud": f"site_{letter}", "admin_cloud": f"site_{letter}_admin"} for letter in ("a", "b")}
    network = scene.a.named("network", "/networks", "networks", "shared-net")["id"]
    server = {**scene.row("db"), "site_b": {"ports": [{"network": network, "name": f"{scene.name}-db-at-b"}]}}
    data = {
        "name": scene.name,
        "sites": {"a": {**both[scene.letter], "title": "Frankfurt"}, "b": both[source]},
        "servers": [server],
        "handover": method,
        "replication": {"keep": 1, "rpo": 3600},
    }
    (scene.folder / "plan.yml").write_text(yaml.safe_dump(data), encoding="utf-8")


def write(scene: Scene) -> dict[str, str]:
    """Lets the guest at the source write to its disks."""
    site = "b" if scene.letter == "a" else "a"
    written = {label: f"{label} at the source" for label in scene.disks(scene.a)}
    for label, volume in scene.disks(scene.a).items():
        scene.pocket_cloud("guest-write", site, volume["id"], written[label])
    return written


@pytest.mark.soak  # make test goes the other way in tests/playbooks/test_planned.py
@pytest.mark.parametrize("method", ["attach", "reimage", "recreate"])
def test_the_other_direction(scene_at: Callable[[str], Scene], method: str) -> None:
    scene = scene_at(KINDS[method])
    plan(scene, method)
    scene("provision", provision_site="b").good()
    written = write(scene)
    assert set(written) == {"db/root", "db/data"}
    nothing_yet(scene)

    scene("dr_prepare", **TOWARDS_A).good()
    scene("dr_replicate", **TOWARDS_A).good()
    ready = scene("dr_readiness", **TOWARDS_A).good()
    assert ready.last["target"] == {"site": "a", "name": "Frankfurt (site A)"}
    assert "servers are ready for a failover to Frankfurt (site A)" in "\n".join(ready.lines)

    assert "Stop the servers at site B first" in scene("dr_failover", **TOWARDS_A).refused()
    down = {"dr_site_b_source_is_down": "it burns"}
    done = scene("dr_failover", **TOWARDS_A, **down).good()
    assert done.last["servers"][f"{scene.name}-db"]["handover"] == method
    assert scene.report(done)["headline"].startswith(f"Failover of {scene.name} to Frankfurt (site A) succeeded")
    assert scene.heads("db") == written
    scene.settle()
    before = scene.everything(scene.b)
    assert (scene("dr_failover", **TOWARDS_A, **down).good().changed, scene.everything(scene.b)) == (False, before)


def nothing_yet(scene: Scene) -> None:
    """What is refused while the target has nothing of the plan names the command for this direction."""
    before = Story.everything(scene, scene.b)
    told = scene("dr_readiness", **TOWARDS_A).refused()
    assert "there is no twin at the target" in told
    assert "Run dr_prepare -e to=a" in told
    assert Story.everything(scene, scene.b) == before
