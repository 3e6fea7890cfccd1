# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a status and of a readiness check, as a reader of their format sees them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.filter.recovery_metrics import FilterModule
from ansible_collections.standby.openstack.plugins.module_utils.report.metrics import METRICS, metrics

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
POINT, DRILL = "2026-12-01T07:55:00+00:00", "2026-11-01T09:00:00+00:00"
LINE = re.compile(r'(?P<name>[a-z_]+)\{(?P<labels>([a-z]+="([^"\\\n]|\\[\\"n])*",?)*)\} (?P<value>\S+)')


def facts(leader: str | None = "a", **changes: Any) -> dict[str, Any]:
    points = {"number": 2, "newest": POINT}
    known = {"leader": leader, "stale": None, "two_copies": False, "recovery_points": points}
    return {"server": {**known, "last_drill": {"time": DRILL, "age": 5}, **changes}}


STATUS = {
    "operation": "status",
    "unanswered": {"b": "silent"},
    "records": {"a": {"failed_over": None}, "b": {"failed_over": DRILL}},
    "servers": {
        "db": facts(),
        "app": facts(None, stale="a", two_copies=True, recovery_points=None, last_drill=None),
        "x": {"error": {}, "msg": "no"},
    },
}


def samples(text: str) -> dict[str, float]:
    """By name and labels the values. Each line must be one of the format, each metric in one piece with its type."""
    found: dict[str, float] = {}
    told: list[str] = []
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if line.startswith("# TYPE"):
            told.append(line.split()[2])
        elif not line.startswith("#"):
            assert match, line
            assert match["name"] == told[-1]
            found[line.rpartition(" ")[0]] = float(match["value"])
    assert len(told) == len(set(told))
    assert text.endswith("# EOF\n")
    return found


def test_a_status() -> None:
    at = datetime.fromisoformat
    assert samples(metrics("shop", STATUS, NOW)) == {
        'standby_run_timestamp_seconds{plan="shop",operation="status"}': NOW.timestamp(),
        'standby_run_failed{plan="shop",operation="status"}': 0,
        'standby_site_answers{plan="shop",site="a"}': 1,
        'standby_site_answers{plan="shop",site="b"}': 0,
        'standby_last_failover_timestamp_seconds{plan="shop",site="b"}': at(DRILL).timestamp(),
        'standby_server_unknown{plan="shop",server="db"}': 0,
        'standby_server_unknown{plan="shop",server="app"}': 0,
        'standby_server_unknown{plan="shop",server="x"}': 1,
        'standby_leader{plan="shop",server="db",site="a"}': 1,
        'standby_stale_copy{plan="shop",server="db"}': 0,
        'standby_stale_copy{plan="shop",server="app"}': 1,
        'standby_two_copies{plan="shop",server="db"}': 0,
        'standby_two_copies{plan="shop",server="app"}': 1,
        'standby_recovery_points{plan="shop",server="db"}': 2,
        'standby_recovery_point_timestamp_seconds{plan="shop",server="db"}': at(POINT).timestamp(),
        'standby_last_drill_timestamp_seconds{plan="shop",server="db"}': at(DRILL).timestamp(),
    }


def test_a_readiness_check() -> None:
    rows = {"db": {"recovery_point": POINT, "last_drill": DRILL}, "app": {"error": {}, "msg": "no"}}
    found = samples(metrics("shop", {"operation": "readiness", "failed": True, "servers": rows}, NOW))
    assert found['standby_ready{plan="shop",server="db"}'] == 1
    assert found['standby_ready{plan="shop",server="app"}'] == 0
    assert found['standby_run_failed{plan="shop",operation="readiness"}'] == 1
    assert len(found) == 6


def test_a_run_that_did_not_begin() -> None:
    text = FilterModule().filters()["recovery_metrics"]({"failed": True, "msg": "refused"}, "shop")
    assert set(samples(text).values()) >= {1}


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "Müller & Söhne", "", "{}"])
def test_names_are_escaped(name: str) -> None:
    found = samples(metrics(name, {"operation": "readiness", "servers": {name: {}}}, NOW))
    assert len(found) == 3


def test_the_docs_tell_each_metric() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(standby_\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert list(told) == list(METRICS)
    assert all(told[name].startswith(what.rstrip(".")) for name, what in METRICS.items())


def test_every_metric_is_told_by_some_run() -> None:
    readiness = {"operation": "readiness", "servers": {"db": {"recovery_point": POINT, "last_drill": DRILL}}}
    told = {*samples(metrics("shop", STATUS, NOW)), *samples(metrics("shop", readiness, NOW))}
    assert {line.partition("{")[0] for line in told} == set(METRICS)
