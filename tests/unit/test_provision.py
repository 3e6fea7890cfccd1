# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a plan is built at a site, unless the other site leads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.fence import SiteAnswer
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.provision import decide_provision
from builders import new_site, plan, refusal
from memory_cloud.drive import to_the_end
from recovery_builders import PLACEHOLDERS, T2, named, placeholder, point, replica, row, the_plan
from two_sites import Sites, filled

PLAN_ = the_plan(row(volumes=[]))


def provision(volumes: Any = (), **changes: Any) -> Any:
    answer = SiteAnswer(**{"reached": True, "volumes": volumes, **changes})
    return decide_provision(new_site(), answer, PLAN_.servers[0], PLAN_)


@pytest.mark.parametrize(
    "used",
    [
        replica("root", status="reserved"),
        replica("root", status="in-use", attached_to=("twin",)),
        replica("root", status="in-use", attached_to=("another",)),
        placeholder("root", status="reserved", metadata={**placeholder("root").metadata, "standby_role": "copy"}),
    ],
)
def test_a_server_that_the_other_site_leads_is_not_built(used: Any) -> None:
    """It was offered, with the name, the addresses and none of the data of the one that runs."""
    found = refusal(provision([used, *point(T2, server="app")]))
    assert found.code == "other_site_leads"
    assert found.seen == f"site B leads it: its {used.marks.role} {used.name} is in use there"


@pytest.mark.parametrize(
    "volumes",
    [
        (),
        point(),
        PLACEHOLDERS,
        (placeholder("root", status="reserved"),),
        (replica("root", server="app", status="in-use"),),
        (named("x", name="x", status="in-use", metadata=dict(replica("root").metadata, standby_plan="other")),),
    ],
)
def test_a_server_that_sleeps_there_is_built(volumes: Any) -> None:
    found = plan(provision(volumes))
    assert found.changed
    assert found.notes == ()


def test_a_copy_of_a_replica_leads_nothing() -> None:
    """A restore copies the marks to a volume that they do not name."""
    copied = replace(replica("root", status="in-use", attached_to=("forensics",)), id="x")
    assert plan(provision([copied])).changed


@pytest.mark.parametrize("changes", [{"reached": False, "error": "no route"}, {"error": "no route."}])
def test_that_the_other_site_does_not_answer_is_told(changes: Any) -> None:
    """It may not be there yet: provisioning is the first thing that is done."""
    found = plan(provision(**changes))
    assert found.changed
    assert found.notes == ("nothing tells whether site B leads db (no route): make sure that it does not run there",)


def test_the_other_site_is_not_asked_about_a_server_that_is_there() -> None:
    sites = Sites(filled())
    sites.target.reachable = False
    assert sites.job("provision").read(0.0)[1] is None
    sites.source.servers.clear()
    assert not sites.job("provision").read(0.0)[1].reached


def test_after_a_failover() -> None:
    """From end to end: the server at the source was deleted, the target leads."""
    sites = Sites(filled(when="at_failover"))
    to_the_end(sites.replicate(1))
    sites.settle()
    to_the_end(sites.fail_over())
    sites.settle()
    sites.source.servers.clear()
    job = sites.job("provision")
    what = job.read(0.0)
    assert refusal(job.decide(what, what)).code == "other_site_leads"
