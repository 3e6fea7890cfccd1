# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reimage at the failover against the rules of Cinder: killed anywhere, repeated, and woken by hand in between."""

from __future__ import annotations

import contextlib
import copy

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from memory_cloud.drive import killed, to_the_end
from test_refresh import comes_up, cuts
from two_sites import AWAKE, Sites, filled, moment

AT_FAILOVER = filled(when="at_failover")


def replicated() -> Sites:
    """Two recovery points were made, and nothing was copied into the root of the twin."""
    sites = Sites(AT_FAILOVER)
    for number in (1, 2):
        to_the_end(sites.replicate(number))
    sites.settle()
    return sites


@pytest.mark.parametrize("passes", [False, True], ids=["at once", "later"])
def test_killed_after_every_step_and_repeated(passes: bool) -> None:
    begin = replicated()
    for after in cuts(lambda sites: sites.fail_over(), begin):
        sites = copy.deepcopy(begin)
        assert killed(sites.fail_over(), after)
        if passes:
            sites.settle()
        comes_up(sites)
        assert sites.target.contents[sites.root.id] == "data at 2 of vol-root"


def test_a_copy_that_outlived_its_run_is_not_made_again() -> None:
    sites = replicated()
    run = sites.fail_over()
    assert any(text.startswith("copy replica") for text in run)
    next(run)
    sites.settle()
    assert not [text for text in comes_up(sites) if text.startswith("copy replica")]


def test_what_site_b_wrote_behind_our_back_is_never_overwritten() -> None:
    """The run was killed; people woke the server by hand, and shelved it again to repeat the run.

    Before the claim its root is a placeholder, of which nothing is kept.
    """
    begin = replicated()
    for after in cuts(lambda sites: sites.fail_over(), begin):
        sites = copy.deepcopy(begin)
        assert killed(sites.fail_over(), after)
        sites.settle()
        claimed = sites.root.metadata["standby_role"] == "copy"
        sites.target.contents[sites.root.id] = "written at the target"
        sites.woke(AWAKE)
        with contextlib.suppress(Refused):
            to_the_end(sites.fail_over())
        if claimed:
            assert sites.target.contents[sites.root.id] == "written at the target", after


def test_a_recovery_point_that_is_begun_is_not_changed_for_a_newer_one_once_site_b_ran_on_it() -> None:
    sites = replicated()
    comes_up(sites)
    before = copy.deepcopy(sites.target.contents)
    with pytest.raises(Refused, match="it was failed over"):
        to_the_end(sites.replicate(3))
    assert {key: sites.target.contents[key] for key in before} == before
    assert sites.root.metadata["standby_recovery_point"] == moment(2)


def test_a_placeholder_that_is_still_leaving_is_waited_for() -> None:
    """It was overlooked, and once the server was up it was free: the run ended as not converged, and left it."""
    sites = Sites(filled(when="at_failover"))
    to_the_end(sites.replicate(1))
    sites.settle()
    sites.target.slow = {"detach"}
    run = sites.fail_over()
    assert any(text.startswith("detach volume") for text in run)
    next(run)  # the request is sent, and the run ends here
    (leaving,) = [v for v in sites.target.volumes.values() if v.status == "detaching"]
    to_the_end(sites.fail_over())
    assert leaving.id not in sites.target.volumes or sites.target.volumes[leaving.id].status == "deleting"
    assert sites.woke_right()
