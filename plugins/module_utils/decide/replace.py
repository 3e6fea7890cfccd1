# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another volume, or what is in a snapshot, a backup or an image, becomes the root of a server that is shelved."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ..model import Root, Seen, Volume
from ..plan import Decision, Plan, Refusal
from ..replacing import Replacing
from .building import BUILDING
from .facts import server_facts
from .handover import Asked, choose_way
from .new_root import new_root, note_former, unmark_step
from .replace_recreate import come_up, from_record, recreate_plan
from .replace_reimage import reimage_steps, tidy_steps
from .root_marks import former_id, is_begun, is_from, turn
from .root_volume import attach_step, detach_steps, unfit_root, unknown_root, which_root, with_root, without_volume
from .shelving import no_server
from .states import locked, not_dormant_able


def decide_replace(what: Replacing, asked: Asked, server: str) -> Decision:
    """Hands the source over as the root, the way that was asked for; carries on where a run was killed."""
    source = what.source
    wanted = f"hand {source.kind} {source.name or source.id} over as the root of server {server}"
    chosen = choose_way(asked, what.seen.offer, wanted)
    if isinstance(chosen, Refusal):
        return chosen
    decided = _decide(what, chosen.method, wanted)
    if isinstance(decided, Refusal):
        return decided
    told = {**chosen.facts, "old_root": None, "definition": None}
    return replace(decided, extra={**told, **decided.extra})


def _decide(what: Replacing, method: str, wanted: str) -> Decision:
    gone = from_record(what, wanted) if method == "recreate" and what.seen.server is None else None
    refusal = gone or _unfit(what, wanted)
    if refusal:
        return refusal
    root = which_root(what.seen)
    volume = what.seen.volumes.get(root.volume_id or "")
    if volume is not None and is_from(volume, what.source) and not _once_more(what, volume, method):
        return _done(what, root, volume, method, wanted)
    by = {"attach": _attach, "reimage": _reimage, "recreate": recreate_plan}[method]
    return _not_at_rest(what, root, wanted) or by(what, root, wanted)


def _once_more(what: Replacing, volume: Volume, method: str) -> bool:
    """Whether another handover was asked for, and this root is still what an earlier run finished.

    What an earlier run had only begun when this one began to read is that handover. A volume is the root only once.
    """
    if not what.again or volume.id == what.source.id:
        return False
    first = what.first or what.seen
    was = first.volumes.get(which_root(first).volume_id or "")
    if was is None or _is_open(was, method):
        return False
    return (was.id, turn(was)) == (volume.id, turn(volume))


def _is_open(root: Volume, method: str) -> bool:
    """Whether a run did not come to its end after the root was ready."""
    return is_begun(root) if method == "reimage" else BUILDING in root.metadata


def _unfit(what: Replacing, wanted: str) -> Refusal | None:
    """A refusal unless there is a server whose root is a volume."""
    server = what.seen.server
    if server is None:
        return no_server(wanted)
    if server.image_id:
        todo = "Only servers that boot from a volume can do this."
        return Refusal("not_volume_backed", wanted, "it boots from an image", todo)
    return None


def _not_at_rest(what: Replacing, root: Root, wanted: str) -> Refusal | None:
    """A refusal unless the server may get another root now, and its root is the one that the user means."""
    server = what.seen.found
    refusal = locked(server, wanted) or not_dormant_able(server, wanted)
    if refusal:
        return refusal
    if root.present is None:
        return unknown_root(wanted, server)
    if root.present and what.named_root and root.volume_id != what.named_root:
        saw = f"its root is volume {root.volume_id}, not {what.named_root}"
        return Refusal("other_root", wanted, saw, "Look which volume it is, then name it as root_volume.")
    return None


def _done(what: Replacing, root: Root, volume: Volume, method: str, wanted: str) -> Decision:
    """The source is the root: only what a run that was killed left is tidied."""
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
    """The old root comes off only when the new one is ready, and is kept."""
    seen, server = what.seen, what.seen.found
    old = seen.volumes.get(root.volume_id or "") if root.present else None
    new = new_root(what, server.id, server.name, old, wanted)
    if isinstance(new, Refusal):
        return new
    refusal = unfit_root(new.volume, server, wanted) if what.given else None
    if refusal:
        return refusal
    off = detach_steps(seen, root) if root.present else ()
    noted = note_former(new.volume, old) if what.given and old else ()
    steps = (*new.steps, *noted, *off, attach_step(server, root, new.volume), *new.unmark)
    return Plan(server_facts(seen, root), _foretold(seen, root, new.volume), steps, extra={"old_root": _named(old)})


def _foretold(seen: Seen, root: Root, volume: Volume) -> dict[str, Any]:
    """The server with the volume as its root; one that is made has no id yet."""
    known = volume if isinstance(volume.id, str) else replace(volume, id=f"(new {volume.name})")
    bare = replace(seen, server=without_volume(seen.found, root.volume_id) if root.present else seen.server)
    return server_facts(*with_root(bare, root, known))


def _reimage(what: Replacing, root: Root, wanted: str) -> Decision:
    steps = reimage_steps(what, root, wanted)
    facts = server_facts(what.seen, root)
    return steps if isinstance(steps, Refusal) else Plan(facts, facts, steps)
