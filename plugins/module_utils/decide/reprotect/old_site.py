# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a site that led before becomes the dormant twin of the other direction.

Its volumes hold what the new leader never got. They are marked as superseded before anything else is done to them, then
taken off, and kept. No operation deletes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data.direction import PlanSite, other
from ...data.marks import GENERATION, PLAN, ROLE, SERVER, SUPERSEDED, SUPERSEDED_BY, VOLUME
from ...data.parts import Part
from ...data.seen import Seen, Volume
from ...data.steps import Decision, Plan, Refusal, Step, for_part
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..root.root_state import Kind, kind_of
from ..root.ways import Asked, choose_way
from ..server.root_volume import which_root, without_root_task
from ..server.shelve import await_shelved, shelve_step
from ..server.states import AT_REST, CAN_SHELVE, SHELVE_TASKS, advice, busy
from ..status.leadership import AtSite, Leadership, leadership
from ..twin.prepare import take_off

#: What needs no mark: it is marked already, or was made to prove a twin.
_LEFT_AS_IT_IS = frozenset({Kind.SUPERSEDED, Kind.PLACEHOLDER, Kind.REFRESHED})


@dataclass(frozen=True)
class OldSite:
    """One server, at both sites and in full at the site that does not lead it.

    :param sites: by letter how the server stands there; both answered.
    :param seen: the server at the site that does not lead; None if no site leads.
    :param volumes: of that site, those with the marks of the server.
    """

    sites: Mapping[str, AtSite]
    seen: Seen | None = None
    volumes: Sequence[Volume] = ()

    @property
    def led(self) -> Leadership:
        """Who leads."""
        return leadership(self.sites)


@dataclass(frozen=True)
class Wish:
    """What the operator said.

    :param stop: whether a stale copy that runs may be stopped.
    :param only_at: the letter of the only site whose server may be put to rest, "" for either.
    :param now: UTC, for the marks.
    """

    stop: bool
    only_at: str
    now: str


def decide_reprotect(what: OldSite, server: PlanServer, plan: RecoveryPlan, wish: Wish) -> Decision:
    """Puts the server of the old site to rest; carries on from wherever it stands."""
    wanted, led = f"re-protect {server.name}", what.led
    seen = what.seen
    if not led.leader or seen is None:
        return _nobody_leads(led, wanted)
    site = plan.direction.site(other(led.leader))
    refusal = _refusal(what, site, plan, wish, wanted)
    if refusal:
        return refusal
    role = plan.direction.role(site.letter)
    steps = tuple(replace(step, cloud=role) for step in _steps(seen, led, server, wish))
    before = _facts(led, site, seen)
    rested = {**before, "status": "SHELVED_OFFLOADED", "locked": False, "volumes": []} if steps else before
    return Plan(before, rested, steps, notes=tuple(_kept(what, plan, site)))


def _nobody_leads(led: Leadership, wanted: str) -> Refusal:
    if led.disputed:
        saw = "both sites hold data of the same generation, so nothing tells which leads"
        return Refusal("disputed", wanted, saw, "Look at both, and stop the one that you do not want.")
    return Refusal("no_leader", wanted, "neither site holds data of it", "Run provision, or look at dr_status.")


def _refusal(what: OldSite, site: PlanSite, plan: RecoveryPlan, wish: Wish, wanted: str) -> Refusal | None:
    seen, led = what.seen, what.led
    if wish.only_at not in ("", site.letter):
        saw = f"the site to be put to rest is {site}: the other one leads with generation {led.generation}"
        return Refusal(
            "wrong_site", wanted, saw, f"Look who leads: dr_status. If that is right, say dr_plan_site: {site.letter}."
        )
    if seen is None or seen.server is None:
        saw = f"{site} has no server of that name"
        return Refusal("no_twin", wanted, saw, f"Run dr_prepare -e to={site.letter}: it is prepared like any twin.")
    return _unfit(seen, site, plan, wanted) or _state(seen, site, wish, wanted)


def _unfit(seen: Seen, site: PlanSite, plan: RecoveryPlan, wanted: str) -> Refusal | None:
    asked = Asked(plan.handover, plan.fallback, cloud=str(site))
    chosen = choose_way(asked, seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    if chosen.method != "attach":
        saw = f"the handover towards {site} is {chosen.method}: only servers of the handover attach can be put to rest"
        todo = "Remove the old server and keep its volumes (server_boot_volume state: absent), then"
        return Refusal("not_offered", wanted, saw, f"{todo} run dr_prepare -e to={site.letter}.")
    unknown = [a.volume_id for a in seen.found.attachments if a.volume_id not in seen.volumes]
    if unknown:
        saw = f"the server at {site} uses volume {', '.join(unknown)}, which Cinder does not show"
        return Refusal("unknown_volume", wanted, saw, "Look whose volume it is, then repeat.")
    return None


def _state(seen: Seen, site: PlanSite, wish: Wish, wanted: str) -> Refusal | None:
    old = without_root_task(seen)
    if old.task_state in SHELVE_TASKS or old.status == "SHELVED":
        return None
    if old.status not in AT_REST and not wish.stop:
        saw = f"the server at {site} is {old.status}: two copies may run"
        return Refusal(
            "stale_runs", wanted, saw, f"Stop it with dr_fence -e dr_plan_site={site.letter}, or say stale: stop."
        )
    refusal = busy(old, wanted)
    if refusal or old.status in CAN_SHELVE | {"SHELVED_OFFLOADED"}:
        return refusal
    return Refusal("wrong_state", wanted, f"the server at {site} is {old.status}", advice(old.status))


def _steps(seen: Seen, led: Leadership, server: PlanServer, wish: Wish) -> Iterator[Step]:
    """First the marks: a run that is killed after them still knows what the volumes are. The lock stays until then."""
    old = without_root_task(seen)
    yield from for_part(Part.FENCE, (_supersede(volume, server, led, wish) for volume in _unmarked(seen, server.plan)))
    if old.locked:
        yield Step("unlock", f"unlock server {old.name}", {"server_id": old.id}, part=Part.SHELVE)
    if old.task_state in SHELVE_TASKS or old.status == "SHELVED":
        yield await_shelved(old.id, old.name)
    elif old.status != "SHELVED_OFFLOADED":
        if old.metadata.get(PLAN) != server.plan:  # Nova takes no metadata for a server that is shelved
            args = {"server_id": old.id, "metadata": {PLAN: server.plan}}
            yield Step("set_server_metadata", f"mark server {old.name} as a twin of the plan", args, part=Part.FENCE)
        yield shelve_step(old.id, old.name)
    root = which_root(seen).volume_id
    yield from take_off(seen, sorted((a.volume_id for a in old.attachments), key=lambda one: one != root))


def _unmarked(seen: Seen, plan: str) -> list[Volume]:
    return [v for v in seen.volumes.values() if kind_of(v, plan, seen.found.name) not in _LEFT_AS_IT_IS]


def _supersede(volume: Volume, server: PlanServer, led: Leadership, wish: Wish) -> Step:
    """The generation of the data stays as it is; 1 is written where none was."""
    marks = {
        PLAN: server.plan,
        SERVER: server.name,
        VOLUME: volume.id,
        ROLE: "superseded",
        GENERATION: str(volume.marks.generation),
        SUPERSEDED: wish.now,
        SUPERSEDED_BY: str(led.generation),
    }
    text = f"mark volume {volume.name or volume.id} as superseded"
    return Step("set_volume_metadata", text, {"volume_id": volume.id, "metadata": marks})


def _kept(what: OldSite, plan: RecoveryPlan, site: PlanSite) -> Iterator[str]:
    """Those that are superseded, and those that will be."""
    attached = _unmarked(what.seen, plan.name) if what.seen else []
    before = (volume for volume in what.volumes if volume.marks.role == "superseded")
    names = sorted({volume.name or volume.id for volume in (*before, *attached)})
    if names:
        yield f"superseded and kept at {site}: {', '.join(names)}. Delete them when nobody needs them any more"


def _facts(led: Leadership, site: PlanSite, seen: Seen) -> dict[str, Any]:
    return {
        "leader": led.leader,
        "generation": led.generation,
        "standby": site.letter,
        "id": seen.found.id,
        "status": seen.found.status,
        "locked": seen.found.locked,
        "volumes": [attachment.volume_id for attachment in seen.found.attachments],
    }
