# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What docs/deployment.md says of an upgrade and of removal: a nova-api without the filter beside one that has it."""

from __future__ import annotations

import json
import pathlib
import re

import pytest
from sites import RUN, query, spread
from test_root_volume_failures import FaultyApi

#: A nova-api of its own for each request takes too long for each change.
pytestmark = pytest.mark.soak

DEPLOYMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "deployment.md"
SEARCH = re.compile(r"^    SELECT i\.uuid.*?;$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def without(member, tmp_path):
    """Another nova-api of the guarded site, as a controller is that does not have the filter yet."""
    paste = RUN / "b" / "etc" / "api-paste.ini"
    stock = tmp_path / "api-paste.ini"
    stock.write_text(paste.read_text().replace(" root_volume ", " "))
    files = {"OS_NOVA_CONFIG_FILES": f"{stock};nova.conf"}  # the first is the Paste file

    class Without(FaultyApi):
        def send(self, method, path, body=None, **what):
            status, text = super().send(method, path, body, settings=files, **what)
            return status, json.loads(text) if text.startswith("{") else text

    return Without(member)


def test_a_controller_without_the_filter_refuses_and_changes_nothing(member, make, without):
    """Whoever was told by another controller that the API is there gets a refusal, and no data disk."""
    _, body = without.send("GET", "/extensions")
    assert "os-root-volume" not in {extension["alias"] for extension in body["extensions"]}
    server, volume = make.offloaded()
    status, body = without.detach(server, volume)
    assert (status, body["badRequest"]["message"]) == (400, "Cannot detach a root device volume")
    assert member.detach(server, volume).status_code == 202
    assert without.send("GET", f"/servers/{server}/os-root-volume")[0] == 404
    status, body = without.attach(server, volume)
    assert status == 400
    assert "is_root" in body["badRequest"]["message"]
    assert member.volume(volume)["status"] == "available"
    assert member.root(server)["device_present"] is False


def test_a_device_name_alone_is_a_data_disk_there(member, make, without):
    """Why clients say is_root: the table of the guide, row by row."""
    server, volume = make.rootless()
    device = member.root(server)["device"]
    body = {"volumeAttachment": {"volumeId": volume, "device": device}}
    status, _ = without.send("POST", f"/servers/{server}/os-volume_attachments", body)
    assert status == 200
    assert member.root(server)["device_present"] is False
    assert member.act(server, "unshelve").status_code == 403
    assert member.detach(server, volume).status_code == 202


@pytest.mark.skipif(not spread("b"), reason="another nova-api reaches no conductor: make filter-matrix")
def test_an_unshelve_there_fails_closed(member, make, without):
    """The server comes back without having run, no disk is made up, and it can be given a root."""
    server, volume = make.rootless()
    before = {each["id"] for each in member.read("volume", "/volumes")}
    status, _ = without.send("POST", f"/servers/{server}/action", {"unshelve": None})
    assert status == 202
    member.wait_action_over(server, "unshelve")
    found = member.wait_server(server, "SHELVED_OFFLOADED")
    assert found["OS-EXT-STS:power_state"] != 1
    assert {each["id"] for each in member.read("volume", "/volumes")} == before
    assert member.attach(server, volume, is_root=True).ok
    assert member.act(server, "unshelve").status_code == 202
    member.wait_server(server, "ACTIVE")


def test_servers_without_a_root_are_found_in_the_database(make):
    """By the statement of the guide, in whichever cell they are, and only they."""
    rootless, _ = make.rootless()
    offloaded, _ = make.offloaded()
    local = make.server(None)
    (statement,) = SEARCH.findall(DEPLOYMENT.read_text())
    found = {row[0] for row in query("b", statement)}
    assert rootless in found
    assert not found & {offloaded, local}
