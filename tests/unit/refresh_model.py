# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sites of `cinder_model` with a twin on its placeholders, whose root can be filled while the twin sleeps.

While Cinder copies nobody can use what is in the root. At the end of a copy, and only if it succeeded, the root has the
properties of the image (cinder/volume/manager.py, reimage). Waking the server while somebody copies is what Nova would
not refuse: here it is the failure of the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import Course, Job, Pause, converge
from ansible_collections.standby.openstack.plugins.module_utils.decide.copying import STRAY, Helpers
from ansible_collections.standby.openstack.plugins.module_utils.decide.cycle import Replication
from ansible_collections.standby.openstack.plugins.module_utils.decide.failover import decide_failover, recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.replication import (
    Goal,
    decide_cycle,
    open_point,
)
from ansible_collections.standby.openstack.plugins.module_utils.model import Named, Seen, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.plan import Step, Until
from builders import STOCK
from cinder_model import Cinders, Rejected
from recovery_builders import PREPARED, placeholder, surroundings, the_plan, twin

AWAKE = "2026-11-20T23:00:00.000000"


def moment(number: int) -> str:
    """The time of a recovery point."""
    return f"2026-11-20T08:{number:02}:00+00:00"


def policy(**changes: Any) -> Any:
    """A plan that refreshes, and keeps one recovery point."""
    return the_plan(
        **{"replication": {"keep": 1, "full_every": 3}, "handover": "reimage", "when": "at_replication", **changes}
    )


class Sites(Cinders):
    """``status`` and ``woken`` are the twin's; ``failing`` copies end in error."""

    def __init__(self, of: Any = None) -> None:
        super().__init__()
        self.plan = of or policy()
        self.status, self.woken, self.failing = "SHELVED_OFFLOADED", PREPARED, False
        self.snapshots_b: dict[str, Snapshot] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.copies: dict[str, dict[str, Any]] = {}
        for disk in ("root", "data"):
            volume = placeholder(disk, status="reserved", attached_to=("twin",))
            self.volumes[volume.id], self.contents[volume.id] = volume, "nothing"
        self.on = list(self.volumes)

    @property
    def root(self) -> Any:
        """The root of the twin."""
        return self.volumes[self.on[0]]

    def twin(self) -> Seen:
        """The twin as a job sees it."""
        seen = twin([self.volumes[key] for key in self.on], STOCK, status=self.status)
        return replace(seen, woken=self.woken)

    def helpers(self) -> Helpers:
        """What copies left."""
        images = tuple(Named(key, image["name"]) for key, image in self.images.items())
        return Helpers(tuple(self.snapshots_b.values()), images)

    def look(self) -> Replication:
        """What a cycle looks at."""
        return self.seen(twin=self.twin(), woken=self.woken, helpers=self.helpers())

    def replicate(self, number: int, min_interval: bool = False, refresh: bool = True) -> Course:
        """A run of replication, as `Wave` makes it."""
        server, goals = self.plan.servers[0], []
        plan = self.plan if refresh else policy(when="at_failover")

        def read(_since: float) -> Replication:
            what = self.look()
            if not goals:
                time = open_point(what, plan, server) or moment(number)
                goals.append(Goal(time, moment(0) if min_interval else moment(number)))
            return what

        def decide(what: Any) -> Any:
            return decide_cycle(what, plan, server, goals[0])

        self.data = f"data at {number}"
        return converge(Job("db", read, decide, self.perform), False)

    def fail_over(self) -> Course:
        """A run of a failover."""
        server = self.plan.servers[0]

        def read(_since: float) -> Any:
            loose = [v for v in self.volumes.values() if v.name == "db-data-placeholder" and v.id not in self.on]
            around = surroundings(same_name={"root": (), "data": tuple(loose)})
            return recovery(self.twin(), tuple(self.volumes.values()), "shop", "db", around, self.helpers())

        return converge(Job("db", read, lambda what: decide_failover(what, server, self.plan), self.perform), False)

    def drive(self, course: Course) -> Iterator[str]:
        """Carries a run out; stops before each request, which it tells, and before each wait: "..."."""
        push = partial(course.send, None)
        while True:
            try:
                ask = push()
            except StopIteration:
                return
            if isinstance(ask, Pause) or ask.step:
                yield "..." if isinstance(ask, Pause) else ask.step.text
            push = partial(self._answer, course, ask)

    def _answer(self, course: Course, ask: Any) -> Any:
        if isinstance(ask, Pause):
            self.wait(ask.until, "b" if ask.step.cloud == "here" else ask.step.cloud[0])
            return course.send(None)
        return course.send(ask.function() if ask.step else ask.function(0.0))

    def to_the_end(self, course: Course) -> list[str]:
        """Carries a run out; returns what it did."""
        return [text for text in self.drive(course) if text != "..."]

    def killed(self, course: Course, after: int) -> bool:
        """Carries out so many requests and waits of a run; whether it had more."""
        run = self.drive(course)
        return all(next(run, None) is not None for _number in range(after + 1))

    def perform(self, step: Step) -> Any:
        """One request."""
        self.log.append(step.text)
        self.sent = "b" if step.cloud == "here" else step.cloud
        return {} if step.verb == "wait" else getattr(self, step.verb)(**step.args)

    def wait(self, until: Until, site: str) -> None:
        """As before; a console shows what is expected."""
        if until.kind in ("server", "console"):
            return
        if self._status(until, site) not in until.target:
            super().wait(until, site)

    def _status(self, until: Until, site: str) -> str:
        if until.kind == "snapshot" and site == "b":
            return self.snapshots_b[until.id].status if until.id in self.snapshots_b else "gone"
        return super()._status(until, site)

    def time_passes(self) -> None:
        """Copies end too."""
        super().time_passes()
        made = {key: replace(item, status="available") for key, item in self.snapshots_b.items()}
        self.snapshots_b = {key: item for key, item in made.items() if self.snapshots_b[key].status != "deleting"}
        for key, image in list(self.copies.items()):
            properties = {**dict.fromkeys(STRAY, "of the image"), **image["properties"]}
            done = replace(self.volumes[key], status="reserved", image_metadata=properties)
            self.volumes[key] = replace(self.volumes[key], status="error") if self.failing else done
            self.contents[key] = "rubbish" if self.failing else image["contents"]
            del self.copies[key]

    def create_snapshot(self, volume_id: str, name: str, metadata: Any) -> Any:
        """At either site."""
        if self.sent[0] == "a":
            return super().create_snapshot(volume_id, name, metadata)
        if self.volumes[volume_id].status != "available":
            raise Rejected("a snapshot of a volume that is not available")
        made = Snapshot(self._id("snapshot"), name, "creating", volume_id, 1, dict(metadata))
        self.snapshots_b[made.id], self.contents[made.id] = made, self.contents[volume_id]
        return {"id": made.id}

    def delete_snapshot(self, snapshot_id: str) -> None:
        """At either site."""
        if self.sent[0] == "a":
            return super().delete_snapshot(snapshot_id)
        old = self.snapshots_b.get(snapshot_id)
        if old and old.status not in ("available", "error"):
            raise Rejected("a snapshot that is busy")
        if old:
            self.snapshots_b[snapshot_id] = replace(old, status="deleting")
        return None

    def create_image(self, name: str, snapshot_id: str, size: int, properties: Any) -> Any:
        """Names a snapshot."""
        key = self._id("image")
        contents = self.contents[snapshot_id]  # also if it is being deleted: Glance does not look
        self.images[key] = {"name": name, "properties": dict(properties), "contents": contents, "whole": False}
        return {"id": key}

    def upload_nothing(self, image_id: str) -> None:
        """Completes it."""
        if image_id not in self.images:
            raise Rejected("no such image")
        self.images[image_id]["whole"] = True

    def delete_image(self, image_id: str) -> None:
        """A 404 is fine."""
        self.images.pop(image_id, None)

    def check_copy(self, volume_id: str) -> None:
        """Asks at a volume that is reserved."""
        if self.volumes[volume_id].status != "reserved":
            raise Rejected("a volume that is not reserved")

    def reimage_volume(self, volume_id: str, image_id: str) -> None:
        """Cinder asks for the status only."""
        if self.volumes[volume_id].status != "reserved" or not self.images.get(image_id, {}).get("whole"):
            raise Rejected("a volume that is not reserved, or no image")
        self.volumes[volume_id] = replace(self.volumes[volume_id], status="downloading")
        self.contents[volume_id], self.copies[volume_id] = "half of something", self.images[image_id]

    def unset_image_metadata(self, volume_id: str, key: str) -> None:
        """Removes one property."""
        old = self.volumes[volume_id]
        if key not in old.image_metadata:
            raise Rejected("a property that the volume does not have")
        left = {name: value for name, value in old.image_metadata.items() if name != key}
        self.volumes[volume_id] = replace(old, image_metadata=left)

    def set_volume_metadata(self, volume_id: str, metadata: Any) -> None:
        """In any state."""
        old = self.volumes[volume_id]
        self.volumes[volume_id] = replace(old, metadata={**old.metadata, **metadata})

    def delete_volume(self, volume_id: str) -> None:
        """Not while it has a snapshot."""
        if volume_id not in self.volumes:
            return
        if any(snapshot.volume_id == volume_id for snapshot in self.snapshots_b.values()):
            raise Rejected("a volume that has a snapshot")
        super().delete_volume(volume_id)

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        """From the twin."""
        assert server_id == "twin"
        self.on.remove(volume_id)
        self.volumes[volume_id] = replace(self.volumes[volume_id], status="available", attached_to=())

    def attach_volume(self, server_id: str, volume_id: str) -> None:
        """To the twin."""
        if volume_id not in self.volumes or self.volumes[volume_id].status != "available":
            raise Rejected("a volume that is not available")
        self.on.append(volume_id)
        self.volumes[volume_id] = replace(self.volumes[volume_id], status="in-use", attached_to=("twin",))

    def unshelve(self, server_id: str, **_where: Any) -> None:
        """Site B leads from now on, so it must be right."""
        assert server_id == "twin"
        assert self.root.status == "reserved", f"woken while its root is {self.root.status}"
        data = self.contents[self.on[1]]
        assert self.contents[self.on[0]] == data.replace("vol-data", "vol-root"), "root and data are of two moments"
        self.status, self.woken = "ACTIVE", AWAKE
        for key in self.on:
            self.volumes[key] = replace(self.volumes[key], status="in-use")
