# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same source once more: its data changed, or the server goes back a second time. Killed after each step."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Step
from builders import plan
from one_server import HOLDS, Cloud
from test_replace import OFFERS, WAYS, copies, decide, settle

#: Whoever was made the root as it is cannot become it again.
MADE = [(handover, kind) for handover, kind in WAYS if handover == "reimage" or kind != "volume"]


def run(cloud: Cloud, handover: str, kind: str, stop_after: int | None = None, **asked: Any) -> tuple[Step, ...]:
    """As a run of the module, killed after so many steps; an unkilled one must have nothing left to do."""
    first = cloud.replacing(kind, root_of(cloud, handover), **asked)
    steps = plan(decide(first, handover)).steps
    cloud.run(steps, stop_after)
    if stop_after is None:
        more = plan(decide(cloud.replacing(kind, root_of(cloud, handover), **asked), handover, first=first)).steps
        assert [step.text for step in more if step.writes] == []
    return steps


def root_of(cloud: Cloud, handover: str) -> str | None:
    """What the user names as the root: only a copy needs it."""
    return cloud.root if handover == "reimage" else None


def handed_over(handover: str, kind: str) -> Cloud:
    """Once; then the server wrote to its root, and the data of the source changed if it can."""
    cloud = Cloud(OFFERS[handover])
    run(cloud, handover, kind)
    cloud.settle()
    cloud.unshelve_and_shelve("written by the server")
    if kind == "volume":
        cloud.contents["vol-new"] = "restored anew"
    return cloud


def is_renewed(cloud: Cloud, handover: str, kind: str) -> None:
    """The root holds what the source holds now, by exactly one more handover; the root before is kept."""
    cloud.settle()
    assert cloud.contents[str(cloud.root)] == ("restored anew" if kind == "volume" else HOLDS[kind])
    assert not cloud.left_over
    made = [i for i in cloud.volumes if i.endswith("-made")]
    assert (len(made), copies(cloud)) == ((0, 2) if handover == "reimage" else (2, 0))
    held = ["written by the server", HOLDS[kind]] if made else []
    assert [cloud.contents[i] for i in made] == held
    assert not any("standby_building" in volume.metadata for volume in cloud.volumes.values())
    assert cloud.volumes[str(cloud.root)].metadata.get("standby_root_copy", "0").isdigit()


@pytest.mark.parametrize(("handover", "kind"), WAYS)
def test_without_it_nothing_is_done(handover: str, kind: str) -> None:
    cloud = handed_over(handover, kind)
    assert not run(cloud, handover, kind)
    assert cloud.contents[str(cloud.root)] in ("written by the server", "restored anew")


@pytest.mark.parametrize(("handover", "kind"), MADE)
def test_once_more(handover: str, kind: str) -> None:
    cloud = handed_over(handover, kind)
    run(cloud, handover, kind, again=True)
    is_renewed(cloud, handover, kind)


@pytest.mark.parametrize("late", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize(("handover", "kind"), MADE)
def test_killed_after_any_step(handover: str, kind: str, late: bool) -> None:
    """It is carried on, however often it is killed, and is one handover more."""
    for stops in itertools.product(range(1, left(handed_over(handover, kind), handover, kind)), (1, 3, 6)):
        cloud = handed_over(handover, kind)
        for stop in stops:
            run(cloud, handover, kind, min(stop, left(cloud, handover, kind) - 1), again=True)
            settle(cloud, not late)
        run(cloud, handover, kind, again=True)
        is_renewed(cloud, handover, kind)


def left(cloud: Cloud, handover: str, kind: str) -> int:
    """How many steps a run has before it."""
    return len(plan(decide(cloud.replacing(kind, root_of(cloud, handover), again=True), handover)).steps)


@pytest.mark.parametrize("handover", ["attach", "recreate"])
def test_a_volume_that_is_the_root_stays_it(handover: str) -> None:
    cloud = handed_over(handover, "volume")
    assert not run(cloud, handover, "volume", again=True)


def test_the_first_time_it_makes_no_difference() -> None:
    for handover, kind in WAYS:
        cloud = Cloud(OFFERS[handover])
        expected = [step.text for step in plan(decide(cloud.replacing(kind), handover)).steps]
        assert [step.text for step in run(cloud, handover, kind, again=True)] == expected
