# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of replicating that a plan may name: one row for each. Nothing else lists them.

A new provider is a row here, its decisions in a folder of `decide/replicate/providers/`, and its reader in
`cloud/read/`. The contract is `decide/replicate/providers/contract.py`; docs/providers.md explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .cloud.read.backups import backups
from .cloud.shared_lists import Inventory
from .data.seen import Backups
from .decide.replicate.providers.cinder_backup.provider import CinderBackup
from .decide.replicate.providers.contract import Provider


@dataclass(frozen=True)
class Look:
    """What a reader of a provider may ask.

    :param since: lists that began before are too old.
    :param marks: those of the server that it is about.
    :param disks: ids of the volumes of the server at the source.
    """

    source: Inventory
    target: Inventory
    since: float
    marks: Mapping[str, str]
    disks: Collection[str]


@dataclass(frozen=True)
class Row:
    """A provider: what it decides, and what it reads for that."""

    decides: Provider
    read: Callable[[Look], Any]


def _cinder_backup(look: Look) -> Backups:
    return backups(look.source, look.target, look.since, look.marks, look.disks)


#: By ``replication.method`` of a plan.
PROVIDERS: Mapping[str, Row] = {
    "cinder_backup": Row(CinderBackup(), _cinder_backup),
}
