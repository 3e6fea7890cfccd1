# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Every other action on a server without a root, as member and as administrator: none starts it or gives it a root."""

from __future__ import annotations

import pytest

REFUSED = (409, 409)
"""The state does not allow it, whoever asks."""
ADMINS = (403, 409)
"""A member may not; an administrator is told that the state does not allow it."""
DONE = (202, 202)

ACTIONS = (
    # action, its value, what a member and what an administrator is answered
    ("os-start", None, REFUSED),
    ("os-stop", None, REFUSED),
    ("reboot", {"type": "SOFT"}, REFUSED),
    ("reboot", {"type": "HARD"}, REFUSED),
    ("pause", None, REFUSED),
    ("unpause", None, REFUSED),
    ("suspend", None, REFUSED),
    ("resume", None, REFUSED),
    ("rescue", {}, REFUSED),
    ("unrescue", None, REFUSED),
    ("rebuild", {"imageRef": "{image}"}, REFUSED),
    ("resize", {"flavorRef": "{flavor}"}, REFUSED),
    ("confirmResize", None, REFUSED),
    ("revertResize", None, REFUSED),
    ("shelve", None, REFUSED),
    ("restore", None, REFUSED),
    ("createImage", {"name": "none"}, REFUSED),
    ("createBackup", {"name": "none", "backup_type": "daily", "rotation": 1}, REFUSED),
    ("changePassword", {"adminPass": "none"}, REFUSED),
    ("trigger_crash_dump", None, REFUSED),
    ("os-getConsoleOutput", {}, REFUSED),
    ("shelveOffload", None, ADMINS),
    ("migrate", None, ADMINS),
    ("os-migrateLive", {"host": None, "block_migration": "auto"}, ADMINS),
    ("evacuate", {}, (403, 400)),
    ("lock", None, DONE),
    ("unlock", None, DONE),
)


@pytest.fixture(scope="module")
def rootless(shared):
    """A server without root: (server id, former root volume id)."""
    return shared.rootless()


def filled(value, shared):
    """The value with the ids of this cloud in it."""
    if not isinstance(value, dict):
        return value
    ids = {"{image}": shared.image, "{flavor}": shared.disk_flavor}
    return {key: ids.get(part, part) if isinstance(part, str) else part for key, part in value.items()}


def test_there_are_22_and_more():
    assert len({action for action, _, _ in ACTIONS}) >= 22


@pytest.mark.parametrize(("action", "value", "codes"), ACTIONS)
def test_no_action_starts_it_or_gives_it_a_root(member, admin, shared, rootless, action, value, codes):
    server, volume = rootless
    for user, expected in ((member, codes[0]), (admin, codes[1])):
        answer = user.act(server, action, filled(value, shared))
        assert answer.status_code == expected, answer.text
        found = admin.server(server)
        assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)
        assert found["OS-EXT-SRV-ATTR:host"] is None
        root = member.root(server)
        assert (root["device_present"], root["volume_id"]) == (False, None)
    assert member.volume(volume)["status"] == "available"


def test_interfaces_and_consoles_want_a_host(member, admin, rootless):
    server, _ = rootless
    console = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
    for user in (member, admin):
        port = user.call("POST", "compute", f"/servers/{server}/os-interface", {"interfaceAttachment": {}})
        assert port.status_code == 409, port.text
        assert user.call("POST", "compute", f"/servers/{server}/remote-consoles", console).status_code in (400, 409)


def test_force_delete_removes_it_and_keeps_the_volume(member, admin, make):
    """By the administrator, as the member's own delete is tested elsewhere."""
    server, volume = make.rootless()
    assert admin.act(server, "forceDelete").status_code == 202
    member.wait_gone("compute", f"/servers/{server}")
    assert member.volume(volume)["status"] == "available"
