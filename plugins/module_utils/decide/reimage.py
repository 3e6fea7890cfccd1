# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing over on stock Nova without losing the server: its reserved root volume is overwritten with the replica.

Kept is everything of the server; the price is a full copy (see copying.py). The replica stays.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Seen, Surroundings, Volume
from ..plan import Plan, Ref, Refusal, Step
from .copying import Advice, Helpers, cannot_copy, copy_step, drop_steps, earlier_copy, image_steps, snapshot_step
from .ladder import Steps, climb
from .recovery_plan import PlanServer
from .replicas import DISK, PLAN, POINT, ROLE, SERVER, STATE, RecoveryPoint
from .root_volume import which_root
from .twin import delete_placeholder, is_placeholder, loose_placeholders, take_off

#: How to get another root to copy into; and what is true after a copy that failed.
ANEW = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."
FAILED = f"The twin stays shelved and the replica is safe. {ANEW} Or say handover: recreate in the plan."


def helper_name(plan: str, server: str) -> str:
    """The name of the snapshot and the image of a copy."""
    return f"{plan}-{server}-handover"


def is_copy(volume: Volume, plan: str, server: str) -> bool:
    """Whether a volume is a root that was overwritten with a replica of this server of this plan."""
    marks = {PLAN: plan, SERVER: server, ROLE: "copy"}
    return all(volume.metadata.get(key) == value for key, value in marks.items())


def reimage_plan(
    seen: Seen, around: Surroundings, helpers: Helpers, server: PlanServer, plan: str, point: RecoveryPoint, wanted: str
) -> Plan | Refusal:  # fmt: skip
    """Data placeholders off, the replica copied into the root, data replicas on, unshelve, check; carries on."""
    root = seen.volumes.get(which_root(seen).volume_id or "")
    if root is None:
        return _no_root(seen, wanted)

    def put_on() -> Steps:
        copy = _copy_steps(seen, root, point, helpers, plan, wanted)
        return copy if isinstance(copy, Refusal) else (*_empty(seen, root, plan), *copy)

    climbed = climb(seen, server, point, wanted, is_copy(root, plan, server.name), root, put_on)
    if isinstance(climbed, Refusal) or not is_copy(root, plan, server.name):
        return climbed
    loose = tuple(delete_placeholder(v.name, v.id) for v in loose_placeholders(around, plan, server.name))
    return replace(climbed, steps=(*climbed.steps, *drop_steps(helpers), *loose))


def _no_root(seen: Seen, wanted: str) -> Refusal:
    if which_root(seen).present is False:
        return Refusal("no_root", wanted, "the twin has no root volume that could be overwritten", ANEW)
    saw = "nothing tells which volume is the root of the twin"
    return Refusal("root_unknown", wanted, saw, f"{ANEW} It tags the root.")


def _empty(seen: Seen, root: Volume, plan: str) -> tuple[Step, ...]:
    """Placeholders of data disks make room for the replicas."""
    data = [v for v in seen.volumes.values() if v.id != root.id and is_placeholder(v, plan, seen.found.name)]
    drop = (replace(delete_placeholder(v.name, v.id), until=None) for v in data)
    return (*take_off(seen, [v.id for v in data]), *drop)


def _copy_steps(
    seen: Seen, root: Volume, point: RecoveryPoint, helpers: Helpers, plan: str, wanted: str
) -> tuple[Step, ...] | Refusal:  # fmt: skip
    """The steps that fill the root with its replica; none if that was done already."""
    if is_copy(root, plan, seen.found.name):
        return ()
    server, replica = seen.found, point.volumes["root"]
    refusal = _foreign(root, plan, server.name, wanted) or _cannot(seen, root, replica, wanted)
    if refusal:
        return refusal
    done = {"volume_id": root.id, "metadata": {POINT: point.time, ROLE: "copy", STATE: "complete"}}
    name, label = helper_name(plan, server.name), f"replica {replica.name}"
    marks = {PLAN: plan, SERVER: server.name, DISK: "root", ROLE: "handover"}
    return (
        *earlier_copy(root, FAILED),
        *drop_steps(helpers),
        snapshot_step(replica, label, name, marks),
        *image_steps(name, Ref("snapshot"), replica.size, replica.name),
        copy_step(root, label, Ref("image"), FAILED),
        Step("set_volume_metadata", f"note the recovery point at the root {root.name}", done),
        Step("delete_image", "delete the image", {"image_id": Ref("image")}),
        Step("delete_snapshot", f"delete the snapshot of {replica.name}", {"snapshot_id": Ref("snapshot")}),
    )


def _foreign(root: Volume, plan: str, server: str, wanted: str) -> Refusal | None:
    """Nothing but a placeholder that the plan made for this server may be overwritten."""
    if is_placeholder(root, plan, server):
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
        failed=FAILED,
    ))  # fmt: skip
