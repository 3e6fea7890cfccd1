# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dormant twin of a server at the target: built, proved to work, shelved, its placeholder volumes removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...data.marks import FILLABLE, PLAN
from ...data.parts import Part
from ...data.seen import Seen, Site, Surroundings, Volume
from ...data.steps import Decision, Plan, Ref, Refusal, Step, Until, for_part
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..root.root_state import is_placeholder
from ..root.volume_copy import check_step
from ..root.ways import Chosen, choose
from ..server.build_steps import volume_ids
from ..server.facts import server_facts
from ..server.health_checks import first_address, health_steps, needs_address
from ..server.present_absent import await_built, decide_present
from ..server.root_volume import clear_delete_flags, detach_step, root_volume_of, until_detached, which_root
from ..server.shelve import await_shelved, locked, shelve_step, start_steps
from ..server.states import BUILD_TASKS, SHELVE_TASKS, advice, busy
from .rests_on import REPROTECT, as_it_rests, foreign_volumes, superseded_volumes

#: States from which a twin is brought to rest. In any other state it is unknown whether the twin works.
_CAN_REST = frozenset({"ACTIVE", "SHUTOFF", "BUILD", "SHELVED", "SHELVED_OFFLOADED"})


def decide_prepare(site: Site, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Brings the twin to rest. What was done already is not done again.

    A twin at rest is shelved and offloaded. With the handover attach it has no volumes, else it has its placeholders.
    """
    wanted = f"prepare the twin {server.name} at {server.direction.target}"
    chosen = choose(plan, site.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    left = _left_over(site, plan.name, server.name)
    around = _without(site.around, left)
    twin = server.twin
    if site.seen.server is not None:
        twin = as_it_rests(twin, site.seen, plan.name, chosen.method)
    built = decide_present(replace(site, around=around), twin)
    if isinstance(built, Refusal):
        return built
    if site.seen.server is not None:
        return _carry_on(site, server, plan, chosen, built)
    gone = for_part(Part.VOLUMES, drop_loose(left))
    rested = _at_rest(built.after, chosen.method == "attach")
    made = replace(built, after=rested, steps=(*gone, *built.steps), extra=chosen.facts)
    return _prove(made, server, around, chosen.method)


def _carry_on(site: Site, server: PlanServer, plan: RecoveryPlan, chosen: Chosen, built: Plan) -> Decision:
    """From a twin that is there to one at rest."""
    wanted = f"prepare the twin {server.name} at {server.direction.target}"
    refusal = _unfit(site.seen, plan.name, chosen.method, wanted) or _unreachable(site.seen, server)
    if refusal:
        return refusal
    if site.seen.found.status == "BUILD":
        return replace(_await(site, server, plan), extra=chosen.facts)
    empty, rest = chosen.method == "attach", _to_rest(site.seen, server)
    emptied = (*_take_off(site.seen), *_remove(site, plan.name)) if empty else ()
    root = root_volume_of(site.seen)
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
    return [volume for volume in loose if not volume.marks.building]


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
    """Whether Cinder must still be asked if it could fill the root, and the root is reserved or will be."""
    unknown = is_placeholder(root, plan, server) and not root.marks.fillable
    return unknown and (bool(rest) or root.status == "reserved")


def _can_be_filled(method: str, root_id: Any, name: str) -> tuple[Step, ...]:
    """Check this now, not during a failover. It is noted at the root, so that it is asked until the answer is good.

    Only a root that is reserved for a shelved server can be asked about.
    """
    if method != "reimage":
        return ()
    args = {"volume_id": root_id, "metadata": {FILLABLE: "yes"}}
    note = Step("set_volume_metadata", f"note at the root {name} that it can be filled", args)
    return for_part(Part.CHECK, (check_step(root_id), note))


def _prove(made: Plan, server: PlanServer, around: Surroundings, method: str) -> Decision:
    """The build and what follows it. What needs an address that is not known yet comes later."""
    address = first_address((), server.twin.nics)
    name = next(disk.name for disk in server.twin.disks if disk.tag == "root")
    fill = _can_be_filled(method, volume_ids(server.twin, around)["root"], name)
    rest = (*_from_scratch(server, around, method == "attach", address), *fill)
    if address or not needs_address(server.health_checks):
        return replace(made, steps=(*made.steps, *rest))
    return replace(made, later=rest) if server.twin.nics else _no_address(server)


def _from_scratch(server: PlanServer, around: Surroundings, empty: bool, address: str) -> tuple[Step, ...]:
    """What follows the build, with references in the place of ids that are not known yet."""
    twin, name = Ref("server"), server.name
    ids = volume_ids(server.twin, around)
    volumes = [(disk.name, ids[disk.tag]) for disk in server.twin.disks if empty and disk.kind != "volume"]
    return (
        *health_steps(name, twin, server.health_checks, address),
        shelve_step(twin, name),
        *for_part(Part.TAKE_OFF, (detach_step(f"volume {label}", i, twin, name) for label, i in volumes)),
        *(delete_placeholder(label, volume_id) for label, volume_id in volumes),
    )


def _unfit(seen: Seen, plan: str, method: str, wanted: str) -> Refusal | None:
    """Only a server whose volumes are placeholders of this plan may be shelved and emptied."""
    twin = seen.found
    foreign = foreign_volumes(seen, plan, method)
    if foreign:
        saw = f"a server of that name is at the target on {', '.join(foreign)}, which is no placeholder of plan {plan}"
        todo = "If it was failed over, leave it. Else rename it, or take the volumes off it yourself."
        todo = REPROTECT if superseded_volumes(seen, plan) else todo
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
    """Health checks run only on ACTIVE servers. SHUTOFF ones are started first."""
    checked = seen.found.status in ("ACTIVE", "SHUTOFF") and not seen.found.task_state
    unknown = needs_address(server.health_checks) and not first_address(seen.ports)
    return _no_address(server) if checked and unknown else None


def _no_address(server: PlanServer) -> Refusal:
    """A check without an address would wait until the timeout."""
    saw = "a health check names a port and no address, and the server has no port with an address"
    todo = "Name an address in the health check, or give the server a port on a network that has addresses."
    return Refusal(
        "no_address", f"prepare the twin {server.name} at {server.direction.target}", saw, f"{todo} Then repeat."
    )


def _to_rest(seen: Seen, server: PlanServer) -> tuple[Step, ...]:
    """From a running or stopped twin to a shelved one. Its health is proved before it is shelved."""
    twin = seen.found
    if twin.task_state in SHELVE_TASKS or twin.status == "SHELVED":
        return (await_shelved(twin.id, twin.name),)
    if twin.status == "SHELVED_OFFLOADED":
        return ()
    return (
        *start_steps(twin),
        *health_steps(twin.name, twin.id, server.health_checks, first_address(seen.ports)),
        shelve_step(twin.id, twin.name),
    )


def _take_off(seen: Seen) -> tuple[Step, ...]:
    """The root first. From then on the twin is dormant, so the next run carries on if this one is killed."""
    root = which_root(seen).volume_id
    return take_off(seen, sorted((a.volume_id for a in seen.found.attachments), key=lambda i: i != root))


def take_off(seen: Seen, volume_ids: Sequence[str]) -> tuple[Step, ...]:
    """Steps that detach these volumes and keep them."""
    twin, ids = seen.found, tuple(volume_ids)
    labels = [(seen.volumes[i].name if i in seen.volumes else i, i) for i in ids]
    off = (detach_step(f"volume {label}", i, twin.id, twin.name) for label, i in labels)
    return for_part(Part.TAKE_OFF, (*clear_delete_flags(twin, ids), *off))


def _remove(site: Site, plan: str) -> tuple[Step, ...]:
    """Placeholders only: those attached now, and those that an earlier run took off but did not remove."""
    name = site.seen.found.name
    attached = [volume for volume in site.seen.volumes.values() if is_placeholder(volume, plan, name)]
    mine = {volume.id: volume for volume in (*loose_placeholders(site.around, plan, name), *attached)}
    return tuple(drop_loose(mine.values()))


def loose_placeholders(around: Surroundings, plan: str, server: str) -> list[Volume]:
    """Placeholders that an earlier run took off their twin but did not remove; one may be in error after a copy.

    One that is still leaving is among them: it is free before this run ends.
    """
    named = [volume for volumes in around.same_name.values() for volume in volumes]
    free = [v for v in named if v.status == "detaching" or (v.status in ("available", "error") and not v.attached_to)]
    return [volume for volume in free if is_placeholder(volume, plan, server)]


def drop_loose(volumes: Iterable[Volume]) -> Iterator[Step]:
    """The steps that delete `loose_placeholders`."""
    for volume in volumes:
        if volume.status == "detaching":
            until = until_detached(volume.id)
            yield Step("wait", f"wait until placeholder volume {volume.name} is free", until=until, part=Part.TAKE_OFF)
        yield delete_placeholder(volume.name, volume.id)


def delete_placeholder(label: str, volume_id: Any) -> Step:
    """The step that deletes a placeholder that is free."""
    until = Until("volume", volume_id, frozenset({"gone"}), frozenset({"available", "error", "deleting"}))
    args, text = {"volume_id": volume_id}, f"delete placeholder volume {label}"
    return Step("delete_volume", text, args, until, part=Part.TAKE_OFF)
