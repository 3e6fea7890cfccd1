# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin at rest and its replicas differ in from the plan, and from the source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import BUILDING
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Refusal
from builders import STOCK, plan, port, refusal, source
from recovery_builders import replica, site_of, twin
from test_readiness import HELD, ready

SECOND = port(id="port-9", name="eth9", fixed_ips=("10.0.0.9",), device_id="twin")
MARKED = (replace(HELD[0], metadata={**HELD[0].metadata, BUILDING: "db"}), HELD[1])
UEFI, BIOS = {"hw_firmware_type": "uefi"}, {"hw_firmware_type": "bios"}


def with_root(**changes: Any) -> Any:
    return replica("root", **changes), replica("data")


#: By case: the way, what is at the target, and what differs in the call; then the finding, and whether it blocks.
DIFFERS: dict[str, tuple[str, Any, dict[str, Any], str, bool]] = {
    "a port too many": (
        "attach",
        site_of(replace(twin(), ports=(port(device_id="twin"), SECOND))),
        {},
        "the twin has a port eth9 (10.0.0.9) that the plan does not name",
        True,
    ),
    "a port too many without address": (
        "attach",
        site_of(replace(twin(), ports=(port(device_id="twin"), replace(SECOND, name="", fixed_ips=())))),
        {},
        "the twin has a port port-9 (no address) that the plan does not name",
        True,
    ),
    "a port that is set down": (
        "attach",
        site_of(replace(twin(), ports=(port(device_id="twin", admin_up=False),))),
        {},
        "the port db-port0 of the twin is set down",
        True,
    ),
    "a network that is set down": (
        "attach",
        site_of(twin(), networks_down=frozenset({"net"})),
        {},
        "the network net is set down",
        True,
    ),
    "a mark of a killed run": (
        "reimage",
        site_of(twin(MARKED, STOCK)),
        {},
        "volume db-root-placeholder is still marked as being built",
        True,
    ),
    "a small replica": (
        "attach",
        site_of(twin()),
        {"volumes": with_root(), "boot_volume": {"image": "cirros", "size": 3}},
        "size of the replica of root is 1 GiB, wanted 3 GiB",
        True,
    ),
    "a replica that grew": (
        "attach",
        site_of(twin()),
        {"volumes": with_root(size=5)},
        "size of the replica of root is 5 GiB, wanted 1 GiB",
        False,
    ),
    "the type of a replica": (
        "attach",
        site_of(twin()),
        {"boot_volume": {"image": "cirros", "size": 1, "volume_type": "fast"}},
        "type of the replica of root is none, wanted fast",
        True,
    ),
    "the zone of a replica": (
        "attach",
        site_of(twin()),
        {"boot_volume": {"image": "cirros", "size": 1, "availability_zone": "az2"}},
        "availability_zone of the replica of root is none, wanted az2",
        True,
    ),
    "the image of the placeholder has other firmware": (
        "attach",
        site_of(twin()),
        {"volumes": with_root(image_metadata=UEFI)},
        "the twin was made with hw_firmware_type none, the root volume at the source has uefi",
        True,
    ),
    "the placeholder has other firmware": (
        "recreate",
        site_of(twin((replace(HELD[0], image_metadata=BIOS), HELD[1])), sources={"root": None}),
        {"volumes": with_root(image_metadata=UEFI)},
        "the twin was made with hw_firmware_type bios, the root volume at the source has uefi",
        True,
    ),
    "the source was installed from a CD": (
        "attach",
        site_of(twin(), sources={"root": source(properties=UEFI)}),
        {},
        "the twin was made with hw_firmware_type uefi, the root volume at the source has none",
        False,
    ),
    "what only a failover would find": (
        "reimage",
        site_of(twin(HELD, STOCK)),
        {"volumes": with_root(size=2), "boot_volume": {"image": "cirros"}},
        (
            "a failover would be refused: the replica has 2 GiB, the root db-root-placeholder of the twin 1. Give the "
            "boot volume of the plan its size, delete the twin and run dr_prepare."
        ),
        True,
    ),
}


@pytest.mark.parametrize("case", DIFFERS)
def test_what_differs_from_the_plan(case: str) -> None:
    method, site, changes, text, blocks = DIFFERS[case]
    found = ready(site, method, **changes)
    assert [str(finding) for finding in found.findings] == [text]
    assert isinstance(found, Refusal if blocks else Plan)
    if not blocks:
        assert plan(found).notes == (f"db: {text}",)


def test_the_firmware_of_an_unknown_image_is_not_guessed_at() -> None:
    site = site_of(twin(), sources={})
    assert plan(ready(site, volumes=with_root(image_metadata=UEFI))).findings == ()


@pytest.mark.parametrize(
    ("rpo", "lag", "text"),
    [
        (None, 9999, ""),
        (60, 60, ""),
        (60, 61, "the newest recovery point is 61 s old, the plan allows 60 s"),
    ],
)
def test_the_age_of_the_newest_recovery_point(rpo: int | None, lag: int, text: str) -> None:
    found = ready(site_of(twin()), rpo=rpo, lag=lag)
    assert "; ".join(map(str, found.findings)) == text


def test_a_recovery_point_later_than_now_is_not_ready() -> None:
    found = refusal(ready(site_of(twin()), lag=-1))
    assert found.code == "not_ready"
    assert found.seen == "the newest recovery point is 1 s later than now: the clocks of the clouds differ"
