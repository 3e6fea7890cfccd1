# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery points later than now, or that cannot be read, and clocks that are wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.errors import ahead
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import moment as parsed
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import read
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
    used_point,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import latest_at
from builders import plan, refusal
from memory_cloud.drive import to_the_end
from recovery_builders import T1, db, point, replica, the_plan, twin
from test_backup_cycle import after_cycles, decide, policy, replicas, whole
from two_sites import Sites, moment

NOW = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)
ONE = policy(keep=1)
FUTURE = "2099-01-01T00:00:00+00:00"
UNREADABLE = [
    "zzz",
    "",
    "2026-11-20T08:00:00",
    "2026-11-20 08:00:00+00:00",
    "2026-11-20T08:00:00Z",
    "2026-11-20T08:00:00.5+00:00",
    "2026-13-40T08:00:00+00:00",
    "2026-11-20T08:00:00+01:00",
    "2026-11-20T08:00:00+00:00 ",
    "9" * 5000,
]


@pytest.mark.parametrize("text", UNREADABLE, ids=lambda text: text[:30])
def test_a_recovery_point_is_a_time_in_utc_to_the_second_or_it_is_none(text: str) -> None:
    assert parsed(text) is None
    assert read({"standby_recovery_point": text}).point == ""
    assert read({"standby_recovery_point": text}).unreadable == (("standby_recovery_point",) if text else ())


def test_what_is_written_can_be_read() -> None:
    assert parsed(NOW.isoformat()) == NOW
    assert read({"standby_recovery_point": NOW.isoformat()}).point == NOW.isoformat()


@pytest.mark.parametrize("odd", [FUTURE, "2026-11-20T09:05:01+00:00", "zzz", "2026-11-20T08:00:00"])
def test_a_failover_passes_over_it_and_says_so(odd: str) -> None:
    """One unreadable point stopped the failover of all servers, and one of 2099 was the newest for ever."""
    what = recovery(twin(), (*point(T1), *point(odd)), db(), latest_at(NOW))
    found = plan(decide_failover(what, the_plan().servers[0], the_plan()))
    assert found.extra["recovery_point"] == T1
    assert len(found.notes) == 2
    assert all("does not count" in note for note in found.notes)
    used = used_point(what, the_plan().servers[0], the_plan()).point
    assert used
    assert used.time == T1


def test_without_another_one_it_is_said_why() -> None:
    what = recovery(twin(), point(FUTURE), db(), latest_at(NOW))
    found = refusal(decide_failover(what, the_plan().servers[0], the_plan()))
    assert found.code == "no_recovery_point"
    assert f"its recovery point {FUTURE} is later than now" in found.seen


def test_clocks_may_differ_by_some_minutes() -> None:
    what = recovery(twin(), point("2026-11-20T09:05:00+00:00"), db(), latest_at(NOW))
    assert plan(decide_failover(what, the_plan().servers[0], the_plan())).notes == ()


def of_the_future(sites: Sites) -> None:
    """Snapshots of a recovery point of 2099 at site A, and its replicas at site B, complete."""
    for disk, source in (("root", "vol-root"), ("data", "vol-data")):
        marks = {"standby_plan": "shop", "standby_server": "db", "standby_disk": disk, "standby_recovery_point": FUTURE}
        sites.source.snapshots[disk] = Snapshot(disk, disk, "available", source, 1, marks)
        sites.target.volumes[disk] = replica(disk, FUTURE)
        sites.target.contents[disk] = ""


def test_replication_makes_the_next_point_and_deletes_nothing_because_of_one_of_the_future() -> None:
    """It deleted the genuine points, said "recovery point new, -26330 d", and made no more."""
    sites = after_cycles(1, ONE)
    of_the_future(sites)
    for number in (2, 3):
        found = plan(decide(sites, number, ONE, latest=moment(9)))
        assert [step.verb for step in found.steps].count("create_snapshot") == 2
        assert any(f"its recovery point {FUTURE} is later than now" in note for note in found.notes)
        to_the_end(sites.replicate(number))
        sites.settle()
        points = replicas(sites)
        assert len(points.pop(FUTURE)) == 2
        assert points == {moment(number): whole(number)}


def test_nothing_is_superfluous_because_of_a_point_whose_backups_name_other_volumes() -> None:
    """The same point, explained, would make all others go: see the last line."""
    sites = after_cycles(2, policy(keep=2))
    explained = dict(sites.target.backups)
    for key, backup in explained.items():
        sites.target.backups[key] = replace(backup, metadata={**backup.metadata, "standby_replica": "another"})
    doomed = {v.id for v in sites.target.volumes.values() if v.metadata["standby_recovery_point"] == moment(1)}
    assert plan(decide(sites, 9, ONE, fresh=7 * 60)).steps[0].verb == "create_snapshot"
    sites.target.backups = explained
    steps = plan(decide(sites, 9, ONE, fresh=7 * 60)).steps
    assert {step.args["volume_id"] for step in steps if "volume_id" in step.args} == doomed


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 20 Nov 2026 09:00:04 GMT", 0),
        ("Fri, 20 Nov 2026 08:00:00 GMT", -3600),
        ("Fri, 20 Nov 2099 09:00:00 GMT", 73 * 365 * 86400 + 18 * 86400),
        ("yesterday", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_by_how_much_the_clock_of_a_cloud_is_ahead(date: Any, seconds: int) -> None:
    answer = SimpleNamespace(headers={} if date is None else {"Date": date})
    assert ahead(answer, NOW) == timedelta(seconds=seconds)
