# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dormant twin of a server at site B: built, proved to work, shelved, its placeholder volumes removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model import Seen, Site, Surroundings, Volume
from ..plan import Decision, Plan, Ref, Refusal, Step, Until
from .boot_volume import await_built, decide_present
from .building import BUILDING, volume_ids
from .copying import check_step
from .facts import server_facts
from .handover import Chosen, choose
from .health import health_steps, needs_address
from .recovery_plan import PlanServer, RecoveryPlan
from .refreshed import is_refreshed, sleeps
from .replicas import FILLABLE, PLAN, ROLE, SERVER, WOKEN
from .root_volume import clear_delete_flags, until_detached, which_root
from .shelving import locked, shelve_step, start_steps, until_shelved
from .states import BUILD_TASKS, SHELVE_TASKS, advice, busy

#: States from which a twin comes to rest. In any other nobody knows whether it works.
_CAN_REST = frozenset({"ACTIVE", "SHUTOFF", "BUILD", "SHELVED", "SHELVED_OFFLOADED"})


def decide_prepare(site: Site, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Brings the twin to rest. What was done already is not done again.

    At rest is shelved and offloaded; for the handover attach also without volumes, for the others on its placeholders.
    """
    wanted = f"prepare the twin {server.name}"
    chosen = choose(plan, site.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    left = _left_over(site, plan.name, server.name)
    around = _without(site.around, left)
    built = decide_present(replace(site, around=around), server.at_b)
    if isinstance(built, Refusal):
        return built
    if site.seen.server is not None:
        return _carry_on(site, server, plan, chosen, built)
    gone = tuple(delete_placeholder(volume.name, volume.id) for volume in left)
    rested = _at_rest(built.after, chosen.method == "attach")
    made = replace(built, after=rested, steps=(*gone, *built.steps), extra=chosen.facts)
    return _prove(made, server, around, chosen.method)


def _carry_on(site: Site, server: PlanServer, plan: RecoveryPlan, chosen: Chosen, built: Plan) -> Decision:
    """From a twin that is there to one at rest."""
    wanted = f"prepare the twin {server.name}"
    refusal = _unfit(site.seen, plan.name, chosen.method, wanted) or _unreachable(site.seen, server)
    if refusal:
        return refusal
    if site.seen.found.status == "BUILD":
        return replace(_await(site, server, plan), extra=chosen.facts)
    empty, rest = chosen.method == "attach", _to_rest(site.seen, server)
    emptied = (*_take_off(site.seen), *_remove(site, plan.name)) if empty else ()
    root = site.seen.volumes.get(which_root(site.seen).volume_id or "")
    asks = root is not None and _is_to_be_asked(root, rest, plan.name, server.name)
    fill = _can_be_filled(chosen.method, root.id, root.name) if root and asks else ()
    steps = (*built.steps, *rest, *emptied, *fill)
    return Plan(built.before, _at_rest(built.before, empty), steps, built.notes, chosen.facts, findings=built.findings)


def _await(site: Site, server: PlanServer, plan: RecoveryPlan) -> Plan:
    """The wait for a twin that a killed run has asked for. What follows is foretold: it is decided when it is built."""
    twin = site.seen.found
    runs = replace(site, seen=replace(site.seen, server=replace(twin, status="ACTIVE", task_state=None)))
    rest = decide_prepare(runs, server, plan)
    before, wait = server_facts(site.seen, which_root(site.seen)), await_built(twin)
    if isinstance(rest, Refusal):
        return Plan(before, {**before, "status": "ACTIVE", "task_state": None}, (wait,), later=())
    return Plan(before, rest.after, (wait,), later=rest.foretold)


def _left_over(site: Site, plan: str, server: str) -> list[Volume]:
    """Placeholders of a twin that was removed. One that is marked as being built for it is used instead."""
    loose = loose_placeholders(site.around, plan, server) if site.seen.server is None else []
    return [volume for volume in loose if BUILDING not in volume.metadata]


def _without(around: Surroundings, volumes: Sequence[Volume]) -> Surroundings:
    gone = {volume.id for volume in volumes}
    rest = {tag: tuple(v for v in found if v.id not in gone) for tag, found in around.same_name.items()}
    return replace(around, same_name=rest)


def _at_rest(facts: Mapping[str, Any], empty: bool) -> dict[str, Any]:
    rested = {**facts, "status": "SHELVED_OFFLOADED", "task_state": None, "availability_zone": ""}
    if not empty:
        return rested
    root = {**facts.get("root_volume", {}), "present": False, "volume_id": None}
    return {**rested, "dormant": True, "root_volume": root, "volumes": []}


def _is_to_be_asked(root: Volume, rest: tuple[Step, ...], plan: str, server: str) -> bool:
    """Whether nobody knows yet that the root of a twin could be filled, and it is reserved, or will be then."""
    unknown = is_placeholder(root, plan, server) and FILLABLE not in root.metadata
    return unknown and (bool(rest) or root.status == "reserved")


def _can_be_filled(method: str, root_id: Any, name: str) -> tuple[Step, ...]:
    """Better known now than when site A burns. It is noted at the root, so that it is asked until the answer is good.

    Only a root that is reserved for a shelved server can be asked about.
    """
    if method != "reimage":
        return ()
    args = {"volume_id": root_id, "metadata": {FILLABLE: "yes"}}
    return (check_step(root_id), Step("set_volume_metadata", f"note at the root {name} that it can be filled", args))


def _prove(made: Plan, server: PlanServer, around: Surroundings, method: str) -> Decision:
    """The build and what follows it: at once, or when the address of the twin can be read that a check of it needs."""
    address = next((nic.fixed_ip for nic in server.at_b.nics if nic.fixed_ip), "")
    name = next(disk.name for disk in server.at_b.disks if disk.tag == "root")
    fill = _can_be_filled(method, volume_ids(server.at_b, around)["root"], name)
    rest = (*_from_scratch(server, around, method == "attach", address), *fill)
    if address or not needs_address(server.health_checks):
        return replace(made, steps=(*made.steps, *rest))
    return replace(made, later=rest) if server.at_b.nics else _no_address(server)


def _from_scratch(server: PlanServer, around: Surroundings, empty: bool, address: str) -> tuple[Step, ...]:
    """What follows the build, with references in the place of ids that are not known yet."""
    twin, name = Ref("server"), server.name
    ids = volume_ids(server.at_b, around)
    volumes = [(disk.name, ids[disk.tag]) for disk in server.at_b.disks if empty and disk.kind != "volume"]
    return (
        *health_steps(name, twin, server.health_checks, address),
        shelve_step(twin, name),
        *(_detach(name, twin, label, volume_id) for label, volume_id in volumes),
        *(delete_placeholder(label, volume_id) for label, volume_id in volumes),
    )


def _unfit(seen: Seen, plan: str, method: str, wanted: str) -> Refusal | None:
    """Only a server whose volumes are placeholders of this plan may be shelved and emptied."""
    twin = seen.found
    foreign = foreign_volumes(seen, plan, method)
    if foreign:
        saw = f"a server of that name is at site B on {', '.join(foreign)}, which is no placeholder of plan {plan}"
        todo = "If it was failed over, leave it. Else rename it, or take the volumes off it yourself."
        return Refusal("not_a_twin", wanted, saw, todo)
    refusal = locked(twin, wanted)
    if refusal or twin.task_state in SHELVE_TASKS:
        return refusal
    if twin.status == "BUILD" and twin.task_state in BUILD_TASKS:
        saw = "a server of that name is being built, and nothing tells yet that it is the twin"
        is_twin = twin.attachments or twin.metadata.get(PLAN) == plan
        return None if is_twin else Refusal("busy", wanted, saw, "Wait until it is built, then repeat.")
    refusal = busy(twin, wanted)
    if refusal or twin.status in _CAN_REST:
        return refusal
    return Refusal("wrong_state", wanted, f"the twin is {twin.status}", advice(twin.status))


def _unreachable(seen: Seen, server: PlanServer) -> Refusal | None:
    """Only who runs is checked, or is started to be."""
    checked = seen.found.status in ("ACTIVE", "SHUTOFF") and not seen.found.task_state
    return _no_address(server) if checked and needs_address(server.health_checks) and not _address(seen) else None


def _no_address(server: PlanServer) -> Refusal:
    """Nothing would ever answer."""
    saw = "a health check names a port and no address, and the server has no port with an address"
    todo = "Name an address in the health check, or give the server a port on a network that has addresses."
    return Refusal("no_address", f"prepare the twin {server.name}", saw, f"{todo} Then repeat.")


def _address(seen: Seen) -> str:
    return next((address for port in seen.ports for address in port.fixed_ips), "")


def foreign_volumes(seen: Seen, plan: str, method: str = "", but: str = "") -> list[str]:
    """Names or ids of attached volumes that are no placeholders of the twin, or of which nothing is known.

    A refreshed root is at rest with the handover reimage, as long as the twin sleeps.

    :param but: the id of a volume that is not asked about.
    """
    twin = seen.found
    attached = [(a.volume_id, seen.volumes.get(a.volume_id)) for a in twin.attachments if a.volume_id != but]
    known = (is_placeholder, is_refreshed) if method == "reimage" and sleeps(seen) else (is_placeholder,)
    foreign = [(i, v) for i, v in attached if not (v and any(is_it(v, plan, twin.name) for is_it in known))]
    return [volume.name if volume and volume.name else volume_id for volume_id, volume in foreign]


def is_placeholder(volume: Volume, plan: str, server: str) -> bool:
    """Whether a volume was made to prove the twin of this server of this plan, and nothing was copied into it since."""
    marks = {PLAN: plan, SERVER: server, ROLE: "placeholder"}
    return WOKEN not in volume.metadata and all(volume.metadata.get(key) == value for key, value in marks.items())


def _to_rest(seen: Seen, server: PlanServer) -> tuple[Step, ...]:
    """From a running or stopped twin to a shelved one; its health is proved before, for it is shelved only after."""
    twin = seen.found
    if twin.task_state in SHELVE_TASKS or twin.status == "SHELVED":
        return (Step("wait", f"wait until server {twin.name} is offloaded", until=until_shelved(twin.id)),)
    if twin.status == "SHELVED_OFFLOADED":
        return ()
    return (
        *start_steps(twin),
        *health_steps(twin.name, twin.id, server.health_checks, _address(seen)),
        shelve_step(twin.id, twin.name),
    )


def _take_off(seen: Seen) -> tuple[Step, ...]:
    """The root first: from then on the twin is dormant, so that a run that is killed in between carries on."""
    root = which_root(seen).volume_id
    return take_off(seen, sorted((a.volume_id for a in seen.found.attachments), key=lambda i: i != root))


def take_off(seen: Seen, volume_ids: Sequence[str]) -> tuple[Step, ...]:
    """Steps that detach these volumes and keep them."""
    twin, ids = seen.found, tuple(volume_ids)
    labels = [(seen.volumes[i].name if i in seen.volumes else i, i) for i in ids]
    return (*clear_delete_flags(twin, ids), *(_detach(twin.name, twin.id, label, i) for label, i in labels))


def _remove(site: Site, plan: str) -> tuple[Step, ...]:
    """Placeholders only: those attached now, and those that an earlier run took off but did not remove."""
    name = site.seen.found.name
    attached = [volume for volume in site.seen.volumes.values() if is_placeholder(volume, plan, name)]
    mine = {volume.id: volume for volume in (*loose_placeholders(site.around, plan, name), *attached)}
    return tuple(delete_placeholder(volume.name, volume.id) for volume in mine.values())


def loose_placeholders(around: Surroundings, plan: str, server: str) -> list[Volume]:
    """Placeholders that an earlier run took off their twin but did not remove; one may be in error after a copy."""
    named = [volume for volumes in around.same_name.values() for volume in volumes]
    free = [volume for volume in named if volume.status in ("available", "error") and not volume.attached_to]
    return [volume for volume in free if is_placeholder(volume, plan, server)]


def _detach(server: str, server_id: Any, label: str, volume_id: Any) -> Step:
    args = {"server_id": server_id, "volume_id": volume_id}
    return Step("detach_volume", f"detach volume {label} from server {server}", args, until_detached(volume_id))


def delete_placeholder(label: str, volume_id: Any) -> Step:
    """The step that deletes a placeholder that is free."""
    until = Until("volume", volume_id, frozenset({"gone"}), frozenset({"available", "error", "deleting"}))
    return Step("delete_volume", f"delete placeholder volume {label}", {"volume_id": volume_id}, until)
