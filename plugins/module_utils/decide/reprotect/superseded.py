# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server of the old site wrote is superseded: the marks that say so at its volumes, and their snapshots.

A snapshot is of one volume and of the moment at which that volume was marked: both carry the time. So a run that was
killed finds the snapshot again, and there is one for each volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...data.marks import (
    DISK,
    GENERATION,
    PLAN,
    POINT,
    ROLE,
    SERVER,
    STATE,
    SUPERSEDED,
    SUPERSEDED_BY,
    VOLUME,
    WOKEN,
)
from ...data.seen import Seen, Server, Snapshot, Volume
from ...data.steps import Ref, Step, Until
from ..plan.recovery_plan import PlanServer
from ..root.refreshed_root import forget_steps
from ..root.root_state import Kind, kind_of
from ..server.root_volume import root_volume_of, without_root_task
from ..server.states import AT_REST, SHELVE_TASKS

#: What needs no mark: it is marked already, or was made to prove a twin.
_LEFT_AS_IT_IS = frozenset({Kind.SUPERSEDED, Kind.PLACEHOLDER, Kind.REFRESHED})

#: States of a snapshot that will never hold anything, or not for long.
_LOST = frozenset({"error", "error_deleting", "deleting"})

#: States besides those at rest in which a server writes nothing.
_FROZEN = frozenset({"PAUSED", "SUSPENDED"})


@dataclass(frozen=True)
class Old:
    """The server of the site that led before.

    :param seen: that server, in full.
    :param snapshots: of its site, those with the marks of the server.
    :param method: the handover towards its site.
    :param now: UTC, for the marks.
    :param led_by: the generation that leads at the other site.
    """

    seen: Seen
    snapshots: Sequence[Snapshot]
    server: PlanServer
    method: str
    now: str
    led_by: int

    @property
    def it(self) -> Server:
        """The server, idle if its only task is a detach or attach of its root."""
        return without_root_task(self.seen)

    @property
    def root(self) -> Volume | None:
        """Its root volume."""
        return root_volume_of(self.seen)

    def kind(self, volume: Volume) -> Kind:
        """What a volume is to the server."""
        return kind_of(volume, self.server.plan, self.server.name)

    @property
    def asleep(self) -> bool:
        """Whether it is shelved, or about to be. From then on Cinder takes no snapshot: its volumes are reserved."""
        return self.it.task_state in SHELVE_TASKS or self.it.status.startswith("SHELVED")

    @property
    def writes(self) -> bool:
        """Whether it runs, or may run."""
        return self.it.status not in AT_REST | _FROZEN

    @property
    def ran(self) -> bool:
        """Whether it may have written since its volumes were saved."""
        noted = self.root.marks.woken if self.root else ""
        return self.writes or noted not in ("", self.seen.woken)

    @cached_property
    def unmarked(self) -> tuple[Volume, ...]:
        """The volumes to be marked. Where they were saved before and it wrote since, they are to be saved anew."""
        again = self.method == "reimage" and self.ran
        return tuple(v for v in self.seen.volumes.values() if self._is_unmarked(v) or (again and self._is_saved(v)))

    def _is_unmarked(self, volume: Volume) -> bool:
        kind = self.kind(volume)
        return kind not in _LEFT_AS_IT_IS or (kind is Kind.SUPERSEDED and not volume.marks.superseded)

    def _is_saved(self, volume: Volume) -> bool:
        return self.kind(volume) is Kind.REFRESHED or self.snapshot_of(volume) is not None

    def snapshot_of(self, volume: Volume) -> Snapshot | None:
        """The snapshot that was taken of a volume when it was marked."""
        owner, when = (self.server.plan, self.server.name), volume.marks.superseded
        ours = [s for s in self.snapshots if s.volume_id == volume.id and s.marks.of(*owner, "superseded")]
        same = [s for s in ours if when and s.marks.superseded == when and s.status not in _LOST]
        return min(same, key=lambda snapshot: (snapshot.status == "creating", snapshot.id), default=None)

    @property
    def to_be_saved(self) -> tuple[Volume, ...]:
        """The volumes of which there must be a snapshot: all that are superseded, if the handover overwrites one."""
        if self.method != "reimage" or self.asleep:
            return ()
        marked = (v for v in self.seen.volumes.values() if v not in self.unmarked)
        return (*self.unmarked, *(v for v in marked if self.kind(v) is Kind.SUPERSEDED))

    def of_volume(self, volume: Volume) -> dict[str, str]:
        """The marks of a superseded volume. The generation of its data stays as it is; 1 is written where none was."""
        anew = volume in self.unmarked
        return {
            PLAN: self.server.plan,
            SERVER: self.server.name,
            VOLUME: volume.id,
            ROLE: "superseded",
            GENERATION: str(volume.marks.generation),
            SUPERSEDED: self.now if anew else volume.marks.superseded,
            SUPERSEDED_BY: str(self.led_by if anew else volume.marks.superseded_by),
        }

    def disk(self, volume: Volume) -> str:
        """The tag of the disk that a volume is."""
        tags = (a.tag for a in self.seen.found.attachments if a.volume_id == volume.id)
        return volume.marks.disk or next(tags, None) or volume.id

    def snapshot_name(self, volume: Volume) -> str:
        """Of the snapshot of a volume."""
        when = self.of_volume(volume)[SUPERSEDED]
        return f"{self.server.plan}-{self.server.name}-{self.disk(volume)}-superseded-{when}"


def mark_steps(old: Old) -> Iterator[Step]:
    """Marks what is superseded. At a root that will be overwritten also when its server was woken last.

    That one comes last: as long as its note is old, a run that was killed knows that the others are to be saved anew.
    """
    overwritten = old.root if old.method == "reimage" else None
    for volume in sorted(old.unmarked, key=lambda one: one == overwritten):
        woken = {WOKEN: old.seen.woken} if volume == overwritten else {}
        args = {"volume_id": volume.id, "metadata": {**old.of_volume(volume), **woken}}
        yield Step("set_volume_metadata", f"mark volume {volume.name or volume.id} as superseded", args)


def save_steps(old: Old) -> Iterator[Step]:
    """Takes the snapshots that are missing and waits for all. Only then the root may be overwritten."""
    for volume in old.to_be_saved:
        found = None if volume in old.unmarked else old.snapshot_of(volume)
        if found is None:
            yield _snapshot(old, volume)
        elif found.status == "creating":
            yield Step("wait", f"wait until snapshot {found.name} is made", until=_until_made(found.id))
    if old.root in old.to_be_saved and old.root is not None:
        yield from forget_steps(old.root)
        # a placeholder that names a wakening is what a copy may overwrite and no role deletes, see root_state.py
        marks = {ROLE: "placeholder", WOKEN: old.seen.woken, POINT: "", STATE: ""}
        text = f"note that the root {old.root.name or old.root.id} is saved and may be overwritten"
        yield Step("set_volume_metadata", text, {"volume_id": old.root.id, "metadata": marks})


def _snapshot(old: Old, volume: Volume) -> Step:
    name, result = old.snapshot_name(volume), f"snapshot {volume.id}"
    marks = {**old.of_volume(volume), DISK: old.disk(volume)}
    args = {"volume_id": volume.id, "name": name, "metadata": marks}
    text = f"snapshot superseded volume {volume.name or volume.id}"
    return Step("create_snapshot", text, args, _until_made(Ref(result)), result)


def _until_made(snapshot_id: object) -> Until:
    return Until("snapshot", snapshot_id, frozenset({"available"}), frozenset({"creating"}))
