# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failing over by making the server anew: every rung, and that nothing is deleted that is not the twin's own."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Seen, Surroundings
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Ref
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.ways import Chosen
from builders import GUARDED, STOCK, nothing, plan, port, refusal, volume
from recovery_builders import (
    PLACEHOLDERS,
    T1,
    T2,
    placeholder,
    point,
    row,
    surroundings,
    the_plan,
    twin,
)
from test_root_volume import STATUSES

PLAN_ = the_plan(handover="recreate")
ROOT, DATA = point(T2)
ON = tuple(replace(v, status="in-use", attached_to=("twin",)) for v in (ROOT, DATA))
HELD = tuple(replace(v, status="reserved", attached_to=("twin",)) for v in PLACEHOLDERS)
DEFAULT = (*point(T1), *point(T2))


def fail_over(seen: Seen, around: Surroundings | None = None, volumes: Any = DEFAULT, of: Any = PLAN_) -> Any:
    """The list of volumes is the truth about those that are attached."""
    listed = {v.id: v for v in (*volumes, *seen.volumes.values())}
    what = recovery(seen, tuple(listed.values()), of.servers[0])
    return decide_failover(replace(what, around=around or surroundings()), of.servers[0], of)


def texts(decision: Any) -> list[str]:
    return [step.text for step in plan(decision).steps]


DELETE = ["check that no volume is deleted with the twin db", "delete the twin db"]
BUILD = ["make server db", "check that the console of db shows 'login:'"]
DROP = [
    "wait until placeholder volume db-root-placeholder is free",
    "delete placeholder volume db-root-placeholder",
    "wait until placeholder volume db-data-placeholder is free",
    "delete placeholder volume db-data-placeholder",
]
VOLUMES = {"placeholders": HELD, "replicas": ON, "none": (), "root replica": ON[:1], "data replica": (HELD[0], ON[1])}


def expected(status: str, task: str | None, lock: bool, volumes: str) -> list[str] | str:
    """The steps that are left, or the code of the refusal."""
    if volumes == "none":
        return "not_a_twin"
    if volumes == "placeholders":
        stopped = "locked" if lock else "busy" if task else None
        ready = status == "SHELVED_OFFLOADED"
        return stopped or ([*DELETE, *BUILD, *DROP] if ready else "wrong_state")
    return made(status, task, lock, volumes)


COMES_UP = {"ACTIVE": [], "SHUTOFF": ["start server db"], "SHELVED_OFFLOADED": ["unshelve server db"]}


def made(status: str, task: str | None, lock: bool, volumes: str) -> list[str] | str:
    """The same for a server that was made from the replicas already."""
    if status == "BUILD":
        return ["wait until server db is built", BUILD[1]]
    if task == "spawning" and status in ("SHELVED", "SHELVED_OFFLOADED"):
        return ["wait until server db runs", BUILD[1]]
    if task or volumes != "replicas" or status not in COMES_UP:
        return "busy" if task else "wrong_state"
    return "locked" if lock and COMES_UP[status] else [*COMES_UP[status], BUILD[1]]


@pytest.mark.parametrize("volumes", VOLUMES)
@pytest.mark.parametrize("lock", [False, True])
def test_every_state(volumes: str, lock: bool) -> None:
    for status, task, offer in itertools.product(STATUSES, (None, "spawning", "deleting"), (GUARDED, STOCK)):
        found = fail_over(twin(VOLUMES[volumes], offer, status=status, task_state=task, locked=lock))
        verdict = texts(found) if isinstance(found, Plan) else refusal(found).code
        assert verdict == expected(status, task, lock, volumes), (status, task)


def test_what_the_new_server_is_made_of() -> None:
    found = plan(fail_over(twin(HELD)))
    (made,) = [step.args for step in found.steps if step.verb == "create_server"]
    disks = [
        (d["uuid"], d["boot_index"], d["tag"], d["delete_on_termination"]) for d in made["block_device_mapping_v2"]
    ]
    assert disks == [(ROOT.id, 0, "root", False), (DATA.id, -1, "data", False)]
    assert (made["name"], made["networks"], made["metadata"]) == ("db", [{"port": "port-0"}], {"standby_plan": "shop"})
    assert found.extra == {"recovery_point": T2, **Chosen("recreate", "the plan says so").facts}
    assert (found.extra["identity"]["server_id"], found.extra["identity"]["ports"]) == ("new", "kept")


def test_delete_flags_of_the_twin_are_cleared_before_it_is_deleted() -> None:
    seen = twin(HELD)
    flagged = tuple(replace(a, delete_on_termination=True) for a in seen.found.attachments)
    found = plan(fail_over(replace(seen, server=replace(seen.found, attachments=flagged))))
    verbs = ["set_delete_on_termination"] * 2 + ["check_volumes_kept", "delete_server"]
    assert [step.verb for step in found.steps][:4] == verbs
    assert found.steps[2].args["volume_ids"] == sorted(v.id for v in HELD)
    assert {step.args["volume_id"] for step in found.steps[:2]} == {v.id for v in HELD}
    assert not any(step.args["value"] for step in found.steps[:2])


def test_killed_between_the_delete_and_the_build() -> None:
    loose = surroundings(
        same_name={"root": PLACEHOLDERS[:1], "data": PLACEHOLDERS[1:]}, ports={"db-port0": (port(device_id=""),)}
    )
    assert texts(fail_over(nothing(STOCK), loose)) == [*BUILD, DROP[1], DROP[3]]


def test_a_placeholder_that_cinder_let_go_is_deleted_once() -> None:
    """Any member may delete the attachment at Cinder: the volume is then free, and Nova still calls it attached."""
    torn = (replace(HELD[0], status="available", attached_to=()), HELD[1])
    around = surroundings(same_name={"root": torn[:1], "data": torn[1:]})
    assert texts(fail_over(twin(torn), around)) == [*DELETE, *BUILD, *DROP]


def test_a_server_that_comes_up_on_its_replicas_is_waited_for() -> None:
    found = fail_over(twin(ON, status="SHELVED_OFFLOADED", task_state="unshelving"))
    assert texts(found) == ["wait until server db runs", BUILD[1]]


def test_only_a_server_in_error_is_to_be_removed() -> None:
    """Everything else can be brought up again, and keeps its id."""
    told = {status: refusal(fail_over(twin(ON, status=status))).text for status in ("PAUSED", "ERROR")}
    assert told["PAUSED"].startswith("Refused to fail over db to site B: the server is PAUSED on its replicas. ")
    assert ["Remove the server" in text for text in told.values()] == [False, True]


def test_a_port_of_the_twin_that_the_plan_calls_otherwise_is_told_before_anything_is_deleted() -> None:
    renamed = (port(device_id="twin", name="old-name", fixed_ips=("10.0.0.5",)),)
    seen = replace(twin(HELD), ports=renamed)
    found = refusal(fail_over(seen, surroundings(ports={"db-port0": ()})))
    assert found.code == "port_renamed"
    assert found.seen == (
        "the port old-name of the twin, which has the address 10.0.0.5, does not carry the name db-port0"
        " (openstack port set --name db-port0 port-0)"
    )


def test_a_port_is_checked_once_the_address_of_the_server_is_known() -> None:
    """Its port gets an address from Neutron when it is made."""
    row_ = row(ports=[{"network": "net"}], health_checks=[{"port": 5432}])
    of = the_plan(row_, handover="recreate")
    found = plan(fail_over(nothing(STOCK), surroundings(ports={"db-port0": ()}), of=of))
    assert [step.verb for step in found.steps] == ["create_port", "create_server"]
    assert [step.text for step in found.later or ()] == ["check that db answers at port 5432"]
    again = plan(fail_over(twin(ON, status="ACTIVE"), of=of))
    assert texts(again) == ["check that db answers at 10.0.0.5:5432"]


def test_a_port_with_an_address_of_the_plan_is_checked_in_the_same_round() -> None:
    row_ = row(ports=[{"network": "net", "fixed_ip": "10.0.0.5"}], health_checks=[{"port": 5432}])
    of = the_plan(row_, handover="recreate")
    found = plan(fail_over(nothing(STOCK), surroundings(ports={"db-port0": ()}), of=of))
    assert (found.steps[-1].text, found.later) == ("check that db answers at 10.0.0.5:5432", None)


def test_without_a_twin_and_without_its_port() -> None:
    found = plan(fail_over(nothing(STOCK), surroundings(ports={"db-port0": ()})))
    assert [step.verb for step in found.steps] == ["create_port", "create_server", "wait"]
    assert found.steps[1].args["networks"] == [{"port": Ref("port db-port0")}]


def test_killed_after_the_build() -> None:
    """The placeholders that are left are removed; the server is only checked."""
    loose = surroundings(same_name={"root": PLACEHOLDERS[:1], "data": ()})
    assert texts(fail_over(twin(ON, STOCK, status="ACTIVE"), loose)) == [BUILD[1], DROP[1]]


def test_a_second_run_has_nothing_to_do() -> None:
    found = plan(fail_over(twin(ON, STOCK, status="ACTIVE")))
    assert (found.changed, found.before["status"], found.extra["recovery_point"]) == (False, "ACTIVE", T2)


def test_a_server_in_error_keeps_its_replicas() -> None:
    found = refusal(fail_over(twin(ON, STOCK, status="ERROR", fault="No valid host was found.")))
    assert found.text == (
        "Refused to fail over db to site B: the server is ERROR on its replicas: No valid host was found. The replicas "
        "are safe. Remove the server with server_boot_volume state: absent, then repeat. "
        "Find out why (openstack server show), repair or delete it, then repeat."
    )


CANNOT_BUILD = {
    "no flavor": (surroundings(flavor=None), DEFAULT, "the cloud knows no flavor m1.tiny"),
    "a port of another server": (
        surroundings(ports={"db-port0": (port(device_id="other"),)}),
        DEFAULT,
        "port db-port0 belongs to other",
    ),
    "a port with another address": (
        surroundings(ports={"db-port0": (port(device_id="twin", fixed_ips=("10.0.0.9",)),)}),
        DEFAULT,
        "port db-port0 has the address 10.0.0.9, not 10.0.0.5",
    ),
    "a replica that is not bootable": (
        surroundings(),
        (replace(ROOT, bootable=False), DATA),
        f"volume {ROOT.name} is not marked bootable",
    ),
    "several": (
        surroundings(flavor=None, ids={("network", "net"): None}),
        DEFAULT,
        "the cloud knows no flavor m1.tiny; the cloud knows no network net",
    ),
}


@pytest.mark.parametrize("case", CANNOT_BUILD)
def test_what_stands_in_the_way_is_found_before_anything_is_deleted(case: str) -> None:
    around, volumes, text = CANNOT_BUILD[case]
    found = refusal(fail_over(twin(HELD), around, volumes))
    assert (found.code, found.seen) == ("cannot_build", text)


def test_without_a_twin_its_port_is_nobody_elses_either() -> None:
    found = refusal(fail_over(nothing(STOCK), surroundings()))
    assert (found.code, found.seen) == ("cannot_build", "port db-port0 belongs to twin")


NOT_A_TWIN = {
    "a foreign volume": (HELD[0], volume("x", size=2, name="pictures", metadata={"standby_disk": "data"})),
    "nothing but foreign volumes": (volume("x", metadata={"standby_disk": "root"}),),
    "placeholders of another plan": (placeholder("root", plan="bank"),),
    "placeholders of another server": (HELD[0], placeholder("data", server="app")),
    "replicas of another server": point(T2, server="app"),
}


@pytest.mark.parametrize("case", NOT_A_TWIN)
def test_a_server_with_a_foreign_volume_is_not_deleted(case: str) -> None:
    assert refusal(fail_over(twin(NOT_A_TWIN[case]))).code == "not_a_replica"


def test_a_server_whose_volumes_are_unknown_is_not_deleted() -> None:
    assert refusal(fail_over(twin(HELD, known=False))).code == "not_a_replica"


UNMARKED = "the twin is SHELVED_OFFLOADED without the mark standby_plan of the plan"


@pytest.mark.parametrize(
    ("changes", "saw"),
    [
        ({"image_id": "img"}, "the twin is SHELVED_OFFLOADED and boots from an image"),
        ({"metadata": {}}, UNMARKED),
        ({"metadata": {"standby_plan": "bank"}}, UNMARKED),
    ],
)
def test_a_server_that_the_plan_did_not_make_is_not_deleted(changes: dict[str, Any], saw: str) -> None:
    """It might carry placeholders all the same: anybody may attach a volume."""
    found = refusal(fail_over(twin(HELD, STOCK, **changes)))
    assert (found.code, found.seen, found.todo[:20]) == ("not_a_twin", saw, "Nothing was deleted.")


def test_running_without_a_replica_is_not_running() -> None:
    found = refusal(fail_over(twin(ON[:1], STOCK, status="ACTIVE"), volumes=(DATA,)))
    assert (found.code, found.seen) == ("wrong_state", f"the server is ACTIVE without {DATA.name}")


def test_what_is_foretold_is_what_is_read_afterwards() -> None:
    made = replace(twin(ON, STOCK, status="ACTIVE"))
    read = plan(fail_over(made)).before
    foretold = plan(fail_over(twin(HELD, STOCK))).after
    told = ("name", "status", "task_state", "locked", "flavor", "dormant", "ports", "metadata")
    assert {key: foretold[key] for key in told} == {key: read[key] for key in told}
    brief = ("id", "name", "size", "status", "is_root")
    rows = [sorted(tuple(v[key] for key in brief) for v in facts["volumes"]) for facts in (foretold, read)]
    assert rows[0] == rows[1]


def test_cd_roms_are_not_replicated() -> None:
    cd = {"tag": "cd", "image": "tools", "size": 1, "device_type": "cdrom"}
    with_cd = the_plan(row(volumes=[cd]), handover="recreate")
    found = plan(fail_over(nothing(STOCK), surroundings(ports={"db-port0": ()}), (ROOT,), with_cd))
    (made,) = [step.args for step in found.steps if step.verb == "create_server"]
    assert [disk["tag"] for disk in made["block_device_mapping_v2"]] == ["root"]
