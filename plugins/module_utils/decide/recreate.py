# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on any cloud: the twin is deleted and made again from the replicas, on the same ports.

The definition of the server is the plan, so nothing has to be read back from the twin, and a run that was killed
between the delete and the build finds all it needs. What is kept: ports with their MAC and IP addresses, name, all
volumes. What is new: the server's id, and with it its SMBIOS uuid and cloud-init's instance id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model import Attachment, Flavor, Port, Root, Seen, Server, Surroundings, Volume
from ..plan import Plan, Ref, Refusal, Step, Until, refused_for
from ..wanted import DiskWanted, ServerWanted
from .boot_volume import until_deleted
from .buildable import problems
from .building import build_steps
from .facts import server_facts
from .health import health_steps
from .recovery_plan import PlanServer
from .replicas import PLAN, RecoveryPoint
from .root_volume import clear_delete_flags, until_detached, which_root
from .shelving import locked, start_refused, start_steps
from .states import advice, busy
from .twin import delete_placeholder, foreign_volumes, loose_placeholders


def recreate_plan(
    seen: Seen, around: Surroundings, server: PlanServer, plan: str, point: RecoveryPoint, wanted: str
) -> Plan | Refusal:  # fmt: skip
    """Deletes the twin that is at rest and builds the server from the recovery point; carries on where it stopped."""
    twin = seen.server
    definition, there = from_replicas(server.at_b, point), _free_ports(around, twin.id if twin else "", point)
    steps: tuple[Step, ...] | Refusal
    if twin is None:
        steps = _build(definition, there, server, wanted)
    elif any(_is_on(volume, seen) for volume in point.volumes.values()):
        steps = _come_up(seen, server, point, wanted)
    else:
        steps = _replace(seen, definition, there, server, plan, wanted)
    if isinstance(steps, Refusal):
        return steps
    on = {attachment.volume_id for attachment in twin.attachments} if twin else set()
    loose = [volume for volume in loose_placeholders(around, plan, server.name) if volume.id not in on]
    before = server_facts(seen, which_root(seen))
    after = server_facts(*_foretell(seen, server, point))
    return Plan(before, after if steps else before, (*steps, *(delete_placeholder(v.name, v.id) for v in loose)))


def from_replicas(twin: ServerWanted, point: RecoveryPoint) -> ServerWanted:
    """The definition of the twin with the replicas as its disks. CD-ROMs are not replicated."""
    disks = tuple(_disk(disk, point.volumes[disk.tag]) for disk in twin.disks if disk.tag in point.volumes)
    return replace(twin, disks=disks)


def _disk(disk: DiskWanted, replica: Volume) -> DiskWanted:
    return replace(disk, kind="volume", ref=replica.name or replica.id, size=None, delete_on_termination=False)


def _free_ports(around: Surroundings, twin_id: str, point: RecoveryPoint) -> Surroundings:
    """What surrounds the server once its twin is deleted: its ports are free, its volumes are the replicas."""
    ports = {
        name: tuple(replace(port, device_id="") if port.device_id == twin_id else port for port in found)
        for name, found in around.ports.items()
    }
    return replace(around, ports=ports, given=dict(point.volumes))


def _build(
    definition: ServerWanted, around: Surroundings, server: PlanServer, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    found = problems(definition, around)
    if found:
        return refused_for("cannot_build", wanted, found, "Nothing was changed. Correct this, then repeat.")
    address = next((nic.fixed_ip for nic in definition.nics if nic.fixed_ip), "") or _first_address(definition, around)
    health = health_steps(server.name, Ref("server"), server.health_checks, address)
    return (*build_steps(definition, around), *health)


def _first_address(definition: ServerWanted, around: Surroundings) -> str:
    ports: list[Port] = [port for nic in definition.nics for port in around.ports.get(nic.name, ())]
    return next((address for port in ports for address in port.fixed_ips), "")


def _replace(
    seen: Seen, definition: ServerWanted, around: Surroundings, server: PlanServer, plan: str, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The build is proved possible before the twin is deleted."""
    twin = seen.found
    refusal = _not_at_rest(seen, plan, wanted)
    if refusal:
        return refusal
    build = _build(definition, around, server, wanted)
    if isinstance(build, Refusal):
        return build
    ids = tuple(attachment.volume_id for attachment in twin.attachments)
    delete = Step("delete_server", f"delete the twin {twin.name}", {"server_id": twin.id}, until_deleted(twin.id))
    return (*clear_delete_flags(twin, ids), delete, *build, *(s for i in ids for s in _drop(seen.volumes[i])))


def _drop(volume: Volume) -> tuple[Step, Step]:
    """Nobody waits for the end of it: servers of later tiers would."""
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
    twin, foreign = seen.found, foreign_volumes(seen, plan)
    if foreign or not twin.attachments:
        return f"with volume {', '.join(foreign) or 'none'}, which is no placeholder of the plan"
    if twin.image_id:
        return "and boots from an image"
    return "" if twin.metadata.get(PLAN) == plan else f"without the mark {PLAN} of the plan"


def _come_up(
    seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The server is made from the replicas already."""
    made = seen.found
    address = next((address for port in seen.ports for address in port.fixed_ips), "")
    health = health_steps(made.name, made.id, server.health_checks, address)
    if made.status == "BUILD":
        until = Until("server", made.id, frozenset({"ACTIVE"}), frozenset({"BUILD"}), frozenset({"BUILD"}))
        return (Step("wait", f"wait until server {made.name} is built", until=until), *health)
    refusal = busy(made, wanted)
    if refusal:
        return refusal
    missing = [point.volumes[disk].name for disk in server.disks if not _is_on(point.volumes[disk], seen)]
    if missing:
        saw = f"the server is {made.status} without {', '.join(missing)}"
        return Refusal("wrong_state", wanted, saw, "Attach it, or remove the server and keep its volumes, then repeat.")
    if made.status in ("ACTIVE", "SHUTOFF"):
        return start_refused(made, wanted) or (*start_steps(made), *health)
    saw = f"the server is {made.status} on its replicas" + (f": {made.fault}" if made.fault else "")
    todo = "The replicas are safe. Remove the server with server_boot_volume state: absent, then repeat. "
    return Refusal("wrong_state", wanted, saw, todo + advice(made.status))


def _is_on(volume: Volume, seen: Seen) -> bool:
    return any(attachment.volume_id == volume.id for attachment in seen.found.attachments)


def _foretell(seen: Seen, server: PlanServer, point: RecoveryPoint) -> tuple[Seen, Root]:
    """The server as it will be; a new one has no id yet."""
    old = seen.server
    taken = {disk: point.volumes[disk] for disk in sorted(server.disks)}
    attachments = tuple(Attachment(volume.id, None, disk) for disk, volume in taken.items())
    kept = old and any(a.volume_id == point.volumes["root"].id for a in old.attachments)
    base = old if old and kept else _new_server(server.at_b)
    made = replace(base, status="ACTIVE", task_state=None, attachments=attachments)
    volumes: dict[str, Any] = {volume.id: replace(volume, status="in-use") for volume in taken.values()}
    after = replace(seen, server=made, volumes=volumes, root_answer=None)
    return after, replace(which_root(after), found_by=which_root(seen).found_by)


def _new_server(wanted: ServerWanted) -> Server:
    return Server(
        "(new)",
        wanted.name,
        "ACTIVE",
        flavor=Flavor(wanted.flavor),
        availability_zone=wanted.availability_zone or "",
        metadata=dict(wanted.metadata or {}),
        description=wanted.description or "",
        key_name=wanted.key_name,
        config_drive=bool(wanted.config_drive),
    )
