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
from typing import Any

from ..model import Attachment, Flavor, Port, Root, Seen, Server, Site, Surroundings, Volume
from ..plan import Finding, Plan, Ref, Refusal, Step, refused_for
from ..wanted import DiskWanted, ServerWanted
from .boot_volume import await_built, until_deleted
from .buildable import problems
from .building import build_steps
from .drift import find_port
from .facts import server_facts
from .health import health_steps, needs_address
from .recovery_plan import PlanServer
from .refreshed import never_woke
from .replicas import PLAN, SERVER, RecoveryPoint
from .root_volume import clear_delete_flags, until_detached, which_root
from .shelving import locked, start_refused, start_steps, unshelve_step, until_active
from .states import UNSHELVE_TASKS, advice, busy
from .twin import delete_placeholder, foreign_volumes, is_placeholder, loose_placeholders


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
    gone = tuple(delete_placeholder(volume.name, volume.id) for volume in loose)
    built = any(step.verb == "create_server" for step in steps)
    later = _checked_later(definition, there, server) if built else None
    return Plan(before, after if steps else before, (*steps, *gone), _kept(seen, plan), later=later)


def _kept(seen: Seen, plan: str) -> tuple[str, ...]:
    """Only people delete a volume that was filled once."""
    root = seen.volumes.get(which_root(seen).volume_id or "")
    if root is None or not _is_unused_copy(seen, root, plan):
        return ()
    return (f"volume {root.name}, into which a replica was copied before, is kept: delete it if nobody needs it",)


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
    later = _checked_later(definition, around, server)
    return (*build_steps(definition, around), *(() if later else _health(definition, around, server)))


def _health(definition: ServerWanted, around: Surroundings, server: PlanServer) -> tuple[Step, ...]:
    return health_steps(server.name, Ref("server"), server.health_checks, _first_address(definition, around))


def _checked_later(definition: ServerWanted, around: Surroundings, server: PlanServer) -> tuple[Step, ...] | None:
    """The checks, if they need an address that nobody knows before the port is made; else None."""
    unknown = needs_address(server.health_checks) and not _first_address(definition, around)
    return _health(definition, around, server) if unknown else None


def _first_address(definition: ServerWanted, around: Surroundings) -> str:
    ports: list[Port] = [port for nic in definition.nics for port in around.ports.get(nic.name, ())]
    there = (address for port in ports for address in port.fixed_ips)
    return next((nic.fixed_ip for nic in definition.nics if nic.fixed_ip), "") or next(there, "")


def _replace(
    seen: Seen, definition: ServerWanted, around: Surroundings, server: PlanServer, plan: str, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The build is proved possible before the twin is deleted."""
    twin = seen.found
    refusal = _not_at_rest(seen, plan, wanted) or _lost_ports(definition, Site(seen, around), wanted)
    if refusal:
        return refusal
    build = _build(definition, around, server, wanted)
    if isinstance(build, Refusal):
        return build
    volumes = [seen.volumes[attachment.volume_id] for attachment in twin.attachments]
    empty = [volume for volume in volumes if is_placeholder(volume, plan, twin.name)]
    return (*delete_server_steps(twin, "the twin"), *build, *(step for volume in empty for step in _drop(volume)))


def delete_server_steps(server: Server, what: str, safe: str = "") -> tuple[Step, ...]:
    """Deletes a server and none of its volumes. That is not believed but looked at, right before.

    :param safe: what people should know if it fails.
    """
    ids = tuple(attachment.volume_id for attachment in server.attachments)
    check = {"server_id": server.id, "volume_ids": sorted(ids)}
    gone, text = until_deleted(server.id), f"delete {what} {server.name}"
    return (
        *clear_delete_flags(server, ids),
        Step("check_volumes_kept", f"check that no volume is deleted with {what} {server.name}", check),
        Step("delete_server", text, {"server_id": server.id}, gone, safe=safe),
    )


def renamed_ports(definition: ServerWanted, site: Site) -> Iterator[Finding]:
    """Ports of the twin that the plan calls otherwise: once it is deleted, nothing tells that they are its ports."""
    for nic in definition.nics:
        port = None if nic.port or site.around.ports.get(nic.name) else find_port(nic, site)
        if port:
            at = f"the port {port.name or port.id} of the twin, which has the address {nic.fixed_ip}"
            words = f"{at}, does not carry the name {nic.name} (openstack port set --name {nic.name} {port.id})"
            yield Finding(f"name of the port at {nic.fixed_ip}", nic.name, port.name, words)


def _lost_ports(definition: ServerWanted, site: Site, wanted: str) -> Refusal | None:
    found = list(renamed_ports(definition, site))
    todo = "Nothing was changed. Correct this, then repeat."
    return refused_for("port_renamed", wanted, found, todo) if found else None


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
    twin, root = seen.found, seen.volumes.get(which_root(seen).volume_id or "")
    unused = root.id if root and _is_unused_copy(seen, root, plan) else ""
    foreign = foreign_volumes(seen, plan, but=unused)
    if foreign or not twin.attachments:
        return f"with volume {', '.join(foreign) or 'none'}, which is no placeholder of the plan"
    if twin.image_id:
        return "and boots from an image"
    return "" if twin.metadata.get(PLAN) == plan else f"without the mark {PLAN} of the plan"


def _is_unused_copy(seen: Seen, root: Volume, plan: str) -> bool:
    """Whether a replica was copied into the root when the plan said reimage, and the twin never woke on it."""
    marks = {PLAN: plan, SERVER: seen.found.name}
    return never_woke(seen, root) and all(root.metadata.get(key) == value for key, value in marks.items())


def _come_up(
    seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The server is made from the replicas already."""
    made = seen.found
    address = next((address for port in seen.ports for address in port.fixed_ips), "")
    health = health_steps(made.name, made.id, server.health_checks, address)
    if made.status == "BUILD":
        return (await_built(made), *health)
    if made.status in ("SHELVED", "SHELVED_OFFLOADED") and made.task_state in UNSHELVE_TASKS:
        return (Step("wait", f"wait until server {made.name} runs", until=until_active(made.id)), *health)
    refusal = busy(made, wanted)
    if refusal:
        return refusal
    missing = [point.volumes[disk].name for disk in server.disks if not _is_on(point.volumes[disk], seen)]
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
