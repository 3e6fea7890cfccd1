# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first half of a planned failover: the server of the source is stopped, so that its last recovery point holds all.

A mark tells that it was stopped for this, so that the way back starts no server that was off before, and what Nova's
record of the twin was then, so that nobody overlooks that the target ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...data.direction import PlanSite
from ...data.marks import STOPPED
from ...data.seen import Seen, Server
from ...data.steps import Decision, Plan, Refusal, Step
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..replicate.decide import unplanned_volumes
from ..server.shelve import stop_step, until_stopped
from ..server.states import AT_REST, busy, locked
from ..status.leadership import AtSite, Leadership, disputed, leadership

#: The task of a server that is being stopped (nova/compute/task_states.py).
STOPPING = "powering-off"

#: What the mark says of a twin that was not there.
NO_TWIN = "no twin"

#: With this begins the mark of a server that did not run before.
_OFF = "off, "

#: What to do in a state from which a server is not stopped.
_ADVICE = {
    "PAUSED": "What is in its memory is not on its disks. Unpause it (openstack server unpause), then repeat.",
    "SUSPENDED": "What is in its memory is not on its disks. Resume it (openstack server resume), then repeat.",
}


@dataclass(frozen=True)
class Source:
    """One server of the source, before it is moved.

    :param sites: by letter how the server stands there; both answered.
    :param seen: the server at the source, in full.
    :param woken: when the twin was last made or unshelved, by Nova's record; None if there is no twin.
    """

    sites: Mapping[str, AtSite]
    seen: Seen
    woken: str | None

    @property
    def twin(self) -> str:
        """What is noted of the twin."""
        return self.woken or NO_TWIN


def decide_stop(what: Source, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Stops the server that the source leads. One that the target leads already is left alone.

    Two facts are for what follows. ``moves``: the source leads it, or it was stopped for a move that is not over.
    ``begun``: the target was asked to run it since then, or its twin was deleted for that. Then no further recovery
    point may be made of the source, because the target may have written since.
    """
    source, target = plan.direction.source, plan.direction.target
    wanted, led, found = f"stop {server.name} at {source}", leadership(what.sites), what.seen.server
    dispute = disputed(led, wanted)
    if dispute:
        return dispute
    facts = _facts(what, led, source)
    if led.leader == target.letter:
        return Plan(facts, facts, notes=(f"{target} leads it already",))
    if found is None or not led.leader:
        saw = f"{source} does not lead it: it holds no data of it"
        return Refusal("no_leader", wanted, saw, "Look at dr_status. dr_failover without planned needs no source.")
    refusal = _refusal(what, server, wanted)
    if refusal:
        return refusal
    steps = _steps(what, str(source))
    stops = any(step.verb == "stop" for step in steps)
    return Plan(facts, {**facts, "status": "SHUTOFF"} if stops else facts, steps)


def _facts(what: Source, led: Leadership, source: PlanSite) -> dict[str, Any]:
    found, leads = what.seen.server, led.leader == source.letter
    stopped = found is not None and bool(noted(found)[1])
    of_move = {"moves": leads or stopped, "begun": _begun(what) or not leads}
    return {"leader": led.leader or None, "generation": led.generation, **of_move, **server_facts(found)}


def noted(server: Server) -> tuple[bool, str]:
    """What the mark says: whether the server ran before it was stopped; what was noted of the twin, "" if nothing."""
    mark = server.metadata.get(STOPPED) or ""
    return not mark.startswith(_OFF), mark.removeprefix(_OFF)


def _begun(what: Source) -> bool:
    found = what.seen.server
    twin = noted(found)[1] if found and found.status in AT_REST else ""
    return twin not in ("", what.twin)


def server_facts(found: Server | None) -> dict[str, Any]:
    """What is told of the server at the source."""
    return {"id": found.id, "status": found.status} if found else {}


def _refusal(what: Source, server: PlanServer, wanted: str) -> Refusal | None:
    found = what.seen.found
    strange = unplanned_volumes(what.seen, server)
    if strange:
        saw = f"it uses volume {', '.join(strange)}, which the plan does not name: what is on it would stay behind"
        return Refusal("unplanned_volume", wanted, saw, "Add it to the plan and run dr_prepare, or detach it.")
    if found.status in AT_REST:
        return busy(found, wanted)
    if found.status != "ACTIVE":
        todo = _ADVICE.get(found.status, "Bring it to ACTIVE or SHUTOFF, then repeat.")
        return Refusal("wrong_state", wanted, f"it is {found.status}, and only ACTIVE servers are stopped", todo)
    stopping = found.task_state == STOPPING
    return None if stopping else busy(found, wanted) or locked(found, wanted)


def _steps(what: Source, source: str) -> tuple[Step, ...]:
    """The mark comes first: it must not be written when the server is at rest and its last point is made."""
    found = what.seen.found
    if found.task_state == STOPPING:
        text = f"wait until server {found.name} at {source} is stopped"
        return (Step("wait", text, until=until_stopped(found.id), cloud="source"),)
    runs = found.status == "ACTIVE"
    if not runs and (found.status != "SHUTOFF" or found.metadata.get(STOPPED)):
        return ()
    mark = {STOPPED: what.twin if runs else _OFF + what.twin}
    said = "is stopped" if runs else "was off before"
    args = {"server_id": found.id, "metadata": mark}
    note = Step("set_server_metadata", f"note at server {found.name} that it {said}", args, cloud="source")
    stop = replace(stop_step(found.id, f"server {found.name} at {source}"), cloud="source")
    return (note, stop) if runs else (note,)
