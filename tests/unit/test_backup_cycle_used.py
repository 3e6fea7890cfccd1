# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication after a failover: what was written at site B is never tidied away."""

from __future__ import annotations

import pytest
from builders import plan
from test_backup_cycle import after_cycles, decide, policy

POLICY = policy()


@pytest.mark.parametrize("woken", [None, "2026-11-20T08:00:00.000000", "2026-11-20T09:30:00.000000"])
def test_a_replica_on_which_site_b_may_have_run_is_kept_for_ever(woken: str | None) -> None:
    """It was failed over, then taken off the twin: it holds what was written at site B. Without a twin nobody knows."""
    clouds = after_cycles(2, POLICY)
    before = set(clouds.volumes)
    for number in range(3, 6):
        steps = plan(decide(clouds, number, POLICY, woken=woken)[0]).steps
        assert [step.args for step in steps if step.verb == "delete_volume"] == []
        clouds.run(steps)
        clouds.time_passes()
    assert before <= clouds.volumes.keys()
