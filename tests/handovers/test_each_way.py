# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way of handing over on a stock Nova, from the twin to the running server; the other files here have the rest.

That of the guarded API is what tests/playbooks tell.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scene import Scene

SHORTS = ("db", "app")
KEPT = {"reimage": {"server_id": "kept", "root_volume_id": "kept"}, "recreate": {"server_id": "new", "ports": "kept"}}


@pytest.mark.parametrize("method", KEPT)
def test_on_stock_nova(scene_at: Callable[[str], Scene], method: str) -> None:
    scene = scene_at("stock")
    scene.rows.update(app={"volumes": []})
    scene.plan(method, SHORTS)
    scene("dr_prepare").good()
    scene.replicate(SHORTS)
    before = {short: scene.mine(short) for short in SHORTS}

    foretold = scene.fail_over("--check").good().last["servers"]
    assert {short: scene.mine(short) for short in SHORTS} == before
    done = scene.fail_over().good().last["servers"]
    for name, row in done.items():
        assert (row["handover"], row["handover_reason"]) == (method, "the plan says so")
        assert KEPT[method].items() <= row["identity"].items()
        assert foretold[name]["steps"] == row["steps"]

    scene.settle()
    for short in SHORTS:
        assert scene.heads(short) == scene.replica_heads(short)
        after = scene.mine(short)
        same = [server["id"] for server in before[short]["servers"]] == [server["id"] for server in after["servers"]]
        assert same is (method == "reimage")
        assert addresses(after) == addresses(before[short])
    assert scene.left_over() == []
    everything = scene.everything(scene.b)
    assert (scene.fail_over().good().changed, scene.everything(scene.b)) == (False, everything)


def addresses(state: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    """Id, MAC and IP addresses of the ports of a server."""
    return [(port["id"], port["mac_address"], port["fixed_ips"]) for port in state["ports"]]
