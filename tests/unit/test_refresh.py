# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reimage while dormant against the rules of Cinder: killed anywhere and repeated, failed over at any moment."""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    Refused,
    StandbyError,
    UnexpectedState,
)
from memory_cloud.drive import killed, to_the_end
from two_sites import AWAKE, Sites, filled, moment

LATER = filled(when="at_failover")

STRAY = {"block_device_mapping", "bdm_v2", "root_device_name"}
COPY = "copy replica shop-db-root-{} into the root db-root-placeholder"
CLAIM = "note the recovery point at the root db-root-placeholder"


def after_cycles(count: int) -> Sites:
    sites = Sites()
    for number in range(1, count + 1):
        to_the_end(sites.replicate(number))
    sites.settle()
    return sites


def held(sites: Sites) -> tuple[Any, str]:
    """What the note says that the root holds, and what is in it."""
    return sites.root.image_metadata.get("standby_recovery_point"), sites.target.contents[sites.root.id]


def is_of(sites: Sites, number: int) -> bool:
    return held(sites) == (moment(number), f"data at {number} of vol-root") and sites.root.status == "reserved"


def points(sites: Sites) -> set[str]:
    """The complete recovery points."""
    marks = [v.metadata for v in sites.target.volumes.values() if v.metadata.get("standby_role") == "replica"]
    whole = [mark["standby_recovery_point"] for mark in marks if mark["standby_state"] == "complete"]
    return {time for time in whole if whole.count(time) == 2}


def comes_up(sites: Sites) -> list[str]:
    """A failover to the end, and a second one that writes nothing. Nobody ever woke the twin at the wrong moment."""
    done = to_the_end(sites.fail_over())
    assert sites.twin.status == "ACTIVE"
    assert sites.woke_right()
    again = [text for text in to_the_end(sites.fail_over()) if not text.startswith(("wait", "check"))]
    assert again == []
    assert not sites.target.images
    assert not STRAY & sites.root.image_metadata.keys()
    return done


def test_each_cycle_fills_the_root_and_leaves_nothing() -> None:
    sites = Sites()
    for number in range(1, 6):
        done = to_the_end(sites.replicate(number))
        assert COPY.format(moment(number)) in done
        sites.settle()
        assert is_of(sites, number)
        assert points(sites) == {moment(number)}
        assert not sites.target.snapshots
        assert not sites.target.images
    assert to_the_end(sites.replicate(9, min_interval=9 * 60)) == []


def test_the_older_replicas_go_when_the_copy_is_complete() -> None:
    sites = after_cycles(1)
    done = to_the_end(sites.replicate(2))
    copied, deleted = done.index(COPY.format(moment(2))), done.index(f"delete replica shop-db-root-{moment(1)}")
    assert done.index("forget the recovery point of the root db-root-placeholder") < copied < deleted


def test_the_failover_copies_nothing() -> None:
    sites = after_cycles(2)
    assert comes_up(sites) == [
        CLAIM,
        "detach volume db-data-placeholder from server db",
        "delete placeholder volume db-data-placeholder",
        f"attach volume shop-db-data-{moment(2)} to server db",
        "make sure that nothing is copied into db-root-placeholder",
        "note that the root db-root-placeholder is filled",
        "unshelve server db",
        "check that the console of db shows 'login:'",
    ]


def cuts(course_of: Any, begin: Sites) -> range:
    """All numbers of requests and waits after which a run can be killed."""
    sites = copy.deepcopy(begin)
    return range(len(list(course_of(sites))))


def each_kill(course_of: Any, begin: Sites, passes: bool) -> Iterator[Sites]:
    """The sites as a killed run leaves them, for each moment of it. With ``passes`` what it began comes to its end."""
    for after in cuts(course_of, begin):
        sites = copy.deepcopy(begin)
        assert killed(course_of(sites), after)
        if passes:
            sites.settle()
        yield sites


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("before", [0, 1])
def test_replication_killed_after_every_step_and_repeated(before: int, passes: bool) -> None:
    begin, number = after_cycles(before), before + 1
    for sites in each_kill(lambda sites: sites.replicate(number), begin, passes):
        to_the_end(sites.replicate(number + 1))
        sites.settle()
        newest = int(max(points(sites))[14:16])
        assert newest in (number, number + 1)
        assert is_of(sites, newest)
        assert points(sites) == {moment(newest)}
        assert not sites.target.images
        assert not sites.target.snapshots
        assert not STRAY & sites.root.image_metadata.keys()


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("before", [1, 2])
def test_a_failover_at_any_moment_of_a_replication_that_was_killed(before: int, passes: bool) -> None:
    """It takes the newest complete recovery point, for all disks; it copies unless the root holds that very one."""
    begin, number = after_cycles(before), before + 1
    for sites in each_kill(lambda sites: sites.replicate(number), begin, passes):
        newest, whole = max(points(sites)), sites.root.status == "reserved" and held(sites)[0]
        under_way = sites.root.status == "downloading"
        done = comes_up(sites)
        assert (COPY.format(newest) not in done) == (whole == newest or under_way)
        assert sites.target.contents[sites.root.id] == f"data at {int(newest[14:16])} of vol-root"


@pytest.mark.parametrize("state", ["fresh", "older", "under way", "never filled"])
@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
def test_a_failover_killed_after_every_step_and_repeated(state: str, passes: bool) -> None:
    begin = state_of(state)
    for sites in each_kill(lambda sites: sites.fail_over(), begin, passes):
        comes_up(sites)


def state_of(state: str) -> Sites:
    """Two recovery points were made; what became of the copy of the second one."""
    sites = after_cycles(0 if state == "never filled" else 1)
    stop = {"fresh": None, "older": "forget", "under way": "copy replica", "never filled": "mark the root"}[state]
    run = sites.replicate(2)
    for text in run:
        if stop and text.startswith(stop):
            break
    if state == "under way":
        assert next(run) == "..."
        assert sites.root.status == "downloading"
    return sites


@pytest.mark.parametrize("seed", range(40))
def test_killed_again_and_again(seed: int) -> None:
    """Replications that are killed anywhere, with copies that fail or not, and at the end a failover."""
    dice, sites = random.Random(seed), after_cycles(1)
    for number in range(2, 2 + dice.randrange(1, 6)):
        killed(sites.replicate(number), dice.randrange(60))
        if dice.random() < 0.5:
            sites.settle()
    if dice.random() < 0.5:
        killed(sites.fail_over(), dice.randrange(12))
    comes_up(sites)


@pytest.mark.parametrize(
    ("before", "every"), [(0, 6), (1, 6), *(pytest.param(before, 1, marks=pytest.mark.soak) for before in (0, 1))]
)
def test_a_failover_beside_a_replication_that_goes_on(before: int, every: int) -> None:
    """Whoever comes first, the server is never woken on a root into which somebody copies, nor on mixed disks.

    The replication stops before a request, the failover makes some, the replication goes on to its end, or until it is
    refused, then the failover; it may have to be repeated.
    """
    begin = nearly_complete(before)
    for paused in cuts(lambda sites: sites.replicate(3), begin)[::every]:
        steps = 0
        while both(begin, paused, steps):
            steps += 1


def both(begin: Sites, paused: int, steps: int) -> bool:
    """A replication and a failover at the same time. Returns whether the failover has more than so many steps."""
    sites = copy.deepcopy(begin)
    beside, failover = sites.replicate(3), sites.fail_over()
    go_on(beside, paused + 1)
    under_way = go_on(failover, steps)
    go_on(beside)
    go_on(failover)
    repeat(sites)
    assert sites.twin.status == "ACTIVE", (paused, steps)
    return under_way


def nearly_complete(before: int) -> Sites:
    """The last replica is still to be marked complete; without a cycle before, nothing was copied into the root yet."""
    sites = after_cycles(before)
    if not before:
        to_the_end(sites.replicate(1, plan=LATER))
        sites.settle()
    for text in sites.replicate(2):
        if text == "mark the replica of db/data complete":
            break
    return sites


def go_on(run: Any, requests: int = 1000) -> bool:
    """Some requests of a run, until it ends or we or Cinder refuse it. Returns whether it goes on after them."""
    with contextlib.suppress(StandbyError):
        return len(list(itertools.islice(run, requests))) == requests
    return False


def repeat(sites: Sites) -> None:
    """The failover again, twice if need be."""
    for _repeated in range(2):
        if sites.twin.status != "ACTIVE":
            go_on(sites.fail_over())
    comes_up(sites)


def test_a_copy_that_failed_is_told_when_the_data_is_safe() -> None:
    sites = after_cycles(1)
    sites.target.failing.add("reimage")
    with pytest.raises(UnexpectedState):
        to_the_end(sites.replicate(2))
    assert points(sites) == {moment(1), moment(2)}
    with pytest.raises(Refused) as refused:
        to_the_end(sites.replicate(3))
    assert str(refused.value) == (
        "Refused to refresh the root of the twin db: an earlier copy into the root db-root-placeholder of the twin"
        " failed: it is in error. The twin stays shelved and the replica is safe. Remove the twin with"
        " server_boot_volume state: absent, rename or delete its volume db-root-placeholder, run dr_prepare, then"
        " repeat. Or say handover: recreate in the plan, without when, which needs neither."
    )
    sites.settle()
    assert points(sites) == {moment(3)}
    assert held(sites) == (None, "rubbish")
    with pytest.raises(Refused, match="an earlier copy into the root db-root-placeholder of the twin failed"):
        to_the_end(sites.fail_over())


@pytest.mark.parametrize("run", ["replicate", "fail over"])
def test_nothing_is_written_to_a_root_on_which_site_b_may_have_run(run: str) -> None:
    """Somebody unshelved the twin by hand, and shelved it again."""
    sites = after_cycles(1)
    sites.woke(AWAKE)
    before = copy.deepcopy(sites.target.volumes)
    with pytest.raises(Refused) as refused:
        to_the_end(sites.replicate(2) if run == "replicate" else sites.fail_over())
    assert refused.value.refusal.seen == (
        f"the twin was unshelved at {AWAKE}, on its refreshed root db-root-placeholder"
    )
    assert refused.value.refusal.code == {"replicate": "failed_over", "fail over": "twin_ran"}[run]
    assert sites.target.volumes == before


def test_after_a_failover_replication_refuses() -> None:
    sites = after_cycles(2)
    comes_up(sites)
    with pytest.raises(Refused, match="the target uses the replica db-root-placeholder, shop-db-data"):
        to_the_end(sites.replicate(3))
