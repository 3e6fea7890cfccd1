# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication by the storage itself, as a provider: the commands of the plan say and do what the storage can.

A recovery point stays in the storage until somebody needs it. Until then it stands for the volumes that it can become,
see `promised.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .....data.external import OPTIONAL, Point, Stored
from .....data.marks import EXTERNAL, VOLUME, without
from .....data.parts import Part
from .....data.steps import Finding, Refusal, Step
from ....drill.from_storage import DrillDisks
from ....handover.recovery import Recovery
from ....plan.recovery_plan import PlanServer, RecoveryPlan
from ....plan.recovery_points import Marked, RecoveryPoint
from ....status.leadership import Standing, at_site
from ...replication import Cycle
from ...retention import kept_volumes
from ..contract import Verb
from .clones import Clones
from .commands import command
from .promised import of_point
from .usable import AtTarget, Usable

_OFFERS = (Verb.PROTECT, Verb.STATUS, Verb.POINTS, Verb.MAKE_USABLE, Verb.REVERSE, Verb.CLONE)


class External:
    """See `Provider` for the contract. What the commands must guarantee stands in docs/providers.md."""

    offers = frozenset(_OFFERS)

    def lacks(self, verb: Verb, options: Mapping[str, Any]) -> str:
        """Drills are optional. A plan without any other command is refused as a whole."""
        missing = [name for name in OPTIONAL if verb is Verb.CLONE and not options["commands"].get(name)]
        return f"replication.commands.{', '.join(missing)}" if missing else ""

    def clouds(self, verb: Verb, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Only administrators let Cinder manage what is in the storage. Readiness connects as one to prove it."""
        manages = options["adopt"] == "manage" and verb in (Verb.MAKE_USABLE, Verb.STATUS, Verb.CLONE)
        return ("target_admin",) if manages else ()

    def begun(self, cycle: Cycle) -> Iterator[str]:
        """The times of points that the storage has begun and not completed, with notes of all disks."""
        disks = set(cycle.server.disks)
        open_ones = (p for p in _stored(cycle).points if not (p.complete or p.promoted) and p.notes.keys() >= disks)
        return (point.time for point in open_ones if point.time <= cycle.what.latest)

    def refusal(self, cycle: Cycle) -> Refusal | None:
        """The storage is turned round only while the server that led before holds nothing of the application."""
        direction, name = cycle.server.direction, cycle.server.name
        if not self._turns(cycle):
            return None
        standing = at_site(cycle.what.twin, cycle.plan.name).standing
        if standing in (Standing.DORMANT, Standing.MISSING):
            return None
        saw = f"the storage replicates from {direction.target}, whose server {name} holds data ({standing.value})"
        todo = "Run dr_reprotect, which makes it a dormant twin, then repeat."
        return Refusal("not_dormant", f"replicate {name} to {direction.target}", saw, todo)

    def protect(self, cycle: Cycle) -> Iterator[Step]:
        """The storage is turned round, if it still replicates the other way, and makes a recovery point."""
        plan, server = cycle.plan, cycle.server
        volumes = {disk: {"volume_id": source.volume_id} for disk, source in cycle.sources.items()}
        if self._turns(cycle):
            text = f"let the storage replicate {server.name} to {server.direction.target}"
            yield command(plan, server, "reverse", text, Part.BACKUP, disks=volumes)
        notes = {disk: _notes(cycle, disk) for disk in server.disks}
        text = f"make a recovery point of {server.name} at the storage of {server.direction.target}"
        yield command(plan, server, "replicate", text, Part.BACKUP, time=cycle.time, disks=volumes, notes=notes)

    def _turns(self, cycle: Cycle) -> bool:
        return _stored(cycle).source == cycle.server.direction.target.letter

    def proves(self, cycle: Cycle, point: RecoveryPoint) -> bool:
        """The storage of the target tells it; volumes that were made of it name the point."""
        ids = {one.id for one in _stored(cycle).points if one.time == point.time and one.complete}
        replicas = [point.volumes[disk] for disk in cycle.server.disks]
        return bool(ids) and all(replica.metadata.get(EXTERNAL) in ids for replica in replicas)

    def superfluous(self, cycle: Cycle) -> tuple[Step, ...]:
        """Older points of the storage. What was promoted may be a volume by now, so the storage does not remove it."""
        kept = kept_volumes(cycle)
        old = [p for p in _stored(cycle).points if p.time < cycle.time and not p.promoted]
        ids = [p.id for p in old if not any(of_point(p, disk) in kept for disk in cycle.server.disks)]
        if not ids:
            return ()
        text = f"remove {len(ids)} older recovery points of {cycle.server.name} from the storage"
        return (command(cycle.plan, cycle.server, "remove", text, Part.TIDY, points=ids),)

    def marked(self, made: AtTarget) -> Iterable[Marked]:
        """The points of the storage that are not complete. The others stand for volumes, which are told anyway."""
        return [point for point in made.stored.points if not point.complete]

    def left(self, cycle: Cycle) -> Iterator[str]:
        """What the storage says that cannot be used."""
        stored = _stored(cycle)
        yield from stored.faults
        yield from (f"the storage says: {problem}" for problem in stored.problems)

    def hindrances(self, made: AtTarget) -> Iterator[Finding]:
        """What the storage says that stands in the way."""
        for problem in made.stored.problems:
            yield Finding("storage", "no problem", problem, f"the storage says: {problem}", todo="Look at the storage.")
        for fault in made.stored.faults:
            yield Finding("recovery point", "one that counts", "one that does not", fault, blocks=False)

    def make_usable(
        self, what: Recovery, plan: RecoveryPlan, server: PlanServer, point: RecoveryPoint
    ) -> tuple[tuple[Step, ...], ...] | Refusal:
        """Promotes the point, then Cinder takes it over."""
        usable = Usable.of(what, plan, server, point)
        return usable.stages() if usable else ()

    def clone(self, what: DrillDisks) -> tuple[tuple[Step, ...], ...] | Refusal:
        """The storage copies the point, then Cinder takes the copies over."""
        clones = Clones.of(what)
        return clones.stages() if clones else ()

    def note(self, what: DrillDisks, step: Step) -> Step:
        """The storage keeps what is noted with its point."""
        root = next(v for v in what.recovery.replicas if v.id == step.args["volume_id"])
        point: Point = what.recovery.made.at(root.marks.point)
        notes = {disk: vars(one) for disk, one in point.notes.items()}
        notes[root.marks.disk] = {
            **notes[root.marks.disk],
            "metadata": {**point.notes[root.marks.disk].metadata, **step.args["metadata"]},
        }
        return command(what.plan, what.server, "note", step.text, step.part, point=point.id, notes=notes)


def _stored(cycle: Cycle) -> Stored:
    made: AtTarget = cycle.what.made
    return made.stored


def _notes(cycle: Cycle, disk: str) -> dict[str, Any]:
    """What the volume of a disk needs when the source is dead."""
    source = cycle.source(disk)
    marks = {key: value for key, value in cycle.complete_marks(disk, "").items() if key != VOLUME}
    metadata = {**without(source.metadata), **marks}
    return {"size": source.size, "metadata": metadata, "image_metadata": dict(source.image_metadata)}
