# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks that somebody forged, or that Cinder copied: what they may not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Backup, Snapshot, Volume
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.root_state import is_placeholder
from builders import plan
from loopback_cloud import LoopbackCloud
from memory_cloud.state import Saved
from recovery_builders import db, placeholder, twin
from test_backup_cycle import after_cycles, cycle, decide, policy, replicas, whole
from two_sites import Sites, moment

ONE = policy(keep=1)
OLD = "2026-11-01T00:00:00.000000"
OURS = {"standby_plan": "shop", "standby_server": "db"}


def of_point(number: int, disk: str, **more: str) -> dict[str, str]:
    return {**OURS, "standby_disk": disk, "standby_recovery_point": moment(number), **more}


def forged(sites: Sites, number: int, victim: str, status: str = "available") -> None:
    """Site A marks snapshots and backups as those of a recovery point whose replica is a volume of somebody else."""
    for disk, source in (("root", "vol-root"), ("data", "vol-data")):
        marks = of_point(number, disk, standby_replica=victim)
        key = f"forged-{disk}"
        sites.source.snapshots[key] = Snapshot(key, key, "available", source, 1, marks)
        sites.source.contents[key], sites.source.taken[key] = (
            f"data at {number} of {source}",
            sites.source.volumes[source],
        )
        made = Backup(
            f"{key}-b",
            key,
            "available",
            source,
            1,
            False,
            marks,
            OLD,
            OLD,
        )
        sites.source.backups[made.id] = made
        sites.source.store[made.id] = Saved(made, None, f"data at {number} of {source}", sites.source.volumes[source])


def killed_after_the_restore(sites: Sites) -> Sites:
    """The replicas have lost their marks by the restore: only the notes tell them."""
    steps = plan(decide(sites, 2, ONE)).steps
    last = max(number for number, step in enumerate(steps, 1) if step.verb == "restore_backup")
    cycle(sites, 2, ONE, last + 2)
    return sites


DIFFERENT: dict[str, dict[str, Any]] = {
    "of another size": {"size": 9},
    "attached": {"attached_to": ("somewhere",)},
    "older than the recovery point": {"created_at": "2026-11-20T07:00:00.000000"},
    "not restored": {"metadata": {}},
    "restored from another backup": {"metadata": {"src_backup_id": "another"}},
    "broken": {"status": "error_restoring"},
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_a_noted_volume_is_the_replica_only_if_all_fits(case: str) -> None:
    sites = killed_after_the_restore(after_cycles(1, ONE))
    noted = {key: v for key, v in sites.target.volumes.items() if v.metadata.get("standby_role") != "replica"}
    assert len(noted) == 2
    odd = {key: replace(v, **DIFFERENT[case]) for key, v in noted.items()}
    sites.target.volumes.update(odd)
    cycle(sites, 3, ONE)
    sites.settle()
    assert all(sites.target.volumes.pop(key) == v for key, v in odd.items())
    assert replicas(sites) == {moment(2): whole(2)}


def test_a_noted_volume_that_fits_is_the_replica() -> None:
    sites = killed_after_the_restore(after_cycles(1, ONE))
    before = set(sites.target.volumes)
    cycle(sites, 3, ONE)
    sites.settle()
    assert replicas(sites) == {moment(2): whole(2)}
    assert set(sites.target.volumes) < before


def test_what_site_a_writes_into_the_record_of_a_backup_does_not_reach_site_b() -> None:
    sites = after_cycles(1, ONE)
    forged(sites, 2, "payroll")
    cycle(sites, 2, ONE)
    noted = {b.metadata["standby_replica"] for b in sites.target.backups.values()}
    assert noted <= sites.target.volumes.keys()


@pytest.mark.parametrize("site", ["a", "b"])
def test_backups_and_snapshots_of_other_volumes_are_never_ours(site: str) -> None:
    """They carry all our marks, and stay; at the source also under the id of a backup of the target."""
    sites = after_cycles(1, ONE)
    marks = of_point(0, "root")
    sites.source.snapshots["s"] = Snapshot("s", "s", "available", "another", 1, marks)
    there = {"a": sites.source, "b": sites.target}
    there[site].backups["k"] = Backup("k", "k", "available", "another", 1, metadata=marks, data_timestamp=OLD)
    other = "ab".replace(site, "")
    there[other].backups["k"] = Backup("k", "k", "available", "vol-root", 1, metadata=marks, data_timestamp=OLD)
    for number in range(2, 7):
        cycle(sites, number, ONE)
        sites.settle()
    assert "s" in sites.source.snapshots
    assert "k" in there[site].backups
    assert "k" in sites.target.backups


def copied(original: Volume, volume_id: str = "my-forensics") -> Volume:
    """What Cinder makes of a backup that a member restores into a volume: all metadata, and its own note."""
    return replace(original, id=volume_id, metadata={**original.metadata, "src_backup_id": "somebodys"})


def test_a_failover_does_not_come_up_on_a_copy() -> None:
    sites = after_cycles(1, ONE)
    sites.target.volumes.update({f"copy-{key}": copied(v, f"copy-{key}") for key, v in sites.target.volumes.items()})
    found = recovery(twin(), tuple(sites.target.volumes.values()), db())
    assert {v.id for v in found.replicas} == {key for key in sites.target.volumes if not key.startswith("copy-")}


@pytest.mark.parametrize("named", [True, False])
def test_a_copy_of_a_placeholder_is_none(named: bool) -> None:
    """Also one of a placeholder whose twin is still being made, so that it does not name itself yet."""
    original = placeholder("root")
    marks = {key: value for key, value in original.metadata.items() if named or key != "standby_volume"}
    assert is_placeholder(replace(original, metadata=marks), "shop", "db")
    assert not is_placeholder(copied(replace(original, metadata=marks)), "shop", "db")


def test_what_the_source_carries_means_nothing_at_the_replica() -> None:
    """A source that was a twin once has marks of its own, and metadata of the user, which stay."""
    old = {**OURS, "standby_woken": "then", "standby_building": "db", "standby_volume": "vol-root", "team": "blue"}
    sites = Sites(ONE)
    sites.source.change("vol-root", metadata=old)
    cycle(sites, 1, ONE)
    sites.settle()
    root = next(v for v in sites.target.volumes.values() if v.metadata["standby_disk"] == "root")
    backup = next(b for b in sites.target.backups.values() if b.volume_id == "vol-root")
    more = {"standby_volume": root.id, "src_backup_id": backup.id, "standby_of_server": "srv", "team": "blue"}
    more["standby_generation"] = "2"
    assert root.metadata == {**of_point(1, "root", standby_role="replica", standby_state="complete"), **more}


@pytest.mark.parametrize("record", [{}, {"backup_url": "?"}, {"backup_url": "W10="}, {"backup_url": 7}])
def test_a_record_that_cannot_be_read_is_not_imported(cloud: LoopbackCloud, session: Any, record: Any) -> None:
    """It comes from the other site, which may be hostile."""
    with pytest.raises(StandbyError, match="the record of a backup cannot be read, so it is not imported"):
        VERBS["import_backup"](session, record=record, metadata={})
    assert cloud.sent == []
