# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of a twin that sleeps is deleted: it is told before a failover changes anything, and what is said helps."""

from __future__ import annotations

from collections.abc import Callable

from scene import Scene
from test_faults import remove, the_end


def test_port_gone(scene_at: Callable[[str], Scene]) -> None:
    scene = scene_at("guarded")
    scene.rows.update(db={"volumes": []})
    scene.plan("attach", ["db"])
    scene("dr_prepare").good()
    scene.replicate(["db"])
    (port,) = scene.mine("db")["ports"]
    scene.admin.send("DELETE", "network", f"/ports/{port['id']}")

    before = scene.mine("db")
    lost = f"the port {port['mac_address']} ({port['fixed_ips'][0]['ip_address']}) of the twin is gone"
    for run in (scene("dr_readiness"), scene.fail_over("--check"), scene.fail_over()):
        said = run.refused()
        assert lost in said
        assert "Remove the twin with server_boot_volume state: absent, which keeps its volumes, run dr_prepare" in said
    assert scene.mine("db") == before

    remove(scene, "db")
    scene("dr_prepare").good()
    scene("dr_readiness").good()
    scene.fail_over().good()
    the_end(scene, ["db"])
