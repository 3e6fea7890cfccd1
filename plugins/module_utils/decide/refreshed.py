# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of a dormant twin that replication refreshes: which recovery point it holds, and whether site B ran on it.

What it holds is never noted by us but by Cinder: at the end of a copy, and only of one that succeeded, Cinder gives the
volume the properties of the image that was copied (cinder/volume/manager.py, reimage), and our image names the recovery
point. So no run has to survive the copy that it began. Before a copy begins the note of the last one is removed, for a
copy that fails leaves the old properties, and an administrator may reset the state of the volume after it.
"""

from __future__ import annotations

from ..model import Seen, Volume
from ..plan import Refusal, Step
from .replicas import PLAN, POINT, ROLE, SERVER, WOKEN
from .states import UNSHELVE_TASKS

#: In results: the recovery point that the root of a twin holds.
ROOT_POINT = "root_recovery_point"


def is_refreshed(volume: Volume, plan: str, server: str) -> bool:
    """Whether a volume was the placeholder of the root of this twin, and replication has begun to fill it."""
    marks = {PLAN: plan, SERVER: server, ROLE: "placeholder"}
    return WOKEN in volume.metadata and all(volume.metadata.get(key) == value for key, value in marks.items())


def holds(root: Volume) -> str | None:
    """The recovery point of which a refreshed root is a whole copy; None while it is copied into, or if that failed."""
    return root.image_metadata.get(POINT) if root.status == "reserved" else None


def never_woke(seen: Seen, root: Volume) -> bool:
    """Whether the twin has slept without a break since replication first filled this root of it.

    Two times that Nova recorded are the same or not: no clock is compared with another one.
    """
    return sleeps(seen) and seen.woken is not None and root.metadata.get(WOKEN) == seen.woken


def refreshed_root(seen: Seen, plan: str) -> Volume | None:
    """The refreshed root of a twin, if it has one."""
    volumes = seen.volumes.values() if seen.server else ()
    return next((volume for volume in volumes if is_refreshed(volume, plan, seen.found.name)), None)


def sleeps(seen: Seen) -> bool:
    """Whether a server is shelved and offloaded, and nothing wakes it."""
    twin = seen.found
    return twin.status == "SHELVED_OFFLOADED" and twin.task_state not in UNSHELVE_TASKS


def may_have_run(seen: Seen, plan: str) -> str:
    """Why site B may have run on the refreshed root of the twin; "" if it has none, or has slept ever since."""
    root = refreshed_root(seen, plan)
    if root is None or never_woke(seen, root):
        return ""
    if not sleeps(seen):
        return f"the twin is {_state(seen)} on its refreshed root {root.name}"
    if seen.woken is None:
        return f"Nova does not tell when the twin was last unshelved, and its root {root.name} was refreshed"
    return f"the twin was unshelved at {seen.woken}, on its refreshed root {root.name}"


def woken_unknown(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal if nobody could tell later whether site B ran on a root that is filled now."""
    if seen.woken is not None:
        return None
    saw = "Nova does not tell when the twin was made or last unshelved"
    return Refusal("woken_unknown", wanted, saw, "Without it nobody knows whether site B ran. Ask the operators.")


def _state(seen: Seen) -> str:
    twin = seen.found
    return f"{twin.status} ({twin.task_state})" if twin.task_state else twin.status


def new_twin(root: Volume) -> str:
    """How to get a new twin, for people. Whatever was filled once is deleted by nobody but them."""
    plain = root.metadata.get(ROLE) == "placeholder" and WOKEN not in root.metadata
    filled = "" if plain else f" rename or delete its volume {root.name},"
    return f"Remove the twin with server_boot_volume state: absent,{filled} run dr_prepare, then repeat."


def forget_steps(root: Volume) -> tuple[Step, ...]:
    """Removes what Cinder noted at the end of the last copy, before the next one begins."""
    if POINT not in root.image_metadata:
        return ()
    args = {"volume_id": root.id, "key": POINT}
    return (Step("unset_image_metadata", f"forget the recovery point of the root {root.name}", args),)
