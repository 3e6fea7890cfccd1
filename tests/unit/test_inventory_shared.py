# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that hundreds of threads share: who waits for whom, and what is made of them how often."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import recovery as read_dr
from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory, at_once
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Unreachable


class Slow:
    """A session whose lists come when ``go`` is set; the clock counts the lists."""

    label = "slow"

    def __init__(self, **items: Any) -> None:
        self.items, self.count, self.go, self.asked = items, 0, threading.Event(), threading.Event()
        self.go.set()

    def clock(self) -> float:
        return float(self.count)

    def pages(self, service: str, path: str, key: str) -> Iterator[dict[str, Any]]:
        self.count += 1
        self.asked.set()
        assert self.go.wait(3), "nobody let the list come"
        yield from self.items.get(key, ())


def inventory(cloud: Slow) -> Inventory:
    return Inventory(cloud, cloud.clock)  # type: ignore[arg-type]


def test_who_has_a_list_that_is_new_enough_does_not_wait_for_a_newer_one() -> None:
    cloud = Slow(volumes=[{"id": "v"}])
    lists = inventory(cloud)
    lists.all("volume", 0.0)
    cloud.go.clear()
    cloud.asked.clear()
    with ThreadPoolExecutor(1) as pool:
        newer = pool.submit(lists.all, "volume", 1.0)
        assert cloud.asked.wait(3)
        assert lists.all("volume", 0.0) == {"v": {"id": "v"}}
        assert lists.derived("volume", 0.0, _count) == 1
        assert not newer.done(), "the newer list came already: this test shows nothing"
        cloud.go.set()
        newer.result(3)
    assert cloud.count == 2


def test_all_who_need_a_newer_list_share_one() -> None:
    cloud = Slow(volumes=[{"id": "v"}])
    lists = inventory(cloud)
    with ThreadPoolExecutor(20) as pool:
        assert len(list(pool.map(lambda _: lists.all("volume", 0.0), range(20)))) == 20
    assert cloud.count == 1


def _count(items: Mapping[str, Any]) -> int:
    return len(items)


def test_what_is_made_of_a_list_is_made_once_for_each_list() -> None:
    made = []

    def make(items: Mapping[str, Any], word: str) -> str:
        made.append(word)
        return word * len(items)

    lists = inventory(Slow(volumes=[{"id": "1"}, {"id": "2"}]))
    assert [lists.derived("volume", since, make, word) for since, word in ((0, "a"), (0, "a"), (0, "b"), (1, "a"))] == [
        "aa", "aa", "bb", "aa",
    ]  # fmt: skip
    assert made == ["a", "b", "a"]


def test_several_lists_are_read_at_the_same_time() -> None:
    cloud = Slow()
    cloud.go.clear()
    waiting = threading.Barrier(3, action=cloud.go.set)
    pages = cloud.pages

    def together(*path: str) -> Iterator[dict[str, Any]]:
        waiting.wait(3)
        return pages(*path)

    cloud.pages = together  # type: ignore[method-assign]
    inventory(cloud).warm(("server", "volume", "port"))
    assert cloud.count == 3


def test_what_one_of_several_reads_raises_is_raised() -> None:
    def fail() -> None:
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        at_once(lambda: None, fail)


def test_volumes_are_found_by_their_marks() -> None:
    rows = [
        {"id": str(number), "status": "available", "size": 1, "metadata": metadata}
        for number, metadata in enumerate([{"p": "1", "s": "a"}, {"p": "1", "s": "b"}, {"p": "1", "s": "a"}, {}, None])
    ]
    lists = inventory(Slow(volumes=rows))
    assert [volume.id for volume in read_dr.volumes_with(lists, 0.0, {"p": "1", "s": "a"})] == ["0", "2"]
    assert read_dr.volumes_with(lists, 0.0, {"p": "2", "s": "a"}) == ()
