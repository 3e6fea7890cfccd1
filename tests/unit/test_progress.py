# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode shows of a wave, and what programs get of it at the end."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.errors import Refused, TimedOut
from ansible_collections.standby.openstack.plugins.module_utils.plan import (
    Finding,
    Plan,
    Refusal,
    Step,
    refused_for,
)
from ansible_collections.standby.openstack.plugins.module_utils.progress import foretold, summary, with_shortage
from ansible_collections.standby.openstack.plugins.module_utils.wave import Wave
from recovery_builders import T1, T2, the_plan

STEPS = (Step("shelve", "shelve server db"), Step("wait", "wait a little"), Step("delete_volume", "delete volume x"))
HANDOVER = {"handover": "recreate", "handover_reason": "the plan says so"}


def small(name: str) -> dict[str, Any]:
    return {"name": name, "flavor": "m1.tiny", "boot_volume": {"image": "cirros"}}


def wave(*names: str) -> Wave:
    def never(name: str, timeout: int | None = None) -> Any:
        raise AssertionError("telling needs no cloud")

    return Wave(the_plan(*(small(name) for name in names)), never, datetime.fromisoformat(T2))


SHORT = Finding("quota of cores", 24, 20, "the 12 servers that are not up need 24 cores, and 20 of the 40 are left")


def test_a_quota_that_is_too_small_is_told_once() -> None:
    ready = {"operation": "readiness", "servers": {}}
    found = with_shortage(ready, "shop", [SHORT])
    assert (found["failed"], found["findings"]) == (True, [SHORT.data])
    assert found["msg"] == (
        "readiness of shop: the quota is too small.\n"
        "  the 12 servers that are not up need 24 cores, and 20 of the 40 are left\n"
        "Raise the quota of the project at site B."
    )
    assert with_shortage({**ready, "failed": True, "msg": "db failed."}, "shop", [SHORT])["msg"] == (
        "db failed.\n" + found["msg"]
    )


def test_a_quota_that_is_too_small_does_not_make_a_failover_fail() -> None:
    run = {"operation": "failover", "servers": {}}
    assert with_shortage(run, "shop", [SHORT]) == {**run, "findings": [SHORT.data]}
    assert with_shortage(run, "shop", []) == {**run, "findings": []}


def test_what_was_found_is_in_the_result() -> None:
    plan = Plan({}, {}, findings=(Finding("size", 1, 2, blocks=False),))
    row = summary("readiness", wave("db"), fleet(db=Outcome(plan, {}, {})))["servers"]["db"]
    assert row["findings"] == [{"what": "size", "wanted": 1, "seen": 2, "text": "size is 2, wanted 1", "blocks": False}]


def outcome(*steps: Step, **extra: Any) -> Outcome:
    return Outcome(Plan({"status": "ACTIVE"}, {"status": "OFF"}, steps, extra=extra), {"status": "OFF"}, extra)


def fleet(**results: Any) -> Any:
    return SimpleNamespace(results=results, seconds={name: 1.0 + n for n, name in enumerate(results)})


def test_check_mode_tells_what_would_be_done_in_the_order_of_the_plan() -> None:
    results = {
        "app": outcome(STEPS[1], **HANDOVER),
        "web": Refused(Refusal("x", "prepare web", "it is locked", "Unlock it.")),
        "db": outcome(*STEPS, **HANDOVER),
    }
    assert foretold(wave("db", "app", "web"), results) == [
        "db: handover recreate: the plan says so",
        "    shelve server db",
        "    delete volume x",
        "app: nothing to do",
        "web: FAILED: Refused to prepare web: it is locked. Unlock it.",
    ]


def test_the_result_of_a_wave() -> None:
    found = summary("failover", wave("db", "app"), fleet(app=outcome(), db=outcome(*STEPS, recovery_point=T1)))
    assert list(found["servers"]) == ["db", "app"]
    assert found["servers"]["db"] == {
        "changed": True,
        "steps": ["shelve server db", "delete volume x"],
        "server": {"status": "OFF"},
        "recovery_point": T1,
        "lag": 3600,
        "seconds": 2.0,
    }
    assert found["servers"]["app"]["changed"] is False
    assert (found["changed"], found["operation"], found["seconds"], "failed" in found) == (True, "failover", 2.0, False)
    assert [diff["before_header"] for diff in found["diff"]] == ["db"]


def test_a_wave_in_which_something_failed() -> None:
    refused = Refused(Refusal("locked", "shelve", "it is locked", "Unlock it."))
    found = summary("prepare", wave("db", "app"), fleet(db=refused, app=ValueError("odd")))
    assert (found["failed"], found["failed_servers"], found["changed"]) == (True, ["db", "app"], False)
    assert found["msg"] == (
        "prepare of shop: 2 of 2 servers failed.\n"
        "  db: Refused to shelve: it is locked. Unlock it.\n"
        "  app: Unexpected ValueError: odd"
    )
    assert found["servers"]["db"]["error"]["reason"] == "locked"
    assert found["servers"]["app"]["error"] == {"code": "unexpected"}


def test_several_findings_about_a_server_have_a_line_each() -> None:
    findings = (Finding("flavor", "big", "tiny"), Finding("twin", "unlocked", "locked", "the twin is locked"))
    refused = Refused(refused_for("not_ready", "call db ready", findings, "Mend it."))
    found = summary("readiness", wave("db"), fleet(db=refused))
    assert found["msg"] == (
        "readiness of shop: 1 of 1 servers failed.\n"
        "  db: Refused to call db ready:\n"
        "    1. flavor is tiny, wanted big\n"
        "    2. the twin is locked\n"
        "  Mend it."
    )
    assert [row["what"] for row in found["servers"]["db"]["findings"]] == ["flavor", "twin"]


def test_many_failures_are_not_all_spelled_out() -> None:
    names = [f"s{number}" for number in range(7)]
    found = summary("prepare", wave(*names), fleet(**dict.fromkeys(names, TimedOut("too slow"))))
    assert found["msg"].count("too slow") == 5
    assert found["msg"].endswith("\n  and 2 more: see servers in the result")
    assert len(found["failed_servers"]) == 7


def test_a_wave_of_nothing() -> None:
    assert summary("prepare", wave("db"), fleet()) == {
        "changed": False,
        "operation": "prepare",
        "seconds": 0.0,
        "servers": {},
        "requests": {},
        "diff": [],
    }
