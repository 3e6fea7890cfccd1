# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate against two running copies: what site A answers, and what follows from it."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import read_dr
from ansible_collections.standby.openstack.plugins.module_utils.decide.fencing import SiteAnswer, may_fail_over
from ansible_collections.standby.openstack.plugins.module_utils.errors import CloudError, StandbyError, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.plan import Refusal

REASON = "power lost"


class Site:
    """A site whose identity service and whose Nova each give this answer or raise it."""

    def __init__(self, identity: Exception | None = None, nova: Exception | list | None = None) -> None:
        self.identity, self.nova = identity, nova or []

    def authenticate(self) -> None:
        if self.identity:
            raise self.identity

    def pages(self, service: str, path: str, key: str) -> list:
        if isinstance(self.nova, Exception):
            raise self.nova
        return self.nova


def server(name: str, status: str) -> dict:
    return {"name": name, "status": status}


@pytest.mark.parametrize(
    ("site", "answer"),
    [
        (Site(identity=Unreachable("refused")), (False, "refused", [])),
        (Site(identity=CloudError("wrong password", status=401)), (True, "wrong password", [])),
        (Site(identity=StandbyError("no such cloud")), (True, "no such cloud", [])),
        (Site(nova=Unreachable("nova is silent")), (True, "nova is silent", [])),
        (Site(nova=CloudError("broken", status=503)), (True, "broken", [])),
        (Site(nova=[server("db", "ACTIVE"), server("other", "ACTIVE")]), (True, "", [("db", "ACTIVE")])),
        (
            Site(nova=[server("db", "ERROR"), server("db", "SHUTOFF")]),
            (True, "", [("db", "ERROR"), ("db", "SHUTOFF")]),
        ),
        (Site(), (True, "", [])),
    ],
)
def test_what_site_a_answers(site: Site, answer: tuple) -> None:
    assert read_dr.ask(lambda: site, ["db", "web"]) == answer


def test_a_site_that_cannot_be_connected_to() -> None:
    def connect() -> None:
        raise Unreachable("no route")

    assert read_dr.ask(connect, ["db"]) == (False, "no route", [])


@pytest.mark.parametrize("status", ["SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "DELETED"])
def test_servers_at_rest_may_be_failed_over(status: str) -> None:
    answer = SiteAnswer(True, "", [("db", status)])
    assert may_fail_over(answer, "shop", None) == "site A answers, and none of these servers runs there"


@pytest.mark.parametrize(
    "status", ["ACTIVE", "PAUSED", "SUSPENDED", "ERROR", "UNKNOWN", "BUILD", "RESCUE", "REBOOT", "NEW_IN_SOME_RELEASE"]
)
def test_any_other_state_may_be_running(status: str) -> None:
    refusal = may_fail_over(SiteAnswer(True, "", [("web", "SHUTOFF"), ("db", "SHUTOFF"), ("db", status)]), "shop", None)
    assert isinstance(refusal, Refusal)
    assert refusal.seen == f"site A answers, and there run db ({status})"
    assert may_fail_over(SiteAnswer(True, "", [("db", status)]), "shop", REASON) == (
        "the operator says that site A is down: power lost"
    )


def test_no_answer_is_let_through_with_what_was_seen() -> None:
    assert may_fail_over(SiteAnswer(False, "refused"), "shop", None) == "site A does not answer (refused)"


def test_an_error_is_an_unknown_state() -> None:
    refusal = may_fail_over(SiteAnswer(True, "wrong password"), "shop", None)
    assert isinstance(refusal, Refusal)
    assert refusal.text == (
        "Refused to fail over shop: site A answers, with wrong password. Nobody knows whether its servers run. Stop "
        "the servers at site A first, or if you know that they cannot run, say why: "
        'dr_site_b_site_a_is_down: "<reason>".'
    )
