# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what replication by Cinder backups looks at, from lists that all servers of a wave share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...data.seen import Backup, Backups
from .. import parse
from ..lookup import by_key
from ..shared_lists import Inventory
from .recovery import snapshots_with, with_marks


def backups(
    source: Inventory, target: Inventory, since: float, marks: Mapping[str, str], disks: Iterable[str]
) -> Backups:
    """What there is of one server. All of each list for each server would take N x N.

    :param marks: those of the server.
    :param disks: ids of its volumes at the source, of which others may have made backups too.
    """
    by_volume = source.derived("backup", since, by_key, "volume_id")
    theirs = (item for disk in disks for item in by_volume.get(disk, ()))
    at_source = _parsed((*with_marks(source, "backup", since, marks), *theirs))
    known = target.all("backup", since)
    same = (known[backup.id] for backup in at_source if backup.id in known)
    at_target = _parsed((*with_marks(target, "backup", since, marks), *same))
    volumes = target.all("volume", since)
    noted = {backup.marks.replica for backup in at_target} & volumes.keys()
    return Backups(
        snapshots=snapshots_with(source, since, marks),
        at_source=at_source,
        at_target=at_target,
        noted=tuple(parse.volume(volumes[volume_id]) for volume_id in sorted(noted)),
    )


def _parsed(items: Iterable[Any]) -> tuple[Backup, ...]:
    """Each backup once."""
    return tuple(parse.backup(item) for item in {item["id"]: item for item in items}.values())
