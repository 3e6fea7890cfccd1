# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report calls things: operations and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..operations import Words, operation_named


def words(operation: str, sites: Mapping[str, str]) -> Words:
    """How an operation is told.

    :param sites: the names of the "source" and the "target".
    """
    known = operation_named(operation).words
    return replace(known, where=known.where.format(**sites))


#: What became of a server, in words; "{bad}" and "{still}" are those of the operation.
OUTCOMES = {
    "done": "{good}",
    "unchanged": "{still}",
    "failed": "{bad}",
    "skipped": "not started",
    "unfinished": "under way",
    "waiting": "not begun",
}
