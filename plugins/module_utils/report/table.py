# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows of each server: a row of the table, and the reason if it did not come through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .rows import GOOD, Row
from .texts import day, span
from .words import OUTCOMES, Words

Cell = dict[str, str]

_TONES = {"failed": "bad", "skipped": "warn", "unfinished": "warn", "waiting": "warn"}
_SIGNS = {"failed": "✗", "skipped": "○", "unfinished": "!", "waiting": "○"}

_NETWORK = {
    "done": "made or changed",
    "unchanged": "as planned already",
    "failed": "failed",
    "unfinished": "under way",
    "waiting": "not started",
    "skipped": "not started",
}

#: What an error says of itself beside its message, and how that is called.
_FACTS = (("status", "HTTP status"), ("reason", "Reason"), ("code", "Kind of error"))


def outcome(row: Row, words: Words) -> str:
    """What became of a server, in words."""
    known: str = OUTCOMES.get(row["outcome"], "{bad}")
    return known.format(**vars(words))


def sign(row: Row) -> str:
    """What became of a server, as a sign that needs no colour."""
    return _SIGNS.get(row["outcome"], "✓")


def _cells(row: Row, words: Words) -> Iterator[tuple[str, Cell]]:
    """Column and cell. Empty cells are shown as "-", a column of nothing else is left out."""
    late = row["within_rpo"] is False
    yield "Server", {"text": row["name"], "tone": ""}
    yield "Outcome", {"text": f"{sign(row)} {outcome(row, words)}", "tone": _TONES.get(row["outcome"], "good")}
    yield "Addresses", {"text": ", ".join(row["addresses"]), "tone": ""}
    yield "Tier", {"text": str(row["tier"]), "tone": ""}
    yield "Recovery point", {"text": day(row["recovery_point"]), "tone": ""}
    yield words.age, {"text": span(row["age_of_data"]) + (", too old" if late else ""), "tone": "bad" if late else ""}
    yield words.after, {"text": span(row["seconds"]) if row["outcome"] == "done" else "", "tone": ""}
    yield "Hand-over", {"text": row["handover"] or "", "tone": ""}


def table(rows: Sequence[Row], words: Words) -> dict[str, Any]:
    """The columns and the rows of the table. The tier is shown if there are several."""
    cells = [dict(_cells(row, words)) for row in rows]
    names = list(cells[0]) if cells else []
    empty = {name for name in names if not any(row[name]["text"] for row in cells)}
    one_tier = {"Tier"} if len({row["tier"] for row in rows}) < 2 else set()
    shown = [name for name in names if name not in empty | one_tier]
    return {"columns": shown, "table": [[row[name] for name in shown] for row in cells]}


def network_table(rows: Sequence[Row]) -> list[list[Cell]]:
    """Of each network its name, what became of it and what was done; [] where an operation makes none."""
    return [
        [
            {"text": row["name"], "tone": ""},
            {"text": f"{sign(row)} {_network(row)}", "tone": _TONES.get(row["outcome"], "good")},
            {"text": "; ".join(step["text"] for step in row["steps"]), "tone": ""},
        ]
        for row in rows
    ]


def _network(row: Row) -> str:
    """After the clean-up of a drill the row is about what is left of it."""
    removed = {"done": "removed", "unchanged": "nothing was left"} if "left" in row else {}
    return removed.get(row["outcome"], _NETWORK[row["outcome"]])


def problems(rows: Sequence[Row], words: Words) -> list[dict[str, Any]]:
    """Every server that did not come through and of which more is known, failed ones first."""
    order = {"failed": 0, "unfinished": 1}
    found = sorted(rows, key=lambda row: order.get(row["outcome"], 2))
    told = [_problem(row, words) for row in found if row["outcome"] not in GOOD]
    return [problem for problem in told if problem["msg"]]


def _problem(row: Row, words: Words) -> dict[str, Any]:
    at = next((step for step in row["steps"] if step["state"] != "done"), None)
    msg = row["msg"] or (f"The journal ends while this was done: {at['text']}." if at else "")
    facts = [("OpenStack request id", row["request_id"])] if row["request_id"] else []
    facts += [("Step", at["text"])] if at and row["msg"] else []
    facts += [(label, str(row["error"][name])) for name, label in _FACTS if row["error"].get(name)]
    short = row["outcome"] in ("skipped", "waiting")
    return {"name": row["name"], "outcome": outcome(row, words), "msg": msg, "facts": [] if short else facts}


def handovers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each way of handing the disks over, with its reason and how many servers went it."""
    ways = Counter((row["handover"], row["handover_reason"] or "") for row in rows if row["handover"])
    return [{"way": way, "reason": reason, "servers": number} for (way, reason), number in ways.items()]
