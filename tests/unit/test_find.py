# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names become ids, at a cloud on loopback: exact matches only, and never a guess among several."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.names import KINDS, find, named, need
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Ambiguous, CloudError, NotFound
from loopback_cloud import Fails, LoopbackCloud

ID = "5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11"

#: What is asked for the name "db 1+": a regular expression for Nova, which knows no exact filter.
LISTS = {
    "server": "GET compute /servers/detail?name=%5Edb%5C%201%5C%2B%24",
    "flavor": "GET compute /flavors/detail",
    "server_group": "GET compute /os-server-groups",
    "volume": "GET block_storage /volumes/detail?name=db%201%2B",
    "volume_type": "GET block_storage /types",
    "snapshot": "GET block_storage /snapshots/detail?name=db%201%2B",
    "backup": "GET block_storage /backups/detail?name=db%201%2B",
    "image": "GET image /images?name=db%201%2B",
    "network": "GET network /networks?name=db%201%2B",
    "subnet": "GET network /subnets?name=db%201%2B",
    "port": "GET network /ports?name=db%201%2B",
    "security_group": "GET network /security-groups?name=db%201%2B",
}


def by_id(kind: str, ref: str = ID) -> str:
    return f"GET {KINDS[kind].service} {KINDS[kind].path}/{ref}"


def test_every_kind_is_tested() -> None:
    assert set(LISTS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name(cloud: LoopbackCloud, session: Any, kind: str) -> None:
    others = [{"id": "2", "name": "db 1+ too"}, {"id": "3", "name": None}, {"id": "4"}]
    cloud.answers[LISTS[kind]] = {KINDS[kind].lists: [*others, {"id": "1", "name": "db 1+"}]}
    assert find(session, kind, "db 1+") == {"id": "1", "name": "db 1+"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_id(cloud: LoopbackCloud, session: Any, kind: str) -> None:
    item = {"id": ID, "name": "db"}
    cloud.answers[by_id(kind)] = {KINDS[kind].key: item} if KINDS[kind].key else item
    assert find(session, kind, ID) == item
    assert cloud.lines() == [by_id(kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing(cloud: LoopbackCloud, session: Any, kind: str) -> None:
    cloud.answers[LISTS[kind]] = {KINDS[kind].lists: []}
    assert find(session, kind, "db 1+") is None
    with pytest.raises(NotFound) as caught:
        need(session, kind, "db 1+")
    words = kind.replace("_", " ")
    assert str(caught.value) == f"loopback knows no {words} db 1+. Check the name and the project."


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_several_carry(cloud: LoopbackCloud, session: Any, kind: str) -> None:
    cloud.answers[LISTS[kind]] = {KINDS[kind].lists: [{"id": "b", "name": "db 1+"}, {"id": "a", "name": "db 1+"}]}
    with pytest.raises(Ambiguous) as caught:
        find(session, kind, "db 1+")
    words = kind.replace("_", " ")
    assert str(caught.value) == f"loopback: the name db 1+ is carried by 2 {words}s (a, b). Say which by its id."
    assert caught.value.as_result()["error"] == {"code": "ambiguous", "kind": kind, "ids": ["a", "b"]}


def test_a_name_that_looks_like_an_id(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers[f"GET block_storage /volumes/detail?name={ID}"] = {"volumes": [{"id": "other", "name": ID}]}
    assert find(session, "volume", ID) == {"id": "other", "name": ID}
    assert cloud.lines()[0] == by_id("volume")


def test_the_id_of_a_flavor_may_be_anything(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers[by_id("flavor", "42")] = {"flavor": {"id": "42"}}
    assert find(session, "flavor", "42") == {"id": "42"}


def test_an_error_is_no_absence(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers[by_id("volume")] = Fails(403, {"forbidden": {"message": "no"}})
    with pytest.raises(CloudError, match="403: no"):
        find(session, "volume", ID)


def test_all_that_carry_a_name_over_pages(cloud: LoopbackCloud, session: Any) -> None:
    first, second = "/volumes/detail?name=db", "/volumes/detail?name=db&marker=1"
    link = {"rel": "next", "href": f"http://x/v3/p{second}"}
    cloud.answers |= {
        f"GET block_storage {first}": {"volumes": [{"id": "1", "name": "db"}], "volumes_links": [link]},
        f"GET block_storage {second}": {"volumes": [{"id": "2", "name": "db"}]},
    }
    assert [item["id"] for item in named(session, "volume", "db")] == ["1", "2"]
