# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over many states of the target: nothing foreign is deleted or overwritten by a failover."""

from __future__ import annotations

import random

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Flavor, Seen
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from builders import GUARDED, STOCK, nothing, volume
from recovery_builders import PLACEHOLDERS, T1, T2, placeholder, point, replica, surroundings, the_plan, twin
from test_recreate import DEFAULT, HELD, ON, fail_over

POOL = (
    *HELD,
    *PLACEHOLDERS,
    *ON,
    *point(T1),
    placeholder("root", plan="bank", status="in-use"),
    placeholder("data", server="app"),
    replica("data", T2, server="app"),
    volume("x", name="db-root-placeholder", metadata={"standby_disk": "root"}),
    volume("y", name="db-data-placeholder", metadata={"standby_plan": "shop", "standby_role": "placeholder"}),
)


def own(volume_id: str) -> bool:
    """Whether a volume is a placeholder of this very plan and server: the only ones that may go."""
    return volume_id in {v.id for v in PLACEHOLDERS}


def some_twin(dice: random.Random) -> Seen:
    if dice.random() < 0.2:
        return nothing(STOCK)
    held = dice.random() < 0.5
    on = [*(HELD if held else ()), *dice.sample(POOL, dice.choice([0, 0, 1] if held else [0, 1, 2]))]
    state = {
        "status": dice.choice(["SHELVED_OFFLOADED"] * 4 + ["ACTIVE", "SHUTOFF", "BUILD", "ERROR"]),
        "locked": dice.random() < 0.1,
        "flavor": Flavor("m1.tiny"),
    }
    return twin({v.id: v for v in on}.values(), dice.choice([STOCK, GUARDED]), dice.random() < 0.9, **state)


@pytest.mark.parametrize("handover", ["recreate", "reimage"])
def test_nothing_foreign_is_ever_deleted_or_overwritten(handover: str) -> None:
    """Over many states of the target: only placeholders of this server go, and servers on nothing else."""
    dice, done, of = random.Random(7), 0, the_plan(handover=handover)
    for _number in range(3000):
        seen = some_twin(dice)
        around = surroundings(same_name={tag: tuple(dice.sample(POOL, 2)) for tag in ("root", "data")})
        found = fail_over(seen, around, of=of)
        steps = found.foretold if isinstance(found, Plan) else ()
        harm = [step for step in steps if step.verb in ("delete_volume", "detach_volume", "reimage_volume")]
        assert all(own(step.args["volume_id"]) for step in harm), seen
        assert handover == "reimage" or not any(step.verb == "detach_volume" for step in steps)
        if any(step.verb in ("delete_server", "reimage_volume") for step in steps):
            done += 1
            ours = {v.id for v in (*PLACEHOLDERS, *(DEFAULT if handover == "reimage" else ()))}
            assert {a.volume_id for a in seen.found.attachments} <= ours & seen.volumes.keys(), seen
        assert handover == "recreate" or not any(step.verb == "delete_server" for step in steps)
    assert done > 50, "a table that never gets to a delete proves nothing"
