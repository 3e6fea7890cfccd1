# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode shows of a wave, and what programs get of it at the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused, TimedOut
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import (
    Finding,
    Plan,
    Refusal,
    Step,
    refused_for,
)
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Skipped
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.run.result import foretold, summary, with_shortage
from recovery_builders import T1, T2, the_plan

STEPS = (Step("shelve", "shelve server db"), Step("wait", "wait a little"), Step("delete_volume", "delete volume x"))
HANDOVER = {"handover": "recreate", "handover_reason": "the plan says so"}


def small(name: str) -> dict[str, Any]:
    return {"name": name, "flavor": "m1.tiny", "boot_volume": {"image": "cirros"}}


def wave(*names: str, operation: str = "failover", **changes: Any) -> Wave:
    def never(name: str, timeout: int | None = None) -> Any:
        raise AssertionError("telling needs no cloud")

    plan = the_plan(*(small(name) for name in names), **changes)
    return Wave(OPERATIONS[operation], plan, never, datetime.fromisoformat(T2))


SHORT = Finding("quota of cores", 24, 20, "the 12 servers that are not up need 24 cores, and 20 of the 40 are left")


def test_a_quota_that_is_too_small_is_told_once() -> None:
    ready = {"operation": "readiness", "servers": {}}
    found = with_shortage(wave("db", operation="readiness"), ready, [SHORT])
    assert (found["failed"], found["findings"]) == (True, [SHORT.data])
    assert found["msg"] == (
        "Readiness check of shop: the quota is too small.\n"
        "  the 12 servers that are not up need 24 cores, and 20 of the 40 are left\n"
        "Raise the quota of the project at site B."
    )
    assert with_shortage(wave("db", operation="readiness"), {**ready, "failed": True, "msg": "db failed."}, [SHORT])[
        "msg"
    ] == ("db failed.\n" + found["msg"])


def test_a_quota_that_is_too_small_does_not_make_a_failover_fail() -> None:
    run = {"operation": "failover", "servers": {}}
    assert with_shortage(wave("db"), run, [SHORT]) == {**run, "findings": [SHORT.data]}
    assert with_shortage(wave("db"), run, []) == {**run, "findings": []}


def test_what_was_found_is_in_the_result() -> None:
    plan = Plan({}, {}, findings=(Finding("size", 1, 2, blocks=False),))
    row = summary(wave("db", operation="readiness"), fleet(db=Outcome(plan, {}, {})))["servers"]["db"]
    assert row["findings"] == [{"what": "size", "wanted": 1, "seen": 2, "text": "size is 2, wanted 1", "blocks": False}]


def outcome(*steps: Step, **extra: Any) -> Outcome:
    return Outcome(Plan({"status": "ACTIVE"}, {"status": "OFF"}, steps, extra=extra), {"status": "OFF"}, extra)


def fleet(**results: Any) -> Any:
    return SimpleNamespace(results=results, seconds={name: 1.0 + n for n, name in enumerate(results)})


def test_check_mode_tells_what_would_be_done_in_the_order_of_the_jobs() -> None:
    results = {
        "app": outcome(STEPS[1], **HANDOVER),
        "web": Refused(Refusal("x", "prepare web", "it is locked", "Unlock it.")),
        "db": outcome(*STEPS, **HANDOVER),
    }
    assert foretold(["db", "app", "web"], results) == [
        "db: handover recreate: the plan says so",
        "    shelve server db",
        "    delete volume x",
        "app: nothing to do",
        "web: FAILED: Refused to prepare web: it is locked",
    ]


def test_the_result_of_a_wave() -> None:
    run = wave("db", "app")
    # its clock is as far ahead as this machine's
    target = SimpleNamespace(ahead=timedelta(), label="site_b", requests={})
    run.clouds.inventories["target"] = SimpleNamespace(cloud=target)  # type: ignore[assignment]
    found = summary(run, fleet(app=outcome(), db=outcome(*STEPS, recovery_point=T1)))
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
    found = summary(wave("db", "app", operation="prepare"), fleet(db=refused, app=ValueError("odd")))
    assert (found["failed"], found["failed_servers"], found["changed"]) == (True, ["db", "app"], False)
    assert found["msg"] == (
        "Preparation of shop: 2 of 2 servers failed.\n"
        "  db: Refused to shelve: it is locked. Unlock it.\n"
        "  app: Unexpected ValueError: odd"
    )
    assert found["servers"]["db"]["error"]["reason"] == "locked"
    assert found["servers"]["app"]["error"] == {"code": "unexpected"}


def test_several_findings_about_a_server_have_a_line_each() -> None:
    findings = (Finding("flavor", "big", "tiny"), Finding("twin", "unlocked", "locked", "the twin is locked"))
    refused = Refused(refused_for("not_ready", "call db ready", findings, "Mend it."))
    found = summary(wave("db", operation="readiness"), fleet(db=refused))
    assert found["msg"] == (
        "Readiness check of shop: 1 of 1 servers failed.\n"
        "  db: Refused to call db ready:\n"
        "    1. flavor is tiny, wanted big\n"
        "    2. the twin is locked\n"
        "  Mend it."
    )
    assert [row["what"] for row in found["servers"]["db"]["findings"]] == ["flavor", "twin"]


def test_many_failures_are_not_all_spelled_out() -> None:
    names = [f"s{number}" for number in range(7)]
    found = summary(wave(*names, operation="prepare"), fleet(**dict.fromkeys(names, TimedOut("too slow"))))
    assert found["msg"].count("too slow") == 5
    assert found["msg"].endswith("\n  and 2 more: see servers in the result")
    assert len(found["failed_servers"]) == 7


NETWORKS = {
    "networks": [{"name": "shop", "subnets": [{"name": "shop", "cidr": "10.0.0.0/24"}]}],
    "security_groups": [{"name": "web"}],
}


def test_networks_stand_beside_the_servers() -> None:
    made = Outcome(Plan({}, {}, (Step("create_network", "make network shop"),)), {"network": {"id": "n"}}, {})
    there = Outcome(Plan({}, {}), {"security_groups": []}, {})
    results = {"security group web": there, "network shop": made, "db": outcome()}
    found = summary(wave("db", operation="provision", **NETWORKS), fleet(**results))
    assert list(found["servers"]) == ["db"]
    assert list(found["networks"].items()) == [
        ("network shop", {"changed": True, "steps": ["make network shop"], "network": {"id": "n"}, "seconds": 2.0}),
        ("security group web", {"changed": False, "steps": [], "security_groups": [], "seconds": 1.0}),
    ]
    assert (found["changed"], "failed" in found) == (True, False)
    assert [row["before_header"] for row in found["diff"]] == ["network shop"]


def test_a_network_that_failed_makes_the_run_fail() -> None:
    """It is no server: who repeats for the failed servers alone must not look for one of that name."""
    refused = Refused(Refusal("other_subnet", "make it", "it is another", "Correct the plan."))
    there = Outcome(Plan({}, {}), {"security_groups": []}, {})
    results = {"security group web": there, "network shop": refused, "db": outcome()}
    found = summary(wave("db", operation="provision", **NETWORKS), fleet(**results))
    assert (found["failed"], found["failed_servers"]) == (True, [])
    assert found["networks"]["network shop"]["error"]["reason"] == "other_subnet"
    assert found["msg"] == (
        "Provisioning of shop: 1 of 2 networks and security groups failed.\n"
        "  network shop: Refused to make it: it is another. Correct the plan."
    )
    skipped = Skipped("db was not started because network shop failed. Repair it, then repeat.")
    msg = summary(wave("db", operation="provision", **NETWORKS), fleet(**{**results, "db": skipped}))["msg"]
    assert msg.splitlines()[0] == "Provisioning of shop: 1 of 2 networks and security groups and 1 of 1 servers failed."


def test_a_wave_of_nothing() -> None:
    assert summary(wave("db", operation="prepare"), fleet()) == {
        "changed": False,
        "operation": "prepare",
        "source": {"site": "a", "name": "site A"},
        "target": {"site": "b", "name": "site B"},
        "seconds": 0.0,
        "servers": {},
        "requests": {},
        "diff": [],
    }
