# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks as steps that only wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...data.parts import Part
from ...data.seen import Port
from ...data.steps import Step, Until
from ...data.wanted import NicWanted


def health_steps(name: str, server_id: Any, checks: Iterable[Mapping[str, Any]], address: str) -> tuple[Step, ...]:
    """One step for each health check of a plan.

    :param checks: each has either ``console`` (a text that must appear in the console) or ``port`` (a TCP port
        that must accept a connection from where Ansible runs, at ``address`` if the check names none).
    :param address: the first address of the server; "" while it is not known: enough for check mode.
    """
    return tuple(_step(name, server_id, check, address) for check in checks)


def first_address(ports: Iterable[Port], planned: Iterable[NicWanted] = ()) -> str:
    """The address at which a server is checked: the first one of its ports, else the first planned one; "" if none."""
    there = (address for port in ports for address in port.fixed_ips)
    return next(there, "") or next((nic.fixed_ip for nic in planned if nic.fixed_ip), "")


def needs_address(checks: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the address of the server must be known to check it."""
    return any(not check.get("console") and not check.get("address") for check in checks)


def _step(name: str, server_id: Any, check: Mapping[str, Any], address: str) -> Step:
    if check.get("console"):
        text, pending = check["console"], frozenset({"no match", "not there"})
        until = Until("console", server_id, frozenset({"matches"}), pending, match=text)
        return Step("wait", f"check that the console of {name} shows {text!r}", until=until, part=Part.CHECK)
    at, port = check.get("address") or address, check["port"]
    until = Until("tcp", f"{at}:{port}", frozenset({"open"}), frozenset({"closed"}))
    return Step(
        "wait", f"check that {name} answers at {until.id if at else f'port {port}'}", until=until, part=Part.CHECK
    )
