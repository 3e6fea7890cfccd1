# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud of fakes for the fleet."""

from __future__ import annotations

from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.engine.waits import State
from virtual_time import VirtualTime

READY = State("available")
MAKING = State("creating")


def until(volume: str, kind: str = "volume") -> Until:
    return Until(kind, volume, frozenset({"available"}), frozenset({"creating"}))


class Cloud:
    """Volumes and what happened to them. ``states`` of a volume: what the polls see one after the other.

    Each request takes 5 ms of ``time``.
    """

    def __init__(self, **states: list[Any]) -> None:
        self.states = states
        self.log: list[str] = []
        self.polls: list[set[Any]] = []
        self.time = VirtualTime()

    def poll(self, cloud: str, kind: str, ids: set[Any], since: float) -> dict[Any, State]:
        self.polls.append(set(ids))
        seen = {name: self._next(name) for name in ids}
        errors = [state for state in seen.values() if isinstance(state, Exception)]
        if errors:
            raise errors[0]
        return {name: state for name, state in seen.items() if state is not None}

    def _next(self, name: Any) -> Any:
        states = self.states.get(str(name), [READY])
        return states.pop(0) if len(states) > 1 else states[0]

    def job(self, name: str, *steps: Step, error: Exception | None = None, **options: Any) -> Job:
        """A job of one step that waits for the volume of its name, unless steps are given."""
        todo = list(steps or (Step("make", f"make {name}", {"name": name}, until(name)),))
        plans = [Plan({}, {}, tuple(todo)), Plan({"name": name}, {})]

        def perform(step: Step) -> Any:
            self.log.append(f"{step.verb} {name}")
            self.time.sleep(0.005)
            if error:
                raise error
            return {}

        return Job(name, lambda since: None, lambda *_seen: plans.pop(0), perform, **options)


def run(cloud: Cloud, *jobs: Job, check: bool = False, wait: bool = True, **options: Any) -> dict[str, Any]:
    """Runs jobs by the time of the cloud."""
    fleet = Fleet(**{"poll": cloud.poll, "timeout": 3, "threads": 4, "clock": cloud.time, **options})
    with cloud.time.rules():
        return fleet.run(jobs, check, wait)
