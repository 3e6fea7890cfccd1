# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read at the end of an operation."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.run.closing_lines import closing, duration

POINT = "2026-11-20T20:13:00+00:00"
SITES = {"source": {"name": "site A"}, "target": {"name": "site B"}}


def lines(operation: str, servers: dict[str, Any], seconds: float = 14.2) -> list[str]:
    return list(closing("shop", {"operation": operation, **SITES, "servers": servers, "seconds": seconds}))


def good(changed: bool = True, lag: int = 312, seconds: float = 12.4) -> dict[str, Any]:
    return {"changed": changed, "recovery_point": POINT, "lag": lag, "seconds": seconds}


FAILED = {"changed": False, "error": {}, "msg": "no", "seconds": 1.0}


def test_failover() -> None:
    assert lines(
        "failover", {"db": good(), "app": good(lag=40, seconds=14.2), "web": good(changed=False), "x": FAILED}
    ) == [
        "Failover of shop: 3 of 4 servers run at site B, after 14.2 s.",
        "  server  recovery point        outcome      age of its data  up after",
        "  db      2026-11-20T20:13:00Z  brought up   5 min 12 s       12.4 s",
        "  app     2026-11-20T20:13:00Z  brought up   40 s             14.2 s",
        "  web     2026-11-20T20:13:00Z  ran already",
        "  x       -                     FAILED",
        "  RPO 5 min 12 s (the oldest recovery point of 2 of 4 servers, when the failover began), RTO not reached.",
    ]


@pytest.mark.parametrize(
    ("servers", "rto", "told"),
    [
        ({"db": good()}, 13, "RTO 12.4 s (wanted 13 s: met)."),
        ({"db": good()}, 12, "RTO 12.4 s (wanted 12 s: missed)."),
        ({"db": good(), "x": FAILED}, 3600, "RTO not reached (wanted 1 h: missed)."),
    ],
)
def test_the_time_that_the_plan_wants(servers: dict[str, Any], rto: int, told: str) -> None:
    result = {**SITES, "operation": "failover", "servers": servers, "seconds": 14.2, "rto": rto}
    assert list(closing("shop", result))[-1].endswith(told)


def test_networks_have_a_line_of_their_own() -> None:
    rows = {"network shop": good(), "security group web": good(changed=False), "network x": FAILED}
    result = {"operation": "provision", "servers": {"db": good()}, "networks": rows, "seconds": 14.2}
    assert list(closing("shop", {**SITES, **result})) == [
        "Provisioning of shop: 1 of 1 servers are as planned at site A, after 14.2 s.",
        "  2 of 3 networks and security groups are as planned, 1 of them changed.",
    ]


@pytest.mark.parametrize(
    ("servers", "told"),
    [
        ({"db": good(), "app": good(lag=40, seconds=14.2)}, "point, when the failover began), RTO 14.2 s."),
        ({"db": good(), "web": good(changed=False)}, "point of 1 of 2 servers, when the failover began), RTO 12.4 s."),
        ({"db": good(), "x": FAILED}, "point of 1 of 2 servers, when the failover began), RTO not reached."),
    ],
)
def test_the_time_until_all_is_up_is_only_known_when_all_is_up(servers: dict[str, Any], told: str) -> None:
    assert lines("failover", servers)[-1] == f"  RPO 5 min 12 s (the oldest recovery {told}"


def test_a_failover_that_brought_nothing_up_tells_neither_rpo_nor_rto() -> None:
    assert not any("RPO" in line for line in lines("failover", {"web": good(changed=False), "x": FAILED}))


def test_a_repeated_failover_tells_neither_rpo_nor_rto() -> None:
    """The data is no older than when the target took over, whatever the clock says now."""
    assert not any("RPO" in line for line in lines("failover", {"db": good(changed=False)}))


def test_the_lag_after_a_replication_counts_the_run_itself() -> None:
    assert lines("replicate", {"db": good(lag=0), "app": good(changed=False, lag=60)}, 30.0)[1:] == [
        "  server  recovery point        outcome        lag now",
        "  db      2026-11-20T20:13:00Z  new            30 s",
        "  app     2026-11-20T20:13:00Z  recent enough  1 min 30 s",
    ]


def test_readiness() -> None:
    assert lines("readiness", {"db": good(changed=False)})[2] == "  db      2026-11-20T20:13:00Z  ready    5 min 12 s"


@pytest.mark.parametrize("operation", ["readiness", "replicate"])
def test_what_the_roots_of_the_twins_hold(operation: str) -> None:
    rows = {"db": POINT, "app": POINT.replace("20:13", "20:03"), "web": None}
    servers = {name: {**good(changed=False), "root_recovery_point": held} for name, held in rows.items()}
    told = lines(operation, {**servers, "x": FAILED}, 0)[1:]
    assert [line.rpartition("  ")[2].strip() for line in told] == [
        "the twin's root holds",
        "it",
        "2026-11-20T20:03:00Z",
        "none",
        "FAILED",
    ]


@pytest.mark.parametrize(
    ("operation", "words"), [("provision", "are as planned at site A"), ("prepare", "have a twin at rest at site B")]
)
def test_operations_without_recovery_points(operation: str, words: str) -> None:
    (line,) = lines(operation, {"db": good(), "app": FAILED})
    assert line.endswith(f"1 of 2 servers {words}, after 14.2 s.")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (119, "1 min 59 s"),
        (3600, "1 h"),
        (7199, "1 h 59 min"),
        (11220, "3 h 7 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (-0.4, "0 s"),
        (-7200, "-2 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


TIMES = ["2026-11-20T09:00:00+00:00", "2026-11-20T08:00:00+00:00"]


def stands(a: str, b: str, leader: str | None, points: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    sites = {"a": {"standing": a, "status": "ACTIVE"}, "b": {"standing": b, "status": None}}
    kept = [{"site": "a", "kind": kind, "size": size} for kind, size in (("snapshot", 2), ("volume", 20)) if leader]
    drill = points and {"age": points["age"] and 2 * points["age"]}
    drills = [{"site": "b", "name": "x-drill", "status": "ACTIVE", "kept": points is None}] if points is None else []
    told = {"recovery_points": points, "superseded": kept, "last_drill": drill, "drills": drills}
    return {"server": {"leader": leader, "generation": 2, "sites": sites, **told}, **more}


def test_who_leads() -> None:
    """What is worst is told first."""
    mild, bad = {"text": "an old copy", "blocks": False}, {"text": "TWO COPIES RUN", "blocks": True}
    rows = {
        "db": stands("runs", "dormant", "a", {"age": 70, "number": 2, "times": TIMES}, findings=[mild]),
        "app": stands("runs", "unknown", None, None, findings=[bad]),
        "new": stands("runs", "missing", "a", {"age": None, "number": 0}),
        "x": FAILED,
    }
    sites = {"source": {"site": "a", "name": "Frankfurt (site A)"}, "target": {"site": "b", "name": "site B"}}
    silent = {"unanswered": {"b": "site_b does not answer"}, "records": {}}
    assert list(closing("shop", {"operation": "status", **sites, "servers": rows, "seconds": 0.9, **silent})) == [
        "Status of shop: 3 of 4 servers were looked at, after 0.9 s.",
        "  TWO COPIES RUN.",
        "  an old copy.",
        "  site B could not be read: site_b does not answer",
        "  server  leads   generation  site A         site B   newest point    points  last drill",
        "  db      site A  2           runs (ACTIVE)  dormant  1 min 10 s old  2       2 min 20 s ago",
        "  app     ?       2           runs (ACTIVE)  unknown  ?               ?       ?",
        "  new     site A  2           runs (ACTIVE)  missing  -               0       never",
        "  x       ?       FAILED",
        "  recovery points of db: 2026-11-20T09:00:00Z, 2026-11-20T08:00:00Z",
        "  1 server of a drill stands at site B (kept). dr_drill_cleanup ends it.",
        "  2 superseded volumes (40 GiB) are kept at Frankfurt (site A).",
        "  2 superseded snapshots (4 GiB) are kept at Frankfurt (site A).",
    ]


def test_what_the_records_of_a_plan_tell() -> None:
    record = {"failed_over": TIMES[0], "took": "74", "plan": "old", "holder": "failover, run r1", "renewed": TIMES[1]}
    sites = {"source": {"site": "a", "name": "site A"}, "target": {"site": "b", "name": "site B"}}
    began = "began 2026-11-20T09:00:00Z"
    records = {"plan_hash": "new", "rto": 60, "records": {"a": record, "b": {**record, "took": "", "holder": None}}}
    assert list(closing("shop", {"operation": "status", **sites, "servers": {}, "seconds": 0.9, **records}))[-5:] == [
        f"  The last failover to site A {began}; everything was up after 1 min 14 s (wanted 1 min: missed).",
        "  The plan has changed since it was last used at site A.",
        f"  At site A the plan is held by {record['holder']}; last sign of life 2026-11-20T08:00:00Z.",
        f"  The last failover to site B {began}; not everything came up (wanted 1 min: missed).",
        "  The plan has changed since it was last used at site B.",
    ]


def test_of_many_servers_the_recovery_points_are_not_listed() -> None:
    rows = {f"s{n}": stands("runs", "dormant", "a", {"age": 70, "number": 2, "times": TIMES}) for n in range(11)}
    sites = {"source": {"site": "a", "name": "site A"}, "target": {"site": "b", "name": "site B"}}
    told = list(closing("shop", {"operation": "status", **sites, "servers": rows, "seconds": 0.9, "records": {}}))
    assert "  With -e only=... for a few servers their recovery points are listed." in told
    assert not any(TIMES[1][:16] in line for line in told)


def test_a_failover_that_proved_that_nothing_is_lost() -> None:
    rows = {name: {**good(lag=0), "proved": True} for name in ("db", "app")}
    assert lines("failover", rows)[-1] == ("  RPO 0 s (proved: no source ran since its recovery point), RTO 12.4 s.")
    assert "(the oldest recovery point" in lines("failover", {**rows, "app": good(lag=9)})[-1]
