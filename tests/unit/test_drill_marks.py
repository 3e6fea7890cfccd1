# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is never deleted as a part of a drill though it looks like one, and what check mode foretells of its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import DRILL, drill_note
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import RecoveryPlan
from ansible_collections.standby.openstack.plugins.module_utils.run.run import begin
from circle import Circle
from drill_scene import LEFT, clean_up, drill, keep_a_snapshot, outcome, refusal, standing
from memory_cloud.drive import act, to_the_end
from recovery_builders import row, the_plan


def planned(circle: Circle, name: str, **options: Any) -> Plan:
    """What the clean-up decides about one job now."""
    job = circle.world.job("drill_cleanup", name, plan=circle.plan("b"), **options)
    seen = job.read(0)
    found = job.decide(seen, seen)
    assert isinstance(found, Plan), found
    return found


def test_a_replica_and_a_twin_with_the_mark_of_a_drill_stay() -> None:
    """Whoever writes it there by mistake, or means harm, has nothing of the plan deleted."""
    circle = Circle("recreate").protected()
    site = circle.site("b")
    for volume in [v for v in site.volumes.values() if v.marks.role == "replica"]:
        site.volumes[volume.id] = replace(volume, metadata={**volume.metadata, DRILL: "shop"})
    twin = next(s for s in site.servers.values() if s.name == "db")
    site.servers[twin.id] = replace(twin, metadata={**twin.metadata, DRILL: "shop", "standby_server": "db"})
    before = {*site.volumes, *site.servers}
    clean_up(circle)
    assert {*site.volumes, *site.servers} == before


def test_a_volume_that_names_no_volume_stays() -> None:
    """The marks of a clone name it, or say for which server it is being made."""
    circle = Circle("recreate").protected()
    drill(circle)
    site = circle.site("b")
    root = next(v for v in site.volumes.values() if v.marks.drill and v.marks.disk == "root")
    marks = {key: text for key, text in root.metadata.items() if key != "standby_volume"}
    site.volumes["mine"] = replace(root, id="mine", status="available", attached_to=(), metadata=marks)
    site.contents["mine"] = "evidence"
    clean_up(circle)
    assert [v.id for v in site.volumes.values() if v.marks.drill] == ["mine"]


@pytest.mark.parametrize("plan", ["shop two", "shop-two", "shop2"])
def test_ports_of_a_plan_whose_name_begins_as_this_one_stay(plan: str) -> None:
    circle = Circle("recreate").protected()
    site = circle.site("b")
    note = drill_note(plan, "web")
    act(site, "create_port", name="web-port0-drill", network_id="net-1", description=note)
    outcome(clean_up(circle)[LEFT])
    assert note in {port.description for port in site.ports.values()}


def test_ports_of_another_project_stay() -> None:
    """An administrator sees those of all projects, and another project may have a plan of the same name."""
    circle = Circle("recreate").protected()
    site = circle.site("b")
    for name in ("db", "web"):
        act(site, "create_port", name="theirs", network_id="net-1", description=drill_note("shop", name))
        site.facts[list(site.ports)[-1]] = {"project_id": "another"}
    clean_up(circle)
    assert len([port for port in site.ports.values() if port.name == "theirs"]) == 2


def test_notes_that_are_too_long_differ() -> None:
    plan, server = "p" * 120, "s" * 130
    notes = [drill_note(plan, f"{server}{end}") for end in ("1", "2")]
    assert len({*notes}) == 2
    assert max(map(len, notes)) <= 255


def test_check_mode_foretells_that_the_networks_go() -> None:
    circle = Circle("recreate").protected()
    drill(circle)
    foretold = [step.text for step in planned(circle, LEFT, check=True).foretold if step.writes]
    assert foretold == ["delete network net-drill of the drill"]
    outcome(clean_up(circle)[LEFT])
    assert not [n for n in circle.site("b").networks.values() if n["name"] == "net-drill"]


class Two(Circle):
    """A plan of two servers on one network, of which one may be chosen."""

    def __init__(self) -> None:
        self.other = row(name="web", ports=[{"network": "net", "fixed_ip": "10.0.0.6"}])
        self.chosen: tuple[str, ...] = ("db", "web")
        super().__init__("recreate")

    def plan(self, to: str) -> RecoveryPlan:
        """With only the chosen servers."""
        plan = the_plan(self.row, self.other, to=to, **self.options)
        return replace(plan, servers=tuple(one for one in plan.servers if one.name in self.chosen))


@pytest.fixture
def two() -> Two:
    """Both servers are replicated, and a drill of both stands."""
    circle = Two()
    for operation in ("provision", "prepare", "replicate"):
        for result in circle.run(operation).values():
            outcome(result)
    for result in drill(circle).values():
        outcome(result)
    return circle


def test_with_only_the_network_stays_and_is_told(two: Two) -> None:
    two.chosen = ("db",)
    assert not planned(two, LEFT, check=True).changed
    found = outcome(clean_up(two)[LEFT])
    assert found.facts["left"] == {
        "servers": ["web-drill"],
        "volumes": ["web-data-drill", "web-root-drill"],
        "ports": ["web-port0-drill"],
        "networks": ["net-drill"],
    }
    assert standing(two) is None
    assert [s.name for s in two.site("b").servers.values() if s.metadata.get(DRILL)] == ["web-drill"]
    two.chosen = ("db", "web")
    assert not any(outcome(clean_up(two)[LEFT]).facts["left"].values())


def test_what_could_not_be_deleted_is_listed_in_the_end() -> None:
    """That nothing is left is what the cloud lists, not that its list of networks is empty."""
    circle = Circle("recreate").protected()
    drill(circle)
    keep_a_snapshot(circle)
    ends = clean_up(circle)
    refusal(ends["db"], "cleanup_incomplete")
    assert outcome(ends[LEFT]).facts["left"]["volumes"] == ["db-root-drill"]


def test_a_kept_drill_of_a_server_that_the_plan_lost(two: Two) -> None:
    drill(two, keep=True)
    two.plan = lambda to: the_plan(two.row, to=to, **two.options)  # type: ignore[method-assign]
    clean_up(two, keep=True)
    assert {s.name for s in two.site("b").servers.values() if s.metadata.get(DRILL)} == {"db-drill", "web-drill"}
    clean_up(two)
    assert not [s for s in two.site("b").servers.values() if s.metadata.get(DRILL)]


def test_a_locked_server_of_a_drill_gives_no_place() -> None:
    """A failover does not delete it, so the shortage is told."""
    circle = Circle("recreate").protected()
    drill(circle, keep=True)
    site = circle.site("b")
    made = standing(circle)
    site.servers[made.id] = replace(made, locked=True)
    twin = next(s for s in site.servers.values() if s.name == "db")
    del site.servers[twin.id]
    site.most["instances"] = 1
    assert circle.world.wave("failover").shortage()


def test_the_newest_point_goes_while_a_drill_is_built() -> None:
    """Clones of large volumes take hours, and replication goes on beside them."""
    circle = Circle("recreate").protected()
    to_the_end(circle.world.drive("drill", "network net-drill", plan=circle.plan("b")))
    steps = circle.world.drive("drill", plan=circle.plan("b"))
    for text in steps:
        if text.startswith("make server"):
            break
    for _point in range(3):  # more than are kept
        circle.write("a", "more")
        outcome(circle.run("replicate")["db"])
    for _text in steps:
        pass
    assert circle.status()["last_drill"]["time"]


def test_the_lock_of_a_drill_is_not_that_of_another_plan(tmp_path: Path) -> None:
    """A drill of "shop" must not keep a failover of the plan "shop-drill" away."""
    circle = Circle("recreate")
    first = begin(circle.world.wave("drill"), str(tmp_path), {})
    second = begin(circle.world.wave("failover", plan=replace(circle.world.plan, name="shop-drill")), str(tmp_path), {})
    assert first.lock
    assert second.lock
    with pytest.raises(Refused, match="a run of this plan is under way: drill"):
        begin(circle.world.wave("drill_cleanup"), str(tmp_path), {})
    first.close()
    second.close()


def test_a_note_of_a_drill_in_the_future_does_not_count() -> None:
    """It neither keeps a drill from its end, nor goes on to newer recovery points in the place of the right one."""
    circle = Circle("recreate").protected()
    outcome(circle.run("replicate")["db"])
    site = circle.site("b")
    oldest = min((v for v in site.volumes.values() if v.marks.role == "replica"), key=lambda v: v.marks.point)
    root = next(v for v in site.volumes.values() if v.marks.point == oldest.marks.point and v.marks.disk == "root")
    site.volumes[root.id] = replace(root, metadata={**root.metadata, "standby_drilled": "2099-01-01T00:00:00+00:00"})
    outcome(drill(circle, keep=True)["db"])
    last = circle.status()["last_drill"]["time"]
    assert last
    for _point in range(3):
        circle.write("a", "more")
        outcome(circle.run("replicate")["db"])
    assert circle.status()["last_drill"]["time"] == last
