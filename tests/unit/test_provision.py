# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of a plan is built at a site, unless the other site leads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Volume
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.fence import SiteAnswer
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.provision import decide_provision
from builders import new_site, plan, refusal, server
from memory_cloud.drive import to_the_end
from recovery_builders import PLACEHOLDERS, T2, named, placeholder, point, replica, row, the_plan
from two_sites import Sites, filled

PLAN_ = the_plan(row(volumes=[]))


def _marks(role: str) -> dict[str, str]:
    return {**replica("root").metadata, "standby_volume": "x", "standby_role": role}


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


#: A disk that carries no marks: of a server that was built at the other site, or whose root was replaced there.
PLAIN = named("x", name="x", status="in-use", attached_to=("srv",), metadata={})
STATES = ["ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED", "ERROR", "NEW"]


def there(status: str, *volumes: Volume, name: str = "db", **changes: Any) -> dict[str, Any]:
    """The other site shows a server with these volumes."""
    attachments = tuple(Attachment(one.id) for one in volumes)
    found = server(id="srv", name=name, status=status, **{"attachments": attachments, **changes})
    return {"servers": (found, server(id="else", name="else", attachments=())), "volumes": volumes}


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize(
    "shown", [{}, {"image_id": "image"}, {"attachments": (Attachment("x"), Attachment("not shown"))}]
)
def test_a_server_that_holds_data_without_marks_leads(status: str, shown: dict[str, Any]) -> None:
    """One rule says who leads, that of dr_status. Only marked volumes counted here: a second server was built."""
    found = refusal(provision(**there(status, PLAIN, **shown)))
    assert (found.code, found.seen) == ("other_site_leads", f"site B leads it: its db ({status}) holds data there")


def test_a_server_of_that_name_that_tells_nothing_is_no_reason_to_build() -> None:
    """It runs, and shows no disk at all."""
    found = refusal(provision(**there("ACTIVE", attachments=())))
    assert found.code == "other_site_leads"
    assert found.seen == "site B has db (ACTIVE), and nothing tells what it holds"


@pytest.mark.parametrize("status", STATES)
def test_a_renamed_server_that_runs_on_volumes_of_the_server_leads(status: str) -> None:
    """The volume is the server's own: it was built there, or it was made its root there."""
    own = named("x", name="x", status="in-use", attached_to=("srv",), metadata=_marks(role=""))
    found = refusal(provision(**there(status, own, name="db-prod")))
    assert found.seen == f"site B leads it: its db ({status}, called db-prod there) holds data there"


@pytest.mark.parametrize("status", ["ACTIVE", "SHELVED_OFFLOADED"])
@pytest.mark.parametrize("name", ["db", "twin"])
def test_a_twin_there_holds_nothing(status: str, name: str) -> None:
    """Dormant, or while it is proved."""
    root = replace(placeholder("root"), status="in-use", attached_to=("srv",))
    assert plan(provision(**there(status, root, name=name))).changed


def test_an_old_server_there_that_sleeps_on_what_is_superseded_leads_nothing() -> None:
    old = named("x", name="x", status="reserved", attached_to=("srv",), metadata=_marks(role="superseded"))
    assert plan(provision(**there("SHELVED_OFFLOADED", old))).changed
    assert refusal(provision(**there("ACTIVE", old))).code == "other_site_leads"


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
