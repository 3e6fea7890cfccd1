# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle of replication against the rules of Cinder: from nothing, carried on from every step, and what it leaves."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.replication import (
    Goal,
    decide_cycle,
    open_point,
)
from builders import plan
from cinder_model import Cinders
from recovery_builders import the_plan

TEXTS = [
    "snapshot db/root at site A",
    "snapshot db/data at site A",
    "wait for the snapshot of db/root",
    "wait for the snapshot of db/data",
    "back db/root up (full)",
    "back db/data up (full)",
    "wait for the backup of db/root",
    "wait for the backup of db/data",
    "export the record of db/root",
    "import the record of db/root at site B",
    "export the record of db/data",
    "import the record of db/data at site B",
    "wait for the imported backup of db/root",
    "wait for the imported backup of db/data",
    "make a replica volume for db/root at site B",
    "make a replica volume for db/data at site B",
    "wait for the replica volume of db/root",
    "note the replica of db/root at its snapshot",
    "wait for the replica volume of db/data",
    "note the replica of db/data at its snapshot",
    "restore db/root into its replica at site B",
    "restore db/data into its replica at site B",
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


def moment(number: int) -> str:
    return f"2026-11-20T08:{number:02}:00+00:00"


def decide(clouds: Cinders, number: int, of: Any, goal: Goal | None = None, **changes: Any) -> tuple[Any, Goal]:
    """As `Wave` does: the goal is fixed when a run first reads."""
    what, now = clouds.seen(**changes), moment(number)
    aim = goal or Goal(open_point(what, of, of.servers[0]) or now, now)
    return decide_cycle(what, of, of.servers[0], aim), aim


def cycle(clouds: Cinders, number: int, of: Any, stop_after: int | None = None) -> Any:
    """One run. When it is not killed, nothing that writes may be left, as `apply.converge` demands."""
    clouds.data = f"data at {number}"
    decision, goal = decide(clouds, number, of)
    found = plan(decision)
    clouds.run(found.steps, stop_after)
    if stop_after is None:
        again = plan(decide(clouds, number, of, goal)[0])
        assert [step.text for step in again.steps if step.writes] == []
        assert again.before["recovery_point"] == goal.time == found.after["recovery_point"]
    return found


def replicas(clouds: Cinders) -> dict[str, list[tuple[str, str, str]]]:
    """By recovery point the disks: which, whether complete, what is on them."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for key, volume in sorted(clouds.volumes.items(), key=lambda item: item[1].name):
        marks = volume.metadata
        row = (marks["standby_disk"], marks["standby_state"], clouds.contents[key])
        found.setdefault(marks["standby_recovery_point"], []).append(row)
    return found


def whole(number: int) -> list[tuple[str, str, str]]:
    """A recovery point whose data was taken at that moment."""
    return [
        ("data", "complete", f"data at {number} of vol-data"),
        ("root", "complete", f"data at {number} of vol-root"),
    ]


def after_cycles(count: int, of: Any) -> Cinders:
    clouds = Cinders()
    for number in range(1, count + 1):
        cycle(clouds, number, of)
    clouds.time_passes()
    return clouds


def test_a_cycle_from_nothing() -> None:
    clouds = Cinders()
    found = cycle(clouds, 1, policy())
    assert [step.text for step in found.steps[: len(TEXTS)]] == TEXTS
    name = f"shop-db-{{}}-{moment(1)}"
    assert [step.text for step in found.steps[len(TEXTS) :]] == [
        f"delete snapshot {name.format(disk)}" for disk in ("root", "data")
    ]
    assert (found.before, found.after) == ({"recovery_point": None}, {"recovery_point": moment(1)})
    assert replicas(clouds) == {moment(1): whole(1)}
    assert not clouds.snapshots


def test_what_a_replica_carries() -> None:
    clouds = after_cycles(1, policy())
    (root,) = [v for v in clouds.volumes.values() if v.metadata["standby_disk"] == "root"]
    assert (root.name, root.bootable, root.image_metadata) == (
        f"shop-db-root-{moment(1)}",
        True,
        {"hw_disk_bus": "virtio"},
    )
    (data,) = [v for v in clouds.volumes.values() if v.metadata["standby_disk"] == "data"]
    assert (data.size, data.bootable) == (2, False)


@pytest.mark.parametrize("keep", [1, 2, 3])
@pytest.mark.parametrize("full_every", [1, 2, 3, 7])
def test_many_cycles(keep: int, full_every: int) -> None:
    """After each: the newest points and no others; chains no longer than they may be, the same at both sites."""
    clouds, of = Cinders(), policy(keep, full_every)
    for number in range(1, 10):
        cycle(clouds, number, of)
        clouds.time_passes()
        assert replicas(clouds) == {moment(n): whole(n) for n in range(max(1, number - keep + 1), number + 1)}
        assert not clouds.snapshots
        chain = [backup.incremental for backup in clouds.backups["a"].values() if backup.volume_id == "vol-root"]
        assert chain == [False] + [True] * ((number - 1) % full_every)
        assert clouds.backups["a"].keys() == clouds.backups["b"].keys()


BEFORE = {"nothing": 0, "one": 1, "the chain ends": 3, "the chain ends, and another": 6}


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("keep", [1, 2])
def test_killed_after_every_step(keep: int, before: str, passes: bool) -> None:
    """The run that follows ends where the run that was not killed ends, whichever step was the last."""
    of, begin = policy(keep), after_cycles(BEFORE[before], policy(keep))
    number = BEFORE[before] + 1
    straight = copy.deepcopy(begin)
    steps = cycle(straight, number, of).steps
    straight.time_passes()
    for killed in range(len(steps)):
        clouds = copy.deepcopy(begin)
        cycle(clouds, number, of, killed)
        if passes:
            clouds.time_passes()
        cycle(clouds, number + 1, of)
        clouds.time_passes()
        lost = [key for key, v in clouds.volumes.items() if "standby_role" not in v.metadata]
        assert lost == [], steps[killed - 1].text
        check_end(clouds, straight, number, keep, f"killed before {steps[killed].text}")


def check_end(clouds: Cinders, straight: Cinders, number: int, keep: int, why: str) -> None:
    """Either the point that was begun was finished, or a new one was made instead; nothing else differs."""
    found = replicas(clouds)
    assert len(found) == min(keep, number + 1) or len(found) == min(keep, number), why
    newest = max(found)
    taken = number if moment(number) == newest else number + 1
    assert found[newest] == whole(taken), why
    assert all(rows == whole(int(time[14:16])) for time, rows in found.items()), why
    assert not clouds.snapshots, why
    assert clouds.backups["a"].keys() == clouds.backups["b"].keys(), why
    if taken == number:
        assert replicas(straight).keys() == found.keys(), why
        assert len(clouds.backups["a"]) == len(straight.backups["a"]), why
