# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each server of a run, as plain data: the heart of the JSON report, and what the page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..operations import operation_named
from .reading import StepTold, Told

Row = dict[str, Any]

#: Outcomes with which a server is as the operation wants it.
GOOD = ("done", "unchanged")


def rows(told: Told) -> list[Row]:
    """A row for each server, by tier and then in the order of the plan.

    Times are seconds since the start of the run. ``outcome`` is as in the journal ("done", "unchanged", "failed",
    "skipped"), or for a run without an end "unfinished" (steps were begun) or "waiting".
    """
    named = [*told.run.get("servers", ()), *told.servers, *told.steps]
    found = [_row(name, told) for name in dict.fromkeys(named)]
    return sorted(found, key=lambda row: row["tier"])


def network_rows(told: Told) -> list[Row]:
    """A row for each network, and for security groups that name each other, in the order of the plan."""
    named = dict.fromkeys([*told.run.get("networks", ()), *told.networks, *told.network_steps])
    return [_network(name, told) for name in named]


def _network(name: str, told: Told) -> Row:
    line = told.networks.get(name, {})
    left = {"left": line["left"]} if "left" in line else {}
    return {**_outcome(name, line, told.network_steps.get(name, []), told), **left}


def _outcome(name: str, line: Mapping[str, Any], steps: Sequence[StepTold], told: Told) -> Row:
    """What is told of everything that a run is about."""
    error = line.get("error") or {}
    return {
        "name": name,
        "outcome": line.get("outcome") or ("unfinished" if steps else "waiting"),
        "seconds": line.get("seconds"),
        "msg": line.get("msg") or "",
        "error": error,
        "request_id": error.get("request_id") or next((s.request_id for s in steps if s.failed is not None), "") or "",
        "steps": [_step(step, told.seconds) for step in steps],
    }


def _row(name: str, told: Told) -> Row:
    line, steps = told.servers.get(name, {}), told.steps.get(name, [])
    age = age_of_data(told, line)
    rpo = told.run.get("rpo")
    return {
        **_outcome(name, line, steps, told),
        "tier": (told.run.get("tiers") or {}).get(name, 1),
        "critical": (told.run.get("critical") or {}).get(name, True),
        "server_id": line.get("server_id"),
        "addresses": line.get("addresses") or [],
        "recovery_point": line.get("recovery_point"),
        "age_of_data": age,
        "within_rpo": None if age is None or rpo is None else age <= rpo,
        "handover": line.get("handover"),
        "handover_reason": line.get("handover_reason"),
        "network": line.get("network"),
        "notes": line.get("notes") or [],
        "parts": bars(steps, told.seconds),
    }


def age_of_data(told: Told, line: Mapping[str, Any]) -> float | None:
    """The age of a server's data in seconds, as the operation means it; None where it means nothing.

    Of a failover the data that is lost: what was written between the recovery point and the beginning of the run. A
    server that ran already lost nothing in this run. Of a replication the age at its end.
    """
    lag, operation = line.get("lag"), operation_named(told.run.get("operation") or "")
    if lag is None or (operation.brings_up and line.get("outcome") == "unchanged"):
        return None
    return lag + (told.seconds if operation.makes_points else 0)


def state(step: StepTold) -> str:
    """How far a step came: "done", "failed", or "open" for a step that was under way when the journal ends."""
    return "failed" if step.failed is not None else "open" if step.ended is None else "done"


def finish(step: StepTold, now: float) -> float:
    """When a step was over; ``now`` if it was not."""
    return next((at for at in (step.failed, step.ended) if at is not None), now)


def _step(step: StepTold, now: float) -> Row:
    return {
        "part": step.part,
        "text": step.text,
        "verb": step.verb,
        "cloud": step.cloud,
        "begin": step.begin,
        "end": finish(step, now) if state(step) != "open" else None,
        "state": state(step),
        "request_id": step.request_id,
        "msg": step.msg,
    }


def bars(steps: Sequence[StepTold], now: float) -> list[Row]:
    """The parts of the work on a server, one bar for all steps of a part that follow each other."""
    return [_bar(part, list(own), now) for part, own in groupby(steps, key=lambda step: step.part)]


def _bar(part: str, steps: Sequence[StepTold], now: float) -> Row:
    states = {state(step) for step in steps}
    return {
        "part": part,
        "begin": min(step.begin for step in steps),
        "end": max(finish(step, now) for step in steps),
        "state": next((word for word in ("failed", "open") if word in states), "done"),
    }


def count(found: Iterable[Row], *outcomes: str) -> int:
    """How many servers had one of the outcomes."""
    return sum(row["outcome"] in outcomes for row in found)
