# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every provider must keep, whatever it does. Each test runs against each provider: see suite.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.providers import PROVIDERS
from builders import GUARDED, nothing, plan, refusal, seen, volume
from recovery_builders import placeholder, point, replica, twin
from suite import RIGS, Rig, after, copied, number_of, points, verbs, whole
from two_sites import moment

FUTURE = "2099-01-01T00:00:00+00:00"

Make = Callable[[int], Rig]


def test_every_provider_is_tested() -> None:
    assert RIGS.keys() == PROVIDERS.keys()


@pytest.fixture(params=RIGS)
def make(request: pytest.FixtureRequest) -> Make:
    return RIGS[request.param]


def check(rig: Rig, why: str = "") -> None:
    """A recovery point that counts holds the data of its moment on all disks."""
    for time, held in points(rig).items():
        assert held == whole(number_of(time)), f"{time} {why}"


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_each_run_makes_a_point_and_the_newest_stay(make: Make, keep: int) -> None:
    rig = make(keep)
    for number in range(1, 9):
        rig.run(number)
        rig.settle()
        assert points(rig) == {moment(n): whole(n) for n in range(max(1, number - keep + 1), number + 1)}
        assert rig.left() == []


def test_check_mode_tells_the_steps_of_the_run(make: Make) -> None:
    rig = after(make(2), 3)
    told = [step.text for step in plan(rig.decide(4)).foretold]
    assert len(told) == rig.run(4)
    assert told


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("keep", [1, 2])
def test_a_run_that_is_killed_at_any_step_is_carried_on(make: Make, keep: int, before: int, passes: bool) -> None:
    """A point is complete or counts for nothing, also in between, and there is always one once there was one."""
    begin = after(make(keep), before)
    number, steps = before + 1, begin.copy().run(before + 1)
    for killed in range(steps + 1):
        rig, why = begin.copy(), f"killed after step {killed}"
        rig.run(number, killed)
        check(rig, why)
        assert points(rig) or not before, why
        if passes:
            rig.settle()
        rig.run(number + 1)
        rig.settle()
        check(rig, why)
        assert moment(number) <= max(points(rig)) <= moment(number + 1), why
        assert min(keep, number) <= len(points(rig)) <= keep, why
        assert rig.left() == [], why
        assert all(v.marks.role == "replica" and v.marks.state == "complete" for v in rig.volumes.values()), why


@pytest.mark.parametrize("seed", range(20))
def test_killed_again_and_again(make: Make, seed: int) -> None:
    dice, rig = random.Random(seed), after(make(2), seed % 4)
    kills, number = dice.randrange(1, 6), seed % 4 + 1
    for _kill in range(kills):
        rig.run(number, dice.randrange(45))
        check(rig)
        if dice.random() < 0.5:
            rig.settle()
        number += 1
    rig.run(number)
    rig.settle()
    check(rig)
    assert moment(number - kills) <= max(points(rig)) <= moment(number)
    assert rig.left() == []
    assert all(v.marks.role == "replica" and v.marks.state == "complete" for v in rig.volumes.values())


@pytest.mark.parametrize("status", ["error", "error_restoring", "error_extending"])
@pytest.mark.parametrize("disk", ["root", "data"])
def test_a_volume_that_fails_on_the_way_is_made_again(make: Make, status: str, disk: str) -> None:
    begin = after(make(2), 1)
    known, steps = set(begin.volumes), begin.copy().run(2)
    for killed in range(steps):
        rig = begin.copy()
        rig.run(2, killed)
        new = [key for key, v in rig.volumes.items() if key not in known and v.marks.disk == disk]
        for key in new:
            rig.volumes[key] = replace(rig.volumes[key], status=status)
        rig.settle()
        rig.run(3)
        rig.settle()
        usable = {time for time, held in points(rig).items() if held == whole(number_of(time))}
        assert max(usable) >= moment(2), f"failed after step {killed}"


def test_a_replica_in_use_means_that_the_target_leads(make: Make) -> None:
    begin = after(make(1), 3)
    begin.make_usable()
    assert len(begin.volumes) == 2
    for key in begin.volumes:
        rig = begin.copy()
        rig.volumes[key] = replace(rig.volumes[key], status="in-use", attached_to=("x",))
        for on in (nothing(GUARDED), twin([rig.volumes[key]], status="ACTIVE")):
            assert refusal(rig.decide(4, twin=on)).code == "failed_over"


@pytest.mark.parametrize("woken", [None, "2026-11-20T08:02:30.000000", "2026-11-20T09:30:00.000000"])
def test_a_replica_on_which_the_target_may_have_run_is_never_deleted(make: Make, woken: str | None) -> None:
    """Without a twin nothing tells. The first replica is older than the time when the twin woke in all cases."""
    rig = after(make(1), 1)
    rig.make_usable()
    doomed = {key for step in plan(rig.decide(2)).foretold for key in rig.removes(step)}
    kept = {key for step in plan(rig.decide(2, woken=woken)).foretold for key in rig.removes(step)}
    assert len(rig.volumes) == 2
    assert set(rig.volumes) <= doomed
    assert not set(rig.volumes) & kept


def test_nothing_goes_before_a_newer_point_is_complete(make: Make) -> None:
    rig = after(make(1), 1)
    steps = plan(rig.decide(2)).foretold
    last_mark = max(n for n, step in enumerate(steps) if rig.completes(step))
    gone = [n for n, step in enumerate(steps) if rig.removes(step)]
    assert gone
    assert min(gone) > last_mark
    assert {steps[n].part for n in gone} == {Part.TIDY}


def test_no_other_volume_is_touched(make: Make) -> None:
    """They carry as many of our marks as possible, but not all that make a replica of this server of this plan."""
    marks = {"standby_plan": "shop", "standby_server": "db", "standby_disk": "root", "standby_role": "replica"}
    old = {**marks, "standby_recovery_point": moment(0), "standby_state": "complete"}
    others = [{key: value for key, value in old.items() if key != left} for left in old if left != "standby_disk"]
    others = [found for found in others if "standby_state" in found]
    others += [
        {**old, "standby_server": "app"},
        {**old, "standby_plan": "bank"},
        {**old, "standby_role": "placeholder"},
    ]
    strangers = {v.id: v for v in (volume(f"s-{n}", metadata=m) for n, m in enumerate(others))}
    strangers["p"] = replace(placeholder("root"), id="p")
    rig = make(1)
    rig.volumes.update(strangers)
    for number in range(1, 6):
        rig.run(number, 20 if number == 3 else None)
        rig.settle()
        assert strangers.items() <= rig.volumes.items()


@pytest.mark.parametrize("status", ["available", "in-use", "error", "restoring-backup", "creating"])
def test_what_a_member_of_the_source_marks_chooses_no_volume_of_the_target(make: Make, status: str) -> None:
    rig = after(make(1), 1)
    payroll = volume("payroll", name="payroll", status=status, size=2, created_at=moment(1))
    rig.forge(2, "payroll")
    for number in (2, 3):
        rig.volumes["payroll"] = payroll
        rig.run(number)
        rig.volumes["payroll"] = replace(rig.volumes["payroll"], status=status)
        rig.settle()
        left = rig.volumes.pop("payroll")
        assert (left.name, left.metadata) == (payroll.name, payroll.metadata)
        check(rig)
        assert max(points(rig)) == moment(number)


def test_a_copy_of_a_replica_is_neither_taken_nor_deleted(make: Make) -> None:
    rig = after(make(1), 1)
    rig.make_usable()
    copies = {f"copy-{key}": copied(v, f"copy-{key}") for key, v in rig.volumes.items()}
    rig.volumes.update(copies)
    assert copies
    for number in (2, 3):
        rig.run(number)
        rig.settle()
        assert copies.items() <= rig.volumes.items()


@pytest.mark.parametrize("number", [2, 3])
def test_a_point_that_the_target_cannot_explain_makes_nothing_superfluous(make: Make, number: int) -> None:
    """Its volumes carry all marks of a complete point, but nothing else tells of it. Nor is it a reason to wait."""
    rig = after(make(1), 1)
    own = {*rig.volumes, *rig.promised}
    rig.volumes.update({v.id: v for v in point(moment(2))})
    steps = plan(rig.decide(number)).foretold
    complete = [n for n, step in enumerate(steps) if rig.completes(step)]
    gone = [n for n, step in enumerate(steps) if rig.removes(step) & own]
    assert complete
    assert own
    assert not gone or min(gone) > max(complete)


def test_a_point_of_the_future_that_others_tell_of_is_told_and_nothing_is_made_of_them(make: Make) -> None:
    rig = after(make(1), 1)
    rig.future(59)
    found = plan(rig.decide(2, latest=moment(9)))
    assert any(f"its recovery point {moment(59)} is later than now" in note for note in found.notes)
    assert found.after == {"recovery_point": moment(2)}


def test_a_point_of_the_future_does_not_count_and_is_told(make: Make) -> None:
    rig = after(make(1), 1)
    odd = [replica(disk, FUTURE) for disk in ("root", "data")]
    rig.volumes.update({v.id: v for v in odd})
    found = plan(rig.decide(2, latest=moment(9)))
    assert any(f"its recovery point {FUTURE} is later than now" in note for note in found.notes)
    assert found.after == {"recovery_point": moment(2)}
    assert not {v.id for v in odd} & {step.args.get("volume_id") for step in found.foretold}


REFUSED: dict[str, tuple[Any, str]] = {
    "there is no server": (nothing(), "no_server"),
    "a disk is not there": (replace(seen(), volumes={}), "no_disk"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_server_that_cannot_be_replicated_is_refused(make: Make, case: str) -> None:
    source, code = REFUSED[case]
    found = refusal(make(1).decide(1, source=source))
    assert found.code == code
    assert found.todo


def test_a_point_becomes_volumes_and_replication_goes_on(make: Make) -> None:
    """Whatever the storage needed for it: then they are volumes like any other, and the root boots."""
    rig = after(make(2), 2)
    for _again in range(2):
        rig.make_usable()
        rig.settle()
        made = {v.marks.disk: v for v in rig.volumes.values() if v.marks.point == moment(2)}
        assert {disk: rig.contents[v.id] for disk, v in made.items()} == whole(2)
        assert {(v.status, v.marks.state, v.marks.named, v.promised) for v in made.values()} == {
            ("available", "complete", True, False)
        }
        assert (made["root"].bootable, made["root"].image_metadata) == (True, {"hw_disk_bus": "virtio"})
        assert not [v for v in rig.promised.values() if v.marks.point == moment(2)]
    for number in (3, 4):
        rig.run(number)
        rig.settle()
        check(rig)
    assert set(points(rig)) == {moment(3), moment(4)}


def test_when_all_is_done_nothing_is_left(make: Make) -> None:
    """A point that is fresh enough makes a new one unnecessary; a run that finds it writes nothing."""
    rig = after(make(2), 2)
    assert verbs(rig.decide(2)) == []
