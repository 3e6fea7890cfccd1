# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What re-protection decides: every handover, state of the old server and kind of root, each rule by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    GENERATION,
    PLAN,
    ROLE,
    SUPERSEDED,
    SUPERSEDED_BY,
    WOKEN,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Seen, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Plan, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.reprotect.old_site import (
    OldSite,
    Wish,
    decide_reprotect,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.status.leadership import (
    AtSite,
    Standing,
    at_site,
)
from builders import GUARDED, STOCK, volume
from recovery_builders import PREPARED, T1, T2, T3, marked, named, row, the_plan, twin

NOW, LATER = T3, "2026-11-20T23:00:00.000000"
METHODS = ("attach", "recreate", "reimage")
STATES = ("ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "ERROR", "NEW")

#: What the root can be, by the marks that it has.
BEFORE = {ROLE: "superseded", SUPERSEDED: T2, SUPERSEDED_BY: "2", GENERATION: "1"}
ROOTS: Mapping[str, Mapping[str, str]] = {
    "own": {ROLE: ""},
    "replica": {ROLE: "replica", GENERATION: "3"},
    "copy": {ROLE: "copy", GENERATION: "3", WOKEN: T1},
    "superseded": BEFORE,
    "saved": {**BEFORE, ROLE: "placeholder", WOKEN: PREPARED},
    "saved, and woken since": {**BEFORE, ROLE: "placeholder", WOKEN: T1},
    "placeholder": {ROLE: "placeholder"},
}
HOLDING = ("own", "replica", "copy")


def old(root: str = "own", status: str = "SHUTOFF", offer: Any = STOCK, **changes: Any) -> Seen:
    """The server at the old site on a root and a data volume. That is superseded if the root is."""
    data = BEFORE if SUPERSEDED in ROOTS[root] else {ROLE: "placeholder"} if root == "placeholder" else {ROLE: ""}
    on = [
        named(f"v-{disk}", name=f"db-{disk}", status="in-use", metadata={**marked(disk, ""), **marks})
        for disk, marks in (("root", ROOTS[root]), ("data", data))
    ]
    return twin(on, offer, status=status, **changes)


def snapshot(disk: str, when: str = T2, status: str = "available") -> Snapshot:
    """What was taken of a volume when it was marked."""
    marks = {**marked(disk, "superseded"), SUPERSEDED: when}
    return Snapshot(f"s-{disk}-{when}", f"snapshot of {disk}", status, f"v-{disk}", 1, marks)


def decide(seen: Seen, method: str, stop: bool = True, snapshots: tuple[Snapshot, ...] = ()) -> Decision:
    """Site B leads with generation 9."""
    sites = {"a": at_site(seen, "shop"), "b": AtSite(Standing.RUNS, 9)}
    plan = the_plan(row(), handover=method)
    return decide_reprotect(OldSite(sites, seen, (), snapshots), plan.servers[0], plan, Wish(stop, "", NOW))


def offer_for(method: str) -> Any:
    return GUARDED if method == "attach" else STOCK


def verbs(decided: Decision) -> list[str]:
    assert isinstance(decided, Plan), decided
    return [step.verb for step in decided.steps]


def marks_of(decided: Plan, volume_id: str) -> list[Mapping[str, str]]:
    wanted = [s for s in decided.steps if s.verb == "set_volume_metadata" and s.args["volume_id"] == volume_id]
    return [step.args["metadata"] for step in wanted]


CASES = list(product(METHODS, STATES, ROOTS))


@pytest.mark.parametrize(("method", "status", "root"), CASES)
def test_who_is_refused(method: str, status: str, root: str) -> None:
    """An unknown state; what runs, unless it may be stopped; what is shelved and cannot be saved any more."""
    seen = old(root, status, offer_for(method))
    if status in ("ERROR", "NEW"):
        code = "wrong_state"
    elif method != "reimage" or not status.startswith("SHELVED"):
        code = ""
    else:
        ran = "twin_ran" if root == "saved, and woken since" else ""
        code = ran if root in ("saved", "saved, and woken since", "placeholder") else "not_saved"
    decided = decide(seen, method)
    assert (decided.code if isinstance(decided, Refusal) else "") == code
    careful = decide(seen, method, stop=False)
    runs = not status.startswith("SH")
    assert (careful.code if isinstance(careful, Refusal) else "") == ("stale_runs" if runs else code)


@pytest.mark.parametrize(("method", "status", "root"), CASES)
@pytest.mark.parametrize("taken", [(), ("root",), ("root", "data")])
def test_the_rules(method: str, status: str, root: str, taken: tuple[str, ...]) -> None:
    snapshots = tuple(map(snapshot, taken))
    decided = decide(old(root, status, offer_for(method)), method, snapshots=snapshots)
    if isinstance(decided, Refusal):
        return
    done, shelved, runs = verbs(decided), status.startswith("SHELVED"), status == "ACTIVE"
    # nothing is ever deleted, started or overwritten
    assert not {"delete_volume", "delete_snapshot", "delete_server", "unshelve", "start", "reimage_volume"} & {*done}
    # the marks are first, and on all that holds something of the other site's past
    marked_now = {s.args["volume_id"] for s in decided.steps if s.args.get("metadata", {}).get(SUPERSEDED) == NOW
                  and s.verb == "set_volume_metadata"}  # fmt: skip
    assert done[: len(marked_now)] == ["set_volume_metadata"] * len(marked_now)
    assert ("v-root" in marked_now) >= (root in HOLDING)
    assert ("v-data" in marked_now) >= (root in HOLDING)
    # it ends shelved
    assert ("shelve" in done) is not shelved
    # attach empties it, the others leave it on its volumes
    assert done.count("detach_volume") == (2 if method == "attach" else 0)
    # only reimage overwrites, so only reimage saves, and stops before
    assert ("stop" in done) == (method == "reimage" and runs)
    if method != "reimage" or shelved:
        assert "create_snapshot" not in done
        return
    _saves(decided, root, taken, runs)


def _saves(decided: Plan, root: str, taken: tuple[str, ...], runs: bool) -> None:
    """Each volume has one snapshot of its last moment. The root may be overwritten after that, not before."""
    done = verbs(decided)
    anew = runs or root == "saved, and woken since"
    created = [s.args["volume_id"] for s in decided.steps if s.verb == "create_snapshot"]
    assert len(created) == len(set(created))
    for disk in ("root", "data"):
        is_saved = root == "saved" and disk == "root" and not anew
        is_taken = disk in taken and root not in HOLDING and not anew
        assert (f"v-{disk}" in created) == (root != "placeholder" and not is_saved and not is_taken)
    gives_free = [i for i, s in enumerate(decided.steps) if s.args.get("metadata", {}).get(ROLE) == "placeholder"]
    assert len(gives_free) == (root != "placeholder" and (root != "saved" or anew))
    assert all("create_snapshot" not in done[i:] and "stop" not in done[i:] for i in gives_free)


def test_the_marks_of_a_snapshot_are_those_of_its_volume() -> None:
    decided = decide(old("copy"), "reimage")
    assert isinstance(decided, Plan)
    (first,) = [s for s in decided.steps if s.verb == "create_snapshot" and s.args["volume_id"] == "v-root"]
    assert first.args["name"] == f"shop-db-root-superseded-{NOW}"
    assert first.args["metadata"] == {
        "standby_plan": "shop",
        "standby_server": "db",
        "standby_disk": "root",
        "standby_volume": "v-root",
        "standby_role": "superseded",
        "standby_generation": "3",
        "standby_superseded": NOW,
        "standby_superseded_by": "9",
    }
    superseded, free, *_fillable = marks_of(decided, "v-root")
    assert superseded == {k: v for k, v in first.args["metadata"].items() if k != "standby_disk"} | {WOKEN: PREPARED}
    assert free == {ROLE: "placeholder", WOKEN: PREPARED, "standby_recovery_point": "", "standby_state": ""}
    (note,) = decided.notes
    assert note == (
        f"superseded and kept at site A: db-data, snapshot shop-db-data-superseded-{NOW}, snapshot "
        f"shop-db-root-superseded-{NOW}. Delete them when nobody needs them any more"
    )


def test_the_list_of_what_is_kept_has_an_end() -> None:
    found = tuple(replace(snapshot("root", T1), id=f"s-{n}", name=f"old-{n:02}") for n in range(20))
    decided = decide(old("own"), "reimage", snapshots=found)
    assert isinstance(decided, Plan)
    (note,) = decided.notes
    assert note.startswith("superseded and kept at site A: db-data, snapshot old-00, ")
    assert "snapshot old-08, 13 more, which dr_status counts and recovery_plan_info lists. Delete" in note


def test_one_that_is_being_taken_is_waited_for() -> None:
    seen = old("superseded")
    found = tuple(snapshot(disk, status="creating") for disk in ("root", "data"))
    assert verbs(decide(seen, "reimage", snapshots=found))[:2] == ["wait", "wait"]


@pytest.mark.parametrize("status", ["error", "deleting", "error_deleting"])
def test_one_that_holds_nothing_is_none(status: str) -> None:
    seen = old("superseded")
    found = tuple(snapshot(disk, status=status) for disk in ("root", "data"))
    assert verbs(decide(seen, "reimage", snapshots=found))[:2] == ["create_snapshot", "create_snapshot"]


def test_one_of_another_moment_is_none() -> None:
    found = tuple(snapshot(disk, T1) for disk in ("root", "data"))
    assert verbs(decide(old("superseded"), "reimage", snapshots=found)).count("create_snapshot") == 2


def test_what_cinder_noted_of_an_earlier_copy_is_forgotten() -> None:
    """Else a failover would believe that its root still holds that recovery point."""
    seen = old("copy")
    held = replace(seen.volumes["v-root"], image_metadata={"standby_recovery_point": T1})
    done = verbs(decide(replace(seen, volumes={**seen.volumes, "v-root": held}), "reimage"))
    assert done.index("unset_image_metadata") > done.index("create_snapshot")


@pytest.mark.parametrize("method", METHODS)
def test_a_flag_that_would_delete_a_volume_is_cleared(method: str) -> None:
    seen = old("own", offer=offer_for(method))
    flagged = tuple(replace(a, delete_on_termination=True) for a in seen.found.attachments)
    done = verbs(decide(replace(seen, server=replace(seen.found, attachments=flagged)), method))
    assert done.count("set_delete_on_termination") == 2
    assert "detach_volume" not in done[: done.index("set_delete_on_termination")]


def test_a_lock_stays_until_all_is_saved() -> None:
    done = verbs(decide(old("own", locked=True, metadata={}), "reimage"))
    shelving = ["unlock", "set_server_metadata", "shelve", "check_copy", "set_volume_metadata"]
    assert done == [*["set_volume_metadata"] * 2, *["create_snapshot"] * 2, "set_volume_metadata", *shelving]
    done = verbs(decide(old("own", "ACTIVE", locked=True), "reimage"))
    assert done[2:4] == ["unlock", "stop"]
    assert done.count("unlock") == 1


def refusal(seen: Seen, method: str, **options: Any) -> str:
    decided = decide(seen, method, **options)
    assert isinstance(decided, Refusal), decided
    return decided.text


KEEPS = "Remove it with server_boot_volume state: absent, which keeps its volumes, then run dr_prepare -e to=a."
CALLED = "Refused to re-protect db: "


def test_the_texts_of_recreate() -> None:
    assert refusal(old("own", "SHELVED_OFFLOADED", metadata={}), "recreate") == (
        f"{CALLED}the server at site A is SHELVED_OFFLOADED without the mark {PLAN}, and Nova sets none on a shelved "
        f"server. {KEEPS}"
    )


def test_the_texts_of_reimage() -> None:
    assert refusal(old("superseded", "SHELVED_OFFLOADED"), "reimage") == (
        f"{CALLED}the server at site A is SHELVED_OFFLOADED, and no snapshot keeps what is on its root db-root. Cinder "
        f"takes no snapshot of a reserved volume. Say handover: recreate in the plan. Or: {KEEPS}"
    )
    woken = replace(old("saved", "SHELVED_OFFLOADED"), woken=LATER)
    assert refusal(woken, "reimage") == (
        f"{CALLED}the server at site A was woken at {LATER}, and no snapshot keeps what it wrote since. "
        f"Its volumes are kept if you remove it. {KEEPS}"
    )
    root = replace(woken.volumes["v-root"], name="db-root-placeholder")
    assert ", rename db-root-placeholder, then run dr_prepare -e to=a." in refusal(
        replace(woken, volumes={**woken.volumes, "v-root": root}), "reimage"
    )
    assert "the volume API of site A is 3.60, 3.68 is needed. Say handover: recreate in the plan." in refusal(
        replace(old("own"), offer=replace(STOCK, volume_version="3.60")), "reimage"
    )
    assert "Nova does not tell when" in refusal(replace(old("own"), woken=None), "reimage")
    seen = old("own")
    untagged = tuple(Attachment(a.volume_id) for a in seen.found.attachments)
    assert "nothing tells which of its 2 volumes is the root" in refusal(
        replace(seen, server=replace(seen.found, attachments=untagged)), "reimage"
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_server_that_boots_from_an_image(method: str) -> None:
    assert "it boots from an image" in refusal(old("own", offer=offer_for(method), image_id="cirros"), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_volume_that_cinder_does_not_show(method: str) -> None:
    seen = old("own", offer=offer_for(method))
    shown = {"v-root": seen.volumes["v-root"]}
    assert "uses volume v-data, which Cinder does not show" in refusal(replace(seen, volumes=shown), method)


def test_a_volume_without_marks_gets_a_name_all_the_same() -> None:
    seen = old("own")
    bare = volume("v-data", name="mine", status="in-use")
    decided = decide(replace(seen, volumes={**seen.volumes, "v-data": bare}), "reimage")
    assert isinstance(decided, Plan)
    names = {s.args["name"] for s in decided.steps if s.verb == "create_snapshot"}
    assert f"shop-db-data-superseded-{NOW}" in names
