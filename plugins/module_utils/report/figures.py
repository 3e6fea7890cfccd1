# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run came to: whether it succeeded, in one sentence, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..operations import operation_named
from ..run.closing_lines import duration
from .reading import Told
from .rows import GOOD, Row, count
from .words import Words


def verdict(told: Told) -> str:
    """How the run ended: "succeeded", "failed", "refused" before anything was done, or "stopped" without an end."""
    if told.fence and not told.fence.get("allowed"):
        return "refused"
    if told.end is None:
        return "stopped"
    return "failed" if told.end.get("failed") else "succeeded"


def figures(told: Told, rows: Sequence[Row], networks: Sequence[Row] = ()) -> dict[str, Any]:
    """The numbers of a run. ``recovery_time`` is that of a failover: until the last server was up, in seconds.

    ``rto_met`` is whether the time that the plan wants was kept, None if it wants none. ``oldest_data`` is of the
    servers ``with_age``, which may be fewer than all.
    """
    ages = [row["age_of_data"] for row in rows if row["age_of_data"] is not None]
    brought_up = [row["seconds"] for row in rows if row["outcome"] == "done"]
    brings_up = operation_named(told.run.get("operation") or "").brings_up
    recovery_time, rto = max(brought_up, default=None) if brings_up else None, told.run.get("rto")
    whole = count(rows, *GOOD) == len(rows)
    return {
        "servers": len(rows),
        "good": count(rows, *GOOD),
        "changed": count(rows, "done"),
        "networks": len(networks),
        "networks_good": count(networks, *GOOD),
        "networks_changed": count(networks, "done"),
        "failed": count(rows, "failed"),
        "not_started": count(rows, "skipped", "waiting"),
        "under_way": count(rows, "unfinished"),
        "seconds": told.seconds,
        "recovery_time": recovery_time,
        "rto": rto if brings_up else None,
        "rto_met": None if rto is None or not brings_up else whole and (recovery_time or 0) <= rto,
        "oldest_data": max(ages, default=None),
        "with_age": len(ages),
        "rpo": told.run.get("rpo"),
        "rpo_missed": sum(row["within_rpo"] is False for row in rows),
    }


def headline(told: Told, found: dict[str, Any], words: Words) -> str:
    """One sentence for people who read no further."""
    noun = f"{words.noun}{' (check mode)' if told.run.get('check') else ''}"
    part = " (a part of the plan)" if (told.run.get("parameters") or {}).get("only") else ""
    what = f"{noun} of {told.run.get('plan')}{part} {words.where}".rstrip()
    how = verdict(told)
    if how == "refused":
        return f"{what} was refused: nothing was changed."
    tell = {"stopped": _stopped, "failed": _failed, "succeeded": _succeeded}[how]
    return f"{what} {tell(found, words)}."


def _succeeded(found: dict[str, Any], words: Words) -> str:
    head = f"{words.passed}: {found['good']} of {found['servers']} servers {words.good}"
    if not found["changed"] and not found["networks_changed"] and words.still != words.good:
        return f"{head}; nothing had to be done"
    took = found["seconds"] if found["recovery_time"] is None else found["recovery_time"]
    return f"{head} in {duration(took)}{_oldest(found)}"


def _oldest(found: dict[str, Any]) -> str:
    return "" if found["oldest_data"] is None else f"; oldest data {duration(found['oldest_data'])}"


def _failed(found: dict[str, Any], words: Words) -> str:
    if not found["good"] and not found["failed"] and not found["under_way"]:
        return "failed before any server was begun"
    told = [f"failed: {found['good']} of {found['servers']} servers {words.good}"]
    told += [f"{found['failed']} {words.bad}"] if found["failed"] else []
    told += [f"{found['under_way']} under way when it ended"] if found["under_way"] else []
    told += [f"{found['not_started']} not started"] if found["not_started"] else []
    return f"{', '.join(told)}{_oldest(found)}"


def _stopped(found: dict[str, Any], words: Words) -> str:
    head = f"was stopped before its end: {found['good']} of {found['servers']} servers {words.good}"
    return f"{head} after {duration(found['seconds'])}"
