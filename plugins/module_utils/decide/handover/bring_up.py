# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder of a failover that keeps the server: root on, data on, unshelve, wait, check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Union

from ...data.parts import Part
from ...data.seen import Seen, Server, Volume
from ...data.steps import Plan, Refusal, Step, for_part
from ..server.facts import server_facts
from ..server.foretold import as_running
from ..server.health_checks import first_address, health_steps
from ..server.root_volume import is_leaving, put_on, unknown_root, until_attached, which_root, without_root_task
from ..server.shelve import await_active, locked, start_refused, start_steps, unshelve_step
from ..server.states import UNSHELVE_TASKS, advice, busy
from .recovery import Handover

Steps = Union[tuple[Step, ...], Refusal]


def attach_plan(what: Handover) -> Plan | Refusal:
    """The root replica is attached to the dormant twin."""
    seen, root, replica = what.seen, which_root(what.seen), what.replica
    if root.present and root.volume_id != replica.id:
        saw = f"the root of the twin is volume {root.volume_id}, not {replica.name}"
        return Refusal("wrong_root", what.wanted, saw, "Detach it, then repeat.")

    is_on = bool(root.present) and not is_leaving(seen)

    def root_on() -> Steps:
        if root.present is None:  # without its device name Nova would attach the replica as a data disk
            return unknown_root(what.wanted, seen.found)
        return () if is_on else put_on(seen, replica, what.wanted)

    return climb(what, replica, is_on, root_on)


def climb(what: Handover, root: Volume, is_on: bool, put_on: Callable[[], Steps]) -> Plan | Refusal:
    """The plan from the rung on which the twin stands.

    :param root: the volume that is the root in the end.
    :param is_on: whether the data of the recovery point is in the root already.
    :param put_on: the steps that bring it there, for a twin that is shelved and idle.
    """
    steps = _steps(what, is_on, put_on)
    if isinstance(steps, Refusal):
        return steps
    before = server_facts(what.seen, which_root(what.seen))
    changes = any(step.writes or (step.until and step.until.kind == "server") for step in steps)
    return Plan(before, server_facts(*as_running(what.seen, what.runs_on(root))) if changes else before, steps)


def unfit_twin(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal if there is no twin, or one that is broken."""
    if seen.server is None:
        return Refusal("no_twin", wanted, "there is no twin at the target", "Run dr_prepare first.")
    if seen.found.status == "ERROR":
        saw = f"the twin is in ERROR: {seen.found.fault or 'Nova tells no reason'}"
        return Refusal("wrong_state", wanted, saw, advice("ERROR"))
    if seen.found.image_id:
        saw = "a server of that name is at the target, and it boots from an image"
        return Refusal("not_volume_backed", wanted, saw, "Rename it, then run dr_prepare.")
    return None


def _steps(what: Handover, is_on: bool, put_on: Callable[[], Steps]) -> Steps:
    twin, server, wanted = without_root_task(what.seen), what.server, what.wanted
    health = health_steps(twin.name, twin.id, server.health_checks, first_address(what.seen.ports, server.twin.nics))
    data = [what.point.volumes[disk] for disk in server.disks[1:]]
    missing = [volume for volume in data if not what.is_on(volume)]
    if twin.status in ("SHELVED_OFFLOADED", "SHELVED") and twin.task_state in UNSHELVE_TASKS:
        return (await_active(twin.id, twin.name), *health)
    if twin.status in ("ACTIVE", "SHUTOFF") and not twin.task_state and is_on and not missing:
        return start_refused(twin, wanted) or (*start_steps(twin), *health)
    refusal = busy(twin, wanted) or _wrong_state(twin, missing, wanted) or locked(twin, wanted)
    root = refusal or put_on()
    if isinstance(root, Refusal):
        return root
    on = for_part(Part.HANDOVER, (*root, *(_attach(volume, twin) for volume in missing)))
    return (*on, unshelve_step(twin.id, twin.name), *health)


def _wrong_state(twin: Server, missing: list[Volume], wanted: str) -> Refusal | None:
    if twin.status == "SHELVED_OFFLOADED":
        return None
    without = f" without {', '.join(volume.name for volume in missing)}" if missing else ""
    return Refusal("wrong_state", wanted, f"the twin is {twin.status}{without}", advice(twin.status))


def _attach(volume: Volume, twin: Server) -> Step:
    args = {"server_id": twin.id, "volume_id": volume.id}
    return Step("attach_volume", f"attach volume {volume.name} to server {twin.name}", args, until_attached(volume.id))
