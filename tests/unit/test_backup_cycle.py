# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle of replication against the rules of Cinder: from nothing, carried on from every step, and what it leaves."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from builders import plan
from memory_cloud.drive import carry_out
from recovery_builders import the_plan
from two_sites import Sites, moment

TEXTS = [
    "snapshot db/root at the source",
    "snapshot db/data at the source",
    "wait for the snapshot of db/root",
    "wait for the snapshot of db/data",
    "back db/root up (full)",
    "back db/data up (full)",
    "wait for the backup of db/root",
    "wait for the backup of db/data",
    "export the record of db/root",
    "import the record of db/root at the target",
    "export the record of db/data",
    "import the record of db/data at the target",
    "wait for the imported backup of db/root",
    "wait for the imported backup of db/data",
    "make a replica volume for db/root at the target",
    "make a replica volume for db/data at the target",
    "wait for the replica volume of db/root",
    "note the replica of db/root at its backup at the target",
    "wait for the replica volume of db/data",
    "note the replica of db/data at its backup at the target",
    "restore db/root into its replica at the target",
    "restore db/data into its replica at the target",
    "wait for the replica of db/root",
    "wait for the replica of db/data",
    "name the replica of db/root",
    "mark the replica of db/root bootable",
    "carry the image properties of db/root over",
    "name the replica of db/data",
    "mark the replica of db/root complete",
    "mark the replica of db/data complete",
]


def policy(keep: int = 2, full_every: int = 3) -> Any:
    return the_plan(replication={"keep": keep, "full_every": full_every})


def decide(sites: Sites, number: int, of: Any, fresh: int = 0, **changes: Any) -> Any:
    """What a run decides first; ``changes`` are of what it looks at."""
    now = datetime.fromisoformat(moment(number))
    job = sites.job("replicate", now=now, plan=of, min_interval=fresh)
    what = replace(job.read(time.monotonic()), **changes)
    return job.decide(what, what)


def cycle(sites: Sites, number: int, of: Any, stop_after: int | None = None) -> None:
    """One run. When it is not killed, nothing that writes may be left, as `converge` demands."""
    carry_out(sites.replicate(number, plan=of), stop_after)


def replicas(sites: Sites) -> dict[str, list[tuple[str, str, str]]]:
    """By recovery point the disks: which, whether complete, what is on them."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for key, volume in sorted(sites.target.volumes.items(), key=lambda item: item[1].name):
        marks = volume.metadata
        row = (marks["standby_disk"], marks["standby_state"], sites.target.contents[key])
        found.setdefault(marks["standby_recovery_point"], []).append(row)
    return found


def whole(number: int) -> list[tuple[str, str, str]]:
    """A recovery point whose data was taken at that moment."""
    return [
        ("data", "complete", f"data at {number} of vol-data"),
        ("root", "complete", f"data at {number} of vol-root"),
    ]


def after_cycles(count: int, of: Any) -> Sites:
    sites = Sites(of)
    for number in range(1, count + 1):
        cycle(sites, number, of)
    sites.settle()
    return sites


def test_a_cycle_from_nothing() -> None:
    of = policy()
    sites = Sites(of)
    found = plan(decide(sites, 1, of))
    cycle(sites, 1, of)
    assert [step.text for step in found.steps[: len(TEXTS)]] == TEXTS
    name = f"shop-db-{{}}-{moment(1)}"
    assert [step.text for step in found.steps[len(TEXTS) :]] == [
        f"delete snapshot {name.format(disk)}" for disk in ("root", "data")
    ]
    assert (found.before, found.after) == ({"recovery_point": None}, {"recovery_point": moment(1)})
    assert replicas(sites) == {moment(1): whole(1)}
    sites.settle()
    assert not sites.source.snapshots


@pytest.mark.parametrize("order", [list, reversed])
def test_snapshots_are_deleted_in_the_order_that_was_foretold(order: Any) -> None:
    """Cinder lists those of one second either way."""
    of = policy()
    sites = Sites(of)
    cycle(sites, 1, of, stop_after=2)
    snapshots = sites.source.snapshots
    for key in list(order(snapshots)):
        snapshots[key] = snapshots.pop(key)
    told = [step.text for step in plan(decide(sites, 1, of)).steps if step.verb == "delete_snapshot"]
    assert told == [f"delete snapshot shop-db-{disk}-{moment(1)}" for disk in ("root", "data")]


def test_what_a_replica_carries() -> None:
    sites = after_cycles(1, policy())
    (root,) = [v for v in sites.target.volumes.values() if v.metadata["standby_disk"] == "root"]
    assert (root.name, root.bootable, root.image_metadata) == (
        f"shop-db-root-{moment(1)}",
        True,
        {"hw_disk_bus": "virtio"},
    )
    (data,) = [v for v in sites.target.volumes.values() if v.metadata["standby_disk"] == "data"]
    assert (data.size, data.bootable) == (2, False)
    source = "srv"
    assert (root.metadata["standby_of_server"], data.metadata["standby_of_server"]) == (source, source)


@pytest.mark.parametrize("keep", [1, 2, 3])
@pytest.mark.parametrize("full_every", [1, 2, 3, 7])
def test_many_cycles(keep: int, full_every: int) -> None:
    """After each: the newest points and no others; chains no longer than they may be, the same at both sites."""
    of = policy(keep, full_every)
    sites = Sites(of)
    for number in range(1, 10):
        cycle(sites, number, of)
        sites.settle()
        assert replicas(sites) == {moment(n): whole(n) for n in range(max(1, number - keep + 1), number + 1)}
        assert not sites.source.snapshots
        chain = [backup.incremental for backup in sites.source.backups.values() if backup.volume_id == "vol-root"]
        assert chain == [False] + [True] * ((number - 1) % full_every)
        assert sites.source.backups.keys() == sites.target.backups.keys()


BEFORE = {"nothing": 0, "one": 1, "the chain ends": 3, "the chain ends, and another": 6}


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("keep", [1, 2])
def test_killed_after_every_step(keep: int, before: str, passes: bool) -> None:
    """The run that follows ends where the run that was not killed ends, whichever step was the last."""
    of, begin = policy(keep), after_cycles(BEFORE[before], policy(keep))
    number = BEFORE[before] + 1
    straight, steps = copy.deepcopy(begin), plan(decide(begin, number, of)).steps
    cycle(straight, number, of)
    straight.settle()
    for killed in range(len(steps)):
        sites = copy.deepcopy(begin)
        cycle(sites, number, of, killed)
        if passes:
            sites.settle()
        cycle(sites, number + 1, of)
        sites.settle()
        lost = [key for key, v in sites.target.volumes.items() if "standby_role" not in v.metadata]
        assert lost == [], steps[killed - 1].text
        check_end(sites, straight, number, keep, f"killed before {steps[killed].text}")


def check_end(sites: Sites, straight: Sites, number: int, keep: int, why: str) -> None:
    """Either the point that was begun was finished, or a new one was made instead; nothing else differs."""
    found = replicas(sites)
    assert len(found) == min(keep, number + 1) or len(found) == min(keep, number), why
    newest = max(found)
    taken = number if moment(number) == newest else number + 1
    assert found[newest] == whole(taken), why
    assert all(rows == whole(int(time[14:16])) for time, rows in found.items()), why
    assert not sites.source.snapshots, why
    assert sites.source.backups.keys() == sites.target.backups.keys(), why
    if taken == number:
        assert replicas(straight).keys() == found.keys(), why
        assert len(sites.source.backups) == len(straight.source.backups), why
