# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a dormant twin up on its replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..model import Seen, Surroundings, Volume
from ..plan import Decision, Plan, Refusal
from .copying import Helpers, drop_steps
from .handover import choose
from .ladder import attach_plan, unfit_twin
from .recovery_plan import PlanServer, RecoveryPlan
from .recreate import recreate_plan
from .refreshed import is_refreshed, never_woke
from .reimage import is_copy, reimage_plan
from .replicas import POINT, RecoveryPoint, points_of, replicas_of
from .root_volume import which_root
from .twin import is_placeholder


@dataclass(frozen=True)
class Recovery:
    """A twin, all replicas of its server, and what a new server would need, where the plan may make one."""

    seen: Seen
    replicas: tuple[Volume, ...]
    around: Surroundings
    helpers: Helpers


def recovery(
    seen: Seen,
    volumes: Sequence[Volume],
    plan: str,
    server: str,
    around: Surroundings | None = None,
    helpers: Helpers | None = None,
) -> Recovery:
    """What a failover of ``server`` looks at, out of all volumes of site B."""
    return Recovery(seen, tuple(replicas_of(volumes, plan, server)), around or Surroundings(), helpers or Helpers())


def decide_failover(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Brings the server up on the newest complete recovery point, the way that the plan says; carries on."""
    wanted = f"fail over {server.name}"
    chosen = choose(plan, what.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    unfit = unfit_twin(what.seen, wanted) if chosen.method != "recreate" else None
    refusal = unfit or _other_way(what, chosen.method, plan.name, wanted)
    if refusal:
        return refusal
    point = _point(what, server, plan.name if chosen.method != "attach" else "", wanted)
    if isinstance(point, Refusal):
        return point
    decided = _by(chosen.method, what, server, plan.name, point, wanted)
    if isinstance(decided, Refusal):
        return decided
    return replace(decided, extra={"recovery_point": point.time, **chosen.facts})


def _other_way(what: Recovery, method: str, plan: str, wanted: str) -> Refusal | None:
    """A server that was handed over one way is no twin for another: its root holds what site B may have written."""
    server = what.seen.server
    root = what.seen.volumes.get(which_root(what.seen).volume_id or "")
    if server is None or root is None:
        return None
    todo = "Say that handover in the plan, then repeat. Nothing was changed."
    unused = method == "recreate" and never_woke(what.seen, root)
    if is_copy(root, plan, server.name) and method != "reimage" and not unused:
        saw = f"the twin is {server.status} on {root.name}, a copy of a replica: the handover reimage left it so"
        return Refusal("other_handover", wanted, saw, todo)
    if is_refreshed(root, plan, server.name) and method != "reimage" and not unused:
        saw = f"the twin is {server.status} on {root.name}, which replication filled for the handover reimage"
        return Refusal("other_handover", wanted, saw, todo)
    if method == "reimage" and root.id in {volume.id for volume in what.replicas}:
        saw = f"the twin is {server.status} on {root.name}, a replica: the handover attach or recreate left it so"
        return Refusal("other_handover", wanted, saw, todo)
    return None


def _by(
    method: str, what: Recovery, server: PlanServer, plan: str, point: RecoveryPoint, wanted: str
) -> Plan | Refusal:  # fmt: skip
    if method == "recreate":
        made = recreate_plan(what.seen, what.around, server, plan, point, wanted)
        # left when the plan said reimage before, and its copy failed
        left = drop_steps(what.helpers)
        return made if isinstance(made, Refusal) else replace(made, steps=(*made.steps, *left))
    if method == "reimage":
        return reimage_plan(what.seen, what.around, what.helpers, server, plan, point, wanted)
    return attach_plan(what.seen, server, point, wanted)


def _point(what: Recovery, server: PlanServer, own: str, wanted: str) -> RecoveryPoint | Refusal:
    """The recovery point of the volumes that are on already, else the newest complete one that is free.

    :param own: the plan whose placeholders, and copies of replicas, the twin may be on; "" if it must be without.
    """
    points, on = points_of(what.replicas), _attached(what.seen)
    begun = [point for point in points if point.time in _begun(what, own, server.name)]
    held = {v.id for v in what.seen.volumes.values() if _is_held(v, own, server.name)}
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


def _is_held(volume: Volume, own: str, server: str) -> bool:
    return any(is_it(volume, own, server) for is_it in (is_placeholder, is_refreshed, is_copy))


def _begun(what: Recovery, own: str, server: str) -> set[str | None]:
    """The recovery points whose data is on the server: as an attached replica, or copied into its root.

    A root that replication fills, and on which the twin never woke, can be filled with another one.
    """
    on, seen = _attached(what.seen), what.seen
    copies = [v for v in seen.volumes.values() if v.id in on and is_copy(v, own, server) and not never_woke(seen, v)]
    return {v.metadata.get(POINT) for v in (*copies, *(v for v in what.replicas if v.id in on))}


def _attached(seen: Seen) -> set[str | None]:
    root = which_root(seen)
    attachments = seen.server.attachments if seen.server else ()
    return {a.volume_id for a in attachments} | ({root.volume_id} if root.present else set())


def _why(points: Sequence[RecoveryPoint], server: PlanServer) -> str:
    if not points:
        return ""
    have = ", ".join(f"{disk} {volume.status}" for disk, volume in sorted(points[0].volumes.items()))
    return f" (the newest, of {points[0].time}, has {have} of {', '.join(server.disks)})"


def newest_usable(what: Recovery, server: PlanServer) -> RecoveryPoint | None:
    """The newest complete recovery point whose volumes can be used, None if there is none."""
    fit = frozenset({"available", "reserved", "in-use"})
    points = (p for p in points_of(what.replicas) if all(v.status in fit for v in p.volumes.values()))
    return next((point for point in points if point.complete(server.disks)), None)
