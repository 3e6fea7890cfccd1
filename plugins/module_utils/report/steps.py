# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The appendix of the page: every step of every server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .rows import GOOD, Row

#: A page with more steps than this shows those of servers that did not come through only, so that it stays small.
MOST_STEPS = 4000


def appendix(rows: Sequence[Row]) -> dict[str, Any]:
    """The steps by server, and a note about what is left out."""
    worked = [row for row in rows if row["steps"]]
    total = sum(len(row["steps"]) for row in worked)
    shown = worked if total <= MOST_STEPS else [row for row in worked if row["outcome"] not in GOOD]
    note = f"The {total:,} steps are in the JSON report; here are those of servers that did not come through."
    return {
        "appendix": [{"name": row["name"], "steps": [_step(step) for step in row["steps"]]} for row in shown],
        "appendix_note": "" if shown == worked else note,
    }


def _step(step: Row) -> dict[str, str]:
    took = "" if step["end"] is None else f"{step['end'] - step['begin']:.1f}"
    told = {"failed": "failed", "open": "not ended"}.get(step["state"], "")
    at = f"{step['begin']:.1f}"
    return {"at": at, "took": took, "text": step["text"], "told": told, "request_id": step["request_id"]}
