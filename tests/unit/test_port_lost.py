# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of a twin that sleeps was deleted: Nova remembers it, and only the unshelve would fail, each time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import parse
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Seen
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import decide_failover
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.twin.ports import lost_ports
from builders import STOCK, plan, port, refusal
from recovery_builders import PLACEHOLDERS, point, site_of, the_plan, twin
from test_readiness import HELD, ready

NOVAS = (("fa:16:3e:00:00:01", "10.0.0.5"),)
SAW = (
    "the port fa:16:3e:00:00:01 (10.0.0.5) of the twin is gone: Nova remembers it, Neutron has no such port, so the "
    "twin cannot be unshelved"
)
TODO = (
    "Remove the twin with server_boot_volume state: absent, which keeps its volumes, run dr_prepare, which makes the "
    "port anew"
)


def without_port(*on: Any, **changes: Any) -> Seen:
    return replace(twin(*on, addresses=NOVAS, **changes), ports=())


def fail_over(seen: Seen, method: str) -> Any:
    of, site = the_plan(handover=method), site_of(seen, ports={"db-port0": ()})
    what = replace(recovery(seen, (*point(), *seen.volumes.values()), of.servers[0]), around=site.around)
    return decide_failover(what, of.servers[0], of)


@pytest.mark.parametrize(("method", "seen"), [("attach", without_port()), ("reimage", without_port(HELD, STOCK))])
def test_a_failover_refuses_before_it_attaches_anything(method: str, seen: Seen) -> None:
    """Check mode was clean, and the run attached the root and then said to make room for the flavor."""
    found = refusal(fail_over(seen, method))
    assert (found.code, found.seen, found.todo) == ("port_lost", SAW, f"Nothing was changed. {TODO}, then repeat.")


def test_recreate_makes_the_port_anew() -> None:
    found = plan(fail_over(without_port(PLACEHOLDERS), "recreate"))
    assert "create_port" in [step.verb for step in found.steps]


@pytest.mark.parametrize(("method", "seen"), [("attach", without_port()), ("reimage", without_port(HELD, STOCK))])
def test_readiness_says_what_helps(method: str, seen: Seen) -> None:
    """It said "Run dr_prepare", which refuses, for Nova gives no port to a server that is shelved."""
    found = refusal(ready(site_of(seen, ports={"db-port0": ()}), method))
    assert SAW in found.seen
    assert f"{TODO}." in found.todo
    assert "Run dr_prepare." not in found.todo


@pytest.mark.parametrize(
    "seen",
    [
        twin(addresses=NOVAS),
        twin(addresses=(("FA:16:3E:00:00:01", "10.0.0.99"),)),
        twin(addresses=(("fa:16:3e:00:00:09", "10.0.0.5"),)),
        without_port(status="ACTIVE"),
        replace(twin(), ports=()),
        replace(twin(), server=None),
    ],
)
def test_what_is_no_lost_port(seen: Seen) -> None:
    """Its MAC or IP address was changed, the server runs, or Nova remembers none."""
    assert list(lost_ports(seen)) == []


def test_one_of_two() -> None:
    seen = twin(addresses=(*NOVAS, ("fa:16:3e:00:00:02", "10.0.0.6")))
    (found,) = lost_ports(replace(seen, ports=(port(device_id="twin"),)))
    assert found.what == "port fa:16:3e:00:00:02 of the twin"


def test_what_nova_remembers() -> None:
    rows = [
        {"OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01", "addr": "10.0.0.5", "OS-EXT-IPS:type": "fixed", "version": 4},
        {"OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01", "addr": "192.0.2.9", "OS-EXT-IPS:type": "floating"},
    ]
    data = {"id": "s", "name": "db", "status": "ACTIVE", "addresses": {"net": rows}}
    assert parse.server(data).addresses == NOVAS
    assert parse.server({**data, "addresses": {}}).addresses == ()
