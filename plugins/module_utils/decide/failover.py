# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a dormant twin up on its replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..model import Attachment, Root, RootAnswer, Seen, Server, Surroundings, Volume
from ..plan import Decision, Plan, Refusal, Step
from .facts import server_facts
from .handover import choose
from .health import health_steps
from .recovery_plan import PlanServer, RecoveryPlan
from .recreate import recreate_plan
from .replicas import RecoveryPoint, points_of, replicas_of
from .root_volume import attach_step, unfit_root, until_attached, which_root
from .shelving import locked, start_refused, start_steps, unshelve_step, until_active
from .states import UNSHELVE_TASKS, advice, busy
from .twin import is_placeholder


@dataclass(frozen=True)
class Recovery:
    """A twin, all replicas of its server, and what a new server would need, where the plan may make one."""

    seen: Seen
    replicas: tuple[Volume, ...]
    around: Surroundings


def recovery(
    seen: Seen, volumes: Sequence[Volume], plan: str, server: str, around: Surroundings | None = None
) -> Recovery:
    """What a failover of ``server`` looks at, out of all volumes of site B."""
    return Recovery(seen, tuple(replicas_of(volumes, plan, server)), around or Surroundings())


def decide_failover(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Brings the server up on the newest complete recovery point, the way that the plan says; carries on."""
    wanted = f"fail over {server.name}"
    chosen = choose(plan, what.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    refusal = _unfit_twin(what.seen, wanted) if chosen.method == "attach" else None
    if refusal:
        return refusal
    point = _point(what, server, plan.name if chosen.method == "recreate" else "", wanted)
    if isinstance(point, Refusal):
        return point
    if chosen.method == "recreate":
        decided = recreate_plan(what.seen, what.around, server, plan.name, point, wanted)
    else:
        decided = _attach_plan(what.seen, server, point, wanted)
    if isinstance(decided, Refusal):
        return decided
    return replace(decided, extra={"recovery_point": point.time, **chosen.facts})


def _attach_plan(seen: Seen, server: PlanServer, point: RecoveryPoint, wanted: str) -> Plan | Refusal:
    """Attaches the replicas, unshelves, checks health."""
    root, replica = which_root(seen), point.volumes["root"]
    if root.present and root.volume_id != replica.id:
        saw = f"the root of the twin is volume {root.volume_id}, not {replica.name}"
        return Refusal("wrong_root", wanted, saw, "Detach it, then repeat.")
    steps = _steps(seen, server, root, point, wanted)
    if isinstance(steps, Refusal):
        return steps
    before = server_facts(seen, root)
    changes = any(step.writes or (step.until and step.until.kind == "server") for step in steps)
    return Plan(before, server_facts(*_foretell(seen, root, point, server.disks)) if changes else before, steps)


def _unfit_twin(seen: Seen, wanted: str) -> Refusal | None:
    if seen.server is None:
        return Refusal("no_twin", wanted, "there is no twin at site B", "Run dr_prepare first.")
    if seen.found.status == "ERROR":
        saw = f"the twin is in ERROR: {seen.found.fault or 'Nova tells no reason'}"
        return Refusal("wrong_state", wanted, saw, advice("ERROR"))
    if seen.found.image_id:
        saw = "a server of that name is at site B, and it boots from an image"
        return Refusal("not_volume_backed", wanted, saw, "Rename it, then run dr_prepare.")
    return None


def _point(what: Recovery, server: PlanServer, placeholders_of: str, wanted: str) -> RecoveryPoint | Refusal:
    """The recovery point of the volumes that are on already, else the newest complete one that is free.

    :param placeholders_of: the plan whose placeholders the twin may be on, "" if it must be without.
    """
    points, on = points_of(what.replicas), _attached(what.seen)
    begun = [point for point in points if any(volume.id in on for volume in point.volumes.values())]
    held = {v.id for v in what.seen.volumes.values() if is_placeholder(v, placeholders_of, server.name)}
    strangers = on - {volume.id for volume in what.replicas} - held
    if strangers and what.seen.server:
        volumes = ", ".join(sorted(map(str, strangers)))
        saw = f"the twin is {what.seen.found.status} with volume {volumes}, which is no replica"
        return Refusal("not_a_replica", wanted, saw, "Run dr_prepare first, or find out who attached it.")
    if len(begun) > 1:
        saw = f"volumes of several recovery points are attached ({', '.join(point.time for point in begun)})"
        return Refusal("mixed_points", wanted, saw, "Detach those that are not wanted, then repeat.")
    usable = begun or [p for p in points if all(v.status == "available" for v in p.volumes.values())]
    complete = [point for point in usable if point.complete(server.disks)]
    if complete:
        return complete[0]
    saw = "there is no complete recovery point at site B" + _why(points, server)
    return Refusal("no_recovery_point", wanted, saw, "Look at the replica volumes at site B; dr_replicate makes them.")


def _attached(seen: Seen) -> set[str | None]:
    root = which_root(seen)
    attachments = seen.server.attachments if seen.server else ()
    return {a.volume_id for a in attachments} | ({root.volume_id} if root.present else set())


def _why(points: Sequence[RecoveryPoint], server: PlanServer) -> str:
    if not points:
        return ""
    have = ", ".join(f"{disk} {volume.status}" for disk, volume in sorted(points[0].volumes.items()))
    return f" (the newest, of {points[0].time}, has {have} of {', '.join(server.disks)})"


def _steps(
    seen: Seen, server: PlanServer, root: Root, point: RecoveryPoint, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The ladder: attach, unshelve, wait, check. It starts at the rung on which the twin stands."""
    twin = seen.found
    address = next((address for port in seen.ports for address in port.fixed_ips), _planned_address(server))
    health = health_steps(twin.name, twin.id, server.health_checks, address)
    missing = [point.volumes[d] for d in server.disks[1:] if not _is_on(point.volumes[d], twin)]
    if twin.status in ("SHELVED_OFFLOADED", "SHELVED") and twin.task_state in UNSHELVE_TASKS:
        return (Step("wait", f"wait until server {twin.name} runs", until=until_active(twin.id)), *health)
    refusal = busy(twin, wanted)
    if refusal:
        return refusal
    if twin.status in ("ACTIVE", "SHUTOFF") and root.present and not missing:
        return start_refused(twin, wanted) or (*start_steps(twin), *health)
    if twin.status != "SHELVED_OFFLOADED":
        saw = f"the twin is {twin.status}" + (f" without {', '.join(v.name for v in missing)}" if missing else "")
        return Refusal("wrong_state", wanted, saw, advice(twin.status))
    put_on = _put_on(twin, root, point, missing, wanted)
    return put_on if isinstance(put_on, Refusal) else (*put_on, unshelve_step(twin.id, twin.name), *health)


def _put_on(
    twin: Server, root: Root, point: RecoveryPoint, missing: list[Volume], wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    refusal = locked(twin, wanted)
    if refusal:
        return refusal
    data = tuple(
        Step(
            "attach_volume",
            f"attach volume {volume.name} to server {twin.name}",
            {"server_id": twin.id, "volume_id": volume.id},
            until_attached(volume.id),
        )
        for volume in missing
    )
    if root.present:
        return data
    replica = point.volumes["root"]
    return unfit_root(replica, twin, wanted) or (attach_step(twin, root, replica), *data)


def _is_on(volume: Volume, twin: Server) -> bool:
    return any(attachment.volume_id == volume.id for attachment in twin.attachments)


def _planned_address(server: PlanServer) -> str:
    return next((nic.fixed_ip for nic in server.at_b.nics if nic.fixed_ip), "")


def _foretell(seen: Seen, root: Root, point: RecoveryPoint, disks: Sequence[str]) -> tuple[Seen, Root]:
    """The twin as it will be: running, on the replicas."""
    replica = point.volumes["root"]
    taken = [(disk, point.volumes[disk]) for disk in sorted(disks)]
    attachments = tuple(Attachment(volume.id, root.device if disk == "root" else None) for disk, volume in taken)
    server = replace(seen.found, status="ACTIVE", task_state=None, attachments=attachments)
    on = replace(root, present=True, volume_id=replica.id)
    answer = RootAnswer(root.device or "", True, replica.id)
    volumes = {volume.id: replace(volume, status="in-use") for _disk, volume in taken}
    return replace(seen, server=server, volumes=volumes, root_answer=answer), on


def decide_lag(what: Recovery, server: PlanServer) -> str | None:
    """The time of the newest complete recovery point whose volumes can be used, None if there is none."""
    fit = frozenset({"available", "reserved", "in-use"})
    points = (p for p in points_of(what.replicas) if all(v.status in fit for v in p.volumes.values()))
    return next((point.time for point in points if point.complete(server.disks)), None)
