# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another volume, or what is in a snapshot, a backup or an image, becomes the root of a server that is shelved."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ...data.marks import BUILDING
from ...data.replacement import Replacing
from ...data.seen import Root, Seen, Volume
from ...data.steps import Decision, Plan, Refusal
from ..server.facts import server_facts
from ..server.root_volume import (
    attach_step,
    detach_steps,
    root_volume_of,
    unfit_root,
    unknown_root,
    which_root,
    with_root,
    without_root_task,
    without_volume,
)
from ..server.states import locked, not_dormant_able, not_volume_backed
from .new_volume import new_root, note_former, unmark_step
from .provenance import former_id, is_begun, is_from, turn
from .replace_by_rebuild import come_up, from_record, recreate_plan
from .replace_by_reimage import reimage_steps, tidy_steps
from .ways import Asked, choose_way


def decide_replace(what: Replacing, first: Replacing, asked: Asked, server: str) -> Decision:
    """Hands the source over as the root, the way that was asked for; carries on where a run was killed.

    :param first: what this run read first: it tells what was done before it.
    """
    source = what.source
    wanted = f"hand {source.kind} {source.name or source.id} over as the root of server {server}"
    chosen = choose_way(asked, what.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    decided = _decide(what, first.seen, chosen.method, wanted)
    if isinstance(decided, Refusal):
        return decided
    told = {**chosen.facts, "old_root": None, "definition": None}
    return replace(decided, extra={**told, **decided.extra})


def _decide(what: Replacing, first: Seen, method: str, wanted: str) -> Decision:
    gone = from_record(what, wanted) if method == "recreate" and what.seen.server is None else None
    refusal = gone or not_volume_backed(what.seen, wanted)
    if refusal:
        return refusal
    root = which_root(what.seen)
    volume = root_volume_of(what.seen)
    if volume is not None and is_from(volume, what.source) and not _once_more(what, first, volume, method):
        return _done(what, root, volume, method, wanted)
    by = {"attach": _attach, "reimage": _reimage, "recreate": recreate_plan}[method]
    return _not_at_rest(what, root, wanted) or by(what, root, wanted)


def _once_more(what: Replacing, first: Seen, volume: Volume, method: str) -> bool:
    """Whether another handover was asked for, and this root is still what an earlier run finished.

    What an earlier run had only begun when this one began to read is that handover. A volume is the root only once.
    """
    if not what.again or volume.id == what.source.id:
        return False
    was = root_volume_of(first)
    if was is None or _is_open(was, method):
        return False
    return (was.id, turn(was)) == (volume.id, turn(volume))


def _is_open(root: Volume, method: str) -> bool:
    """Whether a run did not come to its end after the root was ready."""
    return is_begun(root) if method == "reimage" else BUILDING in root.metadata


def _not_at_rest(what: Replacing, root: Root, wanted: str) -> Refusal | None:
    """A refusal unless the server may get another root now, and its root is the one that the user means."""
    server = what.seen.found
    refusal = locked(server, wanted) or not_dormant_able(without_root_task(what.seen), wanted)
    if refusal:
        return refusal
    if root.present is None:
        return unknown_root(wanted, server)
    if root.present and what.named_root and root.volume_id != what.named_root:
        saw = f"its root is volume {root.volume_id}, not {what.named_root}"
        return Refusal("other_root", wanted, saw, "Look which volume it is, then name it as root_volume.")
    return None


def _done(what: Replacing, root: Root, volume: Volume, method: str, wanted: str) -> Decision:
    """The source is the root already. What is left is to remove what a killed run left behind."""
    up = come_up(what, wanted) if method == "recreate" else ()
    if isinstance(up, Refusal):
        return up
    marked = (unmark_step(volume),) if BUILDING in volume.metadata else ()
    tidied = tidy_steps(what, volume, volume.image_metadata) if method == "reimage" else ()
    before, former = server_facts(what.seen, root), what.formers.get(former_id(volume) or "")
    after = {**before, "status": "ACTIVE", "task_state": None} if up else before
    return Plan(before, after, (*up, *marked, *tidied), extra={"old_root": _named(former), **_recorded(what, method)})


def _recorded(what: Replacing, method: str) -> dict[str, Any]:
    """The definition from which the server was made."""
    record = what.recreation.record
    mine = method == "recreate" and record is not None and record.name == what.seen.found.name
    return {"definition": asdict(record)} if record is not None and mine else {}


def _named(volume: Volume | None) -> dict[str, str] | None:
    return {"id": volume.id, "name": volume.name} if volume is not None else None


def _attach(what: Replacing, root: Root, wanted: str) -> Decision:
    """Takes the old root off only when the new one is ready, and keeps it."""
    seen, server = what.seen, what.seen.found
    old = root_volume_of(seen)
    new = new_root(what, server.id, server.name, old, wanted)
    if isinstance(new, Refusal):
        return new
    refusal = unfit_root(new.volume, server, wanted) if what.given else None
    if refusal:
        return refusal
    off = detach_steps(seen, root) if root.present else ()
    noted = note_former(new.volume, old) if what.given and old else ()
    steps = (*new.steps, *noted, *off, attach_step(server, root, new.volume), *new.unmark)
    return Plan(server_facts(seen, root), _foretold(seen, root, new.foretold), steps, extra={"old_root": _named(old)})


def _foretold(seen: Seen, root: Root, volume: Volume) -> dict[str, Any]:
    """The server with the volume as its root."""
    bare = replace(seen, server=without_volume(seen.found, root.volume_id) if root.present else seen.server)
    return server_facts(*with_root(bare, root, volume))


def _reimage(what: Replacing, root: Root, wanted: str) -> Decision:
    steps = reimage_steps(what, root, wanted)
    facts = server_facts(what.seen, root)
    return steps if isinstance(steps, Refusal) else Plan(facts, facts, steps)
