# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from the description and cannot be changed in place: refused, with the list of all differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Site
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_present
from builders import TINY, dormant, port, present, refusal, seen, volume
from test_drift import site, wanted

IDS = {("network", "net"): "net-1", ("security_group", "x"): "sg-1"}

FIXED: dict[str, tuple[dict[str, Any], Site, str]] = {
    "flavor": ({"flavor": "big"}, site(flavor=replace(TINY, name="big")), "flavor is m1.tiny, wanted big"),
    "flavor that nobody knows": ({"flavor": "big"}, site(flavor=None), "flavor is m1.tiny, wanted big"),
    "key": ({"key_name": "k"}, site(), "key_name is none, wanted k"),
    "config drive": ({"config_drive": True}, site(), "config_drive is False, wanted True"),
    "zone": ({"availability_zone": "az2"}, site(), "availability_zone is nova, wanted az2"),
    "metadata while shelved": (
        {"metadata": {"a": 1}},
        site(seen(root=present(), status="SHELVED_OFFLOADED")),
        "metadata (cannot change while the server is shelved) differs from what is wanted: a",
    ),
    "boot volume": (
        {"boot_volume": {"volume": "v"}},
        site(given={"root": volume("v")}),
        "boot volume is db-root, wanted v",
    ),
    "boot volume that nobody knows": ({"boot_volume": {"volume": "v"}}, site(), "boot volume is db-root, wanted v"),
    "root missing but not dormant": (
        {},
        site(replace(dormant(), server=replace(dormant().server, task_state="unshelving"))),
        "boot volume is not attached, wanted cirros",
    ),
    "size of the root": (
        {"boot_volume": {"image": "i", "size": 2}},
        site(),
        "size of the boot volume is 1 GiB, wanted 2 GiB",
    ),
    "type of a volume": (
        {"volumes": [{"tag": "data", "blank": True, "size": 1, "volume_type": "fast"}]},
        site(seen(root=present())),
        "type of the volume data is none, wanted fast",
    ),
    "a volume is missing": (
        {"volumes": [{"tag": "logs", "blank": True, "size": 1}]},
        site(),
        "volume logs is not attached, wanted db-logs",
    ),
    "a port is missing": (
        {"ports": [{"network": "net", "name": "second"}]},
        site(),
        "port second is not there, wanted a port of the server",
    ),
    "the network of a port": (
        {"ports": [{"network": "other", "fixed_ip": "10.0.0.5"}]},
        site(ids={("network", "other"): "net-2"}),
        "network of port db-port0 is net-1, wanted other",
    ),
    "the address of a port": (
        {"ports": [{"network": "net", "fixed_ip": "10.0.0.6"}]},
        site(),
        "address of port db-port0 is 10.0.0.5, wanted 10.0.0.6",
    ),
    "the address of a port without one": (
        {"ports": [{"network": "net", "fixed_ip": "10.0.0.6"}]},
        site(replace(seen(root=present()), ports=(port(fixed_ips=()),))),
        "address of port db-port0 is none, wanted 10.0.0.6",
    ),
    "the MAC address of a port": (
        {"ports": [{"network": "net", "mac_address": "fa:16:3e:00:00:02"}]},
        site(),
        "MAC address of port db-port0 is fa:16:3e:00:00:01, wanted fa:16:3e:00:00:02",
    ),
    "a named port belongs to another server": (
        {"ports": [{"port": "mine"}]},
        site(ports={"db-port0": (port(id="port-mine"),)}),
        "port mine is not there, wanted a port of the server",
    ),
    "several at once": (
        {"flavor": "big", "key_name": "k", "description": "could be changed"},
        site(flavor=None),
        (
            "\n  1. flavor is m1.tiny, wanted big"
            "\n  2. key_name is none, wanted k"
            "\n  3. description is none, wanted could be changed (can be changed in place)"
        ),
    ),
    "flavor of other sizes": (
        {},
        site(flavor=replace(TINY, vcpus=2, ram=128)),
        "flavor is m1.tiny of 1 vCPUs and 64 MiB, wanted m1.tiny of 2 vCPUs and 128 MiB",
    ),
    "zone that an offloaded server is not pinned to": (
        {},
        site(dormant(pinned_zone="")),
        "availability_zone to unshelve in is any, wanted nova",
    ),
    "zone that an offloaded server is pinned to": (
        {"availability_zone": "az2"},
        site(dormant(pinned_zone="nova")),
        "availability_zone to unshelve in is nova, wanted az2",
    ),
    "no server group": (
        {"server_group": "apart"},
        site(seen(root=present(), server_groups=()), ids={**IDS, ("server_group", "apart"): "group-1"}),
        "server db is not in server_group apart",
    ),
    "zone of a volume": (
        {"boot_volume": {"image": "i", "availability_zone": "az2"}},
        site(),
        "availability_zone of the boot volume is none, wanted az2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FIXED)
def test_what_cannot_be_changed_is_refused_with_all_differences(case: str) -> None:
    options, what, text = FIXED[case]
    found = refusal(decide_present(what, wanted(**options)))
    assert found.code == "differs"
    todo = "What cannot be changed in place: correct the description, or make the server anew. Nothing was changed."
    assert found.text == f"Refused to make server db as described:{told(text)}{todo}"


def told(text: str) -> str:
    """One finding stands in the line, several have a line each."""
    return f"{text}\n" if text.startswith("\n") else f" {text}. "


def test_what_differs_is_told_as_data_too() -> None:
    found = refusal(decide_present(site(), wanted(key_name="k", description="new")))
    assert [finding.data for finding in found.findings] == [
        {"what": "key_name", "wanted": "k", "seen": None, "text": "key_name is none, wanted k", "blocks": True,
         "in_place": False},
        {"what": "description", "wanted": "new", "seen": "", "blocks": True, "in_place": True,
         "text": "description is none, wanted new (can be changed in place)"},
    ]  # fmt: skip
    assert Refused(found).as_result()["findings"] == [finding.data for finding in found.findings]


def test_a_refusal_that_lists_nothing_has_no_findings() -> None:
    assert "findings" not in Refused(Refusal("locked", "shelve", "it is locked", "Unlock it.")).as_result()
