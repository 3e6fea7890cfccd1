# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failing over by attaching: every rung of the ladder, and which recovery point is taken."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import RootAnswer, Seen
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import UNSHELVE_TASKS
from builders import nothing, plan, refusal, volume
from recovery_builders import PLACEHOLDERS, T1, T2, T3, point, renamed, replica, row, the_plan, twin
from test_root_volume import STATUSES

PLAN_ = the_plan()
ROOT, DATA = point(T2)
ON = (replace(ROOT, status="reserved", attached_to=("twin",)), replace(DATA, status="in-use", attached_to=("twin",)))
TWO_POINTS = (*point(T1), *point(T2))
LADDER = [
    f"attach volume {ROOT.name} as root /dev/vda of server db",
    f"attach volume {DATA.name} to server db",
    "unshelve server db",
    "check that the console of db shows 'login:'",
]


def fail_over(seen: Seen, volumes: Any = TWO_POINTS, recovery_plan: Any = PLAN_) -> Any:
    """On these volumes of the target; the list of volumes is the truth about those that are attached."""
    listed = {v.id: v for v in (*volumes, *seen.volumes.values())}
    what = recovery(seen, tuple(listed.values()), recovery_plan.servers[0])
    return decide_failover(what, recovery_plan.servers[0], recovery_plan)


def texts(decision: Any) -> list[str]:
    return [step.text for step in plan(decision).steps]


VOLUMES = {"none": (), "root": ON[:1], "both": ON, "data": ON[1:]}
TASKS = (None, *sorted(UNSHELVE_TASKS), "shelving", "deleting", "a task of tomorrow")


def expected(status: str, task: str | None, lock: bool, volumes: str) -> list[str] | str:
    """What is left of the ladder, or the code of the refusal."""
    shelved = status in ("SHELVED", "SHELVED_OFFLOADED")
    if status == "ERROR":
        return "wrong_state"
    if task in UNSHELVE_TASKS and shelved:
        return ["wait until server db runs", LADDER[3]]
    if task:
        return "busy"
    if status in ("ACTIVE", "SHUTOFF") and volumes == "both":
        stopped = status == "SHUTOFF"
        return "locked" if lock and stopped else [*(["start server db"] if stopped else []), LADDER[3]]
    if status != "SHELVED_OFFLOADED":
        return "wrong_state"
    return (
        "locked"
        if lock
        else {"none": LADDER, "root": LADDER[1:], "both": LADDER[2:], "data": [LADDER[0], *LADDER[2:]]}[volumes]
    )


@pytest.mark.parametrize("volumes", VOLUMES)
@pytest.mark.parametrize("lock", [False, True])
def test_every_state(volumes: str, lock: bool) -> None:
    for status, task in itertools.product(STATUSES, TASKS):
        found = fail_over(twin(VOLUMES[volumes], status=status, task_state=task, locked=lock))
        verdict = texts(found) if isinstance(found, Plan) else refusal(found).code
        assert verdict == expected(status, task, lock, volumes), (status, task)


CHOICES = {
    "the newest": ((*point(T1), *point(T2), *point(T3)), T3),
    "in any order": ((*point(T3), *point(T1), *point(T2)), T3),
    "not one that is being copied": ((*point(T1), replica("root", T2), replica("data", T2, "copying")), T1),
    "not one that lacks a disk": ((*point(T1), replica("root", T2)), T1),
    "not one with a broken volume": ((*point(T1), replica("root", T2, status="error"), replica("data", T2)), T1),
    "not one with a volume in use": (
        (*point(T1), replica("root", T2), replica("data", T2, status="in-use", attached_to=("rescue",))),
        T1,
    ),
    "not one of another server": ((*point(T1), *point(T2, server="app")), T1),
    "not a placeholder": ((*point(T1), *PLACEHOLDERS), T1),
    "a copy that failed beside the good one": (
        (*point(T2), renamed(replica("root", T2, "copying", status="error_restoring"), "failed")),
        T2,
    ),
    "a copy that failed, listed before the good one": (
        (replica("root", T2, "copying", status="error"), renamed(ROOT, "good"), DATA),
        T2,
    ),
}


@pytest.mark.parametrize("task", [None, "block_device_mapping"])
@pytest.mark.parametrize("status", ["reserved", "available"])
def test_a_replica_that_is_leaving_is_taken_off_and_put_on_again(status: str, task: str | None) -> None:
    """A detach of it broke off: the cloud names it as the root, and never starts the server on it."""
    leaves = replace(twin(task_state=task), root_answer=RootAnswer("/dev/vda", True, ROOT.id, "detaching"))
    attached_to = ("twin",) if status == "reserved" else ()
    found = fail_over(leaves, (replace(ROOT, status=status, attached_to=attached_to), DATA))
    assert [step.verb for step in plan(found).steps][:3] == ["detach_volume", "attach_root", "attach_volume"]
    assert texts(found)[1:] == LADDER


@pytest.mark.parametrize("case", CHOICES)
def test_which_recovery_point_is_taken(case: str) -> None:
    volumes, time = CHOICES[case]
    found = plan(fail_over(twin(), volumes))
    assert found.extra["recovery_point"] == time
    taken = {step.args["volume_id"] for step in found.steps if "volume_id" in step.args}
    fit = {v.id for v in volumes if v.metadata.get("standby_recovery_point") == time and v.status == "available"}
    assert taken == fit


@pytest.mark.parametrize("on", [(0,), (1,), (0, 1)])
def test_the_point_that_was_begun_is_carried_on_with_although_a_newer_one_is_there(on: tuple[int, ...]) -> None:
    found = plan(fail_over(twin([ON[i] for i in on]), (*point(T1), *point(T2), *point(T3))))
    assert found.extra["recovery_point"] == T2
    taken = {step.args["volume_id"] for step in found.steps if step.verb.startswith("attach")}
    assert taken == {v.id for i, v in enumerate((ROOT, DATA)) if i not in on}


REFUSALS = {
    "no twin": (
        nothing(),
        point(),
        "no_twin",
        "there is no twin at the target. Run dr_prepare first.",
    ),
    "in ERROR": (
        twin(status="ERROR", fault="No valid host was found."),
        point(),
        "wrong_state",
        ("the twin is in ERROR: No valid host was found. "
         "Find out why (openstack server show), repair or delete it, then repeat."),
    ),
    "nothing was replicated": (
        twin(),
        (),
        "no_recovery_point",
        ("there is no complete recovery point at the target. "
         "Look at the replica volumes at the target; dr_replicate makes them."),
    ),
    "only half was replicated": (
        twin(),
        (replica("root", T2),),
        "no_recovery_point",
        (f"there is no complete recovery point at the target (the newest, of {T2}, has root available of root, data). "
         "Look at the replica volumes at the target; dr_replicate makes them."),
    ),
    "the rest of what was begun is gone": (
        twin(ON[:1]),
        point(T1),
        "no_recovery_point",
        (f"there is no complete recovery point at the target (the newest, of {T2}, has root reserved of root, data). "
         "Look at the replica volumes at the target; dr_replicate makes them."),
    ),
    "on its placeholders": (
        twin(PLACEHOLDERS),
        point(),
        "not_a_replica",
        ("the twin is SHELVED_OFFLOADED with volume p-shop-db-data, p-shop-db-root, which is no replica. "
         "Run dr_prepare first, or find out who attached it."),
    ),
    "a stranger beside the replicas": (
        twin((*ON, volume("x")), status="ACTIVE"),
        (),
        "not_a_replica",
        "the twin is ACTIVE with volume x, which is no replica. Run dr_prepare first, or find out who attached it.",
    ),
    "replicas of another server": (
        twin(point(T2, server="app")),
        point(),
        "not_a_replica",
        (f"the twin is SHELVED_OFFLOADED with volume r-app-data-{T2}, r-app-root-{T2}, which is no replica. "
         "Run dr_prepare first, or find out who attached it."),
    ),
    "volumes of two points": (
        twin((ON[0], replica("data", T1))),
        (*point(T1), *point(T2)),
        "mixed_points",
        f"volumes of several recovery points are attached ({T2}, {T1}). Detach those that are not wanted, then repeat.",
    ),
    "locked": (
        twin(locked=True),
        point(),
        "locked",
        "the server is locked. Unlock it: openstack server unlock.",
    ),
    "running without its data volume": (
        twin(ON[:1], status="ACTIVE"),
        (DATA,),
        "wrong_state",
        f"the twin is ACTIVE without {DATA.name}. Shelve it first, for example with standby.openstack.server_shelve.",
    ),
    "the root is not bootable": (
        twin(),
        (replace(ROOT, bootable=False), DATA),
        "volume_not_bootable",
        ("the volume is not marked bootable. "
         "If it holds a system, set the flag: openstack volume set --bootable."),
    ),
    "the root replica is attached as a data volume": (
        replace(twin(ON), root_answer=RootAnswer("/dev/vda", False, None)),
        (),
        "volume_not_available",
        "the volume is reserved. Wait until it is available, or take another volume.",
    ),
    "the data replica is its root": (
        replace(twin(ON[1:]), root_answer=RootAnswer("/dev/vda", True, DATA.id)),
        (ROOT,),
        "wrong_root",
        f"the root of the twin is volume {DATA.id}, not {ROOT.name}. Detach it, then repeat.",
    ),
    "it boots from an image": (
        replace(twin(image_id="img"), root_answer=RootAnswer("/dev/vda", False, None)),
        point(),
        "not_volume_backed",
        "a server of that name is at the target, and it boots from an image. Rename it, then run dr_prepare.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_it_says_why_not_and_what_to_do(case: str) -> None:
    seen, volumes, code, text = REFUSALS[case]
    found = refusal(fail_over(seen, volumes))
    assert (found.code, found.text) == (code, f"Refused to fail over db to site B: {text}")


def test_a_server_of_one_disk() -> None:
    alone = the_plan(row(volumes=[], health_checks=[]))
    assert texts(fail_over(twin(), [ROOT], alone)) == [LADDER[0], LADDER[2]]


def test_a_replica_of_a_disk_that_is_no_longer_in_the_plan_is_left_alone() -> None:
    found = plan(fail_over(twin(), (*point(), replica("logs", T2))))
    assert [step.text for step in found.steps] == LADDER
    assert [v["id"] for v in found.after["volumes"]] == [DATA.id, ROOT.id]


def test_health_is_checked_at_the_address_of_the_twin() -> None:
    alone = the_plan(row(health_checks=[{"port": 5432}, {"port": 22, "address": "192.0.2.1"}]))
    assert texts(fail_over(twin(ON, status="ACTIVE"), (), alone)) == [
        "check that db answers at 10.0.0.5:5432",
        "check that db answers at 192.0.2.1:22",
    ]
    portless = replace(twin(), ports=())
    assert texts(fail_over(portless, point(), alone))[3] == "check that db answers at 10.0.0.5:5432"


def test_what_is_foretold_is_what_is_read_afterwards() -> None:
    foretold = plan(fail_over(twin())).after
    read = plan(fail_over(twin((DATA, ROOT), status="ACTIVE", availability_zone=""))).before
    told = ("id", "name", "status", "task_state", "locked", "flavor", "dormant", "root_volume", "ports", "metadata")
    assert {key: foretold[key] for key in told} == {key: read[key] for key in told}
    brief = [{key: v[key] for key in ("id", "name", "size", "is_root")} for v in foretold["volumes"]]
    assert brief == [{key: v[key] for key in ("id", "name", "size", "is_root")} for v in read["volumes"]]


def test_a_second_run_has_nothing_to_do() -> None:
    found = plan(fail_over(twin(ON, status="ACTIVE"), (*point(T1), *point(T3))))
    assert (found.changed, found.before) == (False, found.after)
    assert found.extra["recovery_point"] == T2


def test_nothing_is_ever_deleted_or_detached_by_attaching() -> None:
    kinds = (*PLACEHOLDERS, *point(T1), *point(T2), *point(T2, server="app"), volume("x"))
    for on in itertools.chain.from_iterable(itertools.combinations(kinds, n) for n in range(4)):
        for status in ("SHELVED_OFFLOADED", "ACTIVE", "SHUTOFF"):
            found = fail_over(twin(on, status=status), kinds)
            verbs = {step.verb for step in found.steps} if isinstance(found, Plan) else set()
            assert verbs <= {"attach_root", "attach_volume", "unshelve", "start", "wait"}, (on, status)


def test_nothing_is_attached_where_nothing_tells_the_device_of_the_root() -> None:
    """A cloud that does not advertise the guarded API, said to have it: Nova would attach a data disk."""
    found = refusal(fail_over(replace(twin(), root_answer=None)))
    assert (found.code, found.seen) == ("root_unknown", "nothing tells which of its 0 volumes is the root")
