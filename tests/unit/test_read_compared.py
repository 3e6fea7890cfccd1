# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a server that stands is compared with, from a cloud on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import parse
from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import Lookup
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import build as read_build
from ansible_collections.standby.openstack.plugins.module_utils.cloud.throttle import Pace
from loopback_cloud import Fails, LoopbackCloud
from test_read import BY_NAME, SERVER, STOCK, wanted

NET = "5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11"
IMAGE = {"id": "i", "name": "cirros", "status": "active", "size": 5, "hw_firmware_type": "uefi"}


@pytest.fixture
def db(cloud: LoopbackCloud) -> LoopbackCloud:
    """A stock cloud with one server without volumes."""
    cloud.answers |= {
        BY_NAME: {"servers": [SERVER]},
        "GET compute /extensions": STOCK,
        "GET compute /servers/srv/os-volume_attachments": {"volumeAttachments": []},
        "GET network /ports?device_id=srv": {"ports": []},
        "GET compute /flavors/detail": {"flavors": []},
        "GET block_storage /volumes/detail?name=db-root": {"volumes": []},
    }
    return cloud


@pytest.mark.parametrize(
    ("images", "found"),
    [
        ([], {"root": None}),
        ([IMAGE], {"root": parse.image_source(IMAGE)}),
        ([IMAGE, IMAGE], {}),
        (Fails(503), {}),
    ],
    ids=["gone", "there", "two of them", "no answer"],
)
def test_the_image_of_a_server_that_stands_is_only_compared(
    db: LoopbackCloud, session: Any, images: Any, found: Any
) -> None:
    """It may long be gone."""
    session._pace = Pace(sleep=lambda seconds: None)
    db.answers["GET image /images?name=cirros"] = {"images": images} if isinstance(images, list) else images
    assert read_build.site(Lookup(session), wanted()).around.sources == found


@pytest.mark.parametrize(("members", "groups"), [(["srv"], ("group-1",)), (["other"], ()), (None, ())])
def test_the_server_group_is_read_where_one_is_wanted(
    db: LoopbackCloud, session: Any, members: Any, groups: Any
) -> None:
    group = {"id": "group-1", "name": "apart", "members": members}
    db.answers["GET compute /os-server-groups"] = {"server_groups": [group]}
    assert read_build.site(Lookup(session), wanted()).seen.found.server_groups is None
    assert read_build.site(Lookup(session), wanted(server_group="apart")).seen.found.server_groups == groups


@pytest.mark.parametrize(
    ("nic", "project", "roles", "found"),
    [
        ({"fixed_ip": "10.0.0.5"}, "mine", {"member"}, {NET}),
        ({"mac_address": "fa:16:3e:00:00:01"}, "mine", {"member"}, {NET}),
        ({"fixed_ip": "10.0.0.5"}, "theirs", {"member"}, set()),
        ({"fixed_ip": "10.0.0.5"}, "mine", {"member", "admin"}, set()),
        ({"fixed_ip": "10.0.0.5"}, None, set(), set()),
        ({}, "mine", {"member"}, set()),
    ],
    ids=["address", "MAC", "own", "admin", "nothing tells", "not chosen"],
)
def test_networks_on_which_no_address_may_be_chosen(
    db: LoopbackCloud, session: Any, nic: Any, project: Any, roles: Any, found: Any
) -> None:
    db.answers |= {
        BY_NAME: {"servers": []},
        "GET image /images?name=cirros": {"images": [IMAGE]},
        f"GET network /networks/{NET}": {"network": {"id": NET, "name": "net", "project_id": "theirs"}},
        "GET network /ports?name=db-port0": {"ports": []},
        f"GET network /ports?network_id={NET}&fixed_ips=ip_address%3D10.0.0.5": {"ports": []},
    }
    session.who = lambda: (project, frozenset(roles))
    site = read_build.site(Lookup(session), wanted(ports=[{"network": NET, **nic}]))
    assert site.around.foreign_networks == found


def test_a_token_that_does_not_tell_whose_it_is(session: Any) -> None:
    assert session.who() == (None, frozenset())
