# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests are for, in words, and how many of each an operation sends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

_OF_NOVA, _OF_CINDER = r"compute/v2\.1/servers", r"volume/v3/volumes"

#: By method and path (ids are "ID"), in the order of the table.
PURPOSES = tuple(
    (re.compile(pattern + r"\Z"), words)
    for pattern, words in (
        (r"POST identity/v3/auth/tokens", "authentication"),
        (r"GET (identity/v3|compute/v2\.1|volume/v3|network/v2\.0|image/v2|compute/v2\.1/extensions)",
         "versions of the services, extensions of Nova"),
        (r"(GET network/v2\.0/extensions/revision-if-match|(POST|PUT) network/v2\.0/security-groups(/ID)?)",
         "hold the plan, so that no other run does"),
        (r"GET (compute/v2\.1/limits|volume/v3/limits|network/v2\.0/quotas/[^/]+/details)", "quota of the project"),
        (r"GET (compute/v2\.1/flavors/detail|image/v2/images|network/v2\.0/(networks|subnets|security-groups))",
         "lists of flavors, images, networks, groups"),
        (rf"GET {_OF_NOVA}/detail", "list of servers"),
        (rf"GET {_OF_CINDER}/detail", "list of volumes"),
        (r"GET volume/v3/snapshots/detail", "list of snapshots"),
        (r"GET volume/v3/backups/detail", "list of backups"),
        (r"GET network/v2\.0/ports", "list of ports"),
        (r"GET compute/v2\.1/os-root-volumes", "list of the roots that the guarded API tells"),
        (rf"GET {_OF_NOVA}/ID/os-root-volume", "what the guarded API says of a root"),
        (rf"GET {_OF_NOVA}/ID/os-volume_attachments", "tags and devices of the volumes of a server"),
        (rf"GET {_OF_NOVA}/ID/os-instance-actions", "when a server was last woken"),
        (rf"GET ({_OF_NOVA}|{_OF_CINDER})/ID", "state of one resource"),
        (rf"POST {_OF_CINDER}", "make a volume"),
        (r"(POST|DELETE) network/v2\.0/(networks|subnets)(/ID)?", "make or delete a network of a drill"),
        (r"POST network/v2\.0/ports", "make a port"),
        (r"DELETE network/v2\.0/ports/ID", "delete a port of a drill"),
        (rf"POST {_OF_NOVA}", "make a server"),
        (rf"(POST|PUT|DELETE) {_OF_CINDER}/ID/metadata.*", "mark a volume"),
        (rf"POST {_OF_NOVA}/ID/metadata", "mark a server"),
        (rf"POST {_OF_NOVA}/ID/action", "stop, shelve or unshelve"),
        (rf"POST {_OF_NOVA}/ID/os-volume_attachments", "attach a volume"),
        (rf"DELETE {_OF_NOVA}/ID/os-volume_attachments/ID", "detach a volume"),
        (rf"DELETE {_OF_CINDER}/ID", "delete a placeholder, a clone, or a replica of an old recovery point"),
        (r"(POST|DELETE) volume/v3/snapshots(/ID)?", "make or delete a snapshot"),
        (r"(POST|DELETE) volume/v3/backups(/ID)?", "make or delete a backup"),
        (r"(GET|POST) volume/v3/backups/(ID/export_record|import_record)", "export or import a backup"),
        (r"PUT volume/v3/backups/ID", "mark a backup"),
        (r"POST volume/v3/backups/ID/restore", "restore a backup"),
        (rf"(PUT|POST) {_OF_CINDER}/ID(/action)?", "name a volume, or say that it boots and from what it was made"),
        (rf"DELETE {_OF_NOVA}/ID", "delete a server"),
    )
)  # fmt: skip


def purpose(line: str) -> str:
    """What a request is for; the request itself if nobody has said so."""
    return next((words for pattern, words in PURPOSES if pattern.match(line)), line)


def by_purpose(lines: Mapping[str, int]) -> Counter[str]:
    """How many requests there are for what."""
    found: Counter[str] = Counter()
    for line, count in lines.items():
        found[purpose(line)] += count
    return found


def table(operations: Sequence[tuple[str, int, Mapping[str, int]]]) -> list[list[str]]:
    """Rows of cells: for each purpose how often it occurs in each operation.

    :param operations: words, how many servers, and the requests by method and path.
    """
    counts = [by_purpose(lines) for _words, _servers, lines in operations]
    known = [words for _pattern, words in PURPOSES]
    others = sorted(set().union(*counts) - set(known))
    rows = [["Requests", *(words for words, _servers, _lines in operations)]]
    used = [words for words in (*known, *others) if any(count[words] for count in counts)]
    rows += [[words, *(f"{count[words]:,}" if count[words] else "" for count in counts)] for words in used]
    rows.append(["all", *(f"{count.total():,}" for count in counts)])
    each = [
        f"{count.total() / servers:.2f}" for count, (_words, servers, _lines) in zip(counts, operations, strict=True)
    ]
    return [*rows, ["for each server", *each]]
