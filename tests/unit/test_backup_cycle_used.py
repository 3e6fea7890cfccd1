# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication after a failover: what was written at the target is never tidied away."""

from __future__ import annotations

import pytest
from memory_cloud.drive import to_the_end
from test_backup_cycle import after_cycles, policy


@pytest.mark.parametrize("woken", ["nobody knows", "at that moment", "later"])
def test_a_replica_on_which_site_b_may_have_run_is_kept_for_ever(woken: str) -> None:
    """It was failed over, then taken off the twin: it holds what the target wrote. Without a twin nothing tells."""
    sites = after_cycles(2, policy())
    before = dict(sites.target.volumes)
    if woken == "nobody knows":
        del sites.target.servers["twin"]
    else:
        newest = max(volume.created_at for volume in before.values())
        sites.woke(newest if woken == "at that moment" else sites.target.now)
    for number in range(3, 6):
        to_the_end(sites.replicate(number))
        sites.settle()
    assert before.items() <= sites.target.volumes.items()
