# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of a dormant twin that replication fills: why it must not be filled again, and what to do then."""

from __future__ import annotations

from ...data.marks import POINT
from ...data.seen import Seen, Volume
from ...data.steps import Refusal, Step
from .root_state import Kind, RootState, sleeps


def may_have_run(seen: Seen, state: RootState) -> str:
    """Why the target may have run on the refreshed root of the twin; "" if it has none, or has slept ever since."""
    if state.kind is not Kind.REFRESHED or state.volume is None or state.unused:
        return ""
    root = state.volume.name
    if not sleeps(seen):
        return f"the twin is {_state(seen)} on its refreshed root {root}"
    if seen.woken is None:
        return f"Nova does not tell when the twin was last unshelved, and its root {root} was refreshed"
    return f"the twin was unshelved at {seen.woken}, on its refreshed root {root}"


def woken_unknown(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal if it could not be known later whether the target ran on a root that is filled now."""
    if seen.woken is not None:
        return None
    saw = "Nova does not tell when the twin was made or last unshelved"
    return Refusal(
        "woken_unknown", wanted, saw, "Without it a later run cannot know whether the target ran. Ask the operators."
    )


def _state(seen: Seen) -> str:
    twin = seen.found
    return f"{twin.status} ({twin.task_state})" if twin.task_state else twin.status


def new_twin(root: Volume) -> str:
    """How to get a new twin, for people. No run deletes a root that was filled once, so they must."""
    plain = root.marks.role == "placeholder" and not root.marks.woken
    filled = "" if plain else f" rename or delete its volume {root.name},"
    return f"Remove the twin with server_boot_volume state: absent,{filled} run dr_prepare, then repeat."


def forget_steps(root: Volume) -> tuple[Step, ...]:
    """Before a copy begins, removes what Cinder noted at the end of the last one."""
    if POINT not in root.image_metadata:
        return ()
    args = {"volume_id": root.id, "key": POINT}
    return (Step("unset_image_metadata", f"forget the recovery point of the root {root.name}", args),)
