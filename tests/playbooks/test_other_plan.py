# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is unlike all others walks the circle: A is lost, B leads, A leads again, and then B once more.

It has two networks, addresses that DHCP gives, three disks, spaces and umlauts in names. It takes the handover that the
target offers. Each test goes on where the one before it ended.
"""

from __future__ import annotations

import uuid

import pytest
import yaml
from api import Api, Json
from conftest import pocket_cloud
from story import Story

pytestmark = pytest.mark.soak

LETTERS = ("a", "b")


def plan_of(name: str) -> Json:
    """Site A is a stock one, site B has the guarded API: so each way goes by another handover."""
    root, check = {"image": "cirros", "size": 1}, {"console": "login:"}
    common = {"flavor": "m1.tiny", "boot_volume": root, "health_checks": [check]}
    inside, outside = f"{name} inside", f"{name} außen"
    return {
        "name": name,
        "sites": {x: {"cloud": f"site_{x}", "admin_cloud": f"site_{x}_admin", "title": f"Büro {x}"} for x in LETTERS},
        "networks": [
            {"name": inside, "subnets": [{"name": f"{inside} 1", "cidr": "192.168.40.0/24"}]},
            {"name": outside, "subnets": [{"name": f"{outside} 1", "cidr": "192.168.41.0/24"}]},
        ],
        "servers": [
            {
                **common,
                "name": f"{name}-db",
                "volumes": [{"tag": "Läger 1", "blank": True, "size": 1}, {"tag": "log 2", "blank": True, "size": 1}],
                "ports": [{"network": inside}, {"network": outside}],
            },
            {**common, "name": f"{name}-app", "tier": 2, "ports": [{"network": inside}], "depends_on": [f"{name}-db"]},
        ],
        "handover": "auto",
        "fallback": "recreate",
        "replication": {"keep": 2, "rpo": 3600},
    }


@pytest.fixture(scope="module")
def story(cloud: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Spaces and umlauts in the name of the plan, which is part of the names of all that it makes."""
    name = f"Lädchen {uuid.uuid4().hex[:6]}"
    folder = tmp_path_factory.mktemp("other")
    (folder / "plan.yml").write_text(yaml.safe_dump(plan_of(name), allow_unicode=True), encoding="utf-8")
    return Story(folder, name, Api("site_a"), Api("site_b"), pocket_cloud)


def addresses(story: Story, letter: str) -> dict[str, list[str]]:
    """By server the addresses of its ports, which DHCP gave them once."""
    site, found = story.site(letter), {}
    for short in ("db", "app"):
        ports = site.get("network", f"/ports?device_id={story.server(site, short)['id']}", "ports")
        found[short] = sorted(fixed["ip_address"] for port in ports for fixed in port["fixed_ips"])
    return found


def shown(written: dict[str, str]) -> dict[str, str]:
    """As the console shows it: bytes that are no ASCII are escaped."""
    return {label: text.encode("ascii", "backslashreplace").decode() for label, text in _as_bytes(written).items()}


def _as_bytes(written: dict[str, str]) -> dict[str, str]:
    return {label: text.encode().decode("latin-1") for label, text in written.items()}


def leads(story: Story) -> set[tuple[str, int]]:
    """Who leads the servers, with which generation. Fails if two copies run."""
    rows = story("dr_status", dr_plan_fail_on=["two_copies", "disputed", "unanswered"]).good().last["servers"]
    return {(row["server"]["leader"], row["server"]["generation"]) for row in rows.values()}


def test_site_a_is_lost(story: Story) -> None:
    for playbook in ("provision", "dr_prepare"):
        story(playbook).good()
        assert not story(playbook).good().last["changed"]
    written = story.write("at first")
    story("dr_replicate").good()
    story("dr_drill").good()
    there = addresses(story, "b")
    story.pocket_cloud("kill", "a")
    run = story("dr_failover").good()
    assert "2 of 2 servers run at Büro b (site B)" in run.told
    assert story.booted_from("b") == shown(written)
    assert addresses(story, "b") == there


def test_site_a_leads_again(story: Story) -> None:
    written = story.write("at B", "b")
    story.pocket_cloud("up")
    story("dr_fence", dr_plan_site="a").good()
    there = addresses(story, "a")
    story("dr_reprotect", dr_plan_site="a").good()
    story("dr_failback").good()
    assert story.booted_from("a") == shown(written)
    assert addresses(story, "a") == there
    assert leads(story) == {("a", 3)}


def test_and_site_b_once_more(story: Story) -> None:
    written = story.write("at A again", "a")
    run = story("dr_failover", planned=True).good()
    assert "RPO 0 s (proved: no source ran since its recovery point)" in run.told
    assert story.booted_from("b") == shown(written)
    assert leads(story) == {("b", 4)}
