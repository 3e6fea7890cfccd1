# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step is for. Reports, the lines of a run and the advice after a failure tell steps apart by this."""

from __future__ import annotations

from enum import Enum


class Part(str, Enum):
    """A part of the work on a server. The value is a stable name for programs."""

    #: All of it, where an operation has one part only.
    WORK = "work"
    #: A network with its subnets, a security group with its rules.
    NETWORK = "network"
    #: The volumes and the ports that a server is made from.
    VOLUMES = "volumes"
    #: A server that stands is changed in place.
    MEND = "mend"
    #: The server itself.
    BUILD = "build"
    START = "start"
    #: A check whether something works.
    CHECK = "check"
    SHELVE = "shelve"
    #: Volumes leave a server.
    TAKE_OFF = "take_off"
    #: A recovery point becomes the disks of a server.
    HANDOVER = "handover"
    SNAPSHOT = "snapshot"
    BACKUP = "backup"
    RESTORE = "restore"
    #: A recovery point is copied into the root of a twin before anybody needs it.
    REFRESH = "refresh"
    #: A stale copy is stopped and locked.
    FENCE = "fence"
    #: Removal of what is not needed any more.
    TIDY = "tidy"

    @property
    def label(self) -> str:
        """For people."""
        return _LABELS[self]


_LABELS = {
    Part.WORK: "work",
    Part.NETWORK: "networks and security groups",
    Part.VOLUMES: "volumes and ports",
    Part.MEND: "change it in place",
    Part.BUILD: "make the server",
    Part.START: "start the server",
    Part.CHECK: "check",
    Part.SHELVE: "shelve it",
    Part.TAKE_OFF: "take volumes off",
    Part.HANDOVER: "hand over the disks",
    Part.SNAPSHOT: "snapshots",
    Part.BACKUP: "backups",
    Part.RESTORE: "restore",
    Part.REFRESH: "refresh the root",
    Part.FENCE: "stop the stale copy",
    Part.TIDY: "tidy up",
}
