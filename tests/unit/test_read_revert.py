# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert reads, from a cloud on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import revert as read_revert
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import History, Image
from loopback_cloud import LoopbackCloud

BY_NAME = "GET compute /servers/detail?name=%5Edb%24"
MARKED = "GET image /images?standby_server_id=srv"
SNAPSHOT = {"id": "x", "name": "good", "status": "available", "volume_id": "vol", "size": 1, "created_at": "2026-01-01"}


@pytest.fixture
def db(cloud: LoopbackCloud) -> LoopbackCloud:
    """A stock cloud with one server without volumes, and one volume, snapshot and image."""
    cloud.answers |= {
        BY_NAME: {"servers": [{"id": "srv", "name": "db", "status": "ACTIVE"}]},
        "GET compute /extensions": {"extensions": []},
        "GET compute /servers/srv/os-volume_attachments": {"volumeAttachments": []},
        "GET network /ports?device_id=srv": {"ports": []},
        "GET block_storage /volumes/detail": {"volumes": [{"id": "vol", "status": "available", "size": 1}]},
        "GET block_storage /snapshots/detail": {"snapshots": [SNAPSHOT]},
        MARKED: {"images": [{"id": "i", "name": "n", "standby_revert": "3", "size": 0}]},
        "GET compute /servers/srv/os-instance-actions": {
            "instanceActions": [{"action": "stop", "start_time": "2026-01-02"}]
        },
    }
    return cloud


def test_a_server_with_all_that_tells_its_past(db: LoopbackCloud, session: Any) -> None:
    now = read_revert.history(session, "db")
    assert now.seen.found.id == "srv"
    assert ([v.id for v in now.volumes], [s.id for s in now.snapshots]) == (["vol"], ["x"])
    assert now.images == (Image("i", "n", {"standby_revert": "3"}),)
    assert now.actions == (("stop", "2026-01-02"),)
    assert db.writes() == []


def test_no_server(db: LoopbackCloud, session: Any) -> None:
    db.answers[BY_NAME] = {"servers": []}
    found = read_revert.history(session, "db")
    assert found == History(found.seen)
    assert MARKED not in db.lines()
