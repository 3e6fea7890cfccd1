# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clouds in memory between which the leadership of the server "db" goes round, and what its guest wrote."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any, Self

from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Result
from memory_cloud.connection import Killed
from memory_cloud.drive import act
from memory_cloud.world import World
from recovery_builders import row, the_plan

#: Every way of handing over, as the fields of a plan that choose it.
WAYS: dict[str, dict[str, Any]] = {
    "attach": {"handover": "attach"},
    "recreate": {"handover": "recreate"},
    "reimage": {"handover": "reimage"},
    "reimage while dormant": {"handover": "reimage", "when": "at_replication"},
}

#: More requests than any run sends.
MANY = 60


class Circle:
    """The sites of a plan. Both have the guarded API if the handover is attach, else both are stock ones.

    :param server: fields of the server in the plan.
    :ivar superseded: by letter of the site all that re-protection found on volumes of its server.
    """

    def __init__(self, way: str = "attach", **server: Any) -> None:
        self.options: dict[str, Any] = {"replication": {"keep": 2, "full_every": 3, "rpo": 3600}, **WAYS[way]}
        self.row = row(**server)
        self.world = World(self.plan("b"), guarded=way == "attach")
        self.world.source.guarded = way == "attach"
        self.superseded: dict[str, list[str]] = {"a": [], "b": []}
        for site in (self.world.source, self.world.target):
            site.images["cirros"] = {"id": "cirros", "name": "cirros", "status": "active", "size": 1}
            site.contents["cirros"] = "image"

    def plan(self, to: str) -> Any:
        """The plan in a direction."""
        return the_plan(self.row, to=to, **self.options)

    def says(self, **changes: Any) -> None:
        """Somebody changes the plan."""
        self.options = {**self.options, **changes}

    def protected(self) -> Self:
        """A server that runs at site A, its twin at rest at site B, and one recovery point there."""
        for operation in ("provision", "prepare", "replicate"):
            good(self.run(operation))
        return self

    def failed_over(self) -> Self:
        """Site A is lost, site B takes over, site A comes back: two copies run."""
        self.world.source.reachable = False
        good(self.run("failover"))
        self.world.source.reachable = True
        return self

    def copy(self) -> Self:
        """The same world, to try something out in it."""
        other = copy.copy(self)
        other.world, other.superseded = copy.deepcopy(self.world), {k: [*v] for k, v in self.superseded.items()}
        return other

    def run(self, operation: str, to: str = "b", **options: Any) -> dict[str, Result]:
        """A run of an operation, to its end."""
        results = self.world.run(operation, plan=self.plan(to), **options)
        self.world.settle()
        self.world.clock.seconds += 60
        return results

    def site(self, letter: str) -> Any:
        """One of the clouds."""
        return self.world.source if letter == "a" else self.world.target

    def server(self, letter: str) -> Any:
        """The only server there."""
        (found,) = self.site(letter).servers.values()
        return found

    def disks(self, letter: str) -> dict[str, str]:
        """By disk what is on the volumes of the server."""
        site = self.site(letter)
        used = [site.volumes[a.volume_id] for a in self.server(letter).attachments]
        return {volume.marks.disk: site.contents[volume.id] for volume in used}

    def write(self, letter: str, what: str) -> dict[str, str]:
        """The guest writes to all its disks."""
        site = self.site(letter)
        for attachment in self.server(letter).attachments:
            volume = site.volumes[attachment.volume_id]
            site.contents[volume.id] = f"{volume.marks.disk}: {what}"
        return self.disks(letter)

    def stop(self, letter: str) -> None:
        """Somebody stops the server."""
        act(self.site(letter), "stop", server_id=self.server(letter).id)
        self.world.settle()

    def start(self, letter: str) -> None:
        """Somebody starts the server."""
        act(self.site(letter), "start", server_id=self.server(letter).id)
        self.world.settle()

    def reprotect(self, letter: str, **options: Any) -> dict[str, Result]:
        """The server of a site is put to rest. What was on its volumes must never be lost from now on."""
        self.superseded[letter] += self.disks(letter).values()
        return self.run("reprotect", site=letter, **options)

    def status(self) -> dict[str, Any]:
        """What dr_status knows."""
        return dict(good(self.run("status")).facts)

    def kept(self, letter: str) -> Counter[str]:
        """All that the volumes and snapshots of a site hold."""
        site = self.site(letter)
        return Counter(site.contents[key] for key in (*site.volumes, *site.snapshots))

    def lost(self) -> list[str]:
        """What was superseded and is nowhere any more."""
        return [f"{letter}: {what}" for letter in "ab" for what in set(self.superseded[letter]) - {*self.kept(letter)}]

    def saved(self, letter: str) -> Counter[str]:
        """By disk how many superseded snapshots there are."""
        return Counter(s.marks.disk for s in self.site(letter).snapshots.values() if s.marks.role == "superseded")

    def looks(self, letter: str) -> Any:
        """What a site is like, without what differs from run to run: ids and times."""
        site = self.site(letter)
        held = sorted((v.marks.role, v.marks.disk, v.status, site.contents[v.id]) for v in site.volumes.values())
        taken = sorted((s.marks.role, s.marks.disk, s.status, site.contents[s.id]) for s in site.snapshots.values())
        servers = [(s.status, s.locked, s.task_state) for s in site.servers.values()]
        on = sorted(self.disks(letter).items()) if site.servers else []
        flags = {a.delete_on_termination for s in site.servers.values() for a in s.attachments}
        # a run that is killed while it asks Cinder leaves the image "standby-check", which people delete
        images = sorted(image["name"] for image in site.images.values() if image["name"] != "standby-check")
        return held, taken, servers, on, flags, images


def good(results: dict[str, Result]) -> Outcome:
    """The result of the only server, which came through."""
    (result,) = results.values()
    assert isinstance(result, Outcome), result
    return result


def texts(results: dict[str, Result]) -> list[str]:
    """What was done."""
    return [step.text for step in good(results).plan.foretold]


def refused(results: dict[str, Result], code: str) -> str:
    """The refusal of the only server."""
    (result,) = results.values()
    assert isinstance(result, Refused), result
    assert result.refusal.code == code
    return str(result)


def interrupted(circle: Circle, happens: str, *operation: Any, **options: Any) -> list[Circle]:
    """For each request that a run sends a world in which it broke off there."""
    found: list[Circle] = []
    for number in range(1, MANY):
        other = circle.copy()
        try:
            other.run(*operation, trouble={number: happens}, **options)
        except Killed:
            other.world.settle()
        other.world.clock.seconds += 60
        if other.world.trouble.count < number:
            return found
        found.append(other)
    raise AssertionError("a run that never ends")
