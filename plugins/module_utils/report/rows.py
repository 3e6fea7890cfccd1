# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each server of a run, as plain data: the heart of the JSON report, and what the page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .reading import StepTold, Told
from .words import Part, Words, parts_of

Row = dict[str, Any]

#: Outcomes with which a server is as the operation wants it.
GOOD = ("done", "unchanged")


def rows(told: Told, words: Words) -> list[Row]:
    """A row for each server, by tier and then in the order of the plan.

    Times are seconds since the start of the run. ``outcome`` is as in the journal ("done", "unchanged", "failed",
    "skipped"), or for a run without an end "unfinished" (steps were begun) or "waiting".
    """
    named = [*told.run.get("servers", ()), *told.servers, *told.steps]
    found = [_row(name, told, words) for name in dict.fromkeys(named)]
    return sorted(found, key=lambda row: row["tier"])


def _row(name: str, told: Told, words: Words) -> Row:
    line, steps = told.servers.get(name, {}), told.steps.get(name, [])
    age = age_of_data(told, line)
    rpo = told.run.get("rpo")
    error = line.get("error") or {}
    return {
        "name": name,
        "tier": (told.run.get("tiers") or {}).get(name, 1),
        "critical": (told.run.get("critical") or {}).get(name, True),
        "outcome": line.get("outcome") or ("unfinished" if steps else "waiting"),
        "seconds": line.get("seconds"),
        "server_id": line.get("server_id"),
        "recovery_point": line.get("recovery_point"),
        "age_of_data": age,
        "within_rpo": None if age is None or rpo is None else age <= rpo,
        "handover": line.get("handover"),
        "handover_reason": line.get("handover_reason"),
        "msg": line.get("msg") or "",
        "error": error,
        "request_id": error.get("request_id") or next((s.request_id for s in steps if s.failed is not None), "") or "",
        "parts": bars(steps, words.parts, told.seconds),
        "steps": [_step(step, told.seconds) for step in steps],
    }


def age_of_data(told: Told, line: Mapping[str, Any]) -> float | None:
    """The age of a server's data in seconds, as the operation means it; None where it means nothing.

    Of a failover the data that is lost: what was written between the recovery point and the beginning of the run. A
    server that ran already lost nothing in this run. Of a replication the age at its end.
    """
    lag, operation = line.get("lag"), told.run.get("operation")
    if lag is None or (operation == "failover" and line.get("outcome") == "unchanged"):
        return None
    return lag + (told.seconds if operation == "replicate" else 0)


def state(step: StepTold) -> str:
    """How far a step came: "done", "failed", or "open" for a step that was under way when the journal ends."""
    return "failed" if step.failed is not None else "open" if step.ended is None else "done"


def finish(step: StepTold, now: float) -> float:
    """When a step was over; ``now`` if it was not."""
    return next((at for at in (step.failed, step.ended) if at is not None), now)


def _step(step: StepTold, now: float) -> Row:
    return {
        "text": step.text,
        "verb": step.verb,
        "cloud": step.cloud,
        "begin": step.begin,
        "end": finish(step, now) if state(step) != "open" else None,
        "state": state(step),
        "request_id": step.request_id,
        "msg": step.msg,
    }


def bars(steps: Sequence[StepTold], parts: Sequence[Part], now: float) -> list[Row]:
    """The parts of the work on a server, one bar for all steps of a part."""
    found: dict[str, list[StepTold]] = {}
    labels = {part.key: part for part in parts}
    for step, part in zip(steps, parts_of(parts, [(step.verb, step.text) for step in steps])):
        found.setdefault(part.key, []).append(step)
    return [_bar(labels[key], own, now) for key, own in found.items()]


def _bar(part: Part, steps: Sequence[StepTold], now: float) -> Row:
    states = {state(step) for step in steps}
    return {
        "part": part.key,
        "begin": min(step.begin for step in steps),
        "end": max(finish(step, now) for step in steps),
        "state": next((word for word in ("failed", "open") if word in states), "done"),
    }


def count(found: Iterable[Row], *outcomes: str) -> int:
    """How many servers had one of the outcomes."""
    return sum(row["outcome"] in outcomes for row in found)
