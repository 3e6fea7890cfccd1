# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on superseded volumes: who takes it for a twin at rest, by handover, state and root. Nobody deletes them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    GENERATION,
    ROLE,
    SUPERSEDED,
    SUPERSEDED_BY,
    WOKEN,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Seen, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Plan, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import decide_failover
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.readiness import decide_readiness
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import heard_of
from ansible_collections.standby.openstack.plugins.module_utils.decide.twin.prepare import decide_prepare
from builders import GUARDED, STOCK
from recovery_builders import PREPARED, T1, T2, marked, named, point, row, site_of, the_plan, twin

BEFORE = {ROLE: "superseded", SUPERSEDED: T1, SUPERSEDED_BY: "3", GENERATION: "2"}
SAVED = {**BEFORE, ROLE: "placeholder", WOKEN: PREPARED}
ROOTS = {"superseded": BEFORE, "saved": SAVED, "saved, and woken since": {**SAVED, WOKEN: T1}}
STATES = ("SHELVED_OFFLOADED", "SHELVED", "SHUTOFF", "ACTIVE", "PAUSED")
CASES = list(product(("attach", "recreate", "reimage"), STATES, ROOTS))
REPROTECT = "What is on its volumes is superseded: dr_reprotect puts it to rest, or says what stands in its way."


def old(root: str = "superseded", status: str = "SHELVED_OFFLOADED", method: str = "recreate", **flags: Any) -> Seen:
    """The server that led before, on its root and on a superseded data volume."""
    held = "reserved" if status == "SHELVED_OFFLOADED" else "in-use"
    on = [
        named(f"v-{disk}", name=f"db-{disk}", size=size, status=held, attached_to=("twin",),
              metadata={**marked(disk, ""), **marks})
        for disk, size, marks in (("root", 1, ROOTS[root]), ("data", 2, BEFORE))
    ]  # fmt: skip
    seen = twin(on, GUARDED if method == "attach" else STOCK, status=status)
    attachments = tuple(replace(a, **flags) for a in seen.found.attachments)
    return replace(seen, server=replace(seen.found, attachments=attachments))


def fail_over(seen: Seen, method: str) -> Decision:
    of = the_plan(row(), handover=method)
    found = recovery(seen, (*point(T2), *seen.volumes.values()), of.servers[0])
    return decide_failover(replace(found, around=site_of(seen).around, heard=0), of.servers[0], of)


def prepare(seen: Seen, method: str) -> Decision:
    of = the_plan(row(), handover=method)
    return decide_prepare(site_of(seen), of.servers[0], of)


def ready(seen: Seen, method: str) -> Decision:
    of = the_plan(row(), handover=method)
    found = recovery(seen, (*point(T2), *seen.volumes.values()), of.servers[0])
    what = replace(found, around=site_of(seen).around)
    return decide_readiness(site_of(seen), what, of.servers[0], of, lambda time: 0)


def texts(decided: Decision) -> list[str]:
    assert isinstance(decided, Plan), decided
    return [step.text for step in decided.foretold]


def rests(method: str, status: str, root: str) -> bool:
    """What re-protection ends in: asleep, for recreate as it was, for reimage with a root that is saved."""
    return status == "SHELVED_OFFLOADED" and (method, root) in {("recreate", "superseded"), ("reimage", "saved")}


@pytest.mark.parametrize(("method", "status", "root"), CASES)
def test_it_is_ready_only_if_it_was_put_to_rest(method: str, status: str, root: str) -> None:
    decided = ready(old(root, status, method), method)
    assert isinstance(decided, Plan) == rests(method, status, root), decided


@pytest.mark.parametrize(("method", "status", "root"), CASES)
def test_preparation_leaves_it_as_it_is(method: str, status: str, root: str) -> None:
    """And never starts what is stale, whatever it would like to prove."""
    decided = prepare(old(root, status, method), method)
    if isinstance(decided, Plan):
        assert decided.steps == ()
        assert status == "SHELVED_OFFLOADED"
        assert method != "attach"
    else:
        assert decided.code == "not_a_twin"
        assert REPROTECT in decided.text
        assert not rests(method, status, root)


@pytest.mark.parametrize(("method", "status", "root"), CASES)
def test_a_failover_deletes_no_superseded_volume(method: str, status: str, root: str) -> None:
    decided = fail_over(old(root, status, method), method)
    if isinstance(decided, Refusal):
        assert not rests(method, status, root)
        return
    gone = {step.args.get("volume_id") for step in decided.foretold if step.verb in ("delete_volume", "reimage_volume")}
    assert gone == ({"v-root"} if method == "reimage" else set())
    # the plan may say recreate later; then the root that was saved stays too
    assert rests(method, status, root) or (method, status, root) == ("recreate", "SHELVED_OFFLOADED", "saved")


def test_recreate_clears_the_flags_and_keeps_the_volumes() -> None:
    decided = fail_over(old(delete_on_termination=True), "recreate")
    assert texts(decided) == [
        "clear delete_on_termination of volume v-root at server db",
        "clear delete_on_termination of volume v-data at server db",
        "check that no volume is deleted with the twin db",
        "delete the twin db",
        "make server db",
        "check that the console of db shows 'login:'",
    ]
    assert isinstance(decided, Plan)
    assert decided.notes == ("superseded and kept: db-data, db-root. Delete them when nobody needs them any more",)


def test_recreate_tells_of_a_root_that_was_saved() -> None:
    decided = fail_over(old("saved"), "recreate")
    assert isinstance(decided, Plan)
    assert decided.notes[0] == (
        "volume db-root, of which a snapshot keeps what was superseded, is kept: delete it if nobody needs it"
    )


def test_reimage_takes_the_data_volumes_off_and_keeps_them() -> None:
    decided = fail_over(old("saved"), "reimage")
    done = texts(decided)
    assert "detach volume db-data from server db" in done
    assert done.index("detach volume db-data from server db") < done.index(
        "copy replica shop-db-root-2026-11-20T09:00:00+00:00 into the root db-root"
    )
    assert not any("delete" in text and "db-data" in text for text in done)


def test_the_texts() -> None:
    refused = fail_over(old("superseded"), "reimage")
    assert isinstance(refused, Refusal)
    assert refused.text == (
        "Refused to fail over db to site B: the root db-root of the twin is superseded, and no snapshot keeps what is "
        "on it. Run dr_reprotect: it takes the snapshot, or says why it cannot."
    )
    refused = fail_over(old("superseded", method="attach"), "attach")
    assert isinstance(refused, Refusal)
    assert refused.text == (
        "Refused to fail over db to site B: the twin is SHELVED_OFFLOADED with volume v-data, v-root, which is no "
        f"replica. {REPROTECT}"
    )
    unready = ready(old("superseded", "SHUTOFF"), "recreate")
    assert isinstance(unready, Refusal)
    assert unready.todo == REPROTECT


def test_what_a_site_has_heard_of() -> None:
    """A root that was saved still tells who led when it was superseded."""
    of_root = [named("v", metadata={**marked("root", ""), **marks}) for marks in ROOTS.values()]
    assert [heard_of([one], "shop", "db") for one in of_root] == [3, 3, 3]
    taken = Snapshot("s", "s", "available", "v", 1, {**marked("root", ""), **BEFORE})
    assert (taken.marks.superseded, taken.marks.superseded_by, taken.marks.generation) == (T1, 3, 2)
