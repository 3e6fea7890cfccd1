# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jobs of a fleet may start: a job comes after the jobs that it names, and after all jobs of earlier tiers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar


@dataclass(eq=False)
class Follower:
    """What comes after jobs. ``open`` are those that it still waits for, ``blocked`` the critical one that failed."""

    open: set[Any] = field(default_factory=set, init=False)
    blocked: str = field(default="", init=False)


@dataclass(eq=False)
class _Gate(Follower):
    """Opens when all jobs of the tiers before this one are finished."""

    tier: int


Task = TypeVar("Task", bound=Any)  # a Follower with a job


class Order(Generic[Task]):
    """The jobs that have not started. ``ready`` are those that may start, and those that never will, which come first.

    Between two tiers stands a gate, so that 3,000 servers take 3,000 links instead of one for each pair.
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self.pending = dict(tasks)
        self._followers: dict[Any, list[Follower]] = {}
        for task in tasks.values():
            self._wait(task, task.job.after & tasks.keys())
        self._set_gates(tasks)
        self.ready = deque(task for task in tasks.values() if not task.open)

    def _wait(self, follower: Follower, keys: Iterable[Any]) -> None:
        for key in keys:
            follower.open.add(key)
            self._followers.setdefault(key, []).append(follower)

    def _set_gates(self, tasks: Mapping[str, Task]) -> None:
        tiers: dict[int, list[Task]] = {}
        for task in tasks.values():
            tiers.setdefault(task.job.tier, []).append(task)
        first, *later = sorted(tiers) or [0]
        before: list[Any] = [task.job.name for task in tiers.get(first, ())]
        for tier in later:
            self._wait(_Gate(tier), before)
            for task in tiers[tier]:
                self._wait(task, [tier])
            before = [tier, *(task.job.name for task in tiers[tier])]

    def take(self, task: Task) -> None:
        """The job is not pending any more."""
        del self.pending[task.job.name]

    def release(self, name: str, root: str) -> None:
        """Starts the jobs that waited for a job that ended, or gives them up.

        :param root: the critical job that failed: this one, or that for which this one was not started, critical or
            not. "" if there is none.
        """
        ended: list[Any] = [name]
        while ended:
            key = ended.pop()
            for follower in self._followers.pop(key, ()):
                follower.open.discard(key)
                ended += self._goes_on(follower, root)

    def _goes_on(self, follower: Any, root: str) -> list[int]:
        """Settles what becomes of a follower, if that is known now. Returns the gate that opened, if it is one."""
        is_gate = isinstance(follower, _Gate)
        settled = bool(follower.blocked) or not (is_gate or follower.job.name in self.pending)
        if settled or (follower.open and not root):
            return []
        follower.blocked = root
        if is_gate:
            return [follower.tier]
        if root:
            self.ready.appendleft(follower)
        else:
            self.ready.append(follower)
        return []
