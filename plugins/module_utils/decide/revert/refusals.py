# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a revert is refused: everything that would make it fail half way is found before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...data.steps import Refusal, first_refusal
from ..root.volume_copy import Advice, cannot_copy
from ..server.states import CAN_SHELVE, advice, locked
from .places import Disk
from .steps import Run, after_a_failure, safe, saves_early


def cannot(run: Run, todo: Sequence[Disk], status: str, wanted: str) -> Refusal | None:
    """The first reason found; None if the revert can be done.

    :param status: of the server, once what it is busy with has ended.
    """
    server = run.history.seen.found
    if status not in CAN_SHELVE | {"SHELVED_OFFLOADED"}:
        fault = f": {server.fault}" if server.fault else ""
        return Refusal("wrong_state", wanted, f"its state is {status}{fault}", _advice(run, status))
    reasons = (_unfit_copy(run, d, status, wanted) if run.copies(d) else _unfit(run, d, wanted) for d in todo)
    return locked(server, wanted) or next((reason for reason in reasons if reason), None)


def _advice(run: Run, status: str) -> str:
    return f"{safe(run)}{advice(status)}"


def _unfit(run: Run, disk: Disk, wanted: str) -> Refusal | None:
    """Why a volume cannot be exchanged."""
    old, made, root = disk.old, run.new(disk), run.history.seen.root_answer
    can_go = ("in-use", "reserved", "available", "detaching")
    return first_refusal(wanted, (
        (disk.is_root and root is None, "root_unknown", "the cloud does not tell what its root is once that is off",
         "Its guarded API needs the request os-root-volume for this. Say method: reimage."),
        (old.multiattach, "volume_multiattach", f"its {disk.text} is multiattach",
         "Nova attaches none to a shelved server: copy it to a volume of another type first."),
        (old.status not in can_go, "volume_busy", f"its {disk.text} is {old.status}",
         "Wait until that is over, then repeat."),
        (made and made.status == "error", "new_volume_failed",
         f"volume {made and made.name}, which takes the place of its {disk.text}, is in error",
         f"{safe(run)}Its {disk.text} is as it was. Find out why, delete volume {made and made.id}, then repeat."),
    ))  # fmt: skip


def _unfit_copy(run: Run, disk: Disk, status: str, wanted: str) -> Refusal | None:
    """Why the root cannot be overwritten. Its state before must be saved, or be possible to save."""
    if disk.now is None:
        saw = "its root volume is off, as an earlier run with method: attach left it"
        return Refusal("no_root", wanted, saw, "Repeat it with method: attach.")
    # it is reserved once the server is shelved
    is_up = run.history.seen.found.status != "SHELVED_OFFLOADED"
    will_be = replace(disk.now, status="reserved") if disk.now.status == "in-use" and is_up else disk.now
    refusal = cannot_copy(run.history.seen.offer, will_be, disk.target.size, wanted, _words(run, disk))
    if refusal or saves_early(disk) or run.saved(disk):
        return refusal
    saw = f"it is {status}, and Cinder makes no snapshot of a reserved volume, so that its state could not be saved"
    return Refusal(
        "cannot_save", wanted, saw, "Unshelve it first, then repeat: it is stopped and saved before the copy."
    )


def _words(run: Run, disk: Disk) -> Advice:
    return Advice(
        source=f"snapshot {disk.target.name or disk.target.id}",
        root=f"its {disk.text}",
        cloud="the cloud",
        other_way="Its root cannot be reverted here without making the server anew.",
        too_small="Extend the root volume first, or name another snapshot.",
        failed=after_a_failure(run, disk),
    )
