# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what making a server again needs, from a cloud on loopback."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.replace import replacing
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import Definition
from loopback_cloud import LoopbackCloud

BY_NAME = "GET compute /servers/detail?name=%5Edb%24"
SERVER = {
    "id": "srv",
    "name": "db",
    "status": "SHELVED_OFFLOADED",
    "created": "2026-11-01T00:00:10Z",
    "flavor": {"original_name": "m1.tiny", "vcpus": 1, "ram": 64, "disk": 0},
    "os-extended-volumes:volumes_attached": [],
    "addresses": {"net": [{"OS-EXT-IPS-MAC:mac_addr": "m2"}, {"OS-EXT-IPS-MAC:mac_addr": "m1"}]},
    "server_groups": ["group"],
    "tags": ["gold"],
    "accessIPv4": "",
    "OS-DCF:diskConfig": "MANUAL",
    "OS-EXT-SRV-ATTR:hostname": "db-1",
    "pinned_availability_zone": "az2",
}
PORT = {"id": "p", "name": "db-port0", "network_id": "net-1", "created_at": "2026-11-01T00:00:05Z"}
FLAVOR = {"name": "m1.tiny", "vcpus": 1, "ram": 64, "disk": 0}
RECORD = Definition("old", "db", FLAVOR, ({"id": "p"},), (), None, None, None, None, False, {}, "", {}, False)
OPTIONS = {
    "server": "db",
    "image": "cirros",
    "handover": "recreate",
    "fallback": None,
    "root_volume": None,
    "record": "db.json",
    "user_data": "",
    "availability_zone": None,
    "release_ports": False,
    "again": False,
    "guarded_api": "advertised",
}


@pytest.fixture
def db(cloud: LoopbackCloud) -> LoopbackCloud:
    """A stock cloud with one server that has one port."""
    zones = {"availabilityZoneInfo": [{"zoneName": "az2", "zoneState": {"available": True}}]}
    cards = {"interfaceAttachments": [{"port_id": "p", "tag": "front"}]}
    cloud.answers |= {
        BY_NAME: {"servers": [SERVER]},
        "GET compute /servers/srv": {"server": SERVER},
        "GET compute /servers/srv/os-interface": cards,
        "GET compute /extensions": {"extensions": []},
        "GET compute /flavors/detail": {"flavors": [{"id": "f", "name": "m1.tiny"}]},
        "GET compute /os-server-groups": {"server_groups": [{"id": "group", "name": "group"}]},
        "GET compute /os-availability-zone": zones,
        "GET network /ports?device_id=srv": {"ports": [PORT]},
        "GET network /ports?name=p": {"ports": [{**PORT, "name": "p"}]},
        "GET image /images?name=cirros": {"images": [{"id": "i", "name": "cirros", "status": "active"}]},
        "GET image /images?name=standby-srv-root-copy": {"images": []},
        "GET block_storage /volumes/detail?name=db-root-i": {"volumes": []},
        "GET block_storage /snapshots/detail?name=standby-srv-root-copy": {"snapshots": []},
    }
    return cloud


def test_the_details_of_a_server(db: LoopbackCloud, session: Any) -> None:
    found = replacing(session, OPTIONS).recreation
    assert found.read.more == {"tags": ["gold"], "OS-DCF:diskConfig": "MANUAL", "hostname": "db-1"}
    assert (found.read.zone, found.read.macs, found.read.server_groups) == ("az2", ("m2", "m1"), ("group",))
    assert (found.read.nic_tags, found.read.ports_made) == ({"p": "front"}, {"p": PORT["created_at"]})
    assert (found.around.zones, found.around.ids) == (frozenset({"az2"}), {("server_group", "group"): "group"})
    assert [port.id for port in found.around.ports["p"]] == ["p"]
    assert db.writes() == []


@pytest.mark.parametrize(("version", "named"), [("2.89", False), ("2.90", True)])
def test_a_host_name_is_given_only_where_nova_takes_one(
    db: LoopbackCloud, session: Any, version: str, named: bool
) -> None:
    """Before 2.90 administrators are shown it, and making a server with it is refused: after the delete."""
    db.versions["compute"]["version"] = version
    assert ("hostname" in replacing(session, OPTIONS).recreation.read.more) is named


def test_an_older_nova_does_not_tell_the_zone(db: LoopbackCloud, session: Any) -> None:
    old = {key: value for key, value in SERVER.items() if key != "pinned_availability_zone"}
    db.answers["GET compute /servers/srv"] = {"server": old}
    assert replacing(session, OPTIONS).recreation.read.zone is None


def test_only_what_may_be_needed_is_read(db: LoopbackCloud, session: Any) -> None:
    found = replacing(session, {**OPTIONS, "handover": "attach"}).recreation
    assert found.details is None
    assert "GET compute /servers/srv/os-interface" not in db.lines()


@pytest.mark.parametrize("again", [False, True])
def test_whether_it_is_wanted_again(db: LoopbackCloud, session: Any, again: bool) -> None:
    assert replacing(session, {**OPTIONS, "again": again}).again is again


def test_a_server_that_is_gone_is_known_by_its_record(db: LoopbackCloud, session: Any) -> None:
    db.answers[BY_NAME] = {"servers": []}
    found = replacing(session, OPTIONS, RECORD)
    assert (found.seen.server, found.recreation.record, found.recreation.is_another) == (None, RECORD, False)
    assert list(found.recreation.around.ports) == ["p"]


def test_the_record_of_another_server_is_not_looked_at(db: LoopbackCloud, session: Any) -> None:
    """Else that one would be made in the place of the one that was named."""
    db.answers[BY_NAME] = {"servers": []}
    found = replacing(session, OPTIONS, replace(RECORD, name="web"))
    assert (found.seen.server, found.recreation.record) == (None, None)


def test_a_server_named_by_the_id_that_it_had(db: LoopbackCloud, session: Any) -> None:
    db.answers["GET compute /servers/detail?name=%5Eold%24"] = {"servers": []}
    found = replacing(session, {**OPTIONS, "server": "old"}, RECORD)
    assert found.seen.found.id == "srv"
    assert found.recreation.is_another
