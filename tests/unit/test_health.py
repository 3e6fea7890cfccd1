# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks of a port while a twin is prepared: at which address, when it is known, and what if there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Site
from ansible_collections.standby.openstack.plugins.module_utils.decide.twin.prepare import decide_prepare
from builders import nothing, plan, refusal
from recovery_builders import PLACEHOLDERS, row, site_of, surroundings, the_plan, twin
from test_twin import EMPTIED, FROM_SCRATCH

PORTS = [{"network": "net"}]
POSTGRES = [{"console": "login:"}, {"port": 5432}]
UNKNOWN = Site(nothing(), surroundings(ports={"db-port0": ()}))


def checked(site: Site, method: str = "attach", **changes: Any) -> Any:
    """With a health check of a port, on a network that chooses the address."""
    plan = the_plan(row(**{"ports": PORTS, "health_checks": POSTGRES, **changes}), handover=method)
    return decide_prepare(site, plan.servers[0], plan)


@pytest.mark.parametrize("method", ["attach", "recreate"])
def test_the_address_that_a_check_needs_is_read_when_the_twin_is_built(method: str) -> None:
    found = plan(checked(UNKNOWN, method))
    built = [text.replace(" with address 10.0.0.5", "") for text in FROM_SCRATCH[:8]]
    assert [step.text for step in found.steps] == built
    assert [step.text for step in found.later or ()] == [
        "check that the console of db shows 'login:'",
        "check that db answers at port 5432",
        "shelve server db",
        *(EMPTIED if method == "attach" else ()),
    ]
    assert (found.before, found.after["status"]) == ({}, "SHELVED_OFFLOADED")
    rest = plan(checked(site_of(twin(PLACEHOLDERS, status="ACTIVE")), method))
    assert rest.later is None
    assert [step.until.id for step in rest.steps if step.until and step.until.kind == "tcp"] == ["10.0.0.5:5432"]
    assert [step.text for step in rest.steps][-1] == [step.text for step in found.later or ()][-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"ports": [{"network": "net", "fixed_ip": "10.0.0.5"}]},
        {"health_checks": [{"port": 5432, "address": "192.0.2.1"}]},
        {"health_checks": [{"console": "login:"}]},
        {"health_checks": []},
    ],
)
def test_nothing_is_left_for_later_without_need(changes: dict[str, Any]) -> None:
    found = plan(checked(UNKNOWN, **changes))
    assert found.later is None
    assert found.steps[-1].text == EMPTIED[-1]


NOWHERE = (
    "Refused to prepare the twin db at site B: a health check names a port and no address, and the server has no port "
    "with an address. Name an address in the health check, or give the server a port on a network that has addresses. "
    "Then repeat."
)


def test_a_server_without_ports_is_not_even_built() -> None:
    assert refusal(checked(UNKNOWN, ports=[])).text == NOWHERE
    assert plan(checked(UNKNOWN, ports=[], health_checks=[{"port": 1, "address": "192.0.2.1"}])).later is None


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF", "BUILD", "SHELVED", "SHELVED_OFFLOADED"])
def test_nothing_is_asked_that_has_no_address(status: str) -> None:
    """Who is at rest or on the way there was checked before; who is being built is looked at again."""
    seen = twin(PLACEHOLDERS, status=status)
    found = checked(site_of(replace(seen, ports=tuple(replace(port, fixed_ips=()) for port in seen.ports))))
    if status in ("ACTIVE", "SHUTOFF"):
        assert refusal(found).text == NOWHERE
    else:
        assert not [step for step in plan(found).foretold if step.until and step.until.kind == "tcp"]
