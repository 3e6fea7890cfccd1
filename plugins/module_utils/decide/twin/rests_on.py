# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes a twin at rest may be on, by the way in which it is handed over."""

from __future__ import annotations

from dataclasses import replace

from ...data.seen import Seen, Volume
from ...data.wanted import ServerWanted
from ..root.root_state import Kind, kind_of, root_state, sleeps
from ..server.differences import find_disk
from ..server.root_volume import which_root

#: What to do about a server on superseded volumes that is no twin at rest.
REPROTECT = "What is on its volumes is superseded: dr_reprotect puts it to rest, or says what stands in its way."


def foreign_volumes(seen: Seen, plan: str, method: str = "", but: str = "") -> list[str]:
    """Names or ids of attached volumes that the twin may not rest on, or of which nothing is known.

    :param but: the id of a volume that is not asked about.
    """
    attached = [(a.volume_id, seen.volumes.get(a.volume_id)) for a in seen.found.attachments if a.volume_id != but]
    foreign = [(i, v) for i, v in attached if v is None or not _may_stay(v, seen, plan, method)]
    return [volume.name if volume and volume.name else volume_id for volume_id, volume in foreign]


def _may_stay(volume: Volume, seen: Seen, plan: str, method: str) -> bool:
    """Placeholders always may; what holds data only as long as the twin sleeps, and where the handover keeps it so.

    Recreate leaves all volumes as they are. Reimage overwrites the root: only one that may be overwritten may be there.
    """
    kind = kind_of(volume, plan, seen.found.name)
    if kind is Kind.PLACEHOLDER or not sleeps(seen):
        return kind is Kind.PLACEHOLDER
    if kind is Kind.REFRESHED:
        return method == "reimage"
    is_root = volume.id == which_root(seen).volume_id
    return kind is Kind.SUPERSEDED and (method == "recreate" or (method == "reimage" and not is_root))


def as_it_rests(twin: ServerWanted, seen: Seen, plan: str, method: str) -> ServerWanted:
    """What a twin must have while it sleeps. It may lack data disks where a failover overwrites its root.

    A failover that was taken back has removed their placeholders. The next one attaches replicas, whatever is there.
    """
    if method != "reimage" or not sleeps(seen) or root_state(seen, plan).kind is not Kind.REFRESHED:
        return twin
    root = which_root(seen)
    return replace(twin, disks=tuple(disk for disk in twin.disks if find_disk(disk, seen, root)))


def superseded_volumes(seen: Seen, plan: str) -> list[Volume]:
    """The attached volumes that are superseded. No operation deletes one."""
    name = seen.found.name
    return [volume for volume in seen.volumes.values() if kind_of(volume, plan, name) is Kind.SUPERSEDED]
