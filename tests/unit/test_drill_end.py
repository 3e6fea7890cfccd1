# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a drill: all that it made is gone, and nothing else; and a failover in the middle of one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import KEPT
from circle import WAYS, Circle, interrupted
from drill_scene import (
    LEFT,
    clean_up,
    clone_of_root,
    drill,
    keep_a_snapshot,
    network,
    outcome,
    refusal,
    standing,
    untouched,
)
from memory_cloud.drive import act


@pytest.fixture(params=WAYS)
def circle(request: pytest.FixtureRequest) -> Circle:
    """A server that runs at site A, its twin at rest at site B, and one recovery point there."""
    return Circle(request.param).protected()


def test_a_second_run_changes_nothing_and_the_clean_up_leaves_nothing(circle: Circle) -> None:
    before = untouched(circle.site("b"))
    drill(circle, keep=True)
    again = drill(circle, keep=True)
    assert {name: outcome(result).plan.changed for name, result in again.items()} == {
        "network net-drill": False,
        "db": False,
    }
    gone = clean_up(circle)
    assert outcome(gone[LEFT]).facts == {"left": {"servers": [], "volumes": [], "ports": [], "networks": []}}
    assert untouched(circle.site("b")) == before
    assert [n["name"] for n in circle.site("b").networks.values()] == ["net"]
    assert not [v for v in circle.site("b").volumes.values() if v.marks.drill]
    assert {name: outcome(result).plan.changed for name, result in clean_up(circle).items()} == {
        LEFT: False,
        "db": False,
    }


@pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
@pytest.mark.parametrize("operation", ["drill", "drill_cleanup"])
def test_broken_off_at_any_request_and_then_cleaned_up(operation: str, happens: str) -> None:
    """Nothing is left, and the application can still be failed over."""
    circle = Circle("recreate").protected()
    before = untouched(circle.site("b"))
    if operation == "drill_cleanup":
        drill(circle)
    others = interrupted(circle, happens, operation)
    for other in others:
        if operation == "drill" and happens != "refused":  # the next drill carries on
            drill(other)
        clean_up(other)
        site = other.site("b")
        assert untouched(site) == before
        assert (len(site.networks), [v for v in site.volumes.values() if v.marks.drill]) == (1, [])
        assert not [p for p in site.ports.values() if p.description]
    assert len(others) > 4


def test_a_failover_during_a_drill(circle: Circle) -> None:
    """Room enough: the drill is left alone."""
    drill(circle, keep=True)
    circle.world.source.reachable = False
    found = outcome(circle.run("failover")["db"])
    assert not [step.text for step in found.plan.steps if "drill" in step.text]
    assert standing(circle).status == "ACTIVE"
    assert {s.status for s in circle.site("b").servers.values()} == {"ACTIVE"}
    refused = refusal(drill(circle, keep=True)["db"], "holds_data")
    assert "db holds data of the application at site B (runs)" in refused
    assert "dr_drill -e to=a" in refused


def test_a_failover_goes_first_where_the_quota_is_short() -> None:
    circle = Circle("recreate").protected()
    drill(circle, keep=True)
    site = circle.site("b")
    twin = next(s for s in site.servers.values() if s.name == "db")
    del site.servers[twin.id]  # somebody deleted it, so that the failover needs another instance
    for attachment in twin.attachments:
        site.hold(attachment.volume_id, "available")
    for port in [p for p in site.ports.values() if p.device_id == twin.id]:
        site.change(port.id, device_id="")
    site.most["instances"] = 1
    circle.world.source.reachable = False
    assert circle.world.wave("failover").shortage() == []
    found = outcome(circle.run("failover")["db"])
    texts = [step.text for step in found.plan.steps]
    assert any(text.startswith("delete the server of a drill, which is in the way, db-drill") for text in texts)
    assert [(s.name, s.status) for s in site.servers.values()] == [("db", "ACTIVE")]
    clean_up(circle)
    assert not [v for v in site.volumes.values() if v.marks.drill]


def test_a_lack_of_quota_is_found_before_anything_is_made() -> None:
    circle = Circle("recreate").protected()
    site = circle.site("b")
    site.most |= {"instances": len(site.servers), "volumes": len(site.volumes) + 1, "gigabytes": 6}
    with pytest.raises(Refused) as caught:
        circle.world.wave("drill").shortage()
    assert caught.value.refusal.code == "no_room"
    assert [str(finding) for finding in caught.value.refusal.findings] == [
        "the server that is not up needs 1 instances, and 0 of the 1 of the quota of site B are left",
        "the drill needs 2 volumes, and 1 of the 5 of the quota of site B are left",
        "the drill needs 3 GiB of volumes and snapshots, and 0 of the 6 of the quota of site B are left",
    ]


def test_a_kept_drill_is_ended_only_by_its_clean_up(circle: Circle) -> None:
    drill(circle, keep=True)
    assert standing(circle).metadata[KEPT] == "yes"
    assert "a drill that is kept is there, with server db-drill" in refusal(drill(circle)["db"], "kept_drill")
    refusal(clean_up(circle, keep=True)["db"], "kept_drill")
    assert standing(circle).status == "ACTIVE"
    outcome(clean_up(circle)["db"])
    assert standing(circle) is None


def test_what_somebody_made_of_a_drill_stays_and_is_told() -> None:
    circle = Circle("recreate").protected()
    drill(circle)
    site = circle.site("b")
    keep_a_snapshot(circle)
    act(site, "create_port", name="theirs", network_id=network(circle, "net-drill"))
    ends = clean_up(circle)
    assert "volume db-root-drill has snapshots that the drill did not make: delete mine" in refusal(
        ends["db"], "cleanup_incomplete"
    )
    assert "network net-drill has ports that are not of the drill: delete theirs" in refusal(
        ends[LEFT], "cleanup_incomplete"
    )
    assert [v.name for v in site.volumes.values() if v.marks.drill] == ["db-root-drill"]
    assert standing(circle) is None


def test_copies_of_the_marks_of_a_drill_are_never_deleted() -> None:
    """A member restores a backup of a clone, or copies its metadata: Cinder copies the marks with it."""
    circle = Circle("recreate").protected()
    drill(circle)
    site = circle.site("b")
    root = clone_of_root(circle)
    site.volumes["mine"] = replace(root, id="mine", name="db-root-drill", status="available", attached_to=())
    site.contents["mine"] = "evidence"
    outcome(clean_up(circle)["db"])
    assert [v.id for v in site.volumes.values() if "evidence" in site.contents[v.id]] == ["mine"]
