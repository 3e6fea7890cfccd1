# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is looked at when a server gets another root, and the names of what is made for that. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .model import Named, Seen, Snapshot, Source, Volume

#: What can become a root, as the options of the module are called.
KINDS = ("volume", "snapshot", "backup", "image")


@dataclass(frozen=True)
class Replacing:
    """A server, and what is to be its root.

    :param source: what was named. ``size``: of a volume, a snapshot or a backup what it has, in GiB.
    :param given: the volume that was named; None for any other source.
    :param named_root: the id of the volume that the user says is the root, None if nothing was said.
    :param same_name: volumes that have the name of the volume that is to be made of the source.
    :param formers: by id the volumes that attached volumes are marked as the successors of.
    :param snapshots: made for a copy by a run that was killed, and ``images`` likewise.
    """

    seen: Seen
    source: Source
    given: Volume | None = None
    named_root: str | None = None
    same_name: tuple[Volume, ...] = ()
    formers: Mapping[str, Volume] = field(default_factory=dict)
    snapshots: tuple[Snapshot, ...] = ()
    images: tuple[Named, ...] = ()


def root_name(server: str, source: Source) -> str:
    """The name of the volume that is made of a source to be the root of a server."""
    return f"{server}-root-{source.id[:8]}"


def helper_name(server_id: str) -> str:
    """The name of the snapshot and the image that a copy into the root of a server needs for a while."""
    return f"standby-{server_id}-root-copy"
