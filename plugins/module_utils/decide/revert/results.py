# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert returns: what will be or was done to which volume, and the server as it will be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...data.marks import REVERT
from ...data.seen import Attachment, Snapshot, Volume
from ..server.facts import server_facts
from ..server.foretold import as_changed
from .places import Disk
from .progress import known, saved
from .steps import Run


def revert_facts(run: Run, reason: str) -> dict[str, Any]:
    """The values to return beside those of the server."""
    return {"method": run.method, "method_reason": reason, "disks": [_disk_facts(run, disk) for disk in run.disks]}


def _disk_facts(run: Run, disk: Disk) -> dict[str, Any]:
    before = run.saved(disk)
    return {
        "disk": disk.label,
        "volume": _named(_volume(run, disk)),
        "snapshot": _named(disk.target),
        "before": _named(before) if before else {"id": None, "name": run.name(disk, "before-revert")},
        "old_volume": _named(disk.old),
    }


def _named(found: Volume | Snapshot) -> dict[str, Any]:
    return {"id": found.id, "name": found.name}


def _volume(run: Run, disk: Disk) -> Volume:
    """The volume that is attached in the end."""
    if run.copies(disk):
        return disk.old
    if run.done(disk) and disk.now:
        return disk.now
    name, size = run.name(disk, "revert"), max(disk.old.size, disk.target.size)
    return run.new(disk) or Volume(f"(new {name})", name, "available", size, disk.is_root)


def as_done(run: Run) -> Run:
    """The revert that was finished earlier, by what it left."""
    numbers = [disk.now.metadata[REVERT] for disk in run.disks if disk.now]
    number = int(numbers[0])
    everything = {volume.id: volume for volume in known(run.history)}
    disks = []
    for disk in run.disks:
        before = saved(run.history, disk.old, number)
        old = everything.get(before.volume_id, disk.old) if before else disk.old
        disks.append(replace(disk, old=old))
    return replace(run, number=number, disks=tuple(disks))


def foretell(run: Run) -> dict[str, Any]:
    """The facts of the server once the revert is finished."""
    seen = run.history.seen
    attached = {disk.label: _volume(run, disk) for disk in run.disks}
    gone = {disk.now.id for disk in run.disks if disk.now}
    kept = (a for a in seen.found.attachments if a.volume_id not in gone)
    new = (_attachment(run, disk, attached[disk.label]) for disk in run.disks)
    status = "reserved" if run.was == "SHELVED_OFFLOADED" else "in-use"
    volumes = (replace(volume, status=status) for volume in attached.values())
    root_id = next(attached[disk.label].id for disk in run.disks if disk.is_root)
    return server_facts(*as_changed(seen, run.was, (*kept, *new), volumes, root_id))


def _attachment(run: Run, disk: Disk, volume: Volume) -> Attachment:
    """The attachment as it is, or the new one: the root keeps device and tag, a data volume loses them."""
    was = next((a for a in run.history.seen.found.attachments if disk.now and a.volume_id == disk.now.id), None)
    if was and volume.id == was.volume_id:
        return was
    return Attachment(volume.id, was.device, was.tag) if was and disk.is_root else Attachment(volume.id)
