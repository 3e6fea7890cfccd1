# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing servers of a plan by an expression."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused, StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan import select_servers as only
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import recovery_plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.select_servers import chosen
from recovery_builders import plan_data, row


class Tagged(str):
    """A text as Ansible 2.19 hands it over."""

    __slots__ = ()


def data() -> dict[str, Any]:
    """Three servers; the first says no tier, so it has the default."""
    rows = [
        row(metadata={"role": "database"}),
        row(name="app", tier=2, ports=[], depends_on=["db"], user_data="secret"),
        row(name="web", tier=2, ports=[], critical=False),
    ]
    found = plan_data(*rows, networks=[{"name": "net"}])
    found["servers"] = [{**server, "name": Tagged(server["name"])} for server in found["servers"]]
    return found


def names(expression: str | None) -> list[str]:
    found = data()
    return [server.name for server in chosen(recovery_plan(found), found, expression).servers]


@pytest.mark.parametrize(
    ("expression", "servers"),
    [
        (None, ["db", "app", "web"]),
        ("", ["db", "app", "web"]),
        ("servers", ["db", "app", "web"]),
        ("servers[?tier==`1`]", ["db"]),
        ("servers[?tier>=`2`].name", ["app", "web"]),
        ("servers[?!critical]", ["web"]),
        ("servers[?metadata.role=='database']", ["db"]),
        ("servers[?contains(depends_on, 'db')]", ["app"]),
        ("servers[?name=='web' || name=='db']", ["db", "web"]),
        ("['web', 'db', 'web']", ["db", "web"]),
        ("servers[:1]", ["db"]),
        ("servers[?contains(name, 'e')]", ["web"]),
        ("reverse(servers)", ["db", "app", "web"]),
    ],
)
def test_what_is_chosen_in_the_order_of_the_plan(expression: str | None, servers: list[str]) -> None:
    assert names(expression) == servers


NO_JMESPATH = "that is no JMESPath "


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("servers[?tier==`7`]", "it selects nothing"),
        ("servers[?tier=='1']", "it selects nothing"),
        ("server", "it selects nothing"),
        ("servers[0]", "it gives an object, not a list of servers"),
        ("name", "it gives a text, not a list of servers"),
        ("length(servers)", "it gives a number, not a list of servers"),
        ("handover=='attach'", "it gives a truth value, not a list of servers"),
        ("servers[].tier", "it gives a list with a number in it that is no server"),
        ("servers[].volumes[]", "it gives a list with an object in it that is no server"),
        ("servers[*].volumes", "it gives a list with a list in it that is no server"),
        ("networks", "it gives a list with net in it, which is no server of the plan"),
        ("['mail']", "it gives a list with mail in it, which is no server of the plan"),
        ("[`null`]", "it gives a list with nothing in it that is no server"),
        ("servers[?tier==1]",
         NO_JMESPATH + '(invalid token: Parse error at column 15, token "1" (NUMBER), for expression)'),
        ("servers[?", NO_JMESPATH + "(Invalid jmespath expression: Incomplete expression)"),
        ("choose(servers)", NO_JMESPATH + "(Unknown function: choose())"),
        ("sort_by(servers, &flavour)", "it does not fit a plan: sort_by() cannot take null"),
        ("servers[?tier > '1']", "it does not fit a plan: it compares what cannot be compared"),
    ],
)  # fmt: skip
def test_what_is_refused(expression: str, seen: str) -> None:
    with pytest.raises(Refused) as refused:
        names(expression)
    assert refused.value.refusal.code == "bad_only"
    assert str(refused.value) == (
        f"Refused to choose servers of shop by only: {expression}: {seen}. Give an expression such as "
        "servers[?tier==`1`] or servers[?name=='db']: numbers stand in backticks, texts in quotes."
    )


def test_values_of_the_plan_are_not_told() -> None:
    with pytest.raises(Refused) as refused:
        names("sort_by(servers, &[user_data])")
    assert "secret" not in str(refused.value)


def test_without_jmespath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(only, "MISSING", ImportError("No module named 'jmespath'"))
    assert names(None) == ["db", "app", "web"]
    with pytest.raises(StandbyError) as missing:
        names("servers")
    assert str(missing.value) == (
        "The Python package jmespath is needed for only: No module named 'jmespath'. pip install jmespath."
    )
