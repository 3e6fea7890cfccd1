# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of backups of which somebody else made one, or that the target does not know as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import plan
from test_backup_cycle import after_cycles, cycle, decide, policy, replicas, whole
from two_sites import Sites, moment

POLICY = policy()


def user_backup(sites: Sites, incremental: bool, **changes: Any) -> str:
    """Somebody backs the root volume up."""
    snapshot = {"volume_id": "vol-root", "name": "mine"}
    made = sites.source.create_snapshot(snapshot)["snapshot"]["id"]
    sites.settle()
    asked = {**snapshot, "snapshot_id": made, "incremental": incremental}
    key: str = sites.source.create_backup(asked)["backup"]["id"]
    sites.settle()
    del sites.source.snapshots[made]
    sites.source.change(key, **changes)
    return key


def kinds(sites: Sites, number: int) -> list[bool]:
    """Which of the backups of the next cycle are incremental: root, data."""
    steps = plan(decide(sites, number, POLICY)).steps
    return [step.args["incremental"] for step in steps if step.verb == "create_backup"]


@pytest.mark.parametrize("incremental", [False, True])
def test_no_increment_on_a_backup_of_somebody_else(incremental: bool) -> None:
    sites = after_cycles(1, POLICY)
    assert kinds(sites, 2) == [True, True]
    user_backup(sites, incremental)
    assert kinds(sites, 2) == [False, True]
    cycle(sites, 2, POLICY)
    assert replicas(sites)[moment(2)] == whole(2)


def test_the_order_of_the_data_counts_not_that_of_the_requests() -> None:
    """Cinder takes the backup with the newest data as the parent (cinder/backup/api.py, create)."""
    sites = after_cycles(1, POLICY)
    user_backup(sites, False, created_at="2026-11-01T00:00:00.000000")
    assert kinds(sites, 2) == [False, True]


def test_a_backup_that_failed_or_of_another_volume_is_no_parent() -> None:
    sites = after_cycles(1, POLICY)
    user_backup(sites, False, status="error")
    user_backup(sites, False, volume_id="another")
    assert kinds(sites, 2) == [True, True]


@pytest.mark.parametrize("age", [0, 1])
@pytest.mark.parametrize("gone", [True, False])
def test_no_increment_when_site_b_lacks_a_link_of_the_chain(age: int, gone: bool) -> None:
    sites = after_cycles(2, POLICY)
    ours = sorted(b.id for b in sites.target.backups.values() if b.volume_id == "vol-root")
    broken = sites.target.backups.pop(ours[age])
    if not gone:
        sites.target.backups[broken.id] = replace(broken, status="error")
    assert kinds(sites, 3) == [False, True]


def test_a_backup_that_somebody_built_on_is_kept_with_all_that_it_needs() -> None:
    sites = after_cycles(2, POLICY)
    ours = [b.id for b in sites.source.backups.values() if b.volume_id == "vol-root"]
    theirs = user_backup(sites, True)
    for number in range(3, 9):
        cycle(sites, number, POLICY)
        sites.settle()
        assert {theirs, *ours} <= sites.source.backups.keys()
    others = [b for b in sites.source.backups.values() if b.id not in (theirs, *ours)]
    assert len(others) <= 2 * POLICY.options["full_every"]
