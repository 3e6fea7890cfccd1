# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What replication keeps, or does not replicate: it goes on and tells it, and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment
from builders import plan, refusal, volume
from memory_cloud.drive import act
from test_backup_cycle import after_cycles, cycle, decide, policy, replicas, whole
from two_sites import AWAKE, Sites, moment

ONE = policy(keep=1)


def notes(sites: Sites, number: int, of: Any = ONE) -> tuple[str, ...]:
    return plan(decide(sites, number, of)).notes


def replica_of(sites: Sites, disk: str, number: int = 1) -> Any:
    wanted = (disk, moment(number))
    return next(v for v in sites.target.volumes.values() if (v.marks.disk, v.marks.point) == wanted)


def test_a_replica_of_which_somebody_made_a_snapshot_is_passed_over() -> None:
    """Cinder answers 400 to its deletion: every run failed, although its point was made, and backups stayed."""
    of = policy(keep=1, full_every=1)
    sites = after_cycles(1, of)
    old = replica_of(sites, "root")
    act(sites.target, "create_snapshot", volume_id=old.id, name="my evidence", metadata={})
    sites.settle()
    (note,) = notes(sites, 2, of)
    assert note == (
        f"volume {old.name} is kept, though no recovery point needs it: it has the snapshot my evidence. Delete the "
        "snapshot if nobody needs it."
    )
    for number in (2, 3):
        cycle(sites, number, of)
        sites.settle()
        found = replicas(sites)
        assert found.pop(moment(1)) == [("root", "complete", "data at 1 of vol-root")]
        assert found == {moment(number): whole(number)}
        assert len(sites.source.backups) == len(sites.target.backups) == 2


def test_once_the_snapshot_is_gone_the_replica_goes() -> None:
    sites = after_cycles(1, ONE)
    act(sites.target, "create_snapshot", volume_id=replica_of(sites, "root").id, name="mine", metadata={})
    sites.settle()
    cycle(sites, 2, ONE)
    sites.settle()
    act(sites.target, "delete_snapshot", snapshot_id=next(iter(sites.target.snapshots)))
    sites.settle()
    cycle(sites, 3, ONE)
    sites.settle()
    assert replicas(sites) == {moment(3): whole(3)}


def test_without_a_twin_old_replicas_are_kept_and_told() -> None:
    """Somebody renamed the twin: replicas piled up, and every run succeeded without a word."""
    sites = after_cycles(1, ONE)
    sites.target.servers["twin"] = replace(sites.twin, name="db-old")
    cycle(sites, 2, ONE)
    sites.settle()
    assert len(replicas(sites)) == 2
    (note,) = notes(sites, 3)
    assert note == (
        "4 replicas of older recovery points are kept: there is no twin db at site B, so nothing tells whether it ran "
        "on them. If the twin was renamed, give it its name back. If it was deleted, run dr_prepare, and delete these "
        "replicas if nobody needs them."
    )


def test_replicas_from_before_the_twin_was_woken_are_kept_and_told() -> None:
    sites = after_cycles(1, ONE)
    sites.woke(AWAKE)
    (note,) = notes(sites, 2)
    assert note == (
        f"2 replicas of older recovery points are kept: the twin was made or unshelved at {AWAKE}, after them, and may "
        "have run on them. Delete them if nobody needs them."
    )


def test_a_volume_that_the_plan_lacks_is_told() -> None:
    sites = after_cycles(1, ONE)
    sites.source.volumes["vol-logs"] = volume("vol-logs", name="db-logs", status="in-use", attached_to=("srv",))
    server = sites.source.servers["srv"]
    on = (*server.attachments, Attachment("vol-logs", "/dev/vdc"))
    sites.source.servers["srv"] = replace(server, attachments=on)
    (note,) = notes(sites, 2)
    assert note == (
        "volume db-logs of the server at site A is not replicated: the plan does not name it. Add it to the volumes of "
        "the server in the plan, and run dr_prepare."
    )


@pytest.mark.parametrize("disk", ["root", "data"])
def test_a_server_that_is_shelved_is_refused_in_words(disk: str) -> None:
    """It was a raw 400 of Cinder, after the snapshot of the other disk was made."""
    sites = Sites(ONE)
    sites.source.servers["srv"] = replace(sites.source.servers["srv"], status="SHELVED_OFFLOADED")
    sites.source.volumes[f"vol-{disk}"] = replace(sites.source.volumes[f"vol-{disk}"], status="reserved")
    found = refusal(decide(sites, 1, ONE))
    assert found.code == "source_not_ready"
    assert found.text == (
        f"Refused to replicate db to site B: the server at site A is SHELVED_OFFLOADED and its volume db-{disk} "
        "reserved, and Cinder takes snapshots only of volumes that are in-use or available. Unshelve the server, then "
        "repeat. A server that does not run writes nothing, so a recovery point made since it was stopped holds all."
    )


def test_a_point_that_was_begun_is_finished_although_the_server_is_shelved_now() -> None:
    sites = Sites(ONE)
    cycle(sites, 1, ONE, 2)
    sites.settle()
    sites.source.servers["srv"] = replace(sites.source.servers["srv"], status="SHELVED_OFFLOADED")
    sites.source.volumes["vol-root"] = replace(sites.source.volumes["vol-root"], status="reserved")
    cycle(sites, 2, ONE)
    assert replicas(sites) == {moment(1): whole(1)}


def test_a_record_of_a_backup_that_is_gone_at_the_source_is_told() -> None:
    """Somebody deleted the backup there: its record at the target stayed for ever, without a word."""
    sites = after_cycles(2, ONE)
    gone = [b for b in sites.source.backups.values() if b.marks.disk == "root"]
    for backup in gone:
        del sites.source.backups[backup.id]
    cycle(sites, 3, ONE)
    sites.settle()
    assert replicas(sites) == {moment(3): whole(3)}
    (note,) = notes(sites, 4)
    ids = ", ".join(sorted(backup.id for backup in gone))
    assert note == (
        f"2 backups of db/root are known at site B only: {ids}. They were deleted at site A. Delete them at site B, "
        "the newest first, if nobody needs them."
    )


def test_what_is_left_of_a_volume_that_the_server_has_no_more_is_told() -> None:
    sites = after_cycles(2, ONE)
    old = sites.source.volumes.pop("vol-data")
    sites.source.volumes["vol-new"] = replace(old, id="vol-new", metadata={})
    sites.source.contents["vol-new"] = "data of vol-new"
    server = sites.source.servers["srv"]
    on = tuple(replace(a, volume_id="vol-new") if a.volume_id == "vol-data" else a for a in server.attachments)
    sites.source.servers["srv"] = replace(server, attachments=on)
    (note,) = notes(sites, 3)
    assert note == (
        "left of volume vol-data, which the server does not have any more: 2 backups at site A, 2 backups at site B. "
        "No run removes them. Delete them, the newest first and at the target before the source, if nobody needs them."
    )
