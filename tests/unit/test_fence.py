# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate against two running copies: what the source answers, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.fence import ask
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Server, Volume
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.fence import SiteAnswer, may_fail_over
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import servers_noted
from recovery_builders import row, the_plan

REASON = "power lost"
MARKS = {"standby_plan": "shop", "standby_server": "db", "standby_disk": "root"}


class Site:
    """A site whose identity service, Nova and Cinder each give this answer or raise it."""

    label = "site_a"

    def __init__(self, identity: Any = None, nova: Any = None, cinder: Any = None) -> None:
        self.identity, self.nova, self.cinder = identity, nova or [], cinder or []

    def authenticate(self) -> None:
        if self.identity:
            raise self.identity

    def pages(self, service: str, path: str, key: str) -> list:
        answer = {"/servers/detail": self.nova, "/volumes/detail": self.cinder}[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


def server(name: str, status: str, id_: str = "") -> dict:
    return {"id": id_ or f"id-{name}", "name": name, "status": status}


@pytest.mark.parametrize(
    ("site", "answer"),
    [
        (Site(identity=Unreachable("refused")), (False, "refused", (), ())),
        (Site(identity=CloudError("wrong password", status=401)), (True, "wrong password", (), ())),
        (Site(identity=StandbyError("no such cloud")), (True, "no such cloud", (), ())),
        (Site(nova=Unreachable("nova is silent")), (True, "nova is silent", (), ())),
        (Site(nova=CloudError("broken", status=503)), (True, "broken", (), ())),
        (Site(cinder=Unreachable("cinder is silent")), (True, "cinder is silent", (), ())),
        (
            Site(nova=[server("db", "ERROR", "1"), server("db", "SHUTOFF", "2"), server("other", "ACTIVE", "3")]),
            (True, "", (Server("1", "db", "ERROR"), Server("2", "db", "SHUTOFF"), Server("3", "other", "ACTIVE")), ()),
        ),
        (Site(cinder=[{"id": "v", "status": "in-use", "size": 1}]), (True, "", (), (Volume("v", "", "in-use", 1),))),
        (Site(), (True, "", (), ())),
    ],
)
def test_what_a_source_answers(site: Site, answer: tuple) -> None:
    assert ask(lambda: site, 10) == answer


def test_a_site_that_cannot_be_connected_to() -> None:
    def connect() -> None:
        raise Unreachable("no route")

    assert ask(connect, 10) == (False, "no route", (), ())


def verdict(
    servers: Sequence[Server] = (),
    volumes: Sequence[Volume] = (),
    noted: Mapping[str, Sequence[str]] | None = None,
    planned: Sequence[str] = ("db",),
) -> Refusal | str:
    plan = the_plan(*(row(name=name, ports=[]) for name in planned))
    return may_fail_over(SiteAnswer(True, "", servers, volumes), plan, noted or {}, None)


def refused(*arguments: Any, **options: Any) -> str:
    refusal = verdict(*arguments, **options)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "source_answers"
    return refusal.seen


AT_REST = "site A answers, and none of these servers runs there"


@pytest.mark.parametrize("status", ["SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "DELETED"])
def test_servers_at_rest_may_be_failed_over(status: str) -> None:
    volume = Volume("v", "db", "in-use", 1, attached_to=("1",), metadata=MARKS)
    assert verdict([Server("1", "db", status), Server("2", "other", "ACTIVE")], [volume], {"db": ["1"]}) == AT_REST


@pytest.mark.parametrize(
    "status", ["ACTIVE", "PAUSED", "SUSPENDED", "ERROR", "UNKNOWN", "BUILD", "RESCUE", "REBOOT", "NEW_IN_SOME_RELEASE"]
)
def test_any_other_state_may_be_running(status: str) -> None:
    servers = [Server("1", "web", "SHUTOFF"), Server("2", "db", "SHUTOFF"), Server("3", "db", status)]
    assert refused(servers, planned=["db", "web"]) == f"site A answers, and these run there: db ({status})"


def test_the_word_of_the_operator_overrules() -> None:
    answer = SiteAnswer(True, "", [Server("1", "db", "ACTIVE")])
    assert may_fail_over(answer, the_plan(), {}, REASON) == "the operator says that site A is down: power lost"


def test_no_answer_is_let_through_with_what_was_seen() -> None:
    assert may_fail_over(SiteAnswer(False, "refused"), the_plan(), {}, None) == ("site A does not answer (refused)")


def test_an_error_is_an_unknown_state() -> None:
    refusal = may_fail_over(SiteAnswer(True, "wrong password"), the_plan(), {}, None)
    assert isinstance(refusal, Refusal)
    assert refusal.text == (
        "Refused to fail over shop: site A answers, with wrong password. It is unknown whether its servers run. Stop "
        "the servers at site A first, or if you know that they cannot run, say why: "
        'dr_site_b_source_is_down: "<reason>".'
    )


def test_a_server_that_is_not_shown_is_not_at_rest() -> None:
    """Renamed, or `sites.a.cloud` is another project: its servers may run, unseen."""
    refusal = verdict([Server("1", "db-prod", "ACTIVE"), Server("2", "web", "SHUTOFF")], planned=["web", "db", "app"])
    assert isinstance(refusal, Refusal)
    assert refusal.text == (
        "Refused to fail over shop: site A answers, and does not show app, db. It is unknown whether they run under "
        "another name or in another project: look there, and look that sites.a.cloud is the project of the plan. Stop "
        "the servers at site A first, or if you know that they cannot run, say why: "
        'dr_site_b_source_is_down: "<reason>".'
    )


def test_a_renamed_server_is_known_by_the_id_that_its_replicas_note() -> None:
    noted = {"db": ["1", "0"]}
    assert refused([Server("1", "db-prod", "ACTIVE")], noted=noted) == (
        "site A answers, and these run there: db (ACTIVE, called db-prod there)"
    )
    assert verdict([Server("1", "db-prod", "SHUTOFF")], noted=noted) == AT_REST
    servers = [Server("1", "db", "SHUTOFF"), Server("0", "old", "ACTIVE")]
    assert refused(servers, noted=noted) == "site A answers, and these run there: db (ACTIVE, called old there)"


def test_a_server_of_that_name_in_another_project_is_another_one() -> None:
    """A project of which it is known that the plan's server is not in it says nothing about that server."""
    assert refused([Server("9", "db", "SHUTOFF")], noted={"db": ["1"]}) == (
        "site A answers, and does not show db with the id 1 that its newest recovery point notes"
    )


def test_volumes_of_the_plan_in_use_may_run() -> None:
    volume = Volume("v", "any", "in-use", 1, attached_to=("1",), metadata=MARKS)
    resting = Server("2", "db", "SHUTOFF")
    assert refused([resting, Server("1", "rescued", "ACTIVE")], [volume]) == (
        "site A answers, and these run there: db (ACTIVE, called rescued there)"
    )
    assert refused([resting], [volume]) == (
        "site A answers, and these run there: db, whose volume v is in use by server 1, which is not shown"
    )
    lost = replace(volume, attached_to=())
    assert refused([resting], [lost]) == (
        "site A answers, and these run there: db, whose volume v is in use by what is not shown"
    )
    assert verdict([resting], [replace(lost, status="available")]) == AT_REST


def test_volumes_of_others_say_nothing() -> None:
    volume = Volume("v", "any", "in-use", 1, attached_to=("1",), metadata={**MARKS, "standby_plan": "other"})
    strangers = [replace(volume, metadata={}), replace(volume, metadata={**MARKS, "standby_server": "web"}), volume]
    assert verdict([Server("2", "db", "SHUTOFF"), Server("1", "x", "ACTIVE")], strangers) == AT_REST


def test_many_servers_are_told_in_few_words() -> None:
    names = [f"s{number:02}" for number in range(12)]
    listed = ", ".join(names[:10])
    assert refused(planned=names) == f"site A answers, and does not show {listed} and 2 more"


def test_the_servers_that_replicas_note() -> None:
    def replica(point: str, server: str, plan: str = "shop", of: str = "1") -> Volume:
        marks = {"standby_plan": plan, "standby_server": server, "standby_recovery_point": f"{point}T00:00:00+00:00"}
        return Volume("v", "", "available", 1, metadata={**marks, **({"standby_of_server": of} if of else {})})

    volumes = [
        replica("2026-01-01", "db", of="old"),
        replica("2026-01-03", "db", of="new"),
        replica("2026-01-04", "db", of=""),
        replica("2026-01-02", "web"),
        replica("2026-01-05", "db", plan="other"),
    ]
    assert servers_noted(volumes, "shop") == {"db": ["new", "old"], "web": ["1"]}
