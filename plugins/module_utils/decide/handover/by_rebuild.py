# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on any cloud: the twin is deleted and made again from the replicas, on the same ports.

The definition of the server is the plan, so nothing has to be read back from the twin, and a run that was killed
between the delete and the build finds all it needs. What is kept: ports with their MAC and IP addresses, name, all
volumes. What is new: the server's id, and with it its SMBIOS uuid and cloud-init's instance id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...data.marks import PLAN
from ...data.parts import Part
from ...data.seen import Seen, Site, Surroundings, Volume
from ...data.steps import Finding, Plan, Ref, Refusal, Step, for_part, refused_for
from ...data.wanted import DiskWanted, ServerWanted
from ..plan.recovery_points import RecoveryPoint
from ..root.root_state import is_placeholder, root_state
from ..server.build_problems import CORRECT, proved_build
from ..server.differences import find_port
from ..server.facts import server_facts
from ..server.foretold import as_built, as_running, facts_as_built
from ..server.health_checks import first_address, health_steps, needs_address
from ..server.present_absent import await_built
from ..server.rebuild import delete_server_steps, ports_freed
from ..server.root_volume import until_detached, which_root
from ..server.shelve import await_active, locked, start_refused, start_steps, unshelve_step
from ..server.states import UNSHELVE_TASKS, advice, busy
from ..twin.prepare import delete_placeholder, drop_loose, loose_placeholders
from ..twin.rests_on import foreign_volumes, superseded_volumes
from .recovery import Handover


def recreate_plan(what: Handover) -> Plan | Refusal:
    """Deletes the twin that is at rest and builds the server from the recovery point; carries on where it stopped."""
    made = any(map(what.is_on, what.point.volumes.values()))
    decided = _on_replicas(what) if made else _anew(what)
    if isinstance(decided, Refusal):
        return decided
    plan = what.server.plan
    loose = (v for v in loose_placeholders(what.around, plan, what.server.name) if not what.is_on(v))
    gone = for_part(Part.TIDY, drop_loose(loose))
    return replace(decided, steps=(*decided.steps, *gone), notes=_kept(what.seen, plan))


def _kept(seen: Seen, plan: str) -> tuple[str, ...]:
    """No role deletes a volume that was filled once, or that is superseded. A note says that it is kept."""
    state, told = root_state(seen, plan), []
    if state.volume is not None and state.unused:
        filled, saved = "into which a replica was copied before", "of which a snapshot keeps what was superseded"
        what = saved if state.volume.marks.superseded else filled
        told.append(f"volume {state.volume.name}, {what}, is kept: delete it if nobody needs it")
    names = sorted(v.name or v.id for v in superseded_volumes(seen, plan)) if seen.server else []
    if names:
        told.append(f"superseded and kept: {', '.join(names)}. Delete them when nobody needs them any more")
    return tuple(told)


def from_replicas(twin: ServerWanted, point: RecoveryPoint) -> ServerWanted:
    """The definition of the twin with the replicas as its disks. CD-ROMs are not replicated."""
    disks = tuple(_disk(disk, point.volumes[disk.tag]) for disk in twin.disks if disk.tag in point.volumes)
    return replace(twin, disks=disks)


def _disk(disk: DiskWanted, replica: Volume) -> DiskWanted:
    return replace(disk, kind="volume", ref=replica.name or replica.id, size=None, delete_on_termination=False)


def _anew(what: Handover) -> Plan | Refusal:
    """The build is proved possible before the twin is deleted."""
    twin, server = what.seen.server, what.server
    definition = from_replicas(server.twin, what.point)
    there = replace(ports_freed(what.around, twin.id if twin else ""), given=dict(what.point.volumes))
    refusal = _not_to_be_deleted(what, definition, there) if twin else None
    build = refusal or proved_build(definition, there, what.wanted)
    if isinstance(build, Refusal):
        return build
    gone = for_part(Part.HANDOVER, delete_server_steps(twin, "the twin")) if twin else ()
    empty = [v for v in _attached(what.seen) if is_placeholder(v, server.plan, server.name)]
    tidied = for_part(Part.TIDY, (step for volume in empty for step in _drop(volume)))
    before, after = server_facts(what.seen, which_root(what.seen)), as_built(what.seen, definition, there)
    address = first_address(after.ports)
    health = health_steps(server.name, Ref("server"), server.health_checks, address)
    # an address that is not known before the port is made
    later = health if needs_address(server.health_checks) and not address else None
    steps = (*gone, *build, *(health if later is None else ()), *tidied)
    return Plan(before, facts_as_built(what.seen, after), steps, later=later)


def _attached(seen: Seen) -> list[Volume]:
    return [seen.volumes[attachment.volume_id] for attachment in seen.found.attachments] if seen.server else []


def _not_to_be_deleted(what: Handover, definition: ServerWanted, there: Surroundings) -> Refusal | None:
    found = list(renamed_ports(definition, Site(what.seen, there)))
    lost = refused_for("port_renamed", what.wanted, found, CORRECT) if found else None
    return _not_at_rest(what.seen, what.server.plan, what.wanted) or lost


def renamed_ports(definition: ServerWanted, site: Site) -> Iterator[Finding]:
    """Ports of the twin that the plan names otherwise. Once the twin is deleted, only names tell whose they are."""
    for nic in definition.nics:
        port = None if nic.port or site.around.ports.get(nic.name) else find_port(nic, site)
        if port:
            at = f"the port {port.name or port.id} of the twin, which has the address {nic.fixed_ip}"
            words = f"{at}, does not carry the name {nic.name} (openstack port set --name {nic.name} {port.id})"
            yield Finding(f"name of the port at {nic.fixed_ip}", nic.name, port.name, words)


def _drop(volume: Volume) -> tuple[Step, Step]:
    """Deletes a placeholder. Does not wait for the end of the deletion: it would delay later tiers."""
    free = until_detached(volume.id)
    free = replace(free, target=free.target | {"error"})  # a copy into it failed, when the handover was reimage
    wait = Step("wait", f"wait until placeholder volume {volume.name} is free", until=free)
    return wait, replace(delete_placeholder(volume.name, volume.id), until=None)


def _not_at_rest(seen: Seen, plan: str, wanted: str) -> Refusal | None:
    twin = seen.found
    strange = _strange(seen, plan)
    if strange:
        saw = f"the twin is {twin.status} {strange}"
        return Refusal("not_a_twin", wanted, saw, "Nothing was deleted. Find out whose server it is.")
    refusal = locked(twin, wanted) or busy(twin, wanted)
    if refusal or twin.status == "SHELVED_OFFLOADED":
        return refusal
    saw = f"the twin is {twin.status}, not at rest"
    if twin.status == "ERROR":
        saw = f"the twin is in ERROR: {twin.fault or 'Nova tells no reason'}"
        todo = "The replicas are safe. Remove the twin with server_boot_volume state: absent, then repeat."
        return Refusal("wrong_state", wanted, saw, f"{todo} Nothing of it is needed.")
    return Refusal("wrong_state", wanted, saw, "Run dr_prepare first. " + advice("*"))


def _strange(seen: Seen, plan: str) -> str:
    """Why a server was not made as a twin of the plan, "" if it was. Only such a one is ever deleted."""
    twin, state = seen.found, root_state(seen, plan)
    unused = state.volume.id if state.volume and state.unused else ""
    foreign = foreign_volumes(seen, plan, "recreate", but=unused)
    if foreign or not twin.attachments:
        return f"with volume {', '.join(foreign) or 'none'}, which is no placeholder of the plan"
    if twin.image_id:
        return "and boots from an image"
    return "" if twin.metadata.get(PLAN) == plan else f"without the mark {PLAN} of the plan"


def _on_replicas(what: Handover) -> Plan | Refusal:
    """The server is made from the replicas already."""
    steps, before = _come_up(what), server_facts(what.seen, which_root(what.seen))
    if isinstance(steps, Refusal):
        return steps
    return Plan(before, server_facts(*as_running(what.seen, what.runs_on(what.replica))) if steps else before, steps)


def _come_up(what: Handover) -> tuple[Step, ...] | Refusal:
    made, wanted = what.seen.found, what.wanted
    health = health_steps(made.name, made.id, what.server.health_checks, first_address(what.seen.ports))
    if made.status == "BUILD":
        return (await_built(made), *health)
    if made.status in ("SHELVED", "SHELVED_OFFLOADED") and made.task_state in UNSHELVE_TASKS:
        return (await_active(made.id, made.name), *health)
    refusal = busy(made, wanted)
    if refusal:
        return refusal
    volumes = (what.point.volumes[disk] for disk in what.server.disks)
    missing = [volume.name for volume in volumes if not what.is_on(volume)]
    if missing:
        saw = f"the server is {made.status} without {', '.join(missing)}"
        return Refusal("wrong_state", wanted, saw, "Attach it, or remove the server and keep its volumes, then repeat.")
    if made.status in ("ACTIVE", "SHUTOFF"):
        return start_refused(made, wanted) or (*start_steps(made), *health)
    if made.status == "SHELVED_OFFLOADED":
        return locked(made, wanted) or (unshelve_step(made.id, made.name), *health)
    saw = f"the server is {made.status} on its replicas" + (f": {made.fault}" if made.fault else "")
    anew = "The replicas are safe. Remove the server with server_boot_volume state: absent, then repeat. "
    todo = (anew if made.status == "ERROR" else "") + advice(made.status)
    return Refusal("wrong_state", wanted, saw, todo)
