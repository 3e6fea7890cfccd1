# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode of a drill where an earlier one was killed: it foretells the run, which removes what is left first."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import wish
from circle import WAYS, Circle, interrupted
from drill_scene import clean_up, drill, keep_a_snapshot, network, outcome, refusal, standing
from memory_cloud.drive import act

#: Check mode as the playbook asks for it.
FORETOLD = {"check": True, "anew": True}


def writes(results: dict[str, Any]) -> dict[str, list[str]]:
    """By job what it did, or would do."""
    return {name: [s.text for s in outcome(one).plan.foretold if s.writes] for name, one in results.items()}


def room(circle: Circle) -> list[Any]:
    """What the quota lacks for a drill that begins when the earlier one is gone."""
    wave = circle.world.wave("drill", **FORETOLD)
    wave.jobs()
    return wave.shortage()


@pytest.mark.parametrize("happens", ["killed", "lost"])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_steps_whatever_was_left(way: str, happens: str) -> None:
    others = interrupted(Circle(way).protected(), happens, "drill")
    for other in others:
        told = writes(drill(other, **FORETOLD))
        clean_up(other)
        assert writes(drill(other)) == told
        assert told["network net-drill"]
    assert len(others) > 4


def test_what_is_left_is_only_hidden_and_only_from_such_a_run() -> None:
    """A role that only drills removes nothing first: it carries on, in check mode as well."""
    circle = Circle("recreate").protected()
    drill(circle)
    made = standing(circle)
    assert writes(drill(circle, **FORETOLD))["db"]
    assert writes(drill(circle, check=True)) == {"network net-drill": [], "db": []}
    assert standing(circle) == made


def test_another_recovery_point_than_the_killed_one_took() -> None:
    circle = Circle("recreate").protected()
    drill(circle)
    outcome(circle.run("replicate")["db"])
    newest = max(v.marks.point for v in circle.site("b").volumes.values() if v.marks.role == "replica")
    newest = newest.replace("+00:00", "Z")
    assert writes(drill(circle, wish=wish(newest), **FORETOLD))["db"]
    refusal(drill(circle, wish=wish(newest), check=True)["db"], "other_point")


@pytest.mark.parametrize("kept", [True, False])
def test_what_must_stay_is_refused_as_its_end_refuses_it(kept: bool) -> None:
    circle = Circle("recreate").protected()
    drill(circle, keep=kept)
    if not kept:
        keep_a_snapshot(circle)
    with pytest.raises(Refused) as caught:
        drill(circle, **FORETOLD)
    ends = clean_up(circle, keep=True)
    assert str(caught.value) == refusal(ends["db"], "kept_drill" if kept else "cleanup_incomplete")


def test_a_port_of_somebody_else_on_its_network() -> None:
    circle = Circle("recreate").protected()
    drill(circle)
    act(circle.site("b"), "create_port", name="theirs", network_id=network(circle, "net-drill"))
    with pytest.raises(Refused, match="network net-drill has ports that are not of the drill: delete theirs"):
        drill(circle, **FORETOLD)


def test_what_is_left_takes_no_room() -> None:
    """The quota is used up, and half of what uses it will be gone."""
    circle = Circle("recreate").protected()
    drill(circle)
    site = circle.site("b")
    used = sum(volume.size for volume in site.volumes.values())
    site.most |= {"instances": len(site.servers), "volumes": len(site.volumes), "gigabytes": used}
    assert room(circle) == []
    site.most["volumes"] -= 1
    with pytest.raises(Refused, match="the drill needs 2 volumes, and 1 of the"):
        room(circle)
