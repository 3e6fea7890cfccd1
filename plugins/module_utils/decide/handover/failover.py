# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a dormant twin up on its replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...data.marks import GENERATION
from ...data.parts import Part
from ...data.seen import Seen
from ...data.steps import Decision, Plan, Refusal, Step, for_part
from ...data.texts import listed
from ..drill.clean_up import give_place
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import LATEST, Choice, RecoveryPoint, choose_point, points_of
from ..root.root_state import OF_TWIN, Kind, kind_of, root_state
from ..root.volume_copy import drop_steps
from ..root.ways import Chosen, choose
from ..server.root_volume import which_root
from ..twin.ports import lost_port
from ..twin.rests_on import REPROTECT, superseded_volumes
from .bring_up import attach_plan, unfit_twin
from .by_rebuild import recreate_plan
from .by_reimage import reimage_plan
from .recovery import Handover, Recovery

#: The code of a refusal because the twin has data of another recovery point than the one that is wanted.
OTHER_POINT = "other_point"


def decide_failover(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> Decision:
    """Brings the server up on the newest complete recovery point, the way that the plan says; carries on."""
    wanted = f"fail over {server.name} to {server.direction.target}"
    chosen = choose(plan, what.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    keeps = chosen.method != "recreate"
    unfit = unfit_twin(what.seen, wanted) or lost_port(what.seen, wanted) if keeps else None
    refusal = unfit or _other_way(what, chosen.method, plan.name, wanted)
    if refusal:
        return refusal
    choice = _choose(what, server, _own(chosen.method, plan), wanted)
    if isinstance(choice, Refusal) or choice.point is None:
        return choice if isinstance(choice, Refusal) else _no_point(what, server, wanted)
    point, outrank = _outranking(choice.point, what.heard)
    decided = _by(chosen.method, Handover(what.seen, what.around, what.helpers, server, point, wanted))
    decided = decided if isinstance(decided, Refusal) else _no_room(what, decided, wanted) or decided
    if isinstance(decided, Refusal):
        return decided
    first = (*give_place(what.giving_place), *outrank) if decided.changed else ()
    decided = replace(decided, steps=(*first, *decided.steps))
    notes = (*decided.notes, *choice.passed_over, *what.doubts)
    return replace(decided, notes=notes, extra={"recovery_point": point.time, **chosen.facts})


def _outranking(point: RecoveryPoint, heard: int) -> tuple[RecoveryPoint, tuple[Step, ...]]:
    """The point with a generation that is higher than all that its site has heard of, and the step that notes it.

    A point may be older than what led meanwhile: A leads, then B, then A again, and A dies before it was replicated.
    Who runs on such a point leads all the same. The usual failover needs no step.
    """
    if point.generation > heard:
        return point, ()
    root, mark = point.volumes["root"], {GENERATION: str(heard + 1)}
    outranks = replace(root, metadata={**root.metadata, **mark})
    text = f"note at volume {root.name} that it outranks generation {heard}"
    step = Step("set_volume_metadata", text, {"volume_id": root.id, "metadata": mark}, part=Part.HANDOVER)
    return replace(point, volumes={**point.volumes, "root": outranks}), (step,)


def _other_way(what: Recovery, method: str, plan: str, wanted: str) -> Refusal | None:
    """Refuses a server that was handed over another way: its root holds what the target may have written."""
    state = root_state(what.seen, plan)
    root = state.volume
    if root is None or not state.sure or (method == "recreate" and state.unused):
        return None
    by_reimage = {
        Kind.COPY: "a copy of a replica: the handover reimage left it so",
        Kind.REFRESHED: "which replication filled for the handover reimage",
    }
    by_others = {Kind.REPLICA: "a replica: the handover attach or recreate left it so"}
    left = (by_others if method == "reimage" else by_reimage).get(state.kind)
    if left is None:
        return None
    saw, todo = f"the twin is {what.seen.found.status} on {root.name}, {left}", "Say that handover in the plan, then"
    return Refusal("other_handover", wanted, saw, f"{todo} repeat. Nothing was changed.")


def _by(method: str, what: Handover) -> Plan | Refusal:
    if method == "recreate":
        made = recreate_plan(what)
        # left when the plan said reimage before, and its copy failed
        left = for_part(Part.TIDY, drop_steps(what.helpers))
        return made if isinstance(made, Refusal) else replace(made, steps=(*made.steps, *left))
    return reimage_plan(what) if method == "reimage" else attach_plan(what)


def _no_room(what: Recovery, plan: Plan, wanted: str) -> Refusal | None:
    """Refuses before the root is claimed: Cinder would refuse the snapshot that is copied from."""
    copies = any(step.verb == "create_snapshot" for step in plan.foretold)
    left = what.limits.left("snapshots") if what.limits and copies else None
    if what.limits is None or left is None or left + len(what.helpers.snapshots) > 0:
        return None
    saw = f"the quota of the target allows {what.limits.most['snapshots']} snapshots, and none is left to copy from"
    todo = "Raise the quota of snapshots or delete some, then repeat. Or say handover: recreate in the plan."
    return Refusal("no_room", wanted, saw, f"Nothing was changed. {todo}")


def _own(method: str, plan: RecoveryPlan) -> str:
    """The plan whose placeholders, and copies of replicas, the twin may be on; "" if it must be without."""
    return plan.name if method != "attach" else ""


def used_point(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> Choice:
    """The recovery point that a failover uses now, as far as it is about the point."""
    chosen = choose(plan, what.seen.offer, "")
    return _usable(what, server, _own(chosen.method if isinstance(chosen, Chosen) else "", plan))


def _usable(what: Recovery, server: PlanServer, own: str) -> Choice:
    points = points_of(what.replicas)
    allowed = [point for point in points if what.wish.takes(point.time)]
    return choose_point(allowed, server.disks, {point.time for point in points} & _begun(what, own))


def _choose(what: Recovery, server: PlanServer, own: str, wanted: str) -> Choice | Refusal:
    """The recovery point of the volumes that are on already, else the newest complete one that is free.

    :param own: see `_own`.
    """
    on = _attached(what.seen)
    kept = {*OF_TWIN, Kind.SUPERSEDED}
    held = {v.id for v in what.seen.volumes.values() if kind_of(v, own, server.name) in kept}
    strangers = on - {volume.id for volume in what.replicas} - held
    if strangers and what.seen.server:
        volumes = ", ".join(sorted(map(str, strangers)))
        saw = f"the twin is {what.seen.found.status} with volume {volumes}, which is no replica"
        todo = "Run dr_prepare first, or find out who attached it."
        todo = REPROTECT if superseded_volumes(what.seen, server.plan) else todo
        return Refusal("not_a_replica", wanted, saw, todo)
    begun = [point.time for point in points_of(what.replicas) if point.time in _begun(what, own)]
    if len(begun) > 1:
        saw = f"volumes of several recovery points are attached ({', '.join(begun)})"
        return Refusal("mixed_points", wanted, saw, "Detach those that are not wanted, then repeat.")
    if begun and not what.wish.takes(begun[0]):
        saw = f"the twin has data of recovery point {begun[0]}, and wanted was {what.wish}"
        todo = "Leave the point out to go on with what the twin has. To give that up, which keeps it, say why: again."
        return Refusal(OTHER_POINT, wanted, saw, todo)
    return _usable(what, server, own)


def _no_point(what: Recovery, server: PlanServer, wanted: str) -> Refusal:
    why = _why(points_of(what.replicas), server)
    complete = [point.time for point in points_of(what.replicas) if point.complete(server.disks)]
    if complete and what.wish != LATEST:
        saw = f"wanted was recovery point {what.wish}, and the target has {listed(complete)}"
        return Refusal("no_such_point", wanted, saw, "Choose one of those that dr_status shows.")
    saw = "; ".join(("there is no complete recovery point at the target" + why, *what.doubts))
    todo = "Look at the replica volumes at the target; dr_replicate makes them."
    return Refusal("no_recovery_point", wanted, saw, todo)


def _begun(what: Recovery, own: str) -> set[str]:
    """The recovery points whose data is on the server: as an attached replica, or copied into its root.

    A root that replication fills, and on which the twin never woke, can be filled with another one.
    """
    on, state = _attached(what.seen), root_state(what.seen, own)
    copied = {state.holds} if state.holds and state.kind is Kind.COPY and not state.unused else set()
    return copied | {v.marks.point for v in what.replicas if v.id in on}


def _attached(seen: Seen) -> set[str | None]:
    root = which_root(seen)
    attachments = seen.server.attachments if seen.server else ()
    return {a.volume_id for a in attachments} | ({root.volume_id} if root.present else set())


def _why(points: Sequence[RecoveryPoint], server: PlanServer) -> str:
    if not points:
        return ""
    have = ", ".join(f"{disk} {volume.status}" for disk, volume in sorted(points[0].volumes.items()))
    return f" (the newest, of {points[0].time}, has {have} of {', '.join(server.disks)})"
