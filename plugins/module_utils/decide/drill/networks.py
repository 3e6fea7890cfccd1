# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a drill: as those of the plan, but nothing leads out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...data.drill import SUFFIX, Isolated, IsolatedWanted
from ...data.marks import drill_note
from ...data.networks import NetworkWanted, Subnet, SubnetWanted
from ...data.steps import Decision, Refusal
from ..plan.networks import decide_network


def decide_isolated(what: Isolated, wanted: IsolatedWanted) -> Decision:
    """Makes the network with the same subnets, or refuses one that is not of the drill or not isolated."""
    note, todo = drill_note(wanted.plan), ""
    if what.original is None:
        saw = f"the target has no network {wanted.original}, for which it would stand"
        todo = "Run dr_prepare, which makes what the plan describes, or correct the plan."
        return Refusal("no_network", f"make {wanted.label}", saw, todo)
    if what.there and what.note != note:
        saw = "a network of that name is there, and its description does not say that it is of a drill of this plan"
        return Refusal("not_of_the_drill", f"make {wanted.label}", saw, "Rename it, then repeat. Nothing was changed.")
    routers = [port.id for port in what.ports if port.of_router]
    if routers:
        saw = f"a router has a port on it ({', '.join(routers)}), so it is not isolated"
        todo = "Take the router off, or end the drill with dr_drill_cleanup, then repeat."
        return Refusal("not_isolated", f"use {wanted.label} for a drill", saw, todo)
    subnets = _subnets(what.original.subnets)
    options = {**what.original.options, "description": note}
    return decide_network(what.there, NetworkWanted(wanted.name, options, subnets))


def needs(what: Isolated) -> dict[str, int]:
    """What it still takes of the quota of Neutron, by kind.

    Neutron makes ports for itself on a network. They count when a server asks for one, so as many are reckoned with as
    are on the original.
    """
    there = len(what.there.subnets) if what.there else 0
    subnets = len(what.original.subnets) if what.original else 0
    on_original, on_it = what.of_neutron
    return {
        "networks": 0 if what.there else 1,
        "subnets": max(0, subnets - there),
        "ports": max(0, on_original - on_it),
    }


def _subnets(originals: Sequence[Subnet]) -> tuple[SubnetWanted, ...]:
    """By their names they are found again, so those whose names say nothing are called by their addresses."""
    names = Counter(original.name for original in originals)
    return tuple(
        SubnetWanted(f"{one.name if names[one.name] == 1 and one.name else one.options['cidr']}{SUFFIX}", one.options)
        for one in originals
    )
