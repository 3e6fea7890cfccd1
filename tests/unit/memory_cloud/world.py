# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clouds that share a backup store, and the operations of a recovery plan between them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Self
from unittest.mock import patch

from ansible_collections.standby.openstack.plugins.module_utils.cloud import shared_lists
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import RecoveryPlan
from ansible_collections.standby.openstack.plugins.module_utils.engine import fleet, polling
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS

from .connection import Connection, Trouble
from .drive import drive
from .site import Site
from .state import Clock

#: How often a run looks at what it waits for.
MOST_LOOKS = 500


class World:
    """The sites of a plan: "source" is its site a, "target" its site b.

    :param guarded: whether the target has the guarded root volume API.
    :ivar wrong: by how many seconds the clock of the controller is ahead of the right time.
    """

    def __init__(self, plan: RecoveryPlan, guarded: bool = False) -> None:
        self.plan, self.clock, self.trouble, self.wrong = plan, Clock(), Trouble(), 0
        self.source = Site("site_a", clock=self.clock)
        self.target = Site("site_b", guarded, self.clock)
        self.target.store = self.source.store

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Two sites as these; the plan never changes."""
        other = copy.copy(self)
        for name in ("clock", "trouble", "source", "target"):
            setattr(other, name, copy.deepcopy(getattr(self, name), memo))
        return other

    def connect(self, name: str, timeout: int | None = None) -> Connection:
        """A session to the cloud of that name: that of a member, or of an administrator."""
        site = self.source if name.startswith("site_a") else self.target
        made = Connection(site, self.trouble, "admin" if name.endswith("admin") else "member")
        made.ahead -= timedelta(seconds=self.wrong)
        return made

    def wave(self, operation: str, now: datetime | None = None, **options: Any) -> Wave:
        """A run of an operation of the plan that begins now."""
        plan = options.pop("plan", self.plan)
        return Wave(OPERATIONS[operation], plan, self.connect, now or self.clock.utc(self.wrong), **options)

    def job(self, operation: str, name: str = "db", **options: Any) -> Job:
        """What a run does about one server."""
        return self._job(self.wave(operation, **options), name)

    @staticmethod
    def _job(wave: Wave, name: str) -> Job:
        with at_once():
            return next(job for job in wave.jobs() if job.name == name)

    def drive(self, operation: str, name: str = "db", **options: Any) -> Iterator[str]:
        """A run about one server, step by step."""
        wave = self.wave(operation, **options)
        return drive(self._job(wave, name), wave.clouds.poll, self.settle)

    def run(self, operation: str, trouble: Mapping[int, str] | None = None, **options: Any) -> dict[str, Result]:
        """A run about all servers of the plan, by the fleet; returns what became of each.

        :param trouble: what happens at which write: see `Trouble`.
        :raises Killed: if that is what happens.
        """
        self.trouble.at, self.trouble.count = dict(trouble or {}), 0
        wave = self.wave(operation, **options)

        looks = count()

        def poll(*asked: Any) -> Any:
            """Each look takes the time that everything needs that was begun. What never ends is given up."""
            if next(looks) > MOST_LOOKS:
                raise CloudError(f"waited too long for {asked}", 400)
            self.settle()
            return wave.clouds.poll(*asked)

        with at_once():
            return fleet.Fleet(poll, timeout=3600, stop=wave.stop).run(wave.jobs(), check=wave.check)

    def settle(self) -> None:
        """Everything that was begun comes to its end."""
        self.source.settle()
        self.target.settle()


class Inline:
    """In the place of a pool of threads: calls what it is given right away."""

    def __init__(self, _threads: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def submit(self, function: Any, *arguments: Any) -> Future:
        """Killed ends everything."""
        done: Future = Future()
        try:
            done.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - as a pool does
            done.set_exception(error)
        return done

    def shutdown(self, **_how: bool) -> None:
        """Nothing is under way."""


@contextmanager
def at_once() -> Iterator[None]:
    """No threads, and no time between polls: the same run is always the same."""
    with (
        patch.object(fleet, "ThreadPoolExecutor", Inline),
        patch.object(shared_lists, "ThreadPoolExecutor", Inline),
        patch.object(polling, "interval", lambda age, cost: 0.0),
        patch.object(polling, "GATHER", 0.0),
    ):
        yield
