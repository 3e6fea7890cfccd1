# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of a revert: saving the state before, exchanging a volume, overwriting a reserved root.

A volume is exchanged for a new one that is made from the snapshot: nothing is overwritten, and the old one is kept.
Cinder's own revert (3.40) would overwrite it. It takes only the newest snapshot, which is that of the state before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...data.marks import (
    DISK,
    ORIGIN,
    OWNER,
    PLAN,
    REVERT,
    REVERT_VOLUME,
    REVERTED_TO,
    REVERTING,
    ROLE,
    SERVER,
    without,
)
from ...data.parts import Part
from ...data.seen import Attachment, History, Server, Snapshot, Volume
from ...data.steps import Ref, Step, Until, for_part
from ..root.volume_copy import (
    Helpers,
    boot_properties,
    check_step,
    clean_steps,
    copy_steps,
    drop_steps,
    earlier_copy,
    image_steps,
)
from ..server.build_steps import bootable_step
from ..server.root_volume import clear_delete_flags, detach_step, until_attached, until_detached, which_root
from ..server.shelve import shelve_step, stop_step, unshelve_step
from .places import Disk
from .progress import SAVED, Begun, begun, known, origin, own, saved, went_back


@dataclass(frozen=True)
class Run:
    """A revert: its number, how the server was and when it was set running, how the root goes back, and the disks."""

    history: History
    number: int
    was: str
    ran: str
    method: str
    disks: tuple[Disk, ...]

    def copies(self, disk: Disk) -> bool:
        """Whether the disk is overwritten rather than exchanged."""
        return disk.is_root and self.method == "reimage"

    def done(self, disk: Disk) -> bool:
        """Whether the attached volume holds the state of the snapshot."""
        return went_back(disk.now) == (str(self.number), disk.target.id)

    def own_marks(self, disk: Disk) -> dict[str, str]:
        """What the new volume says, or the image of a copy and then the volume that was filled from it."""
        return {OWNER: self.history.seen.found.id, REVERT: str(self.number), REVERTED_TO: disk.target.id}

    def copied(self, disk: Disk) -> bool:
        """Whether the copy is complete, and only not noted yet: Cinder gives a volume the marks of the image last."""
        marks = self.own_marks(disk)
        return disk.old.status == "reserved" and marks.items() <= disk.old.image_metadata.items()

    def copying(self, disk: Disk) -> bool:
        """Whether the copy that is under way is this one: its image is there, and no other."""
        marks = self.own_marks(disk)
        return disk.old.status == "downloading" and [dict(i.metadata) for i in self.history.images] == [marks]

    def new(self, disk: Disk) -> Volume | None:
        """The volume that an earlier run made from the snapshot for this server and did not attach yet."""
        marks = {**self.own_marks(disk), ORIGIN: origin(disk.old)}
        loose = (v for v in self.history.volumes if v.id != disk.old.id and not v.attached_to)
        return next((v for v in loose if marks.items() <= own(v).items()), None)

    def saved(self, disk: Disk) -> Snapshot | None:
        """The snapshot of the state before."""
        return saved(self.history, disk.old, self.number)

    def name(self, disk: Disk, what: str) -> str:
        """The name of what is made for the disk, from that of its first volume."""
        first = next((v for v in known(self.history) if v.id == origin(disk.old)), disk.old)
        server = self.history.seen.found.name
        return f"{first.name or f'{server}-{disk.label}'}-{what}-{self.number}"

    def begun(self, disk: Disk) -> Begun:
        """What the old volume says while the revert is under way."""
        return Begun(self.number, self.was, disk.target.id, "root" if disk.is_root else "data", self.ran, disk.old.id)


def mark_steps(run: Run) -> tuple[Step, ...]:
    """Writes down what will be done, before anything is done. By it the next run finds a run that was killed."""
    return tuple(
        Step(
            "set_volume_metadata",
            f"note at {disk.text} the revert to snapshot {disk.target.name or disk.target.id}",
            {"volume_id": disk.old.id,
             "metadata": {OWNER: run.history.seen.found.id, REVERTING: str(run.begun(disk))}},
        )
        for disk in run.disks
        if begun(run.history, disk.old) != run.begun(disk)
    )  # fmt: skip


def close_steps(run: Run) -> tuple[Step, ...]:
    """Removes the notes, that of the root last. Until then the revert is not finished."""
    here = {disk.old.id: disk.old for disk in run.disks if not all(map(run.done, run.disks))}
    left = {v.id: v for v in run.history.volumes if begun(run.history, v)}
    root = next(disk.old.id for disk in run.disks if disk.is_root)
    ordered = sorted({**left, **here}.values(), key=lambda v: v.id == root)
    return tuple(
        Step(
            "delete_volume_metadata",
            f"note at volume {v.name or v.id} that the revert is finished",
            {"volume_id": v.id, "key": REVERTING},
        )
        for v in ordered
    )


def save_steps(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Takes a snapshot of the state before, once; one that failed is taken anew."""
    found = run.saved(disk)
    if found and found.status == "available":
        return ()
    if found and found.status == "creating":
        until = Until("snapshot", found.id, frozenset({"available"}), frozenset({"creating"}))
        return (Step("wait", f"wait for snapshot {found.name}", until=until),)
    gone = (
        (Step("delete_snapshot", f"delete the failed snapshot {found.name}", {"snapshot_id": found.id}),)
        if found
        else ()
    )
    key, name = f"saved {disk.label}", run.name(disk, "before-revert")
    marks = {OWNER: run.history.seen.found.id, REVERT: str(run.number), ROLE: SAVED}
    args = {"volume_id": disk.old.id, "name": name, "metadata": marks}
    until = Until("snapshot", Ref(key), frozenset({"available"}), frozenset({"creating"}))
    return (*gone, Step("create_snapshot", f"save the state of {disk.text} as snapshot {name}", args, until, key))


def make_steps(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Makes the volume that takes the place of the old one, as large as that, while the server still runs."""
    found, until = (
        run.new(disk),
        Until("volume", None, frozenset({"available"}), frozenset({"creating", "downloading"})),
    )
    if found:
        ready = Until("volume", found.id, until.target, until.pending)
        wait = Step("wait", f"wait for volume {found.name}", until=ready)
        return (*(() if found.status == "available" else (wait,)), *_bootable(run, disk, found.id, found.bootable))
    key, name = f"new {disk.label}", run.name(disk, "revert")
    metadata = {**_kept(run, disk), **run.own_marks(disk), ORIGIN: origin(disk.old)}
    size = max(disk.old.size, disk.target.size)
    args = {"name": name, "snapshot_id": disk.target.id, "size": size, "metadata": metadata}
    text = f"make volume {name} from snapshot {disk.target.name or disk.target.id}"
    ready = Until("volume", Ref(key), until.target, until.pending)
    source = next((v for v in known(run.history) if v.id == disk.target.volume_id), disk.old)
    make = Step("create_volume", text, args, ready, key)
    return for_part(Part.VOLUMES, (make, *_bootable(run, disk, Ref(key), source.bootable)))


def _bootable(run: Run, disk: Disk, volume_id: Any, already: bool) -> tuple[Step, ...]:
    """Cinder marks a volume bootable if that of the snapshot is."""
    if already or not disk.is_root:
        return ()
    return (bootable_step(run.name(disk, "revert"), volume_id),)


def _kept(run: Run, disk: Disk) -> dict[str, str]:
    """The metadata that the new volume has from the old one: the user's, and to which server of a plan it belongs.

    A data volume loses its tag (Nova takes none for a shelved server), so that it is known by its metadata.
    """
    old = disk.old.marks
    marks = {key: value for key, value in ((PLAN, old.plan), (SERVER, old.server), (DISK, old.disk)) if value}
    attachment = _attachment(run, disk.old)
    tag = attachment.tag if attachment and not disk.is_root else None
    return {**without(disk.old.metadata), **({DISK: tag} if tag else {}), **marks}


def _attachment(run: Run, volume: Volume) -> Attachment | None:
    return next((a for a in run.history.seen.found.attachments if a.volume_id == volume.id), None)


def exchange_steps(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Takes the old volume off, saves its state if that could not be done before, and puts the new one on."""
    server, root, found = run.history.seen.found, which_root(run.history.seen), run.new(disk)
    volume_id: Any = found.id if found else Ref(f"new {disk.label}")
    name = found.name if found else run.name(disk, "revert")
    args = {"server_id": server.id, "volume_id": volume_id, **({"device": str(root.device)} if disk.is_root else {})}
    verb, place = ("attach_root", f"as root {root.device} of") if disk.is_root else ("attach_volume", "to")
    on = Step(verb, f"attach volume {name} {place} server {server.name}", args, until_attached(volume_id))
    return (*_off(run, disk), *(() if saves_early(disk) else save_steps(run, disk)), on)


def _off(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Takes a volume off, or waits until it is off. Before that, `delete_on_termination` is cleared."""
    if disk.now is None:
        wait = Step("wait", f"wait until {disk.text} is off", until=until_detached(disk.old.id))
        return () if disk.old.status == "available" else (wait,)
    server = run.history.seen.found
    what = f"{'root ' if disk.is_root else ''}volume {disk.now.name or disk.now.id}"
    step = detach_step(what, disk.now.id, server.id, server.name)
    return (*clear_delete_flags(server, (disk.now.id,)), step)


def saves_early(disk: Disk) -> bool:
    """Whether the state can be saved while the volume is attached. Cinder takes no snapshot of a reserved volume."""
    return disk.now is not None and disk.now.id == disk.old.id and disk.old.status == "in-use"


def image_for(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Makes the image without data that names the snapshot, if a copy is to be done; those of a killed run go."""
    if run.copied(disk) or run.copying(disk):
        return ()
    name, label = run.name(disk, "revert"), disk.target.name or disk.target.id
    both = {**boot_properties(disk.old), **run.own_marks(disk)}
    return (*drop_images(run), *image_steps(name, disk.target.id, disk.target.size, label, both))


def other_copy(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Waits for the end of a copy that is not the one to be done."""
    return () if run.copying(disk) else earlier_copy(disk.old, after_a_failure(run, disk))


def may_copy(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Checks whether Cinder can copy, while the server still runs. Not if it copies, or has copied, already."""
    return () if run.copied(disk) or run.copying(disk) else (check_step(disk.old.id),)


def drop_images(run: Run) -> tuple[Step, ...]:
    """Removes the images that a killed run left."""
    return drop_steps(Helpers(images=run.history.images))


def safe(run: Run) -> str:
    """What is safe, if the revert was begun."""
    found = [snapshot.name for disk in run.disks if (snapshot := run.saved(disk))]
    return f"The state before the revert is safe in snapshot {', '.join(found)}. " if found else ""


def after_a_failure(run: Run, disk: Disk) -> str:
    """What to do after a copy that failed: the server is shelved then, and its state was saved."""
    before = safe(run) or f"The state before the revert is safe in snapshot {run.name(disk, 'before-revert')}. "
    return (
        f"The server is SHELVED_OFFLOADED. {before}An administrator finds out why and sets the volume to reserved "
        f"(openstack volume set --state reserved {disk.old.id}, and nothing else); then repeat."
    )


def overwrite_steps(run: Run, disk: Disk) -> tuple[Step, ...]:
    """Copies the snapshot into the reserved root; a copy that was begun or done is not done again.

    That it is done is noted once everything is tidy: until then the properties that Cinder gave the volume tell it.
    """
    label = f"snapshot {disk.target.name or disk.target.id}"
    stale = {} if own(disk.old) else dict.fromkeys({ORIGIN} & disk.old.metadata.keys(), "")
    marks = {**stale, REVERT: str(run.number), REVERTED_TO: disk.target.id, REVERT_VOLUME: disk.old.id}
    args = {"volume_id": disk.old.id, "metadata": marks}
    note = Step("set_volume_metadata", f"note at {disk.text} that it holds {label}", args)
    if run.copied(disk):
        return (*clean_steps(disk.old, disk.old.image_metadata), *drop_images(run), note)
    if run.copying(disk):
        return (*earlier_copy(disk.old, after_a_failure(run, disk)), *clean_steps(disk.old), *drop_images(run), note)
    drop = Step("delete_image", "delete the image", {"image_id": Ref("image")})
    copy = copy_steps(disk.old, label, Ref("image"), after_a_failure(run, disk))
    return (*copy, *clean_steps(disk.old), drop, note)


def down_steps(run: Run, status: str) -> tuple[Step, ...]:
    """Brings a server down until its volumes can be taken; what can be saved early is saved once it is stopped.

    :param status: of the server when the steps begin.
    """
    server = run.history.seen.found
    early = tuple(step for d in run.disks if not run.done(d) and saves_early(d) for step in save_steps(run, d))
    if status == "SHELVED_OFFLOADED":
        return early
    stop = (_stop(server),) if status == "ACTIVE" else ()
    return (*stop, *early, shelve_step(server.id, server.name))


def up_steps(run: Run, status: str) -> tuple[Step, ...]:
    """Brings the server to where it was. Nova unshelves to ACTIVE, also a server that was stopped before.

    :param status: of the server when the steps begin.
    """
    server = run.history.seen.found
    up = (unshelve_step(server.id, server.name),) if status == "SHELVED_OFFLOADED" != run.was else ()
    stop = (_stop(server),) if run.was == "SHUTOFF" and (up or status == "ACTIVE") else ()
    return (*up, *stop)


def _stop(server: Server) -> Step:
    return stop_step(server.id, f"server {server.name}", Part.SHELVE)
