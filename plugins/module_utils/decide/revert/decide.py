# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverting a server's root volume to a snapshot, with data volumes if asked for, without making the server anew.

"Reverted to a snapshot" means: the data of the volume began with that snapshot. What the server wrote since then stays,
so a second run has nothing to do. `Ask.again` reverts once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.parts import Part
from ...data.seen import History, Offer, Server, Snapshot
from ...data.steps import Decision, Plan, Refusal, Step
from ..server.facts import server_facts
from ..server.root_volume import which_root, without_root_task
from ..server.shelve import until_active, until_shelved, until_stopped
from ..server.states import SHELVE_TASKS, UNSHELVE_TASKS, busy, lacks_guarded_api, locked, not_volume_backed
from .places import Ask, Disk, Place, data_place, find_target, left_off, root_place, twice
from .progress import begun, last_run, next_number, went_back
from .refusals import cannot
from .results import as_done, foretell, revert_facts
from .steps import (
    Run,
    close_steps,
    down_steps,
    exchange_steps,
    image_for,
    make_steps,
    mark_steps,
    may_copy,
    other_copy,
    overwrite_steps,
    up_steps,
)

#: Where a disk is, and the snapshot that it goes back to.
Found = tuple[Place, Snapshot]


def ask(params: Mapping[str, Any]) -> Ask:
    """What the options of the module say."""
    volumes = tuple((row["volume"], row.get("snapshot")) for row in params["volumes"])
    return Ask(params["server"], params["snapshot"], volumes, params["method"], params["again"])


def decide_revert(first: History, history: History, ask: Ask) -> Decision:
    """Takes the root volume, and data volumes that were named, back to a snapshot; carries on what was begun.

    :param first: what this run read first: it tells what was done before it.
    """
    way = not_volume_backed(history.seen, ask.wanted) or _way(history.seen.offer, ask)
    if isinstance(way, Refusal):
        return way
    found = _disks(history, ask)
    if isinstance(found, Refusal):
        return found
    run, reason = _run(history, way[0], found), way[1]
    before = server_facts(history.seen, which_root(history.seen))
    if _finished(first, run, found, ask):
        return Plan(before, before, extra={"revert": revert_facts(as_done(run), reason)})
    steps = _steps(run, ask.wanted)
    if isinstance(steps, Refusal):
        return steps
    return Plan(before, foretell(run), steps, extra={"revert": revert_facts(run, reason)})


def _way(offer: Offer, ask: Ask) -> tuple[str, str] | Refusal:
    """How the root gets its state, and why so: as the option says; "auto" looks at what the cloud advertises."""
    lacks = lacks_guarded_api()
    if ask.method == "reimage":
        return "reimage", "the option method says so"
    if offer.guarded_api:
        has = f"the cloud's guarded root volume API is {offer.how}"
        return "attach", has if ask.method == "auto" else "the option method says so"
    if ask.method == "auto":
        return "reimage", lacks
    return Refusal("no_guarded_api", ask.wanted, lacks, "Say method: reimage, which copies into the root volume.")


def _disks(history: History, ask: Ask) -> list[Found] | Refusal:
    """Where the disks are, the root first, and the snapshots that they go back to."""
    root = root_place(history, ask.wanted)
    if isinstance(root, Refusal):
        return root
    found: list[Found] = []
    for volume, ref in ((None, ask.snapshot), *ask.volumes):
        place = root if volume is None else data_place(history, volume, root, ask.wanted)
        # a set is snapshots of one name
        name = ref or found[0][1].name or found[0][1].id
        target = place if isinstance(place, Refusal) else find_target(history, place, name, ask.wanted)
        if isinstance(place, Refusal) or isinstance(target, Refusal):
            return target  # type: ignore[return-value]
        found.append((place, target))
    places = [place for place, _target in found]
    return twice(places, ask.wanted) or left_off(history, places, ask.wanted) or found


def _run(history: History, method: str, found: list[Found]) -> Run:
    """The revert that is under way, or a new one."""
    root, target = found[0]
    mark = begun(history, root.marked)
    if mark and (_holds(root, mark.number, target) or mark.ran == last_run(history)):
        olds = [place.marked or place.volume for place, _target in found]
        was, number, ran = mark.was, mark.number, mark.ran
    else:
        # a server that ran since its state was saved has another state now
        olds = [place.volume for place, _target in found]
        was, number, ran = _rests(history.seen.found), next_number(history, olds), last_run(history)
    disks = (Disk(place.ref, old, place.now, snapshot) for (place, snapshot), old in zip(found, olds))
    return Run(history, number, was, ran, method, tuple(disks))


def _holds(root: Place, number: int, target: Snapshot) -> bool:
    """Whether the root went back already, so that only what comes after that is left."""
    return went_back(root.now) == (str(number), target.id)


def _rests(server: Server) -> str:
    """The state of the server afterwards. The memory of a paused or suspended one does not fit to reverted volumes."""
    return server.status if server.status in ("SHUTOFF", "SHELVED_OFFLOADED") else "ACTIVE"


def _finished(first: History, run: Run, found: list[Found], ask: Ask) -> bool:
    """Whether all volumes were reverted to their snapshots by one and the same revert, and nothing of it is left."""
    if any(begun(run.history, place.marked) for place, _target in found):
        return False
    numbers = {went_back(disk.now)[0] for disk in run.disks}
    if len(numbers) > 1 or any(went_back(disk.now)[1] != disk.target.id for disk in run.disks):
        return False
    return not ask.again or numbers != {_number_at(first)}


def _number_at(first: History) -> str:
    """The number of the revert that was finished when this run began to read, "" if one was under way."""
    root = root_place(first, "")
    if isinstance(root, Refusal) or root.now is None or begun(first, root.marked):
        return ""
    return went_back(root.now)[0]


def _steps(run: Run, wanted: str) -> tuple[Step, ...] | Refusal:
    """What is left to do, from wherever an earlier run was killed."""
    server, todo = without_root_task(run.history.seen), [disk for disk in run.disks if not run.done(disk)]
    waits, status = _settle(server)
    is_open = any(begun(run.history, disk.old) for disk in run.disks)
    # only if all volumes went back was the unshelve sent by a killed run
    ours = is_open and waits and not (todo and status == "ACTIVE")
    refusal = (None if ours else busy(server, wanted)) or cannot(run, todo, status, wanted)
    if refusal:
        return refusal
    if not todo:
        return locked(server, wanted) or (*waits, *up_steps(run, status), *close_steps(run))
    copied = [disk for disk in todo if run.copies(disk)]
    early = tuple(step for disk in copied for step in (*other_copy(run, disk), *may_copy(run, disk)))
    make = tuple(step for d in todo for step in (image_for(run, d) if run.copies(d) else make_steps(run, d)))
    fill = tuple(step for d in todo for step in (overwrite_steps(run, d) if run.copies(d) else exchange_steps(run, d)))
    return (
        *waits, *early, *mark_steps(run), *make, *down_steps(run, status), *fill,
        *up_steps(run, "SHELVED_OFFLOADED"), *close_steps(run),
    )  # fmt: skip


def _settle(server: Server) -> tuple[tuple[Step, ...], str]:
    """The wait for what a killed run asked Nova for, and the status after it."""
    for tasks, until, status, part in (
        (SHELVE_TASKS, until_shelved(server.id), "SHELVED_OFFLOADED", Part.SHELVE),
        (UNSHELVE_TASKS, until_active(server.id), "ACTIVE", Part.START),
        (frozenset({"powering-off"}), until_stopped(server.id), "SHUTOFF", Part.SHELVE),
    ):
        if server.task_state in tasks:
            text = f"wait until server {server.name} is {status}"
            return (Step("wait", text, until=until, part=part),), status
    return (), server.status
