# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module asks for each thing, a wave takes lists: both find the same, and a wave asks no more for many servers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import Lookup, Shared
from ansible_collections.standby.openstack.plugins.module_utils.cloud.names import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import build as read_build
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Ambiguous, CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import server_wanted
from loopback_cloud import Fails, LoopbackCloud

ID = "5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11"
ZONES = [{"zoneName": name, "zoneState": {"available": name != "down"}} for name in ("nova", "az2", "down")]
STATIC = ("flavor", "image", "network", "security_group", "server_group", "volume_type")
DYNAMIC = ("server", "volume", "port")


class Rows(LoopbackCloud):
    """Answers from rows of each kind: lists with the filters of the real services, and single things.

    ``unlisted`` is by kind and id what only who knows the id is shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        self.unlisted: dict[tuple[str, str], dict[str, Any]] = {}
        self.answers = {
            "GET compute /extensions": {"extensions": []},
            "GET compute /os-availability-zone": {"availabilityZoneInfo": ZONES},
            "GET block_storage /os-availability-zone": {"availabilityZoneInfo": ZONES},
            "GET compute /os-keypairs": {"keypairs": [{"keypair": {"name": "ops key"}}]},
            "GET compute /os-keypairs/ops%20key": {"keypair": {"name": "ops key"}},
        }

    def answer(self, line: str) -> Any:
        url = urlsplit(line.split(" ")[2])
        known = [(kind, what) for kind, what in KINDS.items() if url.path.startswith(what.path)]
        if line in self.answers or not known:
            return super().answer(line)
        kind, what = known[0]
        rest = url.path[len(what.path) + 1 :]
        if rest in ("", "detail"):
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return {what.lists: [row for row in self.rows[kind] if _fits(kind, row, query)]}
        if rest.endswith("os-volume_attachments"):
            server = next(row for row in self.rows["server"] if rest.startswith(row["id"]))
            return {"volumeAttachments": [{**v, "volumeId": v["id"], "tag": "root"} for v in _attached(server)]}
        rows = {row["id"]: row for row in self.rows[kind]} | {
            i: row for (k, i), row in self.unlisted.items() if k == kind
        }
        return ({what.key: rows[rest]} if what.key else rows[rest]) if rest in rows else Fails(404)


def _attached(server: dict[str, Any]) -> list[dict[str, Any]]:
    return server.get("os-extended-volumes:volumes_attached", [])


def _fits(kind: str, row: dict[str, Any], query: dict[str, str]) -> bool:
    name, address = query.get("name"), query.get("fixed_ips", "").partition("=")[2]
    regex = KINDS[kind].by_name == "regex"
    return (
        (name is None or (re.search(name, row["name"]) is not None if regex else row["name"] == name))
        and all(row.get(key) == query[key] for key in ("device_id", "network_id") if key in query)
        and (not address or address in {fixed["ip_address"] for fixed in row["fixed_ips"]})
    )


@pytest.fixture
def cloud() -> Any:
    """The cloud of the session: one network, two groups of that name, a server with a volume and one without."""
    made = Rows()
    for kind, *names in (
        ("flavor", "m1.tiny"), ("image", "cirros"), ("network", "net", "other"),
        ("security_group", "ssh", "two", "two"), ("server_group", "apart"),
        ("volume_type", "fast"), ("backup", "night"), ("snapshot", "morning"),
    ):  # fmt: skip
        made.rows[kind] = [
            {"id": f"{kind}-{number}", "name": name, "status": "active", "size": 1} for number, name in enumerate(names)
        ]
    attached = "os-extended-volumes:volumes_attached"
    server = {"status": "ACTIVE", "flavor": {"original_name": "m1.tiny"}}
    made.rows["server"] = [
        {**server, "id": "s-0", "name": "db", attached: [{"id": "v-0", "delete_on_termination": False}]},
        {**server, "id": "s-1", "name": "empty", attached: []},
        {**server, "id": "s-2", "name": "db2", attached: []},
    ]
    made.rows["volume"] = [
        {"id": f"v-{number}", "name": name, "status": "available", "size": 1}
        for number, name in enumerate(("db-root", "new-root", "new-root", "mine"))
    ]
    made.rows["port"] = [_port("p-0", "db-port0", "s-0", 5), _port("p-1", "new-port0", "", 6), _port("p-2", "", "x", 7)]
    yield made
    made.close()


def _port(port_id: str, name: str, device: str, last: int) -> dict[str, Any]:
    fixed = [{"ip_address": f"10.0.0.{last}"}]
    return {"id": port_id, "name": name, "device_id": device, "network_id": "network-0", "fixed_ips": fixed}


def wanted(name: str, **options: Any) -> Any:
    defaults = {"flavor": "m1.tiny", "boot_volume": {"image": "cirros"}, "ports": [{"network": "net"}]}
    return server_wanted({"name": name, **defaults, **options})


def single(session: Any) -> Lookup:
    return Lookup(session)


def shared(session: Any) -> Lookup:
    return Shared(Inventory(session), 0)


FULL = {
    "key_name": "ops key",
    "server_group": "apart",
    "availability_zone": "az2",
    "security_groups": ["ssh"],
    "boot_volume": {"image": "cirros", "volume_type": "fast", "availability_zone": "down"},
    "volumes": [
        {"tag": "given", "volume": "mine"},
        {"tag": "copy", "snapshot": "morning"},
        {"tag": "back", "backup": "night"},
        {"tag": "none", "image": "no such image"},
    ],
}
FREE, HELD = ({"network": "net", "fixed_ip": f"10.0.0.{last}", "name": "new-port0"} for last in (9, 7))

WANTED = {
    "one that stands": wanted("db"),
    "one without volumes": wanted("empty"),
    "one to be built": wanted("new"),
    "one with everything": wanted("new", **FULL),
    "nothing there": wanted("x", flavor="y", ports=[{"network": "z"}, {"port": "q"}], key_name="k", server_group="g"),
    "a free address": wanted("new", ports=[FREE]),
    "an address that is taken": wanted("new", ports=[HELD]),
    "its own address": wanted("new", ports=[{**FREE, "fixed_ip": "10.0.0.6"}]),
    "a port by name": wanted("new", ports=[{"port": "new-port0"}]),
    "ids": wanted("new", flavor="flavor-0", boot_volume={"volume": ID}, ports=[{"port": ID}]),
}  # fmt: skip


@pytest.mark.parametrize("name", WANTED)
def test_both_see_the_same(cloud: Rows, session: Any, name: str) -> None:
    cloud.rows["volume"].append({"id": ID, "name": "by id", "status": "available", "size": 1})
    cloud.rows["port"].append(_port(ID, "by id", "", 8))
    found = read_build.site(shared(session), WANTED[name])
    assert found == read_build.site(single(session), WANTED[name])
    assert found.seen.server is not None or name not in ("one that stands", "one without volumes")


@pytest.mark.parametrize("make", [single, shared])
def test_a_name_that_several_carry(cloud: Rows, session: Any, make: Callable[[Any], Lookup]) -> None:
    message = (
        "loopback: the name two is carried by 2 security groups (security_group-1, security_group-2). "
        "Say which by its id."
    )
    with pytest.raises(Ambiguous) as caught:
        make(session).find("security_group", "two")
    assert str(caught.value) == message
    cloud.rows["server"].append({**cloud.rows["server"][0], "id": "s-9"})
    look = make(session)
    with pytest.raises(Ambiguous, match=r"^loopback: the name db is carried by 2 servers \(s-0, s-9\)\."):
        read_build.site(look, wanted("db"))


@pytest.mark.parametrize("make", [single, shared])
@pytest.mark.parametrize(("kind", "ref"), [("image", ID), ("network", ID), ("volume", ID), ("flavor", "secret")])
def test_what_a_list_does_not_show_is_found_by_its_id(
    cloud: Rows, session: Any, make: Callable[[Any], Lookup], kind: str, ref: str
) -> None:
    """Images of a community, flavors that are disabled, and for administrators what other projects have."""
    cloud.unlisted[kind, ref] = {"id": ref, "name": "n"}
    assert make(session).find(kind, ref) == {"id": ref, "name": "n"}
    assert make(session).by_id(kind, ref) == {"id": ref, "name": "n"}
    assert make(session).known(kind, ref) == {"id": ref, "name": "n"}


@pytest.mark.parametrize("make", [single, shared])
def test_a_name_may_look_like_an_id(cloud: Rows, session: Any, make: Callable[[Any], Lookup]) -> None:
    cloud.rows["volume"].append({"id": "v-9", "name": ID})
    found = make(session).find("volume", ID)
    assert found is not None
    assert found["id"] == "v-9"


def test_many_readers_ask_once_for_what_no_list_shows(cloud: Rows, session: Any) -> None:
    look = shared(session)
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda _: look.find("image", ID), range(20))) == [None] * 20
    assert Counter(cloud.lines()) == {"GET image /images?limit=1000": 1, f"GET image /images/{ID}": 1}


def test_what_may_change_is_read_again_and_all_else_is_not(cloud: Rows, session: Any) -> None:
    now = [1.0]
    inventory = Inventory(session, lambda: now[0])
    new = wanted("new", **FULL)
    read_build.site(Shared(inventory, 0.0), new)
    before = len(cloud.sent)
    read_build.site(Shared(inventory, 1.0), new)
    assert cloud.lines()[before:] == []
    now[0] = 3.0
    read_build.site(Shared(inventory, 2.0), new)
    assert sorted(cloud.lines()[before:]) == [
        "GET block_storage /volumes/detail", "GET compute /servers/detail", "GET network /ports",
    ]  # fmt: skip


def test_no_server_asks_for_what_a_list_answers(cloud: Rows, session: Any) -> None:
    """Only tags and devices of the volumes of a server are in no list."""
    look = shared(session)
    for number in range(50):
        read_build.site(look, wanted(f"new-{number}", **FULL))
    lists = Counter(cloud.lines())
    assert set(lists.values()) == {1}
    assert len(lists) == len(STATIC) + len(DYNAMIC) + len(("snapshot", "backup", "keys", "extensions")) + 2
    read_build.site(look, WANTED["one that stands"])
    read_build.site(look, WANTED["one without volumes"])
    assert cloud.lines()[len(lists) :] == ["GET compute /servers/s-0/os-volume_attachments"]


@pytest.mark.parametrize("name", WANTED)
def test_the_lists_that_are_read_ahead_are_those_that_are_needed(cloud: Rows, session: Any, name: str) -> None:
    ahead = read_build.kinds(WANTED[name])
    read_build.site(shared(session), WANTED[name])
    asked = {
        kind for kind in KINDS for line in cloud.lines() if re.search(rf" {KINDS[kind].path}(/detail|\?.*)?$", line)
    }
    assert ahead <= asked
    assert asked - ahead <= {"image", "snapshot", "backup", "volume_type"}, "these only where a server is built"


def test_keys_that_may_not_be_listed_are_an_error(cloud: Rows, session: Any) -> None:
    cloud.answers["GET compute /os-keypairs"] = Fails(403)
    with pytest.raises(CloudError):
        shared(session).has_key("k")
