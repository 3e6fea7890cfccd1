# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill on two stock sites, as a member: kept, with replication and a failover beside it; killed; and then ended.

Each test goes on where the one before it ended.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
import yaml
from api import Api, Json
from conftest import pocket_cloud
from story import HEAD, Story, plan_of


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The servers of the other story, handed over by recreate. Site A, which is lost, is there again afterwards."""
    name = f"drills-{uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp(name)
    (folder / "plan.yml").write_text(yaml.safe_dump({**plan_of(name), "handover": "recreate"}), encoding="utf-8")
    yield Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)
    pocket_cloud("up")


def of_drills(site: Api) -> Json:
    """By kind the names of all that drills made and that is there."""
    listed = {
        "servers": site.get("compute", "/servers/detail", "servers"),
        "volumes": site.get("block_storage", "/volumes/detail", "volumes"),
        "ports": site.get("network", "/ports", "ports"),
        "networks": site.get("network", "/networks", "networks"),
        "subnets": site.get("network", "/subnets", "subnets"),
    }
    found = {
        kind: [item["name"] for item in items if item["name"].endswith("-drill")] for kind, items in listed.items()
    }
    return {kind: names for kind, names in found.items() if names}


def heads(story: Story) -> set[str]:
    """What the consoles of the servers of a drill say that their disks began with."""
    found: set[str] = set()
    for short in ("db-drill", "app-drill"):
        path = f"/servers/{story.server(story.b, short)['id']}/action"
        console = story.b.send("POST", "compute", path, {"os-getConsoleOutput": {}})["output"]
        found |= {match["head"] for match in HEAD.finditer(console)}
    return found


def test_a_drill_touches_nothing_and_leaves_nothing(story: Story) -> None:
    for playbook in ("provision", "dr_prepare", "dr_replicate"):
        story(playbook).good()
    assert "never" in story("dr_readiness").good().told
    before = story.everything(story.b)
    run = story("dr_drill", note="Change 4711").good()
    assert "2 of 2 servers came up as clones at site B" in run.told
    assert "Left of the drill, as site B lists it: nothing." in run.told
    assert of_drills(story.b) == {}
    assert story.everything(story.b)["servers"] == before["servers"]
    rows = story("dr_status", dr_plan_fail_on=["never_drilled", {"drill_older_than": "1h"}]).good().last["servers"]
    assert all(row["server"]["last_drill"]["age"] < 600 for row in rows.values())
    assert "found what fail_on names" in story("dr_status", dr_plan_fail_on=[{"drill_older_than": "1s"}]).refused()


def test_a_quota_of_neutron_without_room(story: Story) -> None:
    """A member is told the quota of the project. Nothing is made, and check mode says the same."""
    (network,) = [one for one in story.b.get("network", "/networks", "networks") if one["name"] == story.name]
    admin, quota = Api("site_b_admin"), f"/quotas/{network['project_id']}"
    used = {kind: of["used"] for kind, of in story.b.get("network", f"{quota}/details", "quota").items()}
    left = {"network": used["network"], "subnet": used["subnet"] + 1, "port": used["port"] + 1}
    admin.send("PUT", "network", quota, {"quota": left})
    try:
        for options in ([], ["--check"]):
            run = story("dr_drill", *options)
            assert run.code != 0
            assert f"the drill needs 1 networks, and 0 of the {left['network']}" in run.told
            assert f"the drill needs 2 ports, and 1 of the {left['port']}" in run.told
            assert "subnets" not in run.told
    finally:
        admin.send("DELETE", "network", quota)
    assert of_drills(story.b) == {}


def test_a_drill_that_is_kept(story: Story) -> None:
    """Replication goes on, a second run changes nothing, and a drill that is not kept is refused meanwhile."""
    written = story.write("before the drill")
    story("dr_replicate").good()
    story("dr_drill", drill_keep=True).good()
    assert set(of_drills(story.b)) == {"servers", "volumes", "ports", "networks", "subnets"}
    assert heads(story) == set(written.values())
    again = story("dr_drill", drill_keep=True).good()
    assert again.last["changed"] is False
    assert "a drill that is kept is there" in story("dr_drill").refused()
    story("dr_replicate").good()
    assert "servers of a drill stand at site B (kept)" in story("dr_status").good().told


def test_a_failover_in_the_middle_of_a_drill(story: Story) -> None:
    story.pocket_cloud("kill", "a")
    story("dr_failover").good()
    assert "servers" in of_drills(story.b)
    assert "holds data of the application at site B (runs)" in story("dr_drill", drill_keep=True).refused()
    story("dr_drill_cleanup", "--check").good()
    assert "servers" in of_drills(story.b)
    run = story("dr_drill_cleanup").good()
    assert "Left of the drill, as site B lists it: nothing." in run.told
    assert of_drills(story.b) == {}
    assert story("dr_drill_cleanup").good().last["changed"] is False
    assert json.dumps(story.everything(story.b)).count("standby_drill=") == 0
