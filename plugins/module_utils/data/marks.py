# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks in the metadata of clouds, by which everything of a plan is found again, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

PLAN, SERVER, DISK = "standby_plan", "standby_server", "standby_disk"
VOLUME, ROLE, BUILDING = "standby_volume", "standby_role", "standby_building"
POINT, STATE, REPLICA = "standby_recovery_point", "standby_state", "standby_replica"
OF_SERVER, GENERATION = "standby_of_server", "standby_generation"
SUPERSEDED, SUPERSEDED_BY = "standby_superseded", "standby_superseded_by"
RESTED, STOPPED = "standby_rested", "standby_stopped"

#: At a volume of the replication method external: the id of its recovery point in the storage.
EXTERNAL = "standby_external"

#: Of a drill. Its servers and volumes carry no PLAN, so nothing but a drill takes them for a part of the plan.
DRILL, KEPT = "standby_drill", "standby_drill_kept"
DRILLED, DRILLED_ON = "standby_drilled", "standby_drilled_on"

#: At the root of a twin. A failover writes ROLE, replication WOKEN: they may run beside each other, and neither may
#: overwrite what the other says.
FILLABLE, WOKEN = "standby_fillable", "standby_woken"

#: Of `server_root_volume_replace`.
ROOT_FROM, ROOT_VOLUME, ROOT_BEFORE = "standby_root_from", "standby_root_volume", "standby_root_before"
ROOT_SOURCE, ROOT_IMAGE, ROOT_COPY = "standby_root_source", "standby_root_image", "standby_root_copy"

#: Of `server_root_volume_revert`.
REVERTING, REVERT, REVERTED_TO = "standby_reverting", "standby_revert", "standby_reverted_to"
ORIGIN, OWNER, REVERT_VOLUME = "standby_origin", "standby_server_id", "standby_revert_volume"

#: Cinder's own notes at a volume: the id of the backup that was restored into it, written when the restore has
#: succeeded (cinder/backup/manager.py, restore_backup); and as an image property that of the image in it.
RESTORED, FILLED_WITH = "src_backup_id", "image_id"

#: With these every mark of this collection begins.
PREFIX = "standby_"


@dataclass(frozen=True)
class Key:
    """One key, as docs/recovery-plan.md shows it: where it is, who writes it, who reads it, and what it says."""

    name: str
    where: str
    writers: str
    readers: str
    says: str


_ALL, _TWIN = "all roles", "dr_prepare, dr_replicate, dr_failover, dr_readiness"
_REPLACE, _REVERT = "server_root_volume_replace", "server_root_volume_revert"

KEYS = (
    Key(PLAN, "twins, volumes, snapshots, backups", _ALL, _ALL, "the name of the plan"),
    Key(SERVER, "volumes, snapshots, backups", f"{_ALL}, server_boot_volume", _ALL, "the name of the server"),
    Key(DISK, "volumes, snapshots, backups", f"{_ALL}, server_boot_volume", f"{_ALL}, server_boot_volume",
        "the tag of the disk (`root` is the boot volume)"),
    Key(VOLUME, "volumes", f"{_ALL}, server_boot_volume", f"{_ALL}, server_boot_volume",
        "the id of the volume itself. Where it is another one, a restore copied the marks, and none counts"),
    Key(BUILDING, "volumes", "whatever makes a server or a root", "the same",
        "the server that the volume is being made for; removed when it stands. A run that was killed finds it again"),
    Key(ROLE, "volumes at the target", "dr_prepare, dr_replicate, dr_failover, dr_reprotect", _TWIN,
        "`placeholder`: made to prove a twin, with the handover `attach` deleted when it sleeps; `replica`: a disk of a"
        " recovery point; `copy`: a root that a failover filled, or took over; `superseded`: of a server that the other"
        " site leads since, kept"),
    Key(ROLE, "snapshots at the site that led before", "dr_reprotect", "dr_reprotect, dr_status",
        "`superseded`: what was on a volume of a server that the other site leads since, with the handover `reimage`;"
        " kept"),
    Key(ROLE, "snapshots and images at the target", "dr_replicate, dr_failover", "the same",
        "`handover`: of a replica, while it is copied into the root of the twin. The image that is copied is called"
        " `<plan>-<server>-handover`"),
    Key(ROLE, "snapshots", _REVERT, _REVERT, "`before_revert`: the state before a revert"),
    Key(POINT, "replicas, snapshots, backups, roots with `copy`", "dr_replicate, dr_failover", _TWIN,
        "when the data was taken, by the clock of the target: UTC, as `2026-11-20T08:00:00+00:00`. Anything else, and a"
        " time more than 5 minutes later than now, does not count and is told"),
    Key(POINT, "*image properties* of the root of a twin", "Cinder, at the end of a copy", _TWIN,
        "the recovery point that the root holds; it is removed before the next copy"),
    Key(STATE, "replicas, roots with `copy`", "dr_replicate, dr_failover", _TWIN,
        "`copying`, then `complete` when every disk of the recovery point is there; `filled` at a root on which a"
        " failover is about to wake the twin"),
    Key(REPLICA, "imported backups at the target", "dr_replicate", "dr_replicate",
        "the id of the replica into which the backup is restored"),
    Key(OF_SERVER, "complete replicas", "dr_replicate", "dr_failover",
        "the id of the server at the source that the data is of, by which a failover knows a renamed server"),
    Key(GENERATION, "complete replicas, roots with `copy`", "dr_replicate, dr_failover",
        "dr_status, dr_fence, dr_replicate",
        "the generation of whoever runs on the data: that of the source, and one more. It is 1 where it is missing. The"
        " site with the higher one leads"),
    Key(RESTED, "complete replicas", "dr_replicate", "dr_failover with `planned`",
        "of a source that did not run when the recovery point began: when Nova last changed its record. While that is"
        " so, nothing was written since"),
    Key(STOPPED, "servers at the source", "dr_failover with `planned`", "dr_failover with `abort`",
        "when the twin had been made or last unshelved before a planned failover stopped the server, by Nova's record."
        " It begins with `off, ` if the server was off before: then it is not started again"),
    Key(EXTERNAL, "replicas, with `replication.method: external`", "dr_failover, the commands of the plan",
        "dr_failover, dr_replicate",
        "the id of the recovery point in the storage. With `adopt: named` a command writes it, and only a volume with"
        " it is taken over"),
    Key(SUPERSEDED, "volumes and snapshots with the role `superseded`, roots that were saved", "dr_reprotect",
        "dr_reprotect, dr_status",
        "when it was found that the other site leads their server. No role deletes them. A `placeholder` with it is a"
        " root whose snapshot of that time is there, so that it may be overwritten"),
    Key(SUPERSEDED_BY, "the same", "dr_reprotect", "dr_failover",
        "the generation that led then. A failover here makes its data newer than that"),
    Key(DRILL, "servers and volumes of a drill", "dr_drill",
        "dr_drill, dr_drill_cleanup, dr_failover, dr_status",
        "the name of the plan. They carry no `standby_plan`, so nothing else takes them for a part of it. Networks"
        " and ports of a drill have it in their description, as `standby_drill=<plan>`"),
    Key(KEPT, "servers of a drill", "dr_drill", "dr_drill, dr_status",
        "`yes` if the drill is kept until somebody ends it (`drill_keep`)"),
    Key(DRILLED, "replicas of roots", "dr_drill, dr_replicate", "dr_status, dr_readiness",
        "when the last drill of the server that passed began, by the clock of the target. A newer recovery point takes"
        " it over"),
    Key(DRILLED_ON, "the same", "the same", "dr_drill", "the id of the server of that drill"),
    Key(FILLABLE, "placeholders of roots, with `handover: reimage`", "dr_prepare", "dr_prepare",
        "that Cinder was asked whether it could fill the root. (For that an image `standby-check` without data is made"
        " and deleted; a run that is killed in between leaves it: delete it)"),
    Key(WOKEN, "the root of a twin that replication fills, or a failover", "dr_replicate, dr_failover, dr_reprotect",
        _TWIN,
        "when the twin had been made or last unshelved before that, by Nova's record. With it a `placeholder` is never"
        " deleted by a role"),
    Key(ROOT_FROM, "roots that were handed over", _REPLACE, _REPLACE,
        "what the data was taken from, such as `snapshot 6f1c...`"),
    Key(ROOT_VOLUME, "the same", _REPLACE, _REPLACE, "the id of the volume that these marks are about"),
    Key(ROOT_BEFORE, "the same", _REPLACE, _REPLACE, "the root before it"),
    Key(ROOT_SOURCE, "the same, while they are made", _REPLACE, _REPLACE, "what a new volume is made of"),
    Key(ROOT_IMAGE, "the same", _REPLACE, _REPLACE, "the id of the image that was copied in"),
    Key(ROOT_COPY, "the same", _REPLACE, _REPLACE, 'the number of the copy, with "begun" until all is tidied'),
    Key(REVERTING, "volumes whose revert is under way", _REVERT, f"{_REVERT}, dr_replicate",
        "number of the revert, how the server was, snapshot, disk, when it was set running, and the id of the volume"),
    Key(REVERT, "volumes, snapshots and images of a revert", _REVERT, f"{_REVERT}, {_REPLACE}",
        "the number of the revert"),
    Key(REVERTED_TO, "volumes and images of a revert", _REVERT, f"{_REVERT}, {_REPLACE}",
        "the snapshot whose state the volume began with"),
    Key(REVERT_VOLUME, "roots that a revert overwrote", _REVERT, _REVERT,
        "the id of the volume itself. Where it is another one, or missing at a volume that was restored, a restore"
        " copied the marks of a revert, and none counts"),
    Key(ORIGIN, "volumes that took the place of another", _REVERT, _REVERT, "the first of these volumes"),
    Key(OWNER, "volumes, snapshots and images of a revert", _REVERT, _REVERT, "the id of the server"),
)  # fmt: skip

_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


@dataclass(frozen=True)
class Marks:
    """The marks of one volume, snapshot or backup. What is missing, or cannot be read, is "".

    :param generation: of the data, a whole number that grows each time another site leads.
    :param superseded: when it was found that the other site leads the server.
    :param superseded_by: the generation that led then, 0 if it is not superseded.
    :param rested: Nova's record of the source, see `RESTED`.
    :param named: whether they name the volume that they are at. One that is being made does not yet.
    :param unreadable: the keys whose values cannot be read.
    """

    plan: str = ""
    server: str = ""
    disk: str = ""
    role: str = ""
    point: str = ""
    state: str = ""
    woken: str = ""
    replica: str = ""
    building: str = ""
    fillable: str = ""
    of_server: str = ""
    superseded: str = ""
    generation: int = 1
    superseded_by: int = 0
    rested: str = ""
    drill: str = ""
    drilled: str = ""
    drilled_on: str = ""
    named: bool = False
    unreadable: tuple[str, ...] = ()

    def of(self, plan: str, server: str, role: str = "") -> bool:
        """Whether they were made for this server of this plan; with ``role`` in that role."""
        return (self.plan, self.server) == (plan, server) and role in ("", self.role)


#: Those of the fields that are times.
_MOMENTS = {"point": POINT, "drilled": DRILLED}

_FIELDS = {
    "plan": PLAN, "server": SERVER, "disk": DISK, "role": ROLE, "point": POINT, "state": STATE, "woken": WOKEN,
    "replica": REPLICA, "building": BUILDING, "fillable": FILLABLE,
    "of_server": OF_SERVER, "superseded": SUPERSEDED, "rested": RESTED, "drill": DRILL,
    "drilled": DRILLED, "drilled_on": DRILLED_ON,
}  # fmt: skip


def moment(text: str) -> datetime | None:
    """The time that a recovery point names, None if it is none in the one form in which they are written."""
    try:
        return datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def read(metadata: Mapping[str, str], named: bool = False) -> Marks:
    """The marks among metadata. A value that cannot be read counts as missing, and its key is told."""
    told: dict[str, Any] = {field: str(metadata.get(key) or "") for field, key in _FIELDS.items()}
    numbers = {key: str(metadata.get(key) or "") for key in (GENERATION, SUPERSEDED_BY)}
    bad = [key for field, key in _MOMENTS.items() if told[field] and not moment(told[field])]
    told.update({field: "" for field, key in _MOMENTS.items() if key in bad})
    bad += [key for key, number in numbers.items() if number and not _NUMBER.fullmatch(number)]
    generation, by = (int(number) if number and key not in bad else 0 for key, number in numbers.items())
    return Marks(**told, generation=max(generation, 1), superseded_by=by, named=named, unreadable=tuple(bad))


def about(volume_id: str, metadata: Mapping[str, str]) -> Marks:
    """The marks of a volume, none if they are about another one.

    A volume that is being made does not name itself yet. If it had its marks from a restore, Cinder would say so.
    """
    named = metadata.get(VOLUME)
    own = named == volume_id if named else RESTORED not in metadata
    return read(metadata, bool(named)) if own else Marks()


#: So long a description of Neutron may be.
_MOST_DESCRIPTION = 255


def drill_note(plan: str, server: str = "") -> str:
    """The description of a network of a drill, or of a port of one of its servers. Neutron knows no metadata."""
    text = f"{DRILL}={plan}{f' {SERVER}={server}' if server else ''}"
    if len(text) <= _MOST_DESCRIPTION:
        return text
    # long names must not become the same note
    digest = sha256(text.encode()).hexdigest()[:16]
    return f"{text[: _MOST_DESCRIPTION - len(digest)]}{digest}"


def is_port_note(note: str, plan: str) -> bool:
    """Whether a description is that of a port of a drill of the plan. Names may have spaces: "shop" and "shop two"."""
    return note.startswith(f"{DRILL}={plan} {SERVER}=")


def has_marks(metadata: Mapping[str, str]) -> bool:
    """Whether there are marks of this collection among metadata, whatever they are about."""
    return any(key.startswith(PREFIX) for key in metadata)


def without(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata that are no marks, nor a note of Cinder: those of the user."""
    return {key: value for key, value in metadata.items() if not key.startswith(PREFIX) and key != RESTORED}
