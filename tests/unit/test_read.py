# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a server, and what a server that is to be built needs, from a cloud on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import Lookup
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import build as read_build
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import server as read
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Ambiguous, CloudError, NotFound
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Flavor,
    Offer,
    RootAnswer,
    Seen,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import server_wanted
from loopback_cloud import Fails, LoopbackCloud
from loopback_server import BY_NAME, GUARDED, PORT, SERVER, STOCK, VOLUME


def test_a_server(db: LoopbackCloud, session: Any) -> None:
    found = read.server(session, "db")
    assert found.server is not None
    assert (found.server.id, found.server.attachments) == ("srv", (Attachment("vol", "/dev/vda", "root"),))
    assert found.offer == Offer(True, "advertised", "2.96", "3.70")
    assert (list(found.volumes), [port.id for port in found.ports]) == (["vol"], ["p"])
    assert found.root_answer == RootAnswer("/dev/vda", True, "vol")
    assert db.writes() == []


def test_no_server(db: LoopbackCloud, session: Any) -> None:
    db.answers[BY_NAME] = {"servers": []}
    assert read.server(session, "db") == Seen(None, Offer(True, "advertised", "2.96", "3.70"))


def test_two_servers_of_a_name(db: LoopbackCloud, session: Any) -> None:
    db.answers[BY_NAME] = {"servers": [SERVER, {**SERVER, "id": "srv-2"}]}
    with pytest.raises(Ambiguous, match=r"the name db is carried by 2 servers \(srv, srv-2\)"):
        read.server(session, "db")


def test_a_stock_cloud_is_not_asked_for_the_root(db: LoopbackCloud, session: Any) -> None:
    db.answers["GET compute /extensions"] = STOCK
    found = read.server(session, "db")
    assert (found.offer.guarded_api, found.offer.how, found.root_answer) == (False, "not advertised", None)
    assert "GET compute /servers/srv/os-root-volume" not in db.lines()


@pytest.mark.parametrize(("advertised", "how"), [(STOCK, "assumed"), (GUARDED, "advertised")])
def test_the_word_of_the_operator(db: LoopbackCloud, session: Any, advertised: Any, how: str) -> None:
    db.answers["GET compute /extensions"] = advertised
    found = read.server(session, "db", assume=True)
    assert (found.offer.guarded_api, found.offer.how) == (True, how)
    assert found.root_answer == RootAnswer("/dev/vda", True, "vol")


def test_a_vendor_may_lack_the_question(db: LoopbackCloud, session: Any) -> None:
    db.answers["GET compute /extensions"] = STOCK
    del db.answers["GET compute /servers/srv/os-root-volume"]
    assert read.server(session, "db", assume=True).root_answer is None


@pytest.mark.parametrize(("assume", "status"), [(False, 404), (False, 500), (True, 500)])
def test_a_cloud_that_advertises_must_answer(db: LoopbackCloud, session: Any, assume: bool, status: int) -> None:
    db.answers["GET compute /servers/srv/os-root-volume"] = Fails(status)
    with pytest.raises(CloudError):
        read.server(session, "db", assume)


def test_a_volume_that_vanished_is_left_out(db: LoopbackCloud, session: Any) -> None:
    del db.answers["GET block_storage /volumes/vol"]
    assert read.server(session, "db").volumes == {}


def test_a_volume(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers["GET block_storage /volumes/detail?name=db-root"] = {"volumes": [VOLUME]}
    assert read.volume(session, "db-root").id == "vol"
    cloud.answers["GET block_storage /volumes/detail?name=gone"] = {"volumes": []}
    with pytest.raises(NotFound, match=r"^loopback knows no volume gone\. Check the name and the project\.$"):
        read.volume(session, "gone")


def wanted(**options: Any) -> Any:
    defaults = {"name": "db", "flavor": "m1.tiny", "boot_volume": {"image": "cirros"}}
    return server_wanted({**defaults, **options})


@pytest.fixture
def empty(cloud: LoopbackCloud) -> LoopbackCloud:
    """A cloud with flavor, image and network, without servers."""
    cloud.answers |= {
        BY_NAME: {"servers": []},
        "GET compute /extensions": STOCK,
        "GET compute /flavors/detail": {"flavors": [{"id": "f", "name": "m1.tiny", "vcpus": 1, "ram": 64, "disk": 0}]},
        "GET image /images?name=cirros": {"images": [{"id": "i", "name": "cirros", "status": "active", "size": 5}]},
        "GET block_storage /volumes/detail?name=db-root": {"volumes": []},
        "GET network /networks?name=net": {"networks": [{"id": "net-1", "name": "net"}]},
        "GET network /ports?name=db-port0": {"ports": []},
    }
    return cloud


def test_what_a_new_server_needs(empty: LoopbackCloud, session: Any) -> None:
    found = read_build.site(Lookup(session), wanted(ports=[{"network": "net"}])).around
    assert found.flavor == Flavor("m1.tiny", "f", 1, 64, 0)
    image = found.sources["root"]
    assert image is not None
    assert (image.id, image.size) == ("i", 1)
    assert (found.given, found.same_name, found.ports) == ({}, {"root": ()}, {"db-port0": ()})
    assert (found.ids, found.zones) == ({("network", "net"): "net-1"}, frozenset())


def test_what_the_cloud_does_not_know(empty: LoopbackCloud, session: Any) -> None:
    empty.answers |= {
        "GET image /images?name=cirros": {"images": []},
        "GET network /networks?name=net": {"networks": []},
        "GET network /security-groups?name=sg": {"security_groups": []},
        "GET compute /os-server-groups": {"server_groups": []},
        "GET block_storage /volumes/detail?name=v": {"volumes": []},
    }
    options = {"flavor": "other", "key_name": "k", "server_group": "g", "security_groups": ["sg"]}
    found = read_build.site(
        Lookup(session), wanted(**options, ports=[{"network": "net"}], volumes=[{"tag": "data", "volume": "v"}])
    ).around
    assert (found.flavor, found.sources, found.given) == (None, {"root": None}, {})
    unknown = [("network", "net"), ("security_group", "sg"), ("server_group", "g"), ("key", "k")]
    assert found.ids == dict.fromkeys(unknown)


def test_what_it_knows(empty: LoopbackCloud, session: Any) -> None:
    up, down = (
        {"zoneName": "nova", "zoneState": {"available": True}},
        {"zoneName": "x", "zoneState": {"available": False}},
    )
    empty.answers |= {
        "GET network /security-groups?name=sg": {"security_groups": [{"id": "sg-1", "name": "sg"}]},
        "GET compute /os-server-groups": {"server_groups": [{"id": "g-1", "name": "g"}]},
        "GET compute /os-keypairs/k": {"keypair": {"name": "k"}},
        "GET compute /os-availability-zone": {"availabilityZoneInfo": [up, down]},
        "GET block_storage /volumes/detail?name=v": {"volumes": [{**VOLUME, "id": "v-1", "name": "v"}]},
        "GET network /ports?name=mine": {"ports": [{**PORT, "name": "mine"}]},
    }
    options = {
        "key_name": "k",
        "server_group": "g",
        "availability_zone": "nova",
        "volumes": [{"tag": "data", "volume": "v"}],
    }
    found = read_build.site(
        Lookup(session), wanted(**options, ports=[{"port": "mine", "security_groups": ["sg"]}])
    ).around
    assert found.ids == {("security_group", "sg"): "sg-1", ("server_group", "g"): "g-1", ("key", "k"): "k"}
    assert (found.zones, found.given["data"].id) == ({"nova"}, "v-1")
    assert [port.name for port in found.ports["db-port0"]] == ["mine"]


@pytest.mark.parametrize(
    ("kind", "path"), [("snapshot", "snapshots"), ("backup", "backups")], ids=["snapshot", "backup"]
)
def test_other_sources(empty: LoopbackCloud, session: Any, kind: str, path: str) -> None:
    item = {"id": "s", "name": "src", "status": "available", "size": 7}
    empty.answers[f"GET block_storage /{path}/detail?name=src"] = {path: [item]}
    found = read_build.site(Lookup(session), wanted(boot_volume={kind: "src"})).around.sources["root"]
    assert found is not None
    assert (found.kind, found.id, found.size) == (kind, "s", 7)


def test_reading_again_asks_only_for_what_may_have_changed(empty: LoopbackCloud, session: Any) -> None:
    again = wanted(ports=[{"network": "net"}])
    read_build.site(Lookup(session), again)
    before = len(empty.sent)
    read_build.site(Lookup(session), again)
    assert sorted(empty.lines()[before:]) == [
        "GET block_storage /volumes/detail?name=db-root",
        BY_NAME,
        "GET network /ports?name=db-port0",
    ]


def test_a_key_that_may_not_be_read_is_an_error(empty: LoopbackCloud, session: Any) -> None:
    empty.answers["GET compute /os-keypairs/k"] = Fails(403)
    with pytest.raises(CloudError):
        read_build.site(Lookup(session), wanted(key_name="k"))


def test_the_name_of_a_key_may_need_quoting(empty: LoopbackCloud, session: Any) -> None:
    empty.answers["GET compute /os-keypairs/a%20key%3F"] = {"keypair": {"name": "a key?"}}
    assert read_build.site(Lookup(session), wanted(key_name="a key?")).around.ids == {("key", "a key?"): "a key?"}


DISK = {"image": "cirros", "volume_type": "fast", "availability_zone": "az"}
HELD = "GET network /ports?network_id=net-1&fixed_ips=ip_address%3D10.0.0.5"
FOR_A_BUILD = {("volume_type", "fast"), ("volume_availability_zone", "az"), ("free_address", "10.0.0.5")}


@pytest.mark.parametrize(
    ("holder", "known"), [([], True), (["db-port0"], True), (["other"], False), ([""], False)], ids=str
)
def test_what_only_cinder_and_neutron_would_find_out(
    empty: LoopbackCloud, session: Any, holder: list[str], known: bool
) -> None:
    """An address may be held by the port that a killed run made."""
    zone = {"zoneName": "az", "zoneState": {"available": known}}
    empty.answers |= {
        "GET block_storage /types": {"volume_types": [{"id": "t", "name": "fast" if known else "slow"}]},
        "GET block_storage /os-availability-zone": {"availabilityZoneInfo": [zone]},
        HELD: {"ports": [{"id": "p", "name": name} for name in holder]},
    }
    nic = {"network": "net", "fixed_ip": "10.0.0.5"}
    found = read_build.site(Lookup(session), wanted(boot_volume=DISK, ports=[nic])).around.ids
    assert {key for key, value in found.items() if (value is None) is known or key[0] == "network"} == {
        ("network", "net")
    }
    assert set(found) - {("network", "net")} == FOR_A_BUILD


def test_an_address_on_a_network_that_nobody_knows(empty: LoopbackCloud, session: Any) -> None:
    empty.answers["GET network /networks?name=net"] = {"networks": []}
    found = read_build.site(Lookup(session), wanted(ports=[{"network": "net", "fixed_ip": "10.0.0.5"}])).around.ids
    assert found == {("network", "net"): None, ("free_address", "10.0.0.5"): "10.0.0.5"}


def test_a_server_that_stands_holds_its_address_itself(db: LoopbackCloud, session: Any) -> None:
    db.answers |= {
        "GET compute /flavors/detail": {"flavors": []},
        "GET network /networks?name=net": {"networks": []},
        "GET network /ports?name=db-port0": {"ports": []},
        "GET block_storage /volumes/detail?name=db-root": {"volumes": []},
    }
    read_build.site(Lookup(session), wanted(boot_volume=DISK, ports=[{"network": "net", "fixed_ip": "10.0.0.5"}]))
    assert HELD not in db.lines()


ACTIONS = "GET compute /servers/srv/os-instance-actions"
FAILED = {"action": "unshelve", "message": "Error", "request_id": "req-1"}
LAST_FAILURES: dict[str, tuple[list[Any], list[Any] | None, str]] = {
    "no action": ([], None, ""),
    "the newest succeeded": ([{**FAILED, "message": None}, FAILED], None, ""),
    "a member sees which step": (
        [FAILED, {**FAILED, "request_id": "req-0"}],
        [{"event": "compute_unshelve", "result": "Success"}, {"event": "schedule", "result": "Error"}],
        "Nova says that unshelve failed in schedule (request id req-1).",
    ),
    "an administrator sees why": (
        [FAILED],
        [{"event": "schedule", "result": "Error", "details": "No valid host"}],
        "Nova says that unshelve failed in schedule: No valid host (request id req-1).",
    ),
    "two steps": (
        [FAILED],
        [{"event": "a", "result": "Error"}, {"event": "b", "result": "Error", "details": "x"}],
        "Nova says that unshelve failed in a, b: x (request id req-1).",
    ),
    "no step tells": (
        [FAILED],
        [{"event": "a", "result": "Success"}],
        "Nova says that unshelve failed (request id req-1).",
    ),
    "no steps at all": ([FAILED], None, "Nova says that unshelve failed (request id req-1)."),
}


@pytest.mark.parametrize("case", LAST_FAILURES)
def test_what_nova_recorded_of_a_failure(cloud: LoopbackCloud, session: Any, case: str) -> None:
    actions, events, text = LAST_FAILURES[case]
    cloud.answers |= {ACTIONS: {"instanceActions": actions}, f"{ACTIONS}/req-1": {"instanceAction": {"events": events}}}
    assert read.last_failure(session, "srv") == text
