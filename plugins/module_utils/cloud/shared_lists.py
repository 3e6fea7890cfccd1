# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States for waits: single reads for a few resources, one shared list for many."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeVar

from ..data.errors import CloudError
from ..data.steps import Until
from ..data.texts import one_line
from ..engine.waits import State
from .errors import understood
from .names import KINDS, by_id, list_path
from .session import Session

#: From this many resources on, one list is cheaper than single reads.
FEW = 3

#: How often a list begins again after the cloud refused one of its pages.
AGAIN = 2

#: Seconds that a health check of a TCP port may take.
TCP_TIMEOUT = 3.0


Derived = TypeVar("Derived")


@dataclass(frozen=True)
class _List:
    """A list: when its request began, the resources by id, and what was made of them."""

    began: float
    items: dict[str, Any]
    made: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Inventory:
    """Lists of one cloud, fetched once for all who need them at the same time."""

    def __init__(self, cloud: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self.cloud, self._clock = cloud, clock
        self._lists: dict[Hashable, _List] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._forgotten: frozenset[str] = frozenset()

    def all(self, kind: str, since: float) -> dict[str, Any]:
        """All resources of a kind by id, from a list whose request began after ``since``."""
        return self._list(kind, since).items

    def single(self, kind: str, resource_id: str, since: float) -> dict[str, Any] | None:
        """A resource by its id, or None, from a request whose answer all share: for what a list does not show."""
        return self.asked((kind, resource_id), since, lambda: {"": by_id(self.cloud, kind, resource_id)})[""]

    def derived(self, kind: str, since: float, make: Callable[..., Derived], *arguments: Any) -> Derived:
        """What ``make(items, *arguments)`` makes of a list, made once for each list: 500 servers ask for it."""
        known, key = self._list(kind, since), (make, *arguments)
        with known.lock:
            if key not in known.made:
                known.made[key] = make(known.items, *arguments)
            return known.made[key]

    def asked(self, key: Hashable, since: float, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``read`` answered, asked after ``since`` and once for all who need it at the same time."""
        return self._known(key, since, read).items

    def forget(self, ids: Iterable[str]) -> None:
        """From now on no list has these resources: for check mode, which foretells how it is when they are deleted."""
        self._forgotten |= {*ids}
        for kind in KINDS.keys() & self._lists.keys():
            known = self._lists[kind]
            self._lists[kind] = _List(known.began, self._remembered(known.items.values()))

    def _remembered(self, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
        return {item["id"]: item for item in items if item["id"] not in self._forgotten}

    def _list(self, kind: str, since: float) -> _List:
        return self._known(kind, since, partial(self._fetch, kind))

    def _known(self, key: Hashable, since: float, read: Callable[[], dict[str, Any]]) -> _List:
        """Waits for a list that is on its way only if the caller needs a newer one."""
        known = self._lists.get(key)
        if known is not None and known.began >= since:
            return known
        with self._locks.setdefault(key, threading.Lock()):
            known = self._lists.get(key)
            if known is None or known.began < since:
                known = self._lists[key] = _List(self._clock(), read())
            return known

    def _fetch(self, kind: str, left: int = AGAIN) -> dict[str, Any]:
        """A page begins after the last row of the page before. If that row was deleted meanwhile, the cloud refuses."""
        what = KINDS[kind]
        try:
            with understood(self.cloud.label, f"GET {what.path}"):
                return self._remembered(self.cloud.pages(what.service, list_path(kind), what.lists))
        except CloudError as error:
            if error.status not in (400, 404) or not left:
                raise
        return self._fetch(kind, left - 1)

    def warm(self, kinds: Iterable[str]) -> None:
        """Reads lists at the same time, before many threads ask for one after the other."""
        at_once(*(partial(self.all, kind, float("-inf")) for kind in kinds))

    def some(self, kind: str, ids: Iterable[str], since: float) -> dict[str, Any]:
        """The resources with these ids that exist."""
        wanted = set(ids)
        if len(wanted) <= FEW:
            found = {resource_id: by_id(self.cloud, kind, resource_id) for resource_id in wanted}
            return {resource_id: item for resource_id, item in found.items() if item is not None}
        return {resource_id: item for resource_id, item in self.all(kind, since).items() if resource_id in wanted}

    def states(self, kind: str, targets: Iterable[Any], since: float) -> dict[Any, State]:
        """The states of those of the targets that exist, as a `fleet.Poll`."""
        read = READERS.get(kind)
        if read:
            return {until: read(self.cloud, until) for until in targets}
        return {resource_id: _state(item) for resource_id, item in self.some(kind, targets, since).items()}


def at_once(*reads: Callable[[], Any]) -> None:
    """Calls all functions at the same time. Raises the error of one that failed."""
    with ThreadPoolExecutor(len(reads)) as pool:
        for begun in [pool.submit(read) for read in reads]:
            begun.result()


def _state(item: Mapping[str, Any]) -> State:
    reason = (item.get("fault") or {}).get("message") or item.get("fail_reason") or ""
    return _state_of(item["status"], item.get("OS-EXT-STS:task_state") or "", reason)


@lru_cache
def _state_of(status: str, task: str, reason: str) -> State:
    """One for all resources that are in this state, which all servers of a wave are in most polls."""
    return State(one_line(status), one_line(task) or None, one_line(reason))


def _console(cloud: Session, until: Until) -> State:
    try:
        path = f"/servers/{until.id}/action"
        answer = cloud.send("POST", "compute", path, {"os-getConsoleOutput": {"length": 200}})
    except CloudError as error:
        if error.status not in (404, 409):
            raise
        return State("not there", reason=str(error))
    return State("matches" if until.match in (answer.get("output") or "") else "no match")


def _tcp(_cloud: Session, until: Until) -> State:
    address, _colon, port = until.id.rpartition(":")
    try:
        with socket.create_connection((address.strip("[]"), int(port)), timeout=TCP_TIMEOUT):
            return State("open")
    except OSError as error:
        return State("closed", reason=str(error))


#: The reader of each kind of single wait (`WAIT_KINDS` in engine/waits.py). All other kinds are resources with a list.
READERS: Mapping[str, Callable[[Session, Until], State]] = {"console": _console, "tcp": _tcp}
