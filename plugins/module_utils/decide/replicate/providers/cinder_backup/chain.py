# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of backups of one volume: a full one and what was built on it, by us or by others."""

from __future__ import annotations

from collections.abc import Iterable

from .....data.seen import Backup


def history(backups: Iterable[Backup], volume_id: str) -> list[Backup]:
    """The usable backups of a volume, whoever made them, in the order of their data.

    That order decides what an incremental backup is built on (cinder/backup/api.py, create: data_timestamp).
    """
    usable = (b for b in backups if b.volume_id == volume_id and b.status == "available")
    return sorted(usable, key=lambda b: b.data_timestamp or b.created_at)


def chain_of(past: list[Backup]) -> list[Backup]:
    """The newest backup of a history and those that it needs, newest first; empty if the full one is missing."""
    found: list[Backup] = []
    for backup in reversed(past):
        found.append(backup)
        if not backup.incremental:
            return found
    return []


def may_grow(past: list[Backup], at_b: Iterable[Backup], plan: str, full_every: int) -> bool:
    """Whether the next backup may be incremental: all that it needs must be ours, and known at the target."""
    chain, known = chain_of(past), {backup.id for backup in at_b if backup.status == "available"}
    ours = all(backup.marks.plan == plan and backup.id in known for backup in chain)
    return bool(chain) and ours and len(chain) < full_every


def needed_by_others(past: list[Backup], plan: str) -> set[str]:
    """Ids of backups on which somebody else built an incremental one: Cinder does not delete them."""
    needed: set[str] = set()
    for number, backup in enumerate(past):
        if backup.incremental and backup.marks.plan != plan:
            needed |= {older.id for older in chain_of(past[:number])}
    return needed
