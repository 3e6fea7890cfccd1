# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dormant twin of a server at site B: built, proved to work, shelved, its placeholder volumes removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model import Root, Seen, Site, Surroundings, Volume
from ..plan import Decision, Plan, Ref, Refusal, Step, Until
from .boot_volume import decide_present
from .building import volume_ids
from .facts import is_dormant, server_facts
from .health import health_steps
from .recovery_plan import PlanServer
from .replicas import PLAN, ROLE
from .root_volume import clear_delete_flags, until_detached, which_root
from .shelving import locked, shelve_step, until_active, until_shelved
from .states import SHELVE_TASKS, busy


def decide_prepare(site: Site, server: PlanServer, plan: str) -> Decision:
    """Brings the twin to rest: dormant, without volumes. What was done already is not done again."""
    wanted = f"prepare the twin {server.name}"
    if not site.seen.offer.guarded_api:
        return no_guarded_api(wanted)
    built = decide_present(site, server.at_b)
    if isinstance(built, Refusal):
        return built
    if site.seen.server is None:
        return Plan(built.before, _at_rest(built.after), (*built.steps, *_from_scratch(server, site.around)))
    refusal = _not_a_twin_at_rest(site.seen, plan, wanted)
    if refusal:
        return refusal
    steps = (*built.steps, *_to_rest(site.seen, server), *_take_off(site.seen), *_remove(site, plan))
    return Plan(built.before, _at_rest(built.before), steps)


def no_guarded_api(wanted: str) -> Refusal:
    """The refusal where the root volume could not be taken off."""
    saw = "site B does not advertise the guarded root volume API (os-root-volume is not in its extension list)"
    return Refusal("no_guarded_api", wanted, saw, "The handover attach needs it: see nova_root_volume/README.md.")


def _at_rest(facts: Mapping[str, Any]) -> dict[str, Any]:
    root = {**facts.get("root_volume", {}), "present": False, "volume_id": None}
    state = {"status": "SHELVED_OFFLOADED", "task_state": None, "dormant": True}
    return {**facts, **state, "root_volume": root, "volumes": [], "availability_zone": ""}


def _from_scratch(server: PlanServer, around: Surroundings) -> tuple[Step, ...]:
    """What follows the build, with references in the place of ids that are not known yet."""
    twin, name = Ref("server"), server.name
    address = next((nic.fixed_ip for nic in server.at_b.nics if nic.fixed_ip), "")
    ids = volume_ids(server.at_b, around)
    volumes = [(disk.name, ids[disk.tag]) for disk in server.at_b.disks if disk.kind != "volume"]
    return (
        *health_steps(name, twin, server.health_checks, address),
        shelve_step(twin, name),
        *(_detach(name, twin, label, volume_id) for label, volume_id in volumes),
        *(_delete(label, volume_id) for label, volume_id in volumes),
    )


def _not_a_twin_at_rest(seen: Seen, plan: str, wanted: str) -> Refusal | None:
    """Only a server whose volumes are placeholders of this plan may be shelved and emptied."""
    foreign = [
        volume.name or volume.id
        for volume in (seen.volumes.get(a.volume_id) for a in seen.found.attachments)
        if volume is not None and not _is_placeholder(volume, plan)
    ]
    if foreign:
        saw = f"a server of that name is at site B on {', '.join(foreign)}, which is no placeholder of plan {plan}"
        todo = "If it was failed over, leave it. Else rename it, or take the volumes off it yourself."
        return Refusal("not_a_twin", wanted, saw, todo)
    refusal = locked(seen.found, wanted)
    if refusal or seen.found.task_state in SHELVE_TASKS:
        return refusal
    return busy(seen.found, wanted)


def _is_placeholder(volume: Volume, plan: str) -> bool:
    return volume.metadata.get(PLAN) == plan and volume.metadata.get(ROLE) == "placeholder"


def _to_rest(seen: Seen, server: PlanServer) -> tuple[Step, ...]:
    """From a running or stopped twin to a shelved one; its health is proved before, for it is shelved only after."""
    twin = seen.found
    if twin.task_state in SHELVE_TASKS or twin.status == "SHELVED":
        return (Step("wait", f"wait until server {twin.name} is offloaded", until=until_shelved(twin.id)),)
    if twin.status == "SHELVED_OFFLOADED":
        return ()
    start = Step(
        "start", f"start server {twin.name}", {"server_id": twin.id}, replace(until_active(twin.id), pending=_STOPPED)
    )
    address = next((address for port in seen.ports for address in port.fixed_ips), "")
    return (
        *((start,) if twin.status == "SHUTOFF" else ()),
        *health_steps(twin.name, twin.id, server.health_checks, address),
        shelve_step(twin.id, twin.name),
    )


_STOPPED = frozenset({"SHUTOFF"})


def _take_off(seen: Seen) -> tuple[Step, ...]:
    twin = seen.found
    ids = tuple(attachment.volume_id for attachment in twin.attachments)
    labels = [(seen.volumes[i].name if i in seen.volumes else i, i) for i in ids]
    return (*clear_delete_flags(twin, ids), *(_detach(twin.name, twin.id, label, i) for label, i in labels))


def _remove(site: Site, plan: str) -> tuple[Step, ...]:
    """Placeholders only: those attached now, and those that an earlier run took off but did not remove."""
    attached = {v.id: v for v in site.seen.volumes.values()}
    loose = {v.id: v for volumes in site.around.same_name.values() for v in volumes if v.status == "available"}
    mine = [v for v in {**loose, **attached}.values() if _is_placeholder(v, plan)]
    return tuple(_delete(volume.name, volume.id) for volume in mine)


def _detach(server: str, server_id: Any, label: str, volume_id: Any) -> Step:
    args = {"server_id": server_id, "volume_id": volume_id}
    return Step("detach_volume", f"detach volume {label} from server {server}", args, until_detached(volume_id))


def _delete(label: str, volume_id: Any) -> Step:
    until = Until("volume", volume_id, frozenset({"gone"}), frozenset({"available", "deleting"}))
    return Step("delete_volume", f"delete placeholder volume {label}", {"volume_id": volume_id}, until)


def twin_findings(site: Site, server: PlanServer) -> list[str]:
    """What is missing for the twin to be ready for a failover; empty if it is."""
    seen = site.seen
    if seen.server is None:
        return ["there is no twin at site B"]
    built = decide_present(site, server.at_b)
    if isinstance(built, Refusal):
        return [built.seen]
    found = [f"would {step.text}" for step in built.steps if step.writes]
    root = which_root(seen)
    if not is_dormant(seen, root):
        found.append(f"the twin is {seen.found.status}{_on(root)}, not dormant")
    if seen.found.locked:
        found.append("the twin is locked")
    return found


def _on(root: Root) -> str:
    return f" with root volume {root.volume_id}" if root.present else ""


def decide_readiness(site: Site, server: PlanServer, findings: list[str], point: str | None = None) -> Decision:
    """An empty plan if the twin is dormant and as planned and there is nothing in ``findings``, else a refusal.

    :param point: the newest complete recovery point, returned as ``recovery_point``.
    """
    found = [*twin_findings(site, server), *findings]
    facts = server_facts(site.seen, which_root(site.seen))
    if found:
        todo = "Run dr_prepare for the twin and dr_replicate for its replicas."
        return Refusal("not_ready", f"call {server.name} ready", "; ".join(found), todo)
    return Plan(facts, facts, extra={"recovery_point": point})
