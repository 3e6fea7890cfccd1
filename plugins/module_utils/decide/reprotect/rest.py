# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of the old site is put to rest, in the way in which a later failover will wake it.

Attach: shelved, without volumes. Recreate: shelved on its old volumes. Reimage: its volumes are saved in snapshots
while it stands still, then it is shelved on them; a later failover overwrites the root and takes the others off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...data.direction import PlanSite
from ...data.marks import FILLABLE, PLAN, STOPPED
from ...data.parts import Part
from ...data.steps import Refusal, Step, first_refusal, for_part
from ..root.refreshed_root import woken_unknown
from ..root.root_state import Kind
from ..root.volume_copy import Advice, cannot_copy, check_step
from ..server.root_volume import clear_delete_flags, unknown_root, which_root
from ..server.shelve import await_shelved, shelve_step
from ..server.states import SHELVE_TASKS
from ..status.stale_copy import stop_stale_copy
from ..twin.prepare import take_off
from .superseded import Old, mark_steps, save_steps

#: Kinds of roots that a failover by reimage overwrites.
_OVERWRITTEN = frozenset({Kind.PLACEHOLDER, Kind.REFRESHED})


def cannot_rest(old: Old, site: PlanSite, wanted: str) -> Refusal | None:
    """Why the server cannot become a twin of this handover. Nothing was changed by then."""
    anew = _anew(old, site)
    if old.method == "recreate":
        marked = old.it.metadata.get(PLAN) == old.server.plan
        saw = f"the server at {site} is {old.it.status} without the mark {PLAN}, and Nova sets none on a shelved server"
        return first_refusal(wanted, ((old.asleep and old.it.attachments and not marked, "not_marked", saw, anew),))
    if old.method != "reimage" or not old.it.attachments:
        return None
    return _no_root(old, wanted) or _not_saved(old, site, wanted, anew)


def _anew(old: Old, site: PlanSite) -> str:
    """How to get a new twin, for people. A volume that keeps the name of a placeholder would stand in its way."""
    named = sorted(v.name for v in old.seen.volumes.values() if v.name.endswith("-placeholder"))
    rename = f" rename {', '.join(named)}," if named else ""
    keeps = f"Remove it with server_boot_volume state: absent, which keeps its volumes,{rename}"
    return f"{keeps} then run dr_prepare -e to={site.letter}."


def _no_root(old: Old, wanted: str) -> Refusal | None:
    if which_root(old.seen).present is None:
        return unknown_root(wanted, old.it)
    return woken_unknown(old.seen, wanted)


def _not_saved(old: Old, site: PlanSite, wanted: str, anew: str) -> Refusal | None:
    """The root is to be overwritten, so what is on it must be saved, and Cinder able to copy into it."""
    root = old.root
    if root is None:
        return None
    if old.asleep:
        saw = f"the server at {site} is {old.it.status}, and no snapshot keeps what is on its root {root.name}"
        awake = f"the server at {site} was woken at {old.seen.woken}, and no snapshot keeps what it wrote since"
        todo = f"Cinder takes no snapshot of a reserved volume. Say handover: recreate in the plan. Or: {anew}"
        return first_refusal(wanted, (
            (old.kind(root) not in _OVERWRITTEN, "not_saved", saw, todo),
            (old.ran, "twin_ran", awake, f"Its volumes are kept if you remove it. {anew}"),
        ))  # fmt: skip
    return cannot_copy(old.seen.offer, replace(root, status="reserved"), root.size, wanted, Advice(
        source="the root", root=f"the root {root.name} of the server", cloud=str(site),
        other_way="Say handover: recreate in the plan.", too_small="", failed="",
    ))  # fmt: skip


def rest_steps(old: Old, site: str) -> Iterator[Step]:
    """First the marks: a run that is killed after them still knows what the volumes are. The lock stays until then."""
    it, locked = old.it, old.it.locked
    yield from for_part(Part.FENCE, mark_steps(old))
    if old.method == "reimage" and old.writes and not old.asleep:
        yield from _unlock(old) if locked else ()
        yield stop_stale_copy(it, site)
        locked = False
    yield from for_part(Part.SNAPSHOT, save_steps(old))
    yield from _unlock(old) if locked else ()
    yield from _shelve(old)
    ids = [attachment.volume_id for attachment in it.attachments]
    if old.method == "attach":
        root = which_root(old.seen).volume_id
        yield from take_off(old.seen, sorted(ids, key=lambda one: one != root))
    else:
        yield from for_part(Part.SHELVE, clear_delete_flags(it, tuple(ids)))
    if old.method == "reimage":
        yield from for_part(Part.CHECK, _can_be_filled(old))


def _unlock(old: Old) -> Iterator[Step]:
    yield Step("unlock", f"unlock server {old.it.name}", {"server_id": old.it.id}, part=Part.SHELVE)


def _shelve(old: Old) -> Iterator[Step]:
    it = old.it
    if it.task_state in SHELVE_TASKS or it.status == "SHELVED":
        yield await_shelved(it.id, it.name)
    elif it.status != "SHELVED_OFFLOADED":
        # Nova takes no metadata for a server that is shelved
        wanted = {PLAN: old.server.plan, **({STOPPED: ""} if it.metadata.get(STOPPED) else {})}
        if any(it.metadata.get(key) != value for key, value in wanted.items()):
            args = {"server_id": it.id, "metadata": wanted}
            yield Step("set_server_metadata", f"mark server {it.name} as a twin of the plan", args, part=Part.FENCE)
        yield shelve_step(it.id, it.name)


def _can_be_filled(old: Old) -> Iterator[Step]:
    """Asks Cinder now, not during a failover. It is noted at the root, so that it is asked until the answer is good."""
    root = old.root
    if root is None or old.kind(root) is Kind.PLACEHOLDER or root.marks.fillable:
        return
    yield check_step(root.id)
    args = {"volume_id": root.id, "metadata": {FILLABLE: "yes"}}
    yield Step("set_volume_metadata", f"note at the root {root.name or root.id} that it can be filled", args)
