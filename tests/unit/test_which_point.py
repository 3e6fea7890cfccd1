# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recovery point a failover uses: readiness and failover say the same, and why a newer one is passed over."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import decide_failover
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.readiness import decide_readiness
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from builders import STOCK, plan, refusal
from recovery_builders import T1, T2, T3, point, replica, site_of, the_plan, twin
from test_readiness import HELD

LAGS = {T1: 7200, T2: 3600, T3: 60}

#: What may be wrong with a replica.
STATES: dict[str, dict[str, Any] | None] = {
    "good": {},
    "elsewhere": {"status": "in-use", "attached_to": ("rescue",)},
    "broken": {"status": "error"},
    "copying": {"state": "copying"},
    "missing": None,
}


def both(volumes: Any, method: str = "attach", rpo: int | None = None) -> tuple[Any, Any]:
    """What readiness says of these replicas, and what a failover does."""
    of = the_plan(handover=method, replication={"rpo": rpo})
    seen = twin() if method == "attach" else twin(HELD, STOCK)
    found = recovery(seen, (*volumes, *seen.volumes.values()), of.servers[0])
    what = replace(found, around=site_of(seen).around)
    ready = decide_readiness(site_of(seen), what, of.servers[0], of, lambda time: LAGS[time])
    return ready, decide_failover(what, of.servers[0], of)


def replicas(time: str, root: str, data: str) -> list[Any]:
    states = {"root": STATES[root], "data": STATES[data]}
    return [replica(disk, time, **state) for disk, state in states.items() if state is not None]


@pytest.mark.parametrize("method", ["attach", "reimage", "recreate"])
def test_readiness_and_failover_use_the_same_point(method: str) -> None:
    for newest, older in itertools.product(itertools.product(STATES, repeat=2), repeat=2):
        ready, done = both([*replicas(T3, *newest), *replicas(T2, *older)], method)
        usable = [time for time, states in ((T3, newest), (T2, older)) if set(states) == {"good"}]
        assert isinstance(ready, Plan) == isinstance(done, Plan) == bool(usable), (newest, older)
        used = [ready.extra["recovery_point"], done.extra["recovery_point"]] if usable else []
        assert used == [*usable[:1], *usable[:1]]


@pytest.mark.parametrize(
    ("volumes", "why"),
    [
        (
            replicas(T3, "good", "elsewhere"),
            f"recovery point {T3} is passed over: the replica shop-db-data-{T3} is in-use (attached to server rescue)",
        ),
        (
            replicas(T3, "broken", "good"),
            f"recovery point {T3} is passed over: the replica shop-db-root-{T3} is error",
        ),
        (replicas(T3, "good", "copying"), f"recovery point {T3} is passed over: the replica of data is not complete"),
        (replicas(T3, "good", "missing"), f"recovery point {T3} is passed over: it has no replica of data"),
    ],
)
def test_a_newer_point_that_is_passed_over_is_told(volumes: Any, why: str) -> None:
    ready, done = both([*volumes, *point(T2)])
    assert plan(ready).notes == (f"db: {why}",)
    assert plan(done).notes == (why,)


def test_the_age_is_that_of_the_point_that_would_be_used() -> None:
    """The newest is younger than the plan allows, and its data replica is attached elsewhere."""
    ready, _done = both([*replicas(T3, "good", "elsewhere"), *point(T2)], rpo=600)
    assert "is 3600 s old, the plan allows 600 s" in refusal(ready).seen
