# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicas and the recovery points that they make up, told by metadata alone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import (
    points_of,
    replicas_of,
)
from builders import volume
from recovery_builders import T1, T2, T3, marked, placeholder, point, renamed, replica

MARKS = {**marked("root", "replica"), "standby_recovery_point": T1}


@pytest.mark.parametrize("left_out", [key for key in MARKS if key != "standby_disk"])
def test_a_volume_that_lacks_a_mark_is_no_replica(left_out: str) -> None:
    found = volume("v", metadata={key: value for key, value in MARKS.items() if key != left_out})
    assert replicas_of([found], "shop", "db") == []


@pytest.mark.parametrize("key", ["standby_plan", "standby_server", "standby_role"])
def test_a_volume_with_another_mark_is_no_replica(key: str) -> None:
    assert replicas_of([volume("v", metadata={**MARKS, key: "another"})], "shop", "db") == []


def test_the_name_of_a_volume_tells_nothing() -> None:
    named = replace(replica("root"), metadata={})
    odd = replace(replica("root"), name="whatever")
    assert replicas_of([named, odd, placeholder("root")], "shop", "db") == [odd]


def test_the_newest_point_comes_first_whatever_the_order_of_the_list() -> None:
    for order in itertools.permutations([*point(T1), replica("root", T3), replica("data", T2)]):
        found = points_of(order)
        assert [(p.time, sorted(p.volumes)) for p in found] == [(T3, ["root"]), (T2, ["data"]), (T1, ["data", "root"])]


@pytest.mark.parametrize(
    ("volumes", "disks", "complete"),
    [
        (point(), ("root", "data"), True),
        (point(), ("root",), True),
        (point(), ("root", "data", "logs"), False),
        ((replica("root"),), ("root", "data"), False),
        ((replica("root"), replica("data", T2, "copying")), ("root", "data"), False),
        ((replica("root"), replica("data", T2, "")), ("root", "data"), False),
    ],
)
def test_a_point_is_complete_or_it_is_nothing(volumes: tuple, disks: tuple[str, ...], complete: bool) -> None:
    (found,) = points_of(volumes)
    assert found.complete(disks) is complete


GOOD = renamed(replica("root"), "good")
WORSE = {
    "failed": renamed(replica("root", T2, "copying", status="error"), "x"),
    "failed while restoring": renamed(replica("root", T2, "copying", status="error_restoring"), "x"),
    "complete, and broken since": renamed(replica("root", T2, status="error_deleting"), "x"),
    "never finished": renamed(replica("root", T2, "copying"), "x"),
}


@pytest.mark.parametrize("case", WORSE)
def test_of_two_copies_of_one_disk_the_better_one_counts(case: str) -> None:
    for order in itertools.permutations([GOOD, WORSE[case]]):
        (found,) = points_of(order)
        assert found.volumes["root"] is GOOD


def test_of_two_good_copies_the_one_in_use_counts() -> None:
    used = renamed(replica("root", status="in-use", attached_to=("twin",)), "used")
    for order in itertools.permutations([GOOD, used]):
        assert points_of(order)[0].volumes["root"] is used
