# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a twin: state x task x lock x volumes x way of handing over -> the rungs that are left, or a refusal."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import BUILDING, VOLUME
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Site
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Ref
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import (
    ADVICE,
    SHELVE_TASKS,
    UNSHELVE_TASKS,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.twin.prepare import decide_prepare
from builders import GUARDED, STOCK, nothing, plan, refusal, volume
from recovery_builders import PLACEHOLDERS, placeholder, point, site_of, surroundings, the_plan, twin
from test_root_volume import STATUSES

ROOT, DATA = PLACEHOLDERS
VOLUMES = {
    "both": PLACEHOLDERS,
    "none": (),
    "root only": (ROOT,),
    "data only": (DATA,),
    "replicas": point(),
    "foreign": (volume("x", metadata={"standby_disk": "root"}), volume("y", size=2, metadata={"standby_disk": "data"})),
    "one foreign": (ROOT, volume("y", size=2, metadata={"standby_disk": "data"})),
    "another plan's": (placeholder("root", plan="bank"), placeholder("data", plan="bank")),
    "another server's": (ROOT, placeholder("data", server="app")),
    "refreshed": (replace(ROOT, metadata={**ROOT.metadata, "standby_woken": "then"}), DATA),
}
FOREIGN = {"replicas", "foreign", "one foreign", "another plan's", "another server's"}
TASKS = (None, "shelving", "shelving_offloading", "spawning", "unshelving", "deleting", "a task of tomorrow")
RISE = {"ACTIVE": ["wait", "shelve"], "SHUTOFF": ["start", "wait", "shelve"]}
BUILDS = (None, "spawning", "shelving", "shelving_offloading")


def expected(status: str, task: str | None, lock: bool, volumes: str, method: str) -> list[str] | str:
    """The verbs or the code of the refusal, in the order in which an operator would reason."""
    if status == "ERROR":
        return "server_error"
    asleep = status == "SHELVED_OFFLOADED" and not task
    if status != "BUILD" and (volumes == "root only" or (volumes in ("none", "data only") and not asleep)):
        return "differs"
    sleeps = status == "SHELVED_OFFLOADED" and task not in UNSHELVE_TASKS
    if volumes in FOREIGN or (volumes == "refreshed" and not (sleeps and method == "reimage")):
        return "not_a_twin"
    if lock:
        return "locked"
    if task not in BUILDS if status == "BUILD" else task and task not in SHELVE_TASKS:
        return "busy"
    rungs = to_rest(status, task, complete=volumes == "both")
    if rungs is None:
        return "wrong_state"
    empties = method == "attach" and (status != "BUILD" or volumes == "both")
    count = len(VOLUMES[volumes]) if empties else 0
    asks = method == "reimage" and volumes == "both" and rungs
    look = ["check_copy", "set_volume_metadata"] if asks else []
    return [*rungs, *["detach_volume"] * count, *["delete_volume"] * count, *look]


def to_rest(status: str, task: str | None, complete: bool) -> list[str] | None:
    """What brings a twin to rest; None if nobody knows. While it is built, its volumes may not all show yet."""
    if status == "BUILD":
        return ["wait", *RISE["ACTIVE"]] if complete else ["wait"]
    if task or status == "SHELVED":
        return ["wait"]
    return {**RISE, "SHELVED_OFFLOADED": []}.get(status)


def verdict(decision: Any) -> list[str] | str:
    return [step.verb for step in decision.foretold] if isinstance(decision, Plan) else refusal(decision).code


PLANS = {method: the_plan(handover=method) for method in ("attach", "recreate", "reimage")}


def prepare(site: Site, method: str = "attach") -> Any:
    return decide_prepare(site, PLANS[method].servers[0], PLANS[method])


def test_whether_its_root_could_be_filled_is_asked_until_it_is_known() -> None:
    """As soon as it is reserved, and only for reimage; a run that finds that it could not forgets nothing."""
    new = Site(nothing(), surroundings(ports={"db-port0": ()}))
    last = {method: [step.verb for step in plan(prepare(new, method)).steps[-2:]] for method in PLANS}
    look = ["check_copy", "set_volume_metadata"]
    assert {method: verbs == look for method, verbs in last.items()} == {
        "attach": False, "recreate": False, "reimage": True,
    }  # fmt: skip
    assert plan(prepare(new, "reimage")).steps[-2].args == {"volume_id": Ref("disk root")}
    held = [replace(v, status="reserved") for v in PLACEHOLDERS]
    again = plan(prepare(site_of(twin(held)), "reimage"))
    assert ([step.verb for step in again.steps], again.changed) == (look, True)
    known = replace(held[0], metadata={**held[0].metadata, "standby_fillable": "yes"})
    assert plan(prepare(site_of(twin([known, held[1]])), "reimage")).steps == ()


@pytest.mark.parametrize("method", PLANS)
@pytest.mark.parametrize("volumes", VOLUMES)
def test_every_state(volumes: str, method: str) -> None:
    for status, task, lock in itertools.product(STATUSES, TASKS, (False, True)):
        seen = twin(VOLUMES[volumes], status=status, task_state=task, locked=lock)
        found = verdict(prepare(site_of(seen), method))
        assert found == expected(status, task, lock, volumes, method), (status, task, lock)


@pytest.mark.parametrize("task", [None, "scheduling", "networking", "block_device_mapping", "spawning"])
def test_a_twin_that_a_killed_run_asked_for_is_waited_for_and_then_looked_at_again(task: str | None) -> None:
    """It carries the mark of the plan from its first moment; its volumes show later."""
    for volumes in ((), PLACEHOLDERS):
        found = plan(prepare(site_of(twin(volumes, status="BUILD", task_state=task)), "recreate"))
        assert found.later is not None
        assert [step.text for step in found.steps] == ["wait until server db is built"]
    assert found.after["status"] == "SHELVED_OFFLOADED"
    assert [step.text for step in found.foretold if step.writes] == ["shelve server db"]


def test_a_server_that_is_being_built_by_somebody_else_is_left_alone() -> None:
    found = refusal(prepare(site_of(twin(status="BUILD", metadata={}))))
    assert (found.code, found.seen) == (
        "busy",
        "a server of that name is being built, and nothing tells yet that it is the twin",
    )


def test_a_volume_of_which_cinder_tells_nothing_is_foreign() -> None:
    found = refusal(prepare(site_of(twin(PLACEHOLDERS, known=False))))
    assert (found.code, found.seen) == (
        "not_a_twin",
        (
            "a server of that name is at the target on p-shop-db-root, p-shop-db-data, "
            "which is no placeholder of plan shop"
        ),
    )


TEXTS = {
    "on replicas": (
        twin(point(), status="ACTIVE"),
        (
            "a server of that name is at the target on shop-db-root-2026-11-20T09:00:00+00:00, "
            "shop-db-data-2026-11-20T09:00:00+00:00, which is no placeholder of plan shop. "
            "If it was failed over, leave it. Else rename it, or take the volumes off it yourself."
        ),
    ),
    "locked": (twin(PLACEHOLDERS, locked=True), "the server is locked. Unlock it: openstack server unlock."),
    "busy": (
        twin(PLACEHOLDERS, status="ACTIVE", task_state="rebooting"),
        "the server is ACTIVE and busy with the task rebooting. Wait until the task has ended, then repeat.",
    ),
    "in rescue": (twin(PLACEHOLDERS, status="RESCUE"), f"the twin is RESCUE. {ADVICE['RESCUE']}"),
    "in a state of tomorrow": (twin(PLACEHOLDERS, status="NEW"), f"the twin is NEW. {ADVICE['*']}"),
    "no guarded API": (
        twin(PLACEHOLDERS, STOCK),
        (
            "the target does not advertise the guarded root volume API (os-root-volume is not in its extension list). "
            "The handover attach needs it (see nova_root_volume/README.md). "
            "Stock Nova can reimage or recreate."
        ),
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_it_says_why_not_and_what_to_do(case: str) -> None:
    seen, text = TEXTS[case]
    assert refusal(prepare(site_of(seen))).text == f"Refused to prepare the twin db at site B: {text}"


FROM_SCRATCH = [
    "make volume db-root-placeholder (1 GiB) from image cirros",
    "make volume db-data-placeholder (2 GiB) from nothing",
    "wait until volume db-root-placeholder is available",
    "wait until volume db-data-placeholder is available",
    "make port db-port0 on network net with address 10.0.0.5",
    "make server db",
    "mark volume db-root-placeholder as finished",
    "mark volume db-data-placeholder as finished",
    "check that the console of db shows 'login:'",
    "shelve server db",
]
EMPTIED = [
    "detach volume db-root-placeholder from server db",
    "detach volume db-data-placeholder from server db",
    "delete placeholder volume db-root-placeholder",
    "delete placeholder volume db-data-placeholder",
]


@pytest.mark.parametrize(("method", "offer", "rest"), [("attach", GUARDED, EMPTIED), ("recreate", STOCK, [])])
def test_from_scratch(method: str, offer: Any, rest: list[str]) -> None:
    found = plan(prepare(Site(nothing(offer), surroundings(ports={"db-port0": ()})), method))
    assert [step.text for step in found.steps] == [*FROM_SCRATCH, *rest]
    assert (found.before, found.after["status"]) == ({}, "SHELVED_OFFLOADED")
    assert found.after["dormant"] is (method == "attach")
    assert len(found.after["volumes"]) == (0 if method == "attach" else 2)
    assert found.extra["handover"] == method


def test_from_scratch_refers_to_what_it_makes_itself() -> None:
    found = plan(prepare(Site(nothing(), surroundings(ports={"db-port0": ()}))))
    by_text = {step.text: step for step in found.steps}
    assert by_text["shelve server db"].args == {"server_id": Ref("server")}
    assert by_text[EMPTIED[0]].args == {"server_id": Ref("server"), "volume_id": Ref("disk root")}
    assert by_text[EMPTIED[3]].args == {"volume_id": Ref("disk data")}


def test_every_placeholder_is_marked_as_one() -> None:
    found = plan(prepare(Site(nothing(), surroundings(ports={"db-port0": ()}))))
    made = {step.result: step.args["metadata"] for step in found.steps if step.verb == "create_volume"}
    for placed in PLACEHOLDERS:
        marks = {key: value for key, value in placed.metadata.items() if key != VOLUME}
        assert made[f"disk {marks['standby_disk']}"] == {**marks, BUILDING: "db"}


def test_the_volumes_of_a_run_that_was_killed_are_used() -> None:
    killed = replace(ROOT, metadata={**ROOT.metadata, BUILDING: "db"})
    site = Site(nothing(), surroundings(same_name={"root": (killed,), "data": ()}, ports={"db-port0": ()}))
    texts = [step.text for step in plan(prepare(site)).steps]
    assert texts == [text for text in (*FROM_SCRATCH, *EMPTIED) if text not in (FROM_SCRATCH[0], FROM_SCRATCH[2])]


@pytest.mark.parametrize("method", ["attach", "recreate"])
def test_placeholders_of_a_twin_that_was_removed_make_room(method: str) -> None:
    """The advice after a failure is: remove the twin, prepare again. Its volumes stay, also one that is in error."""
    left = {"root": (replace(ROOT, status="error"),), "data": (DATA,)}
    fresh = Site(nothing(), surroundings(ports={"db-port0": ()}))
    again = Site(nothing(), surroundings(same_name=left, ports={"db-port0": ()}))
    found = plan(prepare(again, method))
    assert [(s.verb, s.args) for s in found.steps[:2]] == [("delete_volume", {"volume_id": v.id}) for v in PLACEHOLDERS]
    assert found.steps[2:] == plan(prepare(fresh, method)).steps


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "in-use"},
        {"attached_to": ("other",)},
        {"metadata": {**ROOT.metadata, "standby_role": "copy"}},
        {"metadata": {**ROOT.metadata, "standby_plan": "bank"}},
        {"metadata": {**ROOT.metadata, "standby_server": "app"}},
    ],
)
def test_any_other_volume_of_that_name_is_in_the_way(changes: dict[str, Any]) -> None:
    left = {"root": (replace(ROOT, **changes),), "data": ()}
    found = refusal(prepare(Site(nothing(), surroundings(same_name=left, ports={"db-port0": ()}))))
    assert found.code == "cannot_build"


def test_a_killed_run_that_had_made_the_server_leaves_marks_that_are_removed() -> None:
    volumes = [replace(v, metadata={**v.metadata, BUILDING: "db"}) for v in PLACEHOLDERS]
    texts = [step.text for step in plan(prepare(site_of(twin(volumes, status="ACTIVE")))).steps]
    assert texts == [*FROM_SCRATCH[-4:], *EMPTIED]


def test_a_volume_that_merely_has_the_name_is_refused() -> None:
    site = Site(nothing(), surroundings(same_name={"root": (volume("x", name="db-root-placeholder"),), "data": ()}))
    assert "exists already and was not made for this server" in refusal(prepare(site)).seen


def test_the_root_is_taken_off_first_whatever_nova_lists_first() -> None:
    """A twin without its root is dormant, so a run that was killed in between carries on; the other way it differs."""
    texts = [step.text for step in plan(prepare(site_of(twin((DATA, ROOT))))).steps]
    assert texts[:2] == EMPTIED[:2]


def test_delete_flags_are_cleared_before_anything_is_taken_off() -> None:
    seen = twin(PLACEHOLDERS)
    flagged = tuple(replace(a, delete_on_termination=True) for a in seen.found.attachments)
    found = plan(prepare(site_of(replace(seen, server=replace(seen.found, attachments=flagged)))))
    cleared = [step.args["volume_id"] for step in found.steps if step.verb == "set_delete_on_termination"]
    assert set(cleared) == {ROOT.id, DATA.id}
    verbs = [step.verb for step in found.steps]
    assert max(i for i, v in enumerate(verbs) if v == "set_delete_on_termination") < verbs.index("detach_volume")


@pytest.mark.parametrize("free", [(ROOT,), (ROOT, DATA), ()])
def test_placeholders_that_were_taken_off_but_not_removed_are_removed(free: tuple[Any, ...]) -> None:
    same = {"root": tuple(v for v in free if v is ROOT), "data": tuple(v for v in free if v is DATA)}
    found = plan(prepare(site_of(twin(), same_name=same)))
    assert [(step.verb, step.args) for step in found.steps] == [("delete_volume", {"volume_id": v.id}) for v in free]


LEFT_ALONE = {
    "in use": placeholder("root", status="in-use", attached_to=("other",)),
    "without marks": volume("x", name="db-root-placeholder"),
    "of another plan": placeholder("root", plan="bank", name="db-root-placeholder"),
    "of another server": placeholder("root", server="app", name="db-root-placeholder"),
    "a replica": replace(point()[0], name="db-root-placeholder"),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_other_volumes_of_the_same_name_are_left_alone(case: str) -> None:
    assert not plan(prepare(site_of(twin(), same_name={"root": (LEFT_ALONE[case],), "data": ()}))).steps


def test_a_twin_at_rest_is_left_alone() -> None:
    found = plan(prepare(site_of(twin())))
    assert (found.steps, found.before) == ((), found.after)
    found = plan(prepare(site_of(twin(PLACEHOLDERS, STOCK)), "recreate"))
    assert (found.steps, found.before) == ((), found.after)
