# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what the guarded API says of roots: from one list for a wave, or server by server."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import ANY_TIME, Shared
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import server as read
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Offer,
    RootAnswer,
)
from loopback_cloud import Fails, LoopbackCloud
from loopback_server import GUARDED

LISTS = {"extensions": [{"alias": "os-root-volume"}, {"alias": "os-root-volumes"}]}
LIST, SINGLE = "GET compute /os-root-volumes", "GET compute /servers/srv/os-root-volume"
LEAVING = {"device": "/dev/vda", "device_present": True, "volume_id": "listed", "task": "detaching"}
UNKNOWN = {"device": None, "device_present": None, "volume_id": None, "task": None}


def listed_root(inventory: Inventory, since: float = ANY_TIME, server: str = "srv") -> RootAnswer | None:
    return read.root_answer(Shared(inventory, since), server, Offer(True, "advertised"))


def test_all_servers_of_a_wave_share_one_list_of_roots(db: LoopbackCloud, session: Any) -> None:
    db.answers["GET compute /extensions"] = LISTS
    db.answers[LIST] = {"root_volumes": [{"server_id": f"srv-{number}", **LEAVING} for number in range(50)]}
    inventory = Inventory(session)
    for number in range(50):
        assert listed_root(inventory, server=f"srv-{number}") == RootAnswer("/dev/vda", True, "listed", "detaching")
    assert db.lines().count(LIST) == 1
    assert not [line for line in db.lines() if line.startswith("GET compute /servers/")]
    listed_root(inventory, time.monotonic(), "srv-0")
    assert db.lines().count(LIST) == 2, "a newer list was wanted"


ALONE = {
    "the list is refused": (LISTS, Fails(403)),
    "another nova-api answers than the one that advertises it": (LISTS, Fails(404)),
    "the server is not in it": (LISTS, {"root_volumes": [{"server_id": "other", **LEAVING}]}),
    "its cell does not answer": (LISTS, {"root_volumes": [{"server_id": "srv", **UNKNOWN}]}),
    "the list is not advertised": (GUARDED, {"root_volumes": [{"server_id": "srv", **LEAVING}]}),
}


@pytest.mark.parametrize("case", ALONE)
def test_what_the_list_of_roots_does_not_tell_is_asked_for_by_itself(
    db: LoopbackCloud, session: Any, case: str
) -> None:
    db.answers["GET compute /extensions"], db.answers[LIST] = ALONE[case]
    assert listed_root(Inventory(session)) == RootAnswer("/dev/vda", True, "vol")
    assert db.lines().count(SINGLE) == 1


def test_a_list_of_roots_that_fails_is_an_error(db: LoopbackCloud, session: Any) -> None:
    db.answers |= {"GET compute /extensions": LISTS, LIST: Fails(500)}
    with pytest.raises(CloudError):
        listed_root(Inventory(session))
