# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a server that sleeps has lost. Nova remembers them, and wakes it only if Neutron still has them."""

from __future__ import annotations

from collections.abc import Iterator

from ...data.seen import Seen
from ...data.steps import Finding, Refusal
from ..root.root_state import sleeps

#: How a server gets other ports. Nova neither adds nor removes one while a server is shelved.
ANEW = (
    "Remove the twin with server_boot_volume state: absent, which keeps its volumes, run dr_prepare, which makes the "
    "port anew"
)


def lost_ports(seen: Seen) -> Iterator[Finding]:
    """The ports that Nova remembers of a twin that sleeps, and that Neutron has no more.

    Nothing tells Nova of the deletion while the server is on no host. An unshelve then fails in the end, and the server
    falls back.
    """
    if seen.server is None or not sleeps(seen):
        return
    there = {port.mac.lower() for port in seen.ports} | {ip for port in seen.ports for ip in port.fixed_ips}
    for mac, address in seen.server.addresses:
        if mac.lower() not in there and address not in there:
            at = f"the port {mac} ({address}) of the twin"
            words = f"{at} is gone: Nova remembers it, Neutron has no such port, so the twin cannot be unshelved"
            yield Finding(f"port {mac} of the twin", "there", None, words, todo=f"{ANEW}.")


def lost_port(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal before anything is attached: the unshelve would fail."""
    found = list(lost_ports(seen))
    if not found:
        return None
    saw = "; ".join(map(str, found))
    return Refusal("port_lost", wanted, saw, f"Nothing was changed. {ANEW}, then repeat.", tuple(found))
