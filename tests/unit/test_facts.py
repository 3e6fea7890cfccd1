# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return: an allow-list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Offer
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.facts import decide_info, server_facts
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.root_volume import which_root
from ansible_collections.standby.openstack.plugins.modules import (
    server_boot_volume,
    server_boot_volume_info,
    server_root_volume_attach,
    server_root_volume_detach,
    server_shelve,
    server_unshelve,
)
from builders import GUARDED, MISSING, STOCK, dormant, nothing, present, seen

MODULES = (
    server_boot_volume,
    server_boot_volume_info,
    server_root_volume_attach,
    server_root_volume_detach,
    server_shelve,
    server_unshelve,
)


def facts(**changes: Any) -> dict[str, Any]:
    what = seen(root=present(), **changes)
    return server_facts(what, which_root(what))


PORT = {
    "id": "port-0",
    "name": "db-port0",
    "network_id": "net-1",
    "mac_address": "fa:16:3e:00:00:01",
    "fixed_ips": ["10.0.0.5"],
    "security_groups": ["sg-1"],
}


def test_the_facts_of_a_server() -> None:
    assert facts(metadata={"a": "1"}, description="text", key_name="k", config_drive=True, host="secret-host") == {
        "id": "srv",
        "name": "db",
        "status": "ACTIVE",
        "task_state": None,
        "locked": False,
        "flavor": "m1.tiny",
        "availability_zone": "nova",
        "description": "text",
        "key_name": "k",
        "config_drive": True,
        "metadata": {"a": "1"},
        "dormant": False,
        "root_volume": {"present": True, "volume_id": "vol-root", "device": "/dev/vda", "found_by": "guarded API"},
        "volumes": [
            volume("vol-root", "db-root", "/dev/vda", "root"),
            volume("vol-data", "db-data", "/dev/vdb", "data"),
        ],
        "ports": [PORT],
    }


def volume(volume_id: str, name: str, device: str, tag: str) -> dict[str, Any]:
    return {
        "id": volume_id,
        "name": name,
        "size": 1,
        "status": "in-use",
        "is_root": tag == "root",
        "device": device,
        "tag": tag,
        "delete_on_termination": False,
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_is_returned_is_what_is_documented(module: Any) -> None:
    assert set(yaml.safe_load(module.RETURN)["server"]["contains"]) == set(facts())


def test_no_server_has_no_facts() -> None:
    assert server_facts(nothing(), which_root(nothing())) == {}


def test_a_volume_that_vanished() -> None:
    what = replace(seen(root=present()), volumes={})
    row = server_facts(what, which_root(what))["volumes"][0]
    assert (row["name"], row["size"], row["status"], row["is_root"]) == (None, None, None, True)


DORMANT = {
    "dormant": (dormant(), True),
    "dormant and locked": (dormant(locked=True), True),
    "busy": (dormant(task_state="unshelving"), False),
    "running": (dormant(status="ACTIVE"), False),
    "root present": (seen(root=present(), status="SHELVED_OFFLOADED"), False),
    "root unknown": (seen(STOCK, status="SHELVED_OFFLOADED", attachments=()), False),
    "image-backed": (seen(root=None, status="SHELVED_OFFLOADED", image_id="img", attachments=()), False),
    "image-backed at a guarded cloud": (replace(dormant(image_id="img"), root_answer=MISSING), False),
}


@pytest.mark.parametrize("case", DORMANT)
def test_what_is_dormant(case: str) -> None:
    what, expected = DORMANT[case]
    assert server_facts(what, which_root(what))["dormant"] is expected


@pytest.mark.parametrize(
    "offer", [GUARDED, STOCK, Offer(True, "assumed", "2.90", "3.60")], ids=["advertised", "stock", "assumed"]
)
def test_what_the_cloud_offers(offer: Offer) -> None:
    what = seen(offer)
    plan = decide_info(what, which_root(what))
    assert plan.steps == ()
    assert plan.before == plan.after == server_facts(what, which_root(what))
    assert plan.extra == {
        "cloud": {
            "guarded_api": offer.guarded_api,
            "guarded_api_is": offer.how,
            "compute_api_version": offer.compute_version,
            "volume_api_version": offer.volume_version,
        }
    }
