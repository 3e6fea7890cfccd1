# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read at the end of an operation: how many servers came through, recovery points, RPO and RTO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

_DID = {
    "build": ("Build", "are as planned"),
    "prepare": ("Preparation", "have a twin at rest at site B"),
    "readiness": ("Readiness", "are ready for a failover"),
    "replicate": ("Replication", "have their recovery point at site B"),
    "failover": ("Failover", "run at site B"),
}


def closing(plan: str, result: Mapping[str, Any]) -> Iterator[str]:
    """The lines that close an operation, from the result of its wave."""
    servers: Mapping[str, Row] = result["servers"]
    good = [row for row in servers.values() if "error" not in row]
    noun, came_through = _DID[result["operation"]]
    yield f"{noun} of {plan}: {len(good)} of {len(servers)} servers {came_through}, after {result['seconds']:.1f} s."
    if result["operation"] in ("build", "prepare"):
        return
    yield from _table(_rows(result["operation"], servers, result["seconds"]))
    for name, row in servers.items():
        yield from (f"  {name}: {finding['text']}" for finding in row.get("findings", ()) if "error" not in row)
    yield from (f"  {finding['text']}" for finding in result.get("findings", ()))
    if result["operation"] == "failover":
        yield from _reached(servers, good)


def _reached(servers: Mapping[str, Row], good: Sequence[Row]) -> Iterator[str]:
    """RPO and RTO of this run. The time until everything was up is only known when everything is up."""
    changed = [row for row in good if row["changed"]]
    if changed:
        oldest, last = max(row["lag"] for row in changed), max(row["seconds"] for row in changed)
        of = f" of {len(changed)} of {len(servers)} servers" if len(changed) < len(servers) else ""
        took = f"{last:.1f} s" if len(good) == len(servers) else "not reached"
        yield f"  RPO {duration(oldest)} (the oldest recovery point{of}, when the failover began), RTO {took}."


def _rows(operation: str, servers: Mapping[str, Row], seconds: float) -> Iterator[tuple[str, ...]]:
    """``lag`` is as of the beginning of the run; after it the data is older by the time that the run took."""
    heads = {"failover": ("outcome", "age of its data", "up after"), "replicate": ("outcome", "lag now")}
    root = ("the twin's root holds",) if any("root_recovery_point" in row for row in servers.values()) else ()
    yield ("server", "recovery point", *heads.get(operation, ("outcome", "lag")), *root)
    for name, row in servers.items():
        if "error" in row:
            yield (name, "-", "FAILED")
            continue
        point = str(row.get("recovery_point") or "-").replace("+00:00", "Z")
        lag = row.get("lag")
        older = duration(lag + (seconds if operation == "replicate" else 0)) if lag is not None else "-"
        if operation == "failover" and not row["changed"]:
            yield (name, point, "ran already")
        elif operation == "failover":
            yield (name, point, "brought up", older, f"{row['seconds']:.1f} s")
        else:
            outcome = "new" if row["changed"] else "ready" if operation == "readiness" else "kept"
            yield (name, point, outcome, older, *(_held(row) if root else ()))


def _held(row: Row) -> tuple[str]:
    """Of which recovery point the root of a twin is a copy already, so that a failover needs none."""
    held = row.get("root_recovery_point")
    return ("it" if held and held == row.get("recovery_point") else str(held or "none").replace("+00:00", "Z"),)


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = list(rows)
    widths = [max(len(row[column]) for row in cells if column < len(row)) for column in range(len(cells[0]))]
    for row in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def duration(seconds: float) -> str:
    """A time span as people say it, in its two largest units: "42 s", "12 min 5 s", "1 h", "3 d 7 h"."""
    whole = round(seconds)
    units = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((place for place, (number, _unit) in enumerate(units) if number), len(units) - 1)
    told = [f"{number} {unit}" for number, unit in units[first : first + 2] if number]
    return " ".join(told) or "0 s"
