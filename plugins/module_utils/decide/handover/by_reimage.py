# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on stock Nova without losing the server: its reserved root volume is overwritten with the replica.

The server keeps everything. The price is a full copy (see volume_copy.py). The replica stays. If replication has copied
this recovery point into the root before (see refill_root.py), the failover copies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...data.marks import DISK, GENERATION, PLAN, POINT, ROLE, SERVER, STATE, WOKEN
from ...data.parts import Part
from ...data.seen import Seen, Volume
from ...data.steps import Plan, Ref, Refusal, Step, Until, for_part
from ..plan.recovery_plan import PlanServer
from ..plan.recovery_points import RecoveryPoint
from ..root.provenance import says_its_data
from ..root.refreshed_root import (
    forget_steps,
    may_have_run,
    new_twin,
    woken_unknown,
)
from ..root.root_state import OF_TWIN, Kind, RootState, is_placeholder, kind_of, root_state, sleeps
from ..root.volume_copy import (
    Advice,
    boot_properties,
    cannot_copy,
    check_step,
    clean_steps,
    copy_steps,
    drop_steps,
    earlier_copy,
    image_steps,
    snapshot_step,
)
from ..server.root_volume import which_root
from ..twin.prepare import delete_placeholder, drop_loose, loose_placeholders, take_off
from ..twin.rests_on import superseded_volumes
from .bring_up import Steps, climb
from .recovery import Handover

#: The state of a root on which a failover is about to wake the twin.
FILLED_STATE = "filled"

#: How to get another root to copy into.
ANEW = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."


def if_it_fails(root: Volume) -> str:
    """What is true, and what to do, after a copy into a root that failed."""
    other_way = "Or say handover: recreate in the plan, without when, which needs neither."
    return f"The twin stays shelved and the replica is safe. {new_twin(root)} {other_way}"


def helper_name(plan: str, server: str) -> str:
    """The name of the snapshot and the image of a copy."""
    return f"{plan}-{server}-handover"


def reimage_plan(what: Handover) -> Plan | Refusal:
    """Data placeholders off, the replica copied into the root, data replicas on, unshelve, check; carries on."""
    seen, point, wanted = what.seen, what.point, what.wanted
    state = root_state(seen, what.server.plan)
    root = state.volume
    if root is None or not state.sure:
        return _no_root(seen, wanted)
    fresh = state.kind is Kind.PLACEHOLDER and sleeps(seen)
    refusal = _ran(seen, state, wanted) or (woken_unknown(seen, wanted) if fresh else None)
    if refusal:
        return refusal
    if state.kind is Kind.COPY and _woke_unfilled(state, root):
        return _ran_unfilled(root, wanted)
    unclaimed = (fresh or state.unused) and root.marks.point != point.time
    claim = _claim(root, point, seen.woken if fresh else None) if unclaimed else ()
    busy_copying = state.unused and root.status == "downloading"
    return _staged(what, root, claim) if claim or busy_copying else _climb(what, root)


def _climb(what: Handover, root: Volume) -> Plan | Refusal:
    seen, server = what.seen, what.server
    state = root_state(seen, server.plan)
    is_copy = state.kind is Kind.COPY
    needed = not is_copy or (state.unused and state.holds != what.point.time)

    def put_on() -> Steps:
        empty = _empty(seen, root, server.plan)
        if not needed:
            return empty
        refusal = unfit_root(seen, root, what.replica, server.plan, what.wanted)
        return refusal or (*empty, *drop_steps(what.helpers), *fill_steps(root, what.point, server))

    climbed = climb(what, root, is_copy, put_on)
    if isinstance(climbed, Refusal):
        return climbed
    careful = _carefully(climbed.steps, root) if root.marks.woken else climbed.steps
    free = (v for v in loose_placeholders(what.around, server.plan, server.name) if v.id not in seen.volumes)
    loose = drop_loose(free)
    left = () if needed else (*clean_steps(root, root.image_metadata), *drop_steps(what.helpers))
    return replace(climbed, steps=(*careful, *for_part(Part.TIDY, (*left, *loose))))


def _staged(what: Handover, root: Volume, claim: tuple[Step, ...]) -> Plan | Refusal:
    """A copy that is under way is waited for, the root is claimed, and then it is looked at again.

    A replication at the same time forgets what the root holds, looks for a claim, and copies (refill_root.py).
    So either it sees the claim and refuses, or what the root holds is forgotten here, and it is copied again. Nova
    would not notice that somebody copies into the volume that it boots from (cinder/volume/api.py, attachment_update).
    """
    metadata = {**root.metadata, **{key: value for step in claim for key, value in step.args["metadata"].items()}}
    ours = replace(root, status="reserved" if root.status == "downloading" else root.status, metadata=metadata)
    after = replace(what.seen, volumes={**what.seen.volumes, root.id: ours})
    rest = _climb(replace(what, seen=after), ours)
    if isinstance(rest, Refusal):
        return rest
    wait = for_part(Part.HANDOVER, earlier_copy(root, if_it_fails(root)))
    asks = any(step.verb == "check_copy" for step in rest.steps)
    first = for_part(Part.HANDOVER, (*((check_step(root.id),) if claim and asks else ()), *claim))
    left = tuple(step for step in rest.steps if not (first and step.verb == "check_copy"))
    steps, later = (wait, (*first, *left)) if wait else (first, left)
    return replace(rest, steps=steps, later=later or None)


def _no_root(seen: Seen, wanted: str) -> Refusal:
    if which_root(seen).present is False:
        return Refusal("no_root", wanted, "the twin has no root volume that could be overwritten", ANEW)
    saw = "nothing tells which volume is the root of the twin"
    return Refusal("root_unknown", wanted, saw, f"{ANEW} It tags the root.")


def _ran(seen: Seen, state: RootState, wanted: str) -> Refusal | None:
    """Somebody woke the twin without this collection. What the target wrote since then is in no recovery point."""
    saw = may_have_run(seen, state)
    if not saw or state.volume is None:
        return None
    todo = "If that is the failover, go on with this server by hand. If what it wrote is not needed:"
    return Refusal("twin_ran", wanted, saw, f"{todo} {new_twin(state.volume)}")


def _woke_unfilled(state: RootState, root: Volume) -> bool:
    """Whether the twin woke on a root that was claimed, and that was never filled with what it was claimed for.

    A revert, or another root that was handed over, says at the root what is in it since.
    """
    filled = root.image_metadata.get(POINT) == root.marks.point or root.marks.state == FILLED_STATE
    return bool(root.marks.woken) and not (filled or state.unused or says_its_data(root))


def _ran_unfilled(root: Volume, wanted: str) -> Refusal:
    """The server would run on a placeholder, and its health checks would pass there: they were proved on it."""
    saw = f"the twin was unshelved before its root {root.name} was filled: what is on it is not the recovery point"
    return Refusal("twin_ran", wanted, saw, f"The replica is safe. {new_twin(root)}")


def _carefully(steps: Sequence[Step], root: Volume) -> tuple[Step, ...]:
    """Makes sure, right before the unshelve, that nothing is copied into the root, and notes that it is filled.

    A replication that ran beside may still take Cinder's note of the copy off: its request was on its way when the root
    was claimed.
    """
    reserved = Until("volume", root.id, frozenset({"reserved"}))
    none = Step("wait", f"make sure that nothing is copied into {root.name}", until=reserved, part=Part.HANDOVER)
    args = {"volume_id": root.id, "metadata": {STATE: FILLED_STATE}}
    note = Step("set_volume_metadata", f"note that the root {root.name} is filled", args, part=Part.HANDOVER)
    noted = () if root.marks.state == FILLED_STATE else (note,)
    pairs = ((none, *noted, step) if step.verb == "unshelve" else (step,) for step in steps)
    return tuple(step for pair in pairs for step in pair)


def _empty(seen: Seen, root: Volume, plan: str) -> tuple[Step, ...]:
    """Placeholders of data disks make room for the replicas, and so do superseded ones, which are kept."""
    data = [v for v in seen.volumes.values() if v.id != root.id and is_placeholder(v, plan, seen.found.name)]
    kept = [v for v in superseded_volumes(seen, plan) if v.id != root.id]
    drop = (replace(delete_placeholder(v.name, v.id), until=None) for v in data)
    return (*take_off(seen, [v.id for v in (*data, *kept)]), *drop)


def _claim(root: Volume, point: RecoveryPoint, woken: str | None) -> tuple[Step]:
    """From here on the root belongs to the target: replication refuses. Once the twin ran on it, no run copies into it.

    :param woken: of a placeholder: when its twin was last woken. So a later run knows whether the target ran on the
        root, also if that happened unseen, after a run that was killed.
    """
    of_data = {POINT: point.time, GENERATION: str(point.generation)}
    marks = {**of_data, ROLE: "copy", STATE: "complete", **({WOKEN: woken} if woken else {})}
    args = {"volume_id": root.id, "metadata": marks}
    return (Step("set_volume_metadata", f"note the recovery point at the root {root.name}", args),)


def fill_steps(root: Volume, point: RecoveryPoint, server: PlanServer) -> tuple[Step, ...]:
    """The steps that copy the replica of a recovery point into the root.

    Cinder notes that the copy has succeeded, see root_state.py.
    """
    replica = point.volumes["root"]
    name, label = helper_name(server.plan, server.name), f"replica {replica.name}"
    marks = {PLAN: server.plan, SERVER: server.name, DISK: "root", ROLE: "handover"}
    properties = {**(boot_properties(replica) or boot_properties(root)), **marks, POINT: point.time}
    return (
        check_step(root.id),
        snapshot_step(replica, label, name, marks),
        *image_steps(name, Ref("snapshot"), replica.size, replica.name, properties),
        *forget_steps(root),
        *copy_steps(root, label, Ref("image"), if_it_fails(root)),
        *clean_steps(root),
        Step("delete_image", "delete the image", {"image_id": Ref("image")}),
        Step("delete_snapshot", f"delete the snapshot of {replica.name}", {"snapshot_id": Ref("snapshot")}),
    )


def unfit_root(seen: Seen, root: Volume, replica: Volume, plan: str, wanted: str) -> Refusal | None:
    """Why a replica cannot, or must not, be copied into the root of a twin that sleeps."""
    return _foreign(root, plan, seen.found.name, wanted) or _cannot(seen, root, replica, wanted)


def _foreign(root: Volume, plan: str, server: str, wanted: str) -> Refusal | None:
    """Only what the plan made for this server may be overwritten, and only before the target ran on it."""
    kind = kind_of(root, plan, server)
    if kind in OF_TWIN:
        return None
    if kind is Kind.SUPERSEDED:
        saw = f"the root {root.name} of the twin is superseded, and no snapshot keeps what is on it"
        return Refusal("not_saved", wanted, saw, "Run dr_reprotect: it takes the snapshot, or says why it cannot.")
    saw = f"the root {root.name} of the twin is no placeholder of the plan"
    return Refusal(
        "not_a_placeholder", wanted, saw, "Only placeholders are overwritten. Run dr_prepare for a new twin."
    )


def _cannot(seen: Seen, root: Volume, replica: Volume, wanted: str) -> Refusal | None:
    """Whatever would make the copy fail half way, or fill the wrong volume."""
    return cannot_copy(seen.offer, root, replica.size, wanted, Advice(
        source="the replica",
        root=f"the root {root.name} of the twin",
        cloud="the target",
        other_way="Say handover: recreate in the plan.",
        too_small="Give the boot volume of the plan its size, delete the twin and run dr_prepare.",
        failed=if_it_fails(root),
    ))  # fmt: skip
