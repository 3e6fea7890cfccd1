# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication when something failed, was killed more than once, or belongs to somebody else."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Backup, Seen, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.decide.replicate.decide import open_point
from ansible_collections.standby.openstack.plugins.module_utils.decide.replicate.replication import Cycle, Replication
from ansible_collections.standby.openstack.plugins.module_utils.decide.replicate.retention import retire
from ansible_collections.standby.openstack.plugins.module_utils.providers import PROVIDERS
from builders import GUARDED, nothing, plan, refusal, seen, volume
from memory_cloud.drive import to_the_end
from recovery_builders import placeholder, replica
from test_backup_cycle import after_cycles, cycle, decide, policy, replicas, whole
from two_sites import Sites, moment

POLICY = policy()

#: The provider that the tests here are about.
BACKUP = PROVIDERS["cinder_backup"].decides


def look(sites: Sites) -> Replication:
    """What a run looks at."""
    return sites.job("replicate").read(time.monotonic())


def verbs(sites: Sites, number: int, **changes: Any) -> list[str]:
    return [step.verb for step in plan(decide(sites, number, POLICY, **changes)).steps]


def test_a_replica_that_a_killed_run_made_and_did_not_note_is_taken() -> None:
    """It still has its marks, for nothing was restored into it yet."""
    sites = Sites(POLICY)
    steps = plan(decide(sites, 1, POLICY)).steps
    made = [number for number, step in enumerate(steps, 1) if step.verb == "create_volume"]
    cycle(sites, 1, POLICY, made[0])
    sites.settle()
    assert verbs(sites, 2)[:5] == [
        "create_volume",
        "set_backup_metadata",
        "wait",
        "set_backup_metadata",
        "restore_backup",
    ]


def test_a_restore_that_was_asked_for_is_not_asked_for_again() -> None:
    sites = Sites(POLICY)
    steps = plan(decide(sites, 1, POLICY)).steps
    cycle(sites, 1, POLICY, min(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup"))
    assert verbs(sites, 2)[:3] == ["restore_backup", "wait", "wait"]
    sites.settle()
    assert verbs(sites, 2)[:2] == ["restore_backup", "wait"]


def test_a_source_without_metadata_leaves_the_marks_of_the_replica() -> None:
    """Cinder restores what metadata the source had. If it does not note the backup either, it is restored again."""
    sites = Sites(POLICY)
    for key in ("vol-root", "vol-data"):
        sites.source.change(key, metadata={})
    steps = plan(decide(sites, 1, POLICY)).steps
    cycle(sites, 1, POLICY, max(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup"))
    sites.settle()
    assert "restore_backup" not in verbs(sites, 2)
    for key, made in sites.target.volumes.items():
        sites.target.change(key, metadata={k: v for k, v in made.metadata.items() if k != "src_backup_id"})
    assert verbs(sites, 2)[:2] == ["restore_backup", "restore_backup"]
    cycle(sites, 2, POLICY)
    assert replicas(sites) == {moment(1): whole(1)}


@pytest.mark.parametrize("status", ["error", "error_restoring"])
@pytest.mark.parametrize("disk", ["root", "data"])
def test_a_restore_that_failed_is_made_again_and_the_failed_volume_removed(status: str, disk: str) -> None:
    sites = after_cycles(1, POLICY)
    steps = plan(decide(sites, 2, POLICY)).steps
    asked = max(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup")
    cycle(sites, 2, POLICY, asked)
    busy = {k: v for k, v in sites.target.volumes.items() if v.status == "restoring-backup"}
    broken = next(k for k, v in busy.items() if v.metadata["standby_disk"] == disk)
    sites.target.volumes[broken] = replace(sites.target.volumes[broken], status=status)
    sites.settle()
    cycle(sites, 3, POLICY)
    sites.settle()
    assert broken not in sites.target.volumes
    assert replicas(sites) == {moment(1): whole(1), moment(2): whole(2)}


@pytest.mark.parametrize("verb", ["create_snapshot", "create_backup"])
def test_a_snapshot_or_a_backup_that_failed_is_made_again(verb: str) -> None:
    sites = after_cycles(1, POLICY)
    steps = plan(decide(sites, 2, POLICY)).steps
    cycle(sites, 2, POLICY, max(number for number, step in enumerate(steps, 1) if step.verb == verb))
    items = sites.source.snapshots if verb == "create_snapshot" else sites.source.backups
    broken = next(key for key, item in items.items() if item.status == "creating")
    items[broken] = replace(items[broken], status="error")
    sites.settle()
    cycle(sites, 3, POLICY)
    sites.settle()
    newest = 3 if verb == "create_snapshot" else 2
    assert replicas(sites) == {moment(1): whole(1), moment(newest): whole(newest)}
    assert not sites.source.snapshots


def strangers(sites: Sites) -> dict[str, Any]:
    """What is not this server's, or not made by replication: in every list, with as many of our marks as possible."""
    ours = {"standby_plan": "shop", "standby_server": "db", "standby_disk": "root", "standby_role": "replica"}
    old = {"standby_recovery_point": moment(0), "standby_state": "complete"}
    marks = [{k: v for k, v in {**ours, **old}.items() if k != left} for left in ("standby_plan", "standby_server")]
    marks += [ours, {**ours, **old, "standby_server": "app"}, {**ours, **old, "standby_plan": "bank"}, {}]
    volumes = [volume(f"s-{n}", metadata=m) for n, m in enumerate(marks)]
    volumes += [placeholder("root"), volume("s-role", metadata={**ours, **old, "standby_role": "placeholder"})]
    sites.target.volumes.update({v.id: v for v in volumes})
    sites.source.snapshots.update(
        {f"s-{n}": Snapshot(f"s-{n}", "x", "available", "vol-root", 1, m) for n, m in enumerate(marks)}
    )
    backups = {f"s-{n}": Backup(f"s-{n}", "x", "available", "other", 1, metadata=m) for n, m in enumerate(marks)}
    sites.source.backups.update(backups)
    sites.target.backups.update(backups)
    return {"volumes": dict(sites.target.volumes), "snapshots": dict(sites.source.snapshots), "backups": backups}


@pytest.mark.parametrize("keep", [1, 3])
def test_what_is_not_ours_is_never_touched(keep: int) -> None:
    of = policy(keep, 2)
    sites = Sites(of)
    theirs = strangers(sites)
    for number in range(1, 7):
        cycle(sites, number, of, 20 if number == 3 else None)
        sites.settle()
        for mine, found in (("volumes", sites.target.volumes), ("snapshots", sites.source.snapshots)):
            assert theirs[mine].items() <= found.items()
        assert all(theirs["backups"].items() <= site.backups.items() for site in (sites.source, sites.target))


def test_a_fresh_recovery_point_makes_a_new_one_unnecessary() -> None:
    sites = after_cycles(2, POLICY)
    found = plan(decide(sites, 9, POLICY, fresh=7 * 60))
    assert (found.steps, found.before, found.extra) == ((), found.after, {"recovery_point": moment(2)})
    assert plan(decide(sites, 9, POLICY, fresh=6 * 60)).changed


def test_what_was_begun_is_finished_however_fresh_the_one_before() -> None:
    sites = after_cycles(1, POLICY)
    cycle(sites, 2, POLICY, 15)
    assert open_point(look(sites), POLICY, POLICY.servers[0], BACKUP) == moment(2)
    to_the_end(sites.replicate(3, min_interval=3 * 60))
    sites.settle()
    assert replicas(sites) == {moment(1): whole(1), moment(2): whole(2)}


REFUSALS = {
    "no server": (
        nothing(),
        "no_server",
        "there is no such server at the source. Run provision first, or check the name.",
    ),
    "a disk is not there": (
        seen(attachments=(Attachment("vol-root", "/dev/vda", "root"),)),
        "no_disk",
        (
            "nothing tells which volume of the server at the source is data. "
            "Tag the attachments, or name the volumes in the plan."
        ),
    ),
    "a disk is not among the volumes of the project": (
        Seen(seen().server, GUARDED),
        "no_disk",
        (
            "nothing tells which volume of the server at the source is root, data. "
            "Tag the attachments, or name the volumes in the plan."
        ),
    ),
}


@pytest.mark.parametrize("killed", [None, 5])
def test_a_source_whose_revert_is_not_finished_makes_no_recovery_point(killed: int | None) -> None:
    """It made one of a reverted root and a data volume that was not reverted; also where a point was begun before."""
    sites = after_cycles(1, POLICY)
    if killed:
        cycle(sites, 2, POLICY, killed)
    at_a = look(sites).source
    notes = {"standby_server_id": at_a.found.id, "standby_reverting": "1 ACTIVE snapshot data never vol-data"}
    half_way = replace(at_a.volumes["vol-data"], metadata={**at_a.volumes["vol-data"].metadata, **notes})
    found = refusal(decide(sites, 2, POLICY, source=replace(at_a, volumes={**at_a.volumes, "vol-data": half_way})))
    assert (found.code, found.seen) == (
        "reverting",
        "a revert of the server at the source is not finished: volume db-data",
    )


@pytest.mark.parametrize("case", REFUSALS)
def test_it_says_why_not_and_what_to_do(case: str) -> None:
    at_a, code, text = REFUSALS[case]
    found = refusal(decide(Sites(POLICY), 1, POLICY, source=at_a))
    assert (found.code, found.text) == (code, f"Refused to replicate db to site B: {text}")


def test_a_replica_that_is_broken_does_not_stand_in_the_way() -> None:
    sites = after_cycles(2, POLICY)
    odd = replica("root", moment(0), status="error")
    sites.target.volumes[odd.id] = odd
    cycle(sites, 3, POLICY)
    sites.settle()
    assert replicas(sites) == {moment(2): whole(2), moment(3): whole(3)}


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize(
    "status", ["available", "in-use", "reserved", "detaching", "error", "restoring-backup", "deleting"]
)
def test_tidying_spares_what_is_in_use_even_if_nobody_asked_before(status: str, attached: bool) -> None:
    """The refusal of a server that was failed over stands before it; this is the second lock on the same door."""
    old = replica("root", moment(0), status=status, attached_to=("x",) if attached else ())
    what, server = look(after_cycles(2, policy(1))), POLICY.servers[0]
    sources = {a.tag: a for a in seen().found.attachments if a.tag}
    steps = retire(Cycle(replace(what, volumes=(old, *what.volumes)), policy(1), server, moment(2), sources))
    goes = status in ("available", "error") and not attached
    assert [step.args for step in steps] == ([{"volume_id": old.id}] if goes else [])


def test_a_snapshot_that_survives_its_deletion_is_no_open_point() -> None:
    """RBD sets one that is busy back to available. No new point was made after that, and the run succeeded."""
    of = policy(keep=1)
    sites = after_cycles(1, of)
    cycle(sites, 2, of, 4)
    survivors = {key: replace(snapshot, status="available") for key, snapshot in sites.source.snapshots.items()}
    assert len(survivors) == 2
    for number in (3, 4, 5):
        cycle(sites, number, of)
        sites.settle()
        sites.source.snapshots.update(survivors)
        assert open_point(look(sites), of, of.servers[0], BACKUP) is None
    assert replicas(sites) == {moment(5): whole(5)}
