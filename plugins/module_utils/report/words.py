# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report calls things: operations, outcomes, parts of the work on a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of the work on one server.

    :param key: a stable name for programs.
    :param label: what people read.
    :param look: how it is drawn, "1" to "5"; the same for like parts of all operations.
    :param verbs: the steps that belong to it.
    :param waits: a pattern for the texts of steps that only wait and belong to it.
    """

    key: str
    label: str
    look: str
    verbs: frozenset[str] = frozenset()
    waits: str = r"\b\B"

    def has(self, verb: str, text: str) -> bool:
        """Whether a step belongs to this part."""
        return bool(re.match(self.waits, text)) if verb == "wait" else verb in self.verbs


@dataclass(frozen=True)
class Words:
    """How an operation is told.

    :param noun: its name.
    :param where: which site it is about.
    :param good: what is true of a server that came through.
    :param bad: what is said of one that did not.
    :param passed: what is said of a run that ended well.
    :param still: what is true of one for which nothing had to be done.
    :param data: what the age of its data is called, "" if the operation is not about data.
    :param age: the same for one server.
    :param after: what the time is called at which a server was finished.
    :param parts: the parts of the work, in the order in which they come.
    """

    noun: str
    where: str
    good: str
    bad: str = "failed"
    passed: str = "succeeded"
    still: str = "as it was"
    data: str = ""
    age: str = "Age of its data"
    after: str = "Finished after"
    parts: tuple[Part, ...] = (Part("work", "Work", "1"),)


_HEALTH = Part("health", "Health checks", "3", waits="check that ")
_DELETE = frozenset({"delete_volume", "delete_snapshot", "delete_backup", "delete_image", "delete_volume_metadata"})
_TIDY = Part("tidy", "Tidy up", "5", _DELETE, "wait until (placeholder volume|backup) ")
_COME_UP = r"wait until server .* (runs|is built)$"

WORDS: Mapping[str, Words] = {
    "failover": Words(
        "Failover",
        "to site B",
        "up",
        still="ran already",
        data="Data lost at most (RPO)",
        age="Data lost at most",
        after="Up after",
        parts=(
            Part("handover", "Hand over the disks", "1", _DELETE, "wait until placeholder volume "),
            Part("start", "Start the server", "2", frozenset({"unshelve", "start", "create_server"}), _COME_UP),
            _HEALTH,
            _TIDY,
        ),
    ),
    "build": Words(
        "Build",
        "at site {site}",
        "as planned",
        still="stood already",
        parts=(
            Part("volumes", "Volumes and ports", "1"),
            Part("start", "Make the server", "2", frozenset({"create_server"}), _COME_UP),
            _HEALTH,
            _TIDY,
        ),
    ),
    "prepare": Words(
        "Preparation",
        "at site B",
        "prepared",
        still="was prepared already",
        parts=(
            Part("make", "Make the twin", "1"),
            _HEALTH,
            Part("shelve", "Shelve it", "2", frozenset({"shelve"}), r"wait until server .* is offloaded$"),
            Part("take_off", "Take its volumes off", "5", frozenset({"detach_volume", "delete_volume"})),
        ),
    ),
    "readiness": Words(
        "Readiness check",
        "for a failover to site B",
        "ready",
        "not ready",
        "passed",
        still="ready",
        data="Age of the oldest data",
    ),
    "replicate": Words(
        "Replication",
        "to site B",
        "replicated",
        still="recent enough",
        data="Age of the oldest data",
        parts=(
            Part("snapshot", "Snapshots", "1", frozenset({"create_snapshot"}), "wait for the snapshot of "),
            Part("backup", "Backups", "2", frozenset({"create_backup"}), "wait for the backup of "),
            Part(
                "restore",
                "Restore at site B",
                "3",
                frozenset({"export_backup", "import_backup", "create_volume", "restore_backup"}),
                "wait for the (imported backup|replica)",
            ),
            _TIDY,
        ),
    ),
}


def words(operation: str, site: str) -> Words:
    """How an operation is told; one that is not known here is told by its name.

    :param site: "a" or "b", for operations that know either.
    """
    known = WORDS.get(operation, Words(operation.replace("_", " ").capitalize(), "", "done"))
    return Words(**{**vars(known), "where": known.where.format(site=site.upper())})


def parts_of(parts: Sequence[Part], steps: Iterable[tuple[str, str]]) -> list[Part]:
    """The part that each step of a server belongs to; the work never goes back to an earlier part.

    A step that belongs to no part by itself belongs to that of the step before. A run that only has to finish what
    another one left does nothing but the last part.

    :param steps: verb and text of each.
    """
    steps = list(steps)
    found, now = [], len(parts) - 1 if all(parts[-1].has(verb, text) for verb, text in steps) else 0
    for verb, text in steps:
        now = next((i for i, part in enumerate(parts) if i >= now and part.has(verb, text)), now)
        found.append(parts[now])
    return found


#: What became of a server, in words; "{bad}" and "{still}" are those of the operation.
OUTCOMES = {
    "done": "{good}",
    "unchanged": "{still}",
    "failed": "{bad}",
    "skipped": "not started",
    "unfinished": "under way",
    "waiting": "not begun",
}
