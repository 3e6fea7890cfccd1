# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of a failover that keeps the server: root on, data on, unshelve, wait, check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Union

from ..model import Attachment, Root, RootAnswer, Seen, Server, Volume
from ..plan import Plan, Refusal, Step
from .facts import server_facts
from .health import health_steps
from .recovery_plan import PlanServer
from .replicas import RecoveryPoint
from .root_volume import attach_step, unfit_root, unknown_root, until_attached, which_root
from .shelving import locked, start_refused, start_steps, unshelve_step, until_active
from .states import UNSHELVE_TASKS, advice, busy

Steps = Union[tuple[Step, ...], Refusal]


def attach_plan(seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str) -> Plan | Refusal:
    """The root replica is attached to the dormant twin."""
    root, replica = which_root(seen), point.volumes["root"]
    if root.present and root.volume_id != replica.id:
        saw = f"the root of the twin is volume {root.volume_id}, not {replica.name}"
        return Refusal("wrong_root", wanted, saw, "Detach it, then repeat.")

    def put_on() -> Steps:
        if root.present is None:  # without its device name Nova would attach the replica as a data disk
            return unknown_root(wanted, seen.found)
        unfit = None if root.present else unfit_root(replica, seen.found, wanted)
        return unfit or (() if root.present else (attach_step(seen.found, root, replica),))

    return climb(seen, server, point, wanted, bool(root.present), replica, put_on)


def climb(
    seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str, is_on: bool, root: Volume,
    put_on: Callable[[], Steps],
) -> Plan | Refusal:  # fmt: skip
    """The plan from the rung on which the twin stands.

    :param is_on: whether the data of the recovery point is in the root already.
    :param root: the volume that is the root in the end.
    :param put_on: the steps that bring it there, for a twin that is shelved and idle.
    """
    steps = _steps(seen, server, point, wanted, is_on, put_on)
    if isinstance(steps, Refusal):
        return steps
    before = server_facts(seen, which_root(seen))
    changes = any(step.writes or (step.until and step.until.kind == "server") for step in steps)
    return Plan(before, server_facts(*_foretell(seen, root, point, server.disks)) if changes else before, steps)


def unfit_twin(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal if there is no twin, or one that is broken."""
    if seen.server is None:
        return Refusal("no_twin", wanted, "there is no twin at site B", "Run dr_prepare first.")
    if seen.found.status == "ERROR":
        saw = f"the twin is in ERROR: {seen.found.fault or 'Nova tells no reason'}"
        return Refusal("wrong_state", wanted, saw, advice("ERROR"))
    if seen.found.image_id:
        saw = "a server of that name is at site B, and it boots from an image"
        return Refusal("not_volume_backed", wanted, saw, "Rename it, then run dr_prepare.")
    return None


def _steps(
    seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str, is_on: bool, put_on: Callable[[], Steps]
) -> Steps:  # fmt: skip
    twin = seen.found
    health = health_steps(twin.name, twin.id, server.health_checks, _address(seen, server))
    missing = [point.volumes[disk] for disk in server.disks[1:] if not _is_on(point.volumes[disk], twin)]
    if twin.status in ("SHELVED_OFFLOADED", "SHELVED") and twin.task_state in UNSHELVE_TASKS:
        return (Step("wait", f"wait until server {twin.name} runs", until=until_active(twin.id)), *health)
    if twin.status in ("ACTIVE", "SHUTOFF") and not twin.task_state and is_on and not missing:
        return start_refused(twin, wanted) or (*start_steps(twin), *health)
    refusal = busy(twin, wanted) or _wrong_state(twin, missing, wanted) or locked(twin, wanted)
    root = refusal or put_on()
    if isinstance(root, Refusal):
        return root
    return (*root, *(_attach(volume, twin) for volume in missing), unshelve_step(twin.id, twin.name), *health)


def _wrong_state(twin: Server, missing: list[Volume], wanted: str) -> Refusal | None:
    if twin.status == "SHELVED_OFFLOADED":
        return None
    without = f" without {', '.join(volume.name for volume in missing)}" if missing else ""
    return Refusal("wrong_state", wanted, f"the twin is {twin.status}{without}", advice(twin.status))


def _attach(volume: Volume, twin: Server) -> Step:
    args = {"server_id": twin.id, "volume_id": volume.id}
    return Step("attach_volume", f"attach volume {volume.name} to server {twin.name}", args, until_attached(volume.id))


def _is_on(volume: Volume, twin: Server) -> bool:
    return any(attachment.volume_id == volume.id for attachment in twin.attachments)


def _address(seen: Seen, server: PlanServer) -> str:
    planned = next((nic.fixed_ip for nic in server.at_b.nics if nic.fixed_ip), "")
    return next((address for port in seen.ports for address in port.fixed_ips), planned)


def _foretell(seen: Seen, root: Volume, point: RecoveryPoint, disks: Sequence[str]) -> tuple[Seen, Root]:
    """The twin as it will be: running, on the recovery point."""
    was = which_root(seen)
    taken = {disk: root if disk == "root" else point.volumes[disk] for disk in sorted(disks)}
    attachments = tuple(Attachment(v.id, was.device if disk == "root" else None) for disk, v in taken.items())
    server = replace(seen.found, status="ACTIVE", task_state=None, attachments=attachments)
    answer = RootAnswer(was.device or "", True, root.id) if seen.root_answer else None
    volumes = {volume.id: replace(volume, status="in-use") for volume in taken.values()}
    on = replace(was, present=True, volume_id=root.id)
    return replace(seen, server=server, volumes=volumes, root_answer=answer), on
