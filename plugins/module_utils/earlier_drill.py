# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an earlier drill left, where it would be removed before a run: for check mode, in which nothing is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from .cloud.lookup import ANY_TIME
from .cloud.read.drill import left_besides, left_of
from .cloud.shared_lists import Inventory
from .data.drill import Left, RestWanted
from .data.errors import Refused
from .data.steps import Refusal
from .decide.drill.clean_up import decide_clean_up, goes
from .decide.plan.recovery_plan import RecoveryPlan


def hide_earlier_drill(inventory: Inventory, plan: RecoveryPlan) -> Left:
    """What the end of a drill would delete. From now on the lists are without it.

    :raises Refused: if that end would be refused, before it begins or in the end because of what must stay.
    """
    gone, ends = Left(), list(_ends(inventory, plan))
    for look, wanted in ends:
        gone += _hidden(inventory, look(), plan, wanted)
    for look, wanted in ends:
        _hidden(inventory, _detached(look(), gone), plan, wanted)
    return gone


def _detached(left: Left, gone: Left) -> Left:
    """With its volumes free of servers that are gone."""
    servers = {server.id for server in gone.servers}
    free = (replace(v, attached_to=tuple(one for one in v.attached_to if one not in servers)) for v in left.volumes)
    return replace(left, volumes=tuple(free))


def _ends(inventory: Inventory, plan: RecoveryPlan) -> Iterator[tuple[Callable[[], Left], str]]:
    """How the jobs of the end of a drill look, and what they want: networks go last."""
    for server in plan.servers:
        wanted = f"clean up the drill of {server.name} at {plan.direction.target}"
        yield partial(left_of, inventory, ANY_TIME, plan.name, server.name), wanted
    for rest in plan.networks["left"]:
        if isinstance(rest, RestWanted):
            yield partial(left_besides, inventory, ANY_TIME, rest), f"remove {rest.label} of {plan.name}"


def _hidden(inventory: Inventory, left: Left, plan: RecoveryPlan, wanted: str) -> Left:
    decided = plan.direction.addressed(decide_clean_up(left, plan.name, wanted, keep=True))
    if isinstance(decided, Refusal):
        raise Refused(decided)
    going = goes(left)
    inventory.forget(going.ids)
    return going
