# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on stock Nova without losing the server: its reserved root volume is overwritten with the replica.

Kept is everything of the server; the price is a full copy (see copying.py). The replica stays. Where replication has
copied the very recovery point into the root before (see refreshing.py), the failover copies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..model import Seen, Surroundings, Volume
from ..plan import Plan, Ref, Refusal, Step, Until
from .copying import (
    Advice,
    Helpers,
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
from .ladder import Steps, climb
from .recovery_plan import PlanServer
from .refreshed import (
    forget_steps,
    holds,
    is_refreshed,
    may_have_run,
    never_woke,
    new_twin,
    sleeps,
    woken_unknown,
)
from .replicas import DISK, PLAN, POINT, ROLE, SERVER, STATE, WOKEN, RecoveryPoint
from .root_marks import says_its_data
from .root_volume import which_root
from .twin import delete_placeholder, is_placeholder, loose_placeholders, take_off

#: How to get another root to copy into.
ANEW = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."


def if_it_fails(root: Volume) -> str:
    """What is true, and what to do, after a copy into a root that failed."""
    other_way = "Or say handover: recreate in the plan, without when, which needs neither."
    return f"The twin stays shelved and the replica is safe. {new_twin(root)} {other_way}"


def helper_name(plan: str, server: str) -> str:
    """The name of the snapshot and the image of a copy."""
    return f"{plan}-{server}-handover"


def is_copy(volume: Volume, plan: str, server: str) -> bool:
    """Whether a root was claimed by a failover, to be overwritten with a replica of this server of this plan."""
    marks = {PLAN: plan, SERVER: server, ROLE: "copy"}
    return all(volume.metadata.get(key) == value for key, value in marks.items())


def reimage_plan(
    seen: Seen, around: Surroundings, helpers: Helpers, server: PlanServer, plan: str, point: RecoveryPoint, wanted: str
) -> Plan | Refusal:  # fmt: skip
    """Data placeholders off, the replica copied into the root, data replicas on, unshelve, check; carries on."""
    root = seen.volumes.get(which_root(seen).volume_id or "")
    if root is None:
        return _no_root(seen, wanted)
    fresh = is_placeholder(root, plan, server.name) and sleeps(seen)
    refusal = _ran(seen, root, plan, wanted) or (woken_unknown(seen, wanted) if fresh else None)
    if refusal:
        return refusal
    what = around, helpers, server, plan, point, wanted
    if is_copy(root, plan, server.name) and _woke_unfilled(seen, root):
        return _ran_unfilled(root, wanted)
    unclaimed = (fresh or never_woke(seen, root)) and root.metadata.get(POINT, "") != point.time
    claim = _claim(root, point, seen.woken if fresh else None) if unclaimed else ()
    busy_copying = never_woke(seen, root) and root.status == "downloading"
    return _staged(seen, root, claim, *what) if claim or busy_copying else _climb(seen, root, *what)


def _climb(
    seen: Seen, root: Volume, around: Surroundings, helpers: Helpers, server: PlanServer, plan: str,
    point: RecoveryPoint, wanted: str,
) -> Plan | Refusal:  # fmt: skip
    filled = not never_woke(seen, root) or holds(root) == point.time
    needed = not (is_copy(root, plan, server.name) and filled)

    def put_on() -> Steps:
        empty = _empty(seen, root, plan)
        if not needed:
            return empty
        refusal = unfit_root(seen, root, point.volumes["root"], plan, wanted)
        return refusal or (*empty, *drop_steps(helpers), *fill_steps(root, point, plan, server.name))

    climbed = climb(seen, server, point, wanted, is_copy(root, plan, server.name), root, put_on)
    if isinstance(climbed, Refusal):
        return climbed
    careful = _carefully(climbed.steps, root) if WOKEN in root.metadata else climbed.steps
    free = (v for v in loose_placeholders(around, plan, server.name) if v.id not in seen.volumes)
    loose = tuple(delete_placeholder(volume.name, volume.id) for volume in free)
    left = () if needed else (*clean_steps(root, root.image_metadata), *drop_steps(helpers))
    return replace(climbed, steps=(*careful, *left, *loose))


def _staged(
    seen: Seen, root: Volume, claim: tuple[Step, ...], around: Surroundings, helpers: Helpers, server: PlanServer,
    plan: str, point: RecoveryPoint, wanted: str,
) -> Plan | Refusal:  # fmt: skip
    """A copy that is under way is waited for, the root is claimed, and then it is looked at again.

    A replication that runs at the same time forgets what the root holds, looks for a claim, and copies (refreshing.py).
    So either it sees the claim and refuses, or what the root holds is forgotten here, and it is copied again. Nova
    would not notice that somebody copies into the volume that it boots from (cinder/volume/api.py, attachment_update).
    """
    metadata = {**root.metadata, **{key: value for step in claim for key, value in step.args["metadata"].items()}}
    ours = replace(root, status="reserved" if root.status == "downloading" else root.status, metadata=metadata)
    after = replace(seen, volumes={**seen.volumes, root.id: ours})
    rest = _climb(after, ours, around, helpers, server, plan, point, wanted)
    if isinstance(rest, Refusal):
        return rest
    wait = earlier_copy(root, if_it_fails(root))
    asks = any(step.verb == "check_copy" for step in rest.steps)
    first = (*((check_step(root.id),) if claim and asks else ()), *claim)
    left = tuple(step for step in rest.steps if not (first and step.verb == "check_copy"))
    steps, later = (wait, (*first, *left)) if wait else (first, left)
    return replace(rest, steps=steps, later=later or None)


def _no_root(seen: Seen, wanted: str) -> Refusal:
    if which_root(seen).present is False:
        return Refusal("no_root", wanted, "the twin has no root volume that could be overwritten", ANEW)
    saw = "nothing tells which volume is the root of the twin"
    return Refusal("root_unknown", wanted, saw, f"{ANEW} It tags the root.")


def _ran(seen: Seen, root: Volume, plan: str, wanted: str) -> Refusal | None:
    """Somebody woke the twin without this collection: what site B wrote since is in no recovery point."""
    saw = may_have_run(seen, plan)
    todo = f"If that is the failover, go on with this server by hand. If what it wrote is not needed: {new_twin(root)}"
    return Refusal("twin_ran", wanted, saw, todo) if saw else None


def _woke_unfilled(seen: Seen, root: Volume) -> bool:
    """Whether the twin woke on a root that was claimed, and that was never filled with what it was claimed for.

    A revert, or another root that was handed over, says at the root what is in it since.
    """
    filled = root.image_metadata.get(POINT) == root.metadata.get(POINT)
    return WOKEN in root.metadata and not (filled or never_woke(seen, root) or says_its_data(root))


def _ran_unfilled(root: Volume, wanted: str) -> Refusal:
    """Nobody else knows that what runs there is not the recovery point: health checks were proved on a placeholder."""
    saw = f"the twin was unshelved before its root {root.name} was filled: what is on it is not the recovery point"
    return Refusal("twin_ran", wanted, saw, f"The replica is safe. {new_twin(root)}")


def _carefully(steps: Sequence[Step], root: Volume) -> tuple[Step, ...]:
    """Right before the server is woken nothing may be copied into its root."""
    reserved = Until("volume", root.id, frozenset({"reserved"}))
    none = Step("wait", f"make sure that nothing is copied into {root.name}", until=reserved)
    pairs = ((none, step) if step.verb == "unshelve" else (step,) for step in steps)
    return tuple(step for pair in pairs for step in pair)


def _empty(seen: Seen, root: Volume, plan: str) -> tuple[Step, ...]:
    """Placeholders of data disks make room for the replicas."""
    data = [v for v in seen.volumes.values() if v.id != root.id and is_placeholder(v, plan, seen.found.name)]
    drop = (replace(delete_placeholder(v.name, v.id), until=None) for v in data)
    return (*take_off(seen, [v.id for v in data]), *drop)


def _claim(root: Volume, point: RecoveryPoint, woken: str | None) -> tuple[Step]:
    """From here on the root belongs to site B: replication refuses, and once it ran there nobody copies into it.

    :param woken: of a placeholder: when its twin was last woken. So a later run knows whether site B ran on the root,
        also if that happened behind its back, after a run that was killed.
    """
    marks = {POINT: point.time, ROLE: "copy", STATE: "complete", **({WOKEN: woken} if woken else {})}
    args = {"volume_id": root.id, "metadata": marks}
    return (Step("set_volume_metadata", f"note the recovery point at the root {root.name}", args),)


def fill_steps(root: Volume, point: RecoveryPoint, plan: str, server: str) -> tuple[Step, ...]:
    """The steps that copy the replica of a recovery point into the root.

    That it has succeeded is noted by Cinder, see refreshed.py.
    """
    replica = point.volumes["root"]
    name, label = helper_name(plan, server), f"replica {replica.name}"
    marks = {PLAN: plan, SERVER: server, DISK: "root", ROLE: "handover"}
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
    """Nothing but what the plan made for this server may be overwritten, and only before site B ran on it."""
    if any(is_it(root, plan, server) for is_it in (is_placeholder, is_refreshed, is_copy)):
        return None
    saw = f"the root {root.name} of the twin is no placeholder of the plan"
    return Refusal(
        "not_a_placeholder", wanted, saw, "Only placeholders are overwritten. Run dr_prepare for a new twin."
    )


def _cannot(seen: Seen, root: Volume, replica: Volume, wanted: str) -> Refusal | None:
    """Whatever would make the copy fail half way, or fill the wrong volume."""
    return cannot_copy(seen.offer, root, replica.size, wanted, Advice(
        source="the replica",
        root=f"the root {root.name} of the twin",
        cloud="site B",
        other_way="Say handover: recreate in the plan.",
        too_small="Give the boot volume of the plan its size, delete the twin and run dr_prepare.",
        failed=if_it_fails(root),
    ))  # fmt: skip
