# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a site that led before becomes the dormant twin of the other direction.

Its volumes hold what the new leader never got. They are marked as superseded before anything else is done to them, and
kept. No operation deletes them; what a later failover overwrites is kept in a snapshot. rest.py has the ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data.direction import PlanSite, other
from ...data.seen import Seen, Snapshot, Volume
from ...data.steps import Decision, Plan, Refusal
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..root.ways import Asked, Chosen, choose_way
from ..server.root_volume import without_root_task
from ..server.states import AT_REST, CAN_SHELVE, SHELVE_TASKS, advice, busy, not_volume_backed
from ..status.leadership import AtSite, Leadership, disputed, leadership
from .rest import cannot_rest, rest_steps
from .superseded import Old

#: So many of what is kept are told by name, the others only counted: each turn of the leadership leaves some.
MOST_NAMES = 10


@dataclass(frozen=True)
class OldSite:
    """One server, at both sites and in full at the site that does not lead it.

    :param sites: by letter how the server stands there; both answered.
    :param seen: the server at the site that does not lead; None if no site leads.
    :param volumes: of that site, those with the marks of the server; ``snapshots`` likewise.
    """

    sites: Mapping[str, AtSite]
    seen: Seen | None = None
    volumes: Sequence[Volume] = ()
    snapshots: Sequence[Snapshot] = ()

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
    refusal = _not_there(what, site, wish, wanted)
    chosen = refusal or choose_way(Asked(plan.handover, plan.fallback, cloud=str(site)), seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    old = Old(seen, what.snapshots, server, chosen.method, wish.now, led.generation)
    refusal = _unfit(seen, site, wanted) or _state(seen, site, wish, wanted) or cannot_rest(old, site, wanted)
    return refusal or _plan(what, old, site, plan, chosen)


def _plan(what: OldSite, old: Old, site: PlanSite, plan: RecoveryPlan, chosen: Chosen) -> Plan:
    role = plan.direction.role(site.letter)
    steps = tuple(replace(step, cloud=role) for step in rest_steps(old, str(site)))
    before = _facts(what.led, site, old.seen)
    volumes = [] if chosen.method == "attach" else before["volumes"]
    rested = {**before, "status": "SHELVED_OFFLOADED", "locked": False, "volumes": volumes} if steps else before
    return Plan(before, rested, steps, notes=tuple(_kept(what, old, site)), extra=chosen.facts)


def _nobody_leads(led: Leadership, wanted: str) -> Refusal:
    todo = "Run provision, or look at dr_status."
    return disputed(led, wanted) or Refusal("no_leader", wanted, "neither site holds data of it", todo)


def _not_there(what: OldSite, site: PlanSite, wish: Wish, wanted: str) -> Refusal | None:
    seen, led = what.seen, what.led
    if wish.only_at not in ("", site.letter):
        saw = f"the site to be put to rest is {site}: the other one leads with generation {led.generation}"
        return Refusal(
            "wrong_site", wanted, saw, f"Look who leads: dr_status. If that is right, say dr_plan_site: {site.letter}."
        )
    if seen is None or seen.server is None:
        saw = f"{site} has no server of that name"
        return Refusal("no_twin", wanted, saw, f"Run dr_prepare -e to={site.letter}: it is prepared like any twin.")
    return None


def _unfit(seen: Seen, site: PlanSite, wanted: str) -> Refusal | None:
    unknown = [a.volume_id for a in seen.found.attachments if a.volume_id not in seen.volumes]
    if unknown:
        saw = f"the server at {site} uses volume {', '.join(unknown)}, which Cinder does not show"
        return Refusal("unknown_volume", wanted, saw, "Look whose volume it is, then repeat.")
    return not_volume_backed(seen, wanted)


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


def _kept(what: OldSite, old: Old, site: PlanSite) -> Iterator[str]:
    """Those that are superseded, and those that will be."""
    saved = {old.root.id} if old.root in old.to_be_saved and old.root else set()
    marked = (volume for volume in what.volumes if volume.marks.role == "superseded")
    volumes = {v.name or v.id for v in (*marked, *old.unmarked) if v.id not in saved}
    taken = {f"snapshot {s.name or s.id}" for s in what.snapshots if s.marks.role == "superseded"}
    names = sorted(volumes | taken | {f"snapshot {old.snapshot_name(volume)}" for volume in old.to_be_saved})
    more = len(names) - MOST_NAMES
    told = [*names[:MOST_NAMES], *((f"{more} more, which dr_status counts and recovery_plan_info lists",) * (more > 0))]
    if names:
        yield f"superseded and kept at {site}: {', '.join(told)}. Delete them when nobody needs them any more"


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
