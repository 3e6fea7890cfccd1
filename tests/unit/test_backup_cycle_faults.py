# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication when something failed, was killed more than once, or belongs to somebody else."""

from __future__ import annotations

import copy
import itertools
import random
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.replication import (
    Goal,
    decide_cycle,
    open_point,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.tidying import Tidying
from ansible_collections.standby.openstack.plugins.module_utils.model import Attachment, Backup, Seen, Snapshot
from builders import GUARDED, nothing, plan, refusal, seen, volume
from cinder_model import Cinders
from recovery_builders import placeholder, replica, twin
from test_backup_cycle import after_cycles, cycle, decide, moment, policy, replicas, whole

POLICY = policy()


def verbs(clouds: Cinders, number: int, **changes: Any) -> list[str]:
    return [step.verb for step in plan(decide(clouds, number, POLICY, **changes)[0]).steps]


@pytest.mark.parametrize("seed", range(60))
def test_killed_again_and_again(seed: int) -> None:
    """Up to five runs are killed anywhere; time passes or not. No volume is left over."""
    dice, clouds = random.Random(seed), after_cycles(seed % 4, POLICY)
    number, kills = seed % 4 + 1, dice.randrange(1, 6)
    for _kill in range(kills):
        cycle(clouds, number, POLICY, dice.randrange(45))
        if dice.random() < 0.5:
            clouds.time_passes()
        number += 1
    cycle(clouds, number, POLICY)
    clouds.time_passes()
    assert [key for key, v in clouds.volumes.items() if "standby_role" not in v.metadata] == []
    assert moment(number - kills) <= max(replicas(clouds)) <= moment(number)
    assert all(rows == whole(int(time[14:16])) for time, rows in replicas(clouds).items())
    assert not clouds.snapshots


def test_a_replica_that_a_killed_run_made_and_did_not_note_is_taken() -> None:
    """It still has its marks, for nothing was restored into it yet."""
    clouds = Cinders()
    steps = plan(decide(clouds, 1, POLICY)[0]).steps
    made = [number for number, step in enumerate(steps, 1) if step.verb == "create_volume"]
    cycle(clouds, 1, POLICY, made[0])
    clouds.time_passes()
    assert verbs(clouds, 2)[:5] == [
        "create_volume",
        "set_snapshot_metadata",
        "wait",
        "set_snapshot_metadata",
        "restore_backup",
    ]


def test_a_restore_that_was_asked_for_is_not_asked_for_again() -> None:
    clouds = Cinders()
    steps = plan(decide(clouds, 1, POLICY)[0]).steps
    cycle(clouds, 1, POLICY, min(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup"))
    assert verbs(clouds, 2)[:3] == ["restore_backup", "wait", "wait"]
    clouds.time_passes()
    assert verbs(clouds, 2)[:2] == ["restore_backup", "wait"]


def test_a_source_without_metadata_leaves_the_marks_of_the_replica() -> None:
    """Cinder restores what metadata the source had. Then nothing tells that the restore ended: it is repeated."""
    clouds = Cinders()
    steps = plan(decide(clouds, 1, POLICY)[0]).steps
    cycle(clouds, 1, POLICY, max(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup"))
    marks = {key: replica.metadata for key, replica in clouds.volumes.items()}
    clouds.time_passes()
    for key, metadata in marks.items():
        clouds.volumes[key] = replace(clouds.volumes[key], metadata=metadata)
    assert verbs(clouds, 2)[:2] == ["restore_backup", "restore_backup"]
    cycle(clouds, 2, POLICY)
    assert replicas(clouds) == {moment(1): whole(1)}


@pytest.mark.parametrize("status", ["error", "error_restoring"])
@pytest.mark.parametrize("disk", ["root", "data"])
def test_a_restore_that_failed_is_made_again_and_the_failed_volume_removed(status: str, disk: str) -> None:
    clouds = after_cycles(1, POLICY)
    steps = plan(decide(clouds, 2, POLICY)[0]).steps
    asked = max(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup")
    cycle(clouds, 2, POLICY, asked)
    busy = {k: v for k, v in clouds.volumes.items() if v.status == "restoring-backup"}
    broken = next(k for k, v in busy.items() if v.metadata["standby_disk"] == disk)
    clouds.volumes[broken] = replace(clouds.volumes[broken], status=status)
    clouds.time_passes()
    cycle(clouds, 3, POLICY)
    clouds.time_passes()
    assert broken not in clouds.volumes
    assert replicas(clouds) == {moment(1): whole(1), moment(2): whole(2)}


@pytest.mark.parametrize("verb", ["create_snapshot", "create_backup"])
def test_a_snapshot_or_a_backup_that_failed_is_made_again(verb: str) -> None:
    clouds = after_cycles(1, POLICY)
    steps = plan(decide(clouds, 2, POLICY)[0]).steps
    cycle(clouds, 2, POLICY, max(number for number, step in enumerate(steps, 1) if step.verb == verb))
    items = clouds.snapshots if verb == "create_snapshot" else clouds.backups["a"]
    broken = next(key for key, item in items.items() if item.status == "creating")
    items[broken] = replace(items[broken], status="error")
    clouds.time_passes()
    cycle(clouds, 3, POLICY)
    clouds.time_passes()
    newest = 3 if verb == "create_snapshot" else 2
    assert replicas(clouds) == {moment(1): whole(1), moment(newest): whole(newest)}
    assert not clouds.snapshots


def user_backup(clouds: Cinders, incremental: bool, **changes: Any) -> str:
    """Somebody backs the root volume up."""
    key = f"user-{len(clouds.backups['a'])}"
    clouds.count += 1
    ready = [b for b in clouds.backups["a"].values() if b.volume_id == "vol-root" and b.status == "available"]
    clouds.parents[key] = max(ready, key=lambda b: b.data_timestamp).id if incremental else None
    at = f"{clouds.count:06}"
    made = Backup(key, "mine", "available", "vol-root", 1, incremental, created_at=at, data_timestamp=at)
    clouds.backups["a"][key] = replace(made, **changes)
    return key


def kinds(clouds: Cinders, number: int) -> list[bool]:
    """Which of the backups of the next cycle are incremental: root, data."""
    steps = plan(decide(clouds, number, POLICY)[0]).steps
    return [step.args["incremental"] for step in steps if step.verb == "create_backup"]


@pytest.mark.parametrize("incremental", [False, True])
def test_no_increment_on_a_backup_of_somebody_else(incremental: bool) -> None:
    clouds = after_cycles(1, POLICY)
    assert kinds(clouds, 2) == [True, True]
    user_backup(clouds, incremental)
    assert kinds(clouds, 2) == [False, True]
    cycle(clouds, 2, POLICY)
    assert replicas(clouds)[moment(2)] == whole(2)


def test_the_order_of_the_data_counts_not_that_of_the_requests() -> None:
    """Cinder takes the backup with the newest data as the parent (cinder/backup/api.py, create)."""
    clouds = after_cycles(1, POLICY)
    user_backup(clouds, False, created_at="000000")
    assert kinds(clouds, 2) == [False, True]


def test_a_backup_that_failed_or_of_another_volume_is_no_parent() -> None:
    clouds = after_cycles(1, POLICY)
    user_backup(clouds, False, status="error")
    user_backup(clouds, False, volume_id="another")
    assert kinds(clouds, 2) == [True, True]


@pytest.mark.parametrize("age", [0, 1])
@pytest.mark.parametrize("gone", [True, False])
def test_no_increment_when_site_b_lacks_a_link_of_the_chain(age: int, gone: bool) -> None:
    clouds = after_cycles(2, POLICY)
    ours = sorted(b.id for b in clouds.backups["b"].values() if b.volume_id == "vol-root")
    broken = clouds.backups["b"].pop(ours[age])
    if not gone:
        clouds.backups["b"][broken.id] = replace(broken, status="error")
    assert kinds(clouds, 3) == [False, True]


def test_a_backup_that_somebody_built_on_is_kept_with_all_that_it_needs() -> None:
    clouds = after_cycles(2, POLICY)
    ours = [b.id for b in clouds.backups["a"].values() if b.volume_id == "vol-root"]
    theirs = user_backup(clouds, True)
    for number in range(3, 9):
        cycle(clouds, number, POLICY)
        clouds.time_passes()
        assert {theirs, *ours} <= clouds.backups["a"].keys()
    others = [b for b in clouds.backups["a"].values() if b.id not in (theirs, *ours)]
    assert len(others) <= 2 * POLICY.full_every


def strangers(clouds: Cinders) -> dict[str, Any]:
    """What is not this server's, or not made by replication: in every list, with as many of our marks as possible."""
    ours = {"standby_plan": "shop", "standby_server": "db", "standby_disk": "root", "standby_role": "replica"}
    old = {"standby_recovery_point": moment(0), "standby_state": "complete"}
    marks = [{k: v for k, v in {**ours, **old}.items() if k != left} for left in ("standby_plan", "standby_server")]
    marks += [ours, {**ours, **old, "standby_server": "app"}, {**ours, **old, "standby_plan": "bank"}, {}]
    volumes = [volume(f"s-{n}", metadata=m) for n, m in enumerate(marks)]
    volumes += [placeholder("root"), volume("s-role", metadata={**ours, **old, "standby_role": "placeholder"})]
    clouds.volumes.update({v.id: v for v in volumes})
    clouds.snapshots.update(
        {f"s-{n}": Snapshot(f"s-{n}", "x", "available", "vol-root", 1, m) for n, m in enumerate(marks)}
    )
    backups = {f"s-{n}": Backup(f"s-{n}", "x", "available", "other", 1, metadata=m) for n, m in enumerate(marks)}
    clouds.parents.update(dict.fromkeys(backups))
    for site in ("a", "b"):
        clouds.backups[site].update(backups)
    return {"volumes": dict(clouds.volumes), "snapshots": dict(clouds.snapshots), "backups": backups}


@pytest.mark.parametrize("keep", [1, 3])
def test_what_is_not_ours_is_never_touched(keep: int) -> None:
    clouds, of = Cinders(), policy(keep, 2)
    theirs = strangers(clouds)
    for number in range(1, 7):
        cycle(clouds, number, of, 20 if number == 3 else None)
        clouds.time_passes()
        for mine, found in (("volumes", clouds.volumes), ("snapshots", clouds.snapshots)):
            assert theirs[mine].items() <= found.items()
        assert all(theirs["backups"].items() <= clouds.backups[site].items() for site in ("a", "b"))


def test_a_replica_in_use_is_neither_deleted_nor_replicated_beside() -> None:
    for clouds, attached in itertools.product([after_cycles(3, policy(1))], [True, False]):
        used = copy.deepcopy(clouds)
        (key, *_rest) = used.volumes
        used.volumes[key] = replace(used.volumes[key], status="in-use", attached_to=("x",) if attached else ())
        on = nothing(GUARDED) if attached else twin([used.volumes[key]], status="ACTIVE")
        found = refusal(decide(used, 4, policy(1), twin=on)[0])
        assert (found.code, found.seen) == (
            "failed_over",
            f"site B uses the replica {used.volumes[key].name}: it was failed over",
        )


def test_a_fresh_recovery_point_makes_a_new_one_unnecessary() -> None:
    clouds = after_cycles(2, POLICY)
    goal = Goal(moment(9), fresh_from=moment(2))
    found = plan(decide_cycle(clouds.seen(), POLICY, POLICY.servers[0], goal))
    assert (found.steps, found.before, found.extra) == ((), found.after, {"recovery_point": moment(2)})
    stale = plan(decide_cycle(clouds.seen(), POLICY, POLICY.servers[0], Goal(moment(9), moment(3))))
    assert stale.changed


def test_what_was_begun_is_finished_however_fresh_the_one_before() -> None:
    clouds = after_cycles(1, POLICY)
    cycle(clouds, 2, POLICY, 15)
    server = POLICY.servers[0]
    assert open_point(clouds.seen(), POLICY, server) == moment(2)
    goal = Goal(moment(2), fresh_from=moment(0))
    clouds.run(plan(decide_cycle(clouds.seen(), POLICY, server, goal)).steps)
    clouds.time_passes()
    assert replicas(clouds) == {moment(1): whole(1), moment(2): whole(2)}


REFUSALS = {
    "no server": (
        nothing(),
        "no_server",
        "there is no such server at site A. Run provision first, or check the name.",
    ),
    "a disk is not there": (
        seen(attachments=(Attachment("vol-root", "/dev/vda", "root"),)),
        "no_disk",
        (
            "nothing tells which volume of the server at site A is data. "
            "Tag the attachments, or name the volumes in the plan."
        ),
    ),
    "a disk is not among the volumes of the project": (
        Seen(seen().server, GUARDED),
        "no_disk",
        (
            "nothing tells which volume of the server at site A is root, data. "
            "Tag the attachments, or name the volumes in the plan."
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_says_why_not_and_what_to_do(case: str) -> None:
    at_a, code, text = REFUSALS[case]
    found = refusal(decide(Cinders(), 1, POLICY, seen_a=at_a)[0])
    assert (found.code, found.text) == (code, f"Refused to replicate db: {text}")


def test_a_replica_that_is_broken_does_not_stand_in_the_way() -> None:
    clouds = after_cycles(2, POLICY)
    odd = replica("root", moment(0), status="error")
    clouds.volumes[odd.id] = odd
    cycle(clouds, 3, POLICY)
    clouds.time_passes()
    assert replicas(clouds) == {moment(2): whole(2), moment(3): whole(3)}


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize(
    "status", ["available", "in-use", "reserved", "detaching", "error", "restoring-backup", "deleting"]
)
def test_tidying_spares_what_is_in_use_even_if_nobody_asked_before(status: str, attached: bool) -> None:
    """The refusal of a server that was failed over stands before it; this is the second lock on the same door."""
    old = replica("root", moment(0), status=status, attached_to=("x",) if attached else ())
    what, server = after_cycles(2, policy(1)).seen(), POLICY.servers[0]
    sources = {a.tag: a for a in seen().found.attachments if a.tag}
    steps = list(Tidying(what, policy(1), server, moment(2), sources).tidy([old, *what.volumes_b]))
    goes = status in ("available", "error") and not attached
    assert [step.args for step in steps] == ([{"volume_id": old.id}] if goes else [])
