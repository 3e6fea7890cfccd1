# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quota of Cinder and the handover reimage, which needs a snapshot while it copies a root."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.recovery import (
    limits,
    volume_limits,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Limits
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.quota import copy_findings
from builders import plan, refusal
from memory_cloud.connection import Connection
from memory_cloud.drive import to_the_end
from memory_cloud.world import at_once
from two_sites import Sites, filled

AT_FAILOVER = filled(when="at_failover")


def replicated() -> Sites:
    sites = Sites(AT_FAILOVER)
    to_the_end(sites.replicate(1))
    sites.settle()
    return sites


def decided(sites: Sites, operation: str) -> Any:
    job = sites.job(operation)
    what = job.read(0.0)
    return job.decide(what, what)


def test_without_room_a_failover_refuses_before_it_claims_the_root() -> None:
    """It failed after its claim, and replication refused from then on."""
    sites = replicated()
    sites.target.most["snapshots"] = 0
    found = refusal(decided(sites, "failover"))
    assert found.code == "no_room"
    assert found.seen == "the quota of the target allows 0 snapshots, and none is left to copy from"
    sites.target.change(sites.root.id, image_metadata={"hw_disk_bus": "virtio"})
    assert "none is left to copy from" in refusal(decided(sites, "readiness")).seen
    assert sites.root.marks.role == "placeholder"
    to_the_end(sites.replicate(2))


def test_the_snapshot_of_a_killed_run_makes_room() -> None:
    """Its copy is repeated, and what it left goes first. Cinder counts it until it is gone: then a repeat is needed."""
    sites = replicated()
    assert any(text.startswith("make an image") for text in sites.fail_over())  # stops before this step
    sites.settle()
    sites.target.most["snapshots"] = 1
    assert len(sites.target.snapshots) == 1
    with pytest.raises(CloudError, match="Raise the quota of the project or free some of it, then repeat"):
        to_the_end(sites.fail_over())
    sites.settle()
    to_the_end(sites.fail_over())
    sites.settle()
    assert len(sites.target.boots) == 1
    assert sites.woke_right()


def test_what_is_copied_already_needs_no_room() -> None:
    sites = Sites(filled())
    to_the_end(sites.replicate(1))
    sites.settle()
    sites.target.most["snapshots"] = 0
    assert plan(decided(sites, "failover")).changed


def test_the_whole_plan_is_short_of_it_as_well() -> None:
    sites = replicated()
    sites.target.most["snapshots"] = 0
    wave = sites.wave("readiness")
    with at_once():
        wave.jobs()
    (finding,) = wave.shortage()
    assert str(finding) == (
        "the servers of one tier need 1 snapshots while their roots are copied, and 0 of the 0 of the quota of site B "
        "are left"
    )
    other = replace(AT_FAILOVER, handover="recreate")
    assert sites.wave("readiness", plan=other).shortage() == []


@pytest.mark.parametrize(
    ("limits", "tiers", "texts"),
    [
        (Limits({}, {}), [[1, 1]], []),
        (Limits({"snapshots": -1, "gigabytes": -1}, {}), [[1, 1]], []),
        (Limits({"snapshots": 3, "gigabytes": 9}, {"snapshots": 1, "gigabytes": 5}), [[1, 2], [4]], []),
        (
            Limits({"snapshots": 2}, {"snapshots": 1}),
            [[1], [1, 1]],
            ["2 snapshots while their roots are copied, and 1"],
        ),
        (
            Limits({"gigabytes": 9}, {"gigabytes": 9}),
            [[1]],
            ["1 GiB of volumes and snapshots while their roots are copied, and 0 of the 9"],
        ),
        (Limits({"snapshots": 0}, {}), [], []),
    ],
)
def test_what_one_tier_needs(limits: Limits, tiers: Any, texts: list[str]) -> None:
    found = [str(finding) for finding in copy_findings(limits, tiers, "site B")]
    assert len(found) == len(texts)
    assert all(text in told for text, told in zip(texts, found, strict=True))


def test_what_cinder_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    absolute = {
        "maxTotalSnapshots": 10, "totalSnapshotsUsed": 4, "maxTotalVolumeGigabytes": 1000, "totalGigabytesUsed": 7,
        "maxTotalVolumes": 10,
    }  # fmt: skip
    cloud = Connection(replicated().target)
    monkeypatch.setattr(cloud, "get", lambda service, path: {"limits": {"absolute": absolute}})
    found = volume_limits(cloud)
    assert (found.left("snapshots"), found.left("gigabytes"), found.left("other")) == (6, 993, None)


class _Tells:
    """A cloud that tells a quota."""

    def __init__(self, **absolute: Any) -> None:
        self.absolute = absolute

    def get(self, _service: str, _path: str) -> dict[str, Any]:
        return {"limits": {"absolute": self.absolute}}


@pytest.mark.parametrize("wrong", [{"a": 1}, "5", True, 1.5, [5]])
def test_a_quota_that_is_no_number_is_the_fault_of_the_cloud(wrong: Any) -> None:
    with pytest.raises(TypeError):
        volume_limits(_Tells(maxTotalSnapshots=wrong))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        limits(_Tells(maxTotalCores=wrong, totalCoresUsed=0))  # type: ignore[arg-type]
