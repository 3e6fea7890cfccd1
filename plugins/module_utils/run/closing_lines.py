# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read at the end of an operation: how many servers came through, recovery points, RPO and RTO."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..operations import OPERATIONS, Operation

Row = Mapping[str, Any]

#: For so many servers all recovery points are listed.
MOST_CHOICES = 10


def closing(plan: str, result: Mapping[str, Any]) -> Iterator[str]:
    """The lines that close an operation, from the result of its wave."""
    servers: Mapping[str, Row] = result["servers"]
    good = [row for row in servers.values() if "error" not in row]
    operation = OPERATIONS[result["operation"]]
    names = {role: result[role]["name"] for role in ("source", "target")}
    came_through = operation.words.came_through.format(**names)
    yield (
        f"{operation.words.noun} of {plan}: {len(good)} of {len(servers)} servers {came_through}, "
        f"after {result['seconds']:.1f} s."
    )
    yield from _left(result) if operation.networks == "removed" else _networks(result.get("networks", {}).values())
    if operation.about_data:
        yield from _about_data(operation, result, good)
    else:
        yield from _notes(servers)
    if operation.about_leaders:
        yield from _about_leaders(result)


def _about_data(operation: Operation, result: Mapping[str, Any], good: Sequence[Row]) -> Iterator[str]:
    servers = result["servers"]
    yield from _table(_rows(operation, servers, result["seconds"]))
    for name, row in servers.items():
        yield from (f"  {name}: {finding['text']}" for finding in row.get("findings", ()) if "error" not in row)
    yield from _notes(servers)
    yield from (f"  {finding['text']}" for finding in result.get("findings", ()))
    if operation.brings_up:
        yield from _reached(operation.words.noun.lower(), result, good)


def _about_leaders(result: Mapping[str, Any]) -> Iterator[str]:
    """Who leads each server. What is worst is told first."""
    names = {result[role]["site"]: result[role]["name"] for role in ("source", "target")}
    told = [f for row in result["servers"].values() for f in row.get("findings", ()) if "error" not in row]
    yield from (f"  {f['text']}." for f in sorted(told, key=lambda f: not f["blocks"]))
    yield from (f"  {names[site]} could not be read: {why}" for site, why in result.get("unanswered", {}).items())
    yield from _table(_leaders(result["servers"]))
    yield from _choice(result["servers"])
    yield from _drills(result["servers"], names)
    yield from _records(result, names)
    kept = [v for row in result["servers"].values() if "error" not in row for v in row["server"]["superseded"]]
    for site, kind in sorted({(one["site"], one["kind"]) for one in kept}, key=lambda of: (of[0], of[1] != "volume")):
        sizes = [one["size"] for one in kept if (one["site"], one["kind"]) == (site, kind)]
        yield f"  {len(sizes)} superseded {kind}s ({sum(sizes)} GiB) are kept at {names[site]}."


def _choice(servers: Mapping[str, Row]) -> Iterator[str]:
    """The recovery points that a failover can choose from, where they are few enough to be read."""
    if len(servers) > MOST_CHOICES:
        yield "  With -e only=... for a few servers their recovery points are listed."
        return
    for name, row in servers.items():
        times = ((row.get("server") or {}).get("recovery_points") or {}).get("times") or ()
        if len(times) > 1:
            yield f"  recovery points of {name}: {', '.join(times).replace('+00:00', 'Z')}"


def _leaders(servers: Mapping[str, Row]) -> Iterator[tuple[str, ...]]:
    yield ("server", "leads", "generation", "site A", "site B", "newest point", "points", "last drill")
    for name, row in servers.items():
        if "error" in row:
            yield (name, "?", "FAILED")
            continue
        facts = row["server"]
        leader = "?" if facts["leader"] is None else f"site {facts['leader'].upper()}"
        stands = (_stands(facts["sites"][site]) for site in "ab")
        points, drill = _newest(facts["recovery_points"]), _last_drill(facts["last_drill"])
        yield (name, leader, str(facts["generation"] or "-"), *stands, *points, drill)


def _stands(site: Row) -> str:
    return f"{site['standing']} ({site['status']})" if site["status"] else str(site["standing"])


def _newest(points: Row | None) -> tuple[str, str]:
    if points is None:
        return "?", "?"
    return "-" if points["age"] is None else f"{duration(points['age'])} old", str(points["number"])


def _last_drill(drill: Row | None) -> str:
    if drill is None:
        return "?"
    return "never" if drill["age"] is None else f"{duration(drill['age'])} ago"


def _drills(servers: Mapping[str, Row], names: Mapping[str, str]) -> Iterator[str]:
    """Drills that stand, in one line for each site."""
    found = [one for row in servers.values() if "error" not in row for one in row["server"]["drills"]]
    for site, name in sorted(names.items()):
        here = [one for one in found if one["site"] == site]
        kept = "kept" if any(one["kept"] for one in here) else "under way, or left by a run that was killed"
        if here:
            stand = "1 server of a drill stands" if len(here) == 1 else f"{len(here)} servers of a drill stand"
            yield f"  {stand} at {name} ({kept}). dr_drill_cleanup ends it."


def _records(result: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """What the records of the plan tell."""
    for site, record in sorted(result["records"].items()):
        if record["failed_over"]:
            began, took = record["failed_over"].replace("+00:00", "Z"), record["took"] or ""
            last = float(took) if took.isdecimal() else None
            up = "not everything came up" if last is None else f"everything was up after {duration(last)}"
            yield f"  The last failover to {names[site]} began {began}; {up}{_aim(last, result.get('rto'))}."
        if record["plan"] and record["plan"] != result["plan_hash"]:
            yield f"  The plan has changed since it was last used at {names[site]}."
        if record["holder"]:
            since = record["renewed"].replace("+00:00", "Z")
            yield f"  At {names[site]} the plan is held by {record['holder']}; last sign of life {since}."


def _notes(servers: Mapping[str, Row]) -> Iterator[str]:
    """A server with findings is left out: its notes repeat them."""
    for name, row in servers.items():
        yield from (f"  {name}: {note}" for note in row.get("notes", ()) if "findings" not in row)


def _networks(rows: Collection[Row]) -> Iterator[str]:
    """One line for all of them: most are there already."""
    good = [row for row in rows if "error" not in row]
    changed = sum(row["changed"] for row in good)
    if rows:
        yield f"  {len(good)} of {len(rows)} networks and security groups are as planned, {changed} of them changed."


def _left(result: Mapping[str, Any]) -> Iterator[str]:
    """What a drill left, as the cloud lists it in the end."""
    for row in result["networks"].values():
        if "left" in row:
            left = {kind: names for kind, names in row["left"].items() if names}
            told = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in left.items())
            yield f"  Left of the drill, as {result['target']['name']} lists it: {told or 'nothing'}."


def _reached(noun: str, result: Mapping[str, Any], good: Sequence[Row]) -> Iterator[str]:
    """RPO and RTO of this run. The time until everything was up is only known when everything is up."""
    servers: Mapping[str, Row] = result["servers"]
    changed = [row for row in good if row["changed"]]
    if changed:
        oldest, last = max(row["lag"] for row in changed), recovery_time(servers)
        of = f" of {len(changed)} of {len(servers)} servers" if len(changed) < len(servers) else ""
        took = ("not reached" if last is None else f"{last:.1f} s") + _aim(last, result.get("rto"))
        proved = all(row.get("proved") for row in changed)
        why = "proved: no source ran since its recovery point" if proved else "the oldest recovery point"
        when = "" if proved else f", when the {noun} began"
        yield f"  RPO {duration(oldest)} ({why}{of}{when}), RTO {took}."


def recovery_time(servers: Mapping[str, Row]) -> float | None:
    """Seconds until the last server was up that was brought up; None where nothing was, or not everything is up."""
    if any("error" in row for row in servers.values()):
        return None
    return max((row["seconds"] for row in servers.values() if row["changed"]), default=None)


def _aim(took: float | None, rto: int | None) -> str:
    """Whether the time that the plan wants was kept."""
    if rto is None:
        return ""
    return f" (wanted {duration(rto)}: {'missed' if took is None or took > rto else 'met'})"


def _rows(operation: Operation, servers: Mapping[str, Row], seconds: float) -> Iterator[tuple[str, ...]]:
    """``lag`` is the age at the beginning of the run. At the end the data is older by the time that the run took."""
    say = operation.words
    root = ("the twin's root holds",) if any("root_recovery_point" in row for row in servers.values()) else ()
    drills = ("last drill",) if any("last_drill" in row for row in servers.values()) else ()
    up = (say.after.lower(),) if operation.brings_up else ()
    yield ("server", "recovery point", "outcome", say.lag, *up, *root, *drills)
    for name, row in servers.items():
        if "error" in row:
            yield (name, "-", "FAILED")
            continue
        point = str(row.get("recovery_point") or "-").replace("+00:00", "Z")
        lag = row.get("lag")
        older = duration(lag + (seconds if operation.makes_points else 0)) if lag is not None else "-"
        if operation.brings_up and not row["changed"]:
            yield (name, point, say.still)
        else:
            outcome = say.done if row["changed"] else say.still
            took = (f"{row['seconds']:.1f} s",) if operation.brings_up else ()
            drill = (_last_drill({"age": row.get("drill_age")}),) if drills else ()
            yield (name, point, outcome, older, *took, *(_held(row) if root else ()), *drill)


def _held(row: Row) -> tuple[str]:
    """The recovery point that the root of a twin holds already, so that a failover copies nothing."""
    held = row.get("root_recovery_point")
    return ("it" if held and held == row.get("recovery_point") else str(held or "none").replace("+00:00", "Z"),)


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = list(rows)
    widths = [max(len(row[column]) for row in cells if column < len(row)) for column in range(len(cells[0]))]
    for row in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def duration(seconds: float) -> str:
    """A time span as people say it, in its two largest units: "42 s", "12 min 5 s", "1 h", "3 d 7 h", "-2 h"."""
    whole = round(seconds)
    if whole < 0:
        return f"-{duration(-whole)}"
    units = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((place for place, (number, _unit) in enumerate(units) if number), len(units) - 1)
    told = [f"{number} {unit}" for number, unit in units[first : first + 2] if number]
    return " ".join(told) or "0 s"
