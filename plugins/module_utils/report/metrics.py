# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a status or a readiness check found, as metrics: text that both Prometheus and OpenMetrics read.

https://prometheus.io/docs/instrumenting/exposition_formats
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..data.direction import SITES

Row = Mapping[str, Any]

#: By name what a metric tells. Times are told as moments, not as ages: a file may be read long after it was written.
METRICS: Mapping[str, str] = {
    "standby_run_timestamp_seconds": "When the newest run of the operation ended.",
    "standby_run_failed": "Whether it failed.",
    "standby_site_answers": "Whether a site answered.",
    "standby_server_unknown": "Whether a server could not be looked at.",
    "standby_leader": "The site that leads a server.",
    "standby_stale_copy": "Whether the other site holds an older copy of a server.",
    "standby_two_copies": "Whether that copy runs, or may run.",
    "standby_ready": "Whether a failover of a server would succeed.",
    "standby_recovery_points": "How many complete recovery points of a server there are.",
    "standby_recovery_point_timestamp_seconds": "When the data of the newest recovery point of a server was taken.",
    "standby_last_drill_timestamp_seconds": "When the last drill of a server that passed began.",
    "standby_last_failover_timestamp_seconds": "When the last failover to a site began.",
}

Sample = tuple[str, dict[str, str], float]


def metrics(plan: str, result: Row, now: datetime) -> str:
    """The text of a file.

    :param result: of the operation status or readiness.
    :param now: when it ended, UTC.
    """
    samples = list(_samples(result, now))
    lines = []
    for name, what in METRICS.items():
        mine = [(labels, value) for known, labels, value in samples if known == name]
        if mine:
            lines += [f"# HELP {name} {what}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels({'plan': plan, **labels})} {value:.15g}" for labels, value in mine]
    return "\n".join([*lines, "# EOF", ""])


def _samples(result: Row, now: datetime) -> Iterator[Sample]:
    operation = str(result.get("operation", ""))
    yield "standby_run_timestamp_seconds", {"operation": operation}, now.timestamp()
    yield "standby_run_failed", {"operation": operation}, bool(result.get("failed"))
    status = "records" in result
    yield from _of_sites(result) if status else ()
    for name, row in result.get("servers", {}).items():
        about = {"server": name}
        if not status:
            yield "standby_ready", about, "error" not in row
            yield from _moments(about, row.get("recovery_point"), row.get("last_drill"))
            continue
        yield "standby_server_unknown", about, "error" in row
        if "error" not in row:
            yield from _of_server(about, row["server"])


def _of_sites(result: Row) -> Iterator[Sample]:
    for site in SITES:
        yield "standby_site_answers", {"site": site}, site not in result.get("unanswered", {})
    for site, record in sorted(result["records"].items()):
        if record["failed_over"]:
            yield "standby_last_failover_timestamp_seconds", {"site": site}, _seconds(record["failed_over"])


def _of_server(about: dict[str, str], facts: Row) -> Iterator[Sample]:
    if facts["leader"]:
        yield "standby_leader", {**about, "site": facts["leader"]}, 1
    yield "standby_stale_copy", about, bool(facts["stale"])
    yield "standby_two_copies", about, bool(facts["two_copies"])
    points = facts["recovery_points"]
    if points:
        yield "standby_recovery_points", about, points["number"]
    yield from _moments(about, (points or {}).get("newest"), (facts["last_drill"] or {}).get("time"))


def _moments(about: dict[str, str], point: str | None, drill: str | None) -> Iterator[Sample]:
    if point:
        yield "standby_recovery_point_timestamp_seconds", about, _seconds(point)
    if drill:
        yield "standby_last_drill_timestamp_seconds", about, _seconds(drill)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _labels(labels: Mapping[str, str]) -> str:
    """Escaped as the format wants it."""
    escapes = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    return "{" + ",".join(f'{name}="{value.translate(escapes)}"' for name, value in labels.items()) + "}"
