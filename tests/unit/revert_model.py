# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server and its volumes in memory, with the rules of Nova and Cinder that a revert meets.

What was asked for is on its way until somebody waits for it, or until `Cloud.time_passes`. ``contents`` tells what a
volume or snapshot holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import resolve
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert import decide_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.reverting import Ask
from ansible_collections.standby.openstack.plugins.module_utils.model import (
    Attachment,
    History,
    Image,
    RootAnswer,
    Seen,
    Snapshot,
)
from ansible_collections.standby.openstack.plugins.module_utils.plan import Plan, Refusal, Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.wait import State, reached
from builders import DATA, GUARDED, ROOT, STOCK, port, server, volume

TO_X = Ask("db", "x")
WITH_DATA = Ask("db", "x", (("db-data", None),))
LATEST = Ask("db", "latest")
SAID = "Refused to revert server db to snapshot x: "


def snapshot(made: str, **changes: Any) -> Snapshot:
    """A snapshot of the root, newer than x."""
    return replace(Snapshot(made, made, "available", "vol-root", 1, {}, "2026-01-02T00:00:00"), **changes)


class Rejected(Exception):
    """An API answers 400 or more."""


class Cloud:
    """One project: the server db with a root and a data volume, each with a snapshot named x of 1 GiB."""

    def __init__(self, guarded: bool, status: str = "ACTIVE", data: bool = False) -> None:
        self.guarded, self.count, self.log = guarded, 0, []
        self.server = server(status=status, attachments=(ROOT, DATA) if data else (ROOT,))
        held = "reserved" if status == "SHELVED_OFFLOADED" else "in-use"
        mine: dict[str, Any] = {"size": 2, "status": held, "attached_to": ("srv",)}
        self.volumes = {"vol-root": volume("vol-root", name="db-root", image_metadata={"hw_disk_bus": "scsi"}, **mine)}
        self.contents = {"vol-root": "root now", "x": "root then"}
        self.snapshots = {"x": Snapshot("x", "x", "available", "vol-root", 1, {}, "2026-01-01T00:00:00")}
        if data:
            self.volumes["vol-data"] = volume("vol-data", name="db-data", bootable=False, **mine)
            self.contents.update({"vol-data": "data now", "xd": "data then"})
            self.snapshots["xd"] = Snapshot("xd", "x", "available", "vol-data", 1, {}, "2026-01-01T00:00:00")
        self.images: dict[str, Image] = {}
        self.actions = [("create", "2026-01-01T00:00:00")]
        self.root: str | None = "vol-root"
        self.under_way: list[Callable[[], None]] = []

    def seen(self) -> History:
        """What a revert looks at."""
        on = {a.volume_id: self.volumes[a.volume_id] for a in self.server.attachments}
        answer = RootAnswer("/dev/vda", self.root is not None, self.root) if self.guarded else None
        offer = GUARDED if self.guarded else STOCK
        images = tuple(self.images.values())
        return History(
            Seen(self.server, offer, on, (port(),), answer), tuple(self.volumes.values()),
            tuple(self.snapshots.values()), images, tuple(reversed(self.actions)),
        )  # fmt: skip

    def revert(self, ask: Ask = TO_X, stop_after: int | None = None, settle: bool = True) -> Plan:
        """As a run of the module, killed after so many steps; an unkilled one must have nothing left to do."""
        first = self.seen()
        plan = decide_revert(first, first, ask)
        assert isinstance(plan, Plan), plan.text
        self.run(plan.steps, stop_after)
        if stop_after is not None:
            if settle:
                self.time_passes()
            return plan
        again = decide_revert(first, self.seen(), ask)
        assert isinstance(again, Plan), again.text
        assert not again.changed, [step.text for step in again.steps]
        return replace(plan, extra=again.extra)

    def refused(self, ask: Ask = TO_X) -> Refusal:
        """The refusal of a run."""
        found = decide_revert(self.seen(), self.seen(), ask)
        assert isinstance(found, Refusal), [step.text for step in found.steps]
        return found

    def run(self, steps: tuple[Step, ...], stop_after: int | None = None) -> None:
        """Carries out steps as `apply.converge` does, or only the first of them, without the wait of the last."""
        answers: dict[str, Any] = {}
        for number, step in enumerate(steps[:stop_after], 1):
            ready = resolve(step, answers)
            answer = {} if step.verb == "wait" else getattr(self, step.verb)(**ready.args)
            if step.verb != "wait":
                self.log.append(step.text)
            if step.result:
                answers[step.result] = answer
            until = resolve(step, answers).until
            if until and number != stop_after:
                self._wait(until, step.text)

    def _wait(self, until: Until, what: str) -> None:
        if not reached(until, self._state(until), what):
            self.time_passes()
            assert reached(until, self._state(until), what)

    def _state(self, until: Until) -> State:
        if until.kind == "server":
            return State(self.server.status, self.server.task_state)
        kinds: dict[str, Any] = {"volume": self.volumes, "snapshot": self.snapshots}
        return State(kinds[until.kind][until.id].status)

    def time_passes(self) -> None:
        """All that was begun ends."""
        for end in self.under_way:
            end()
        self.under_way = []

    def boots(self, text: str) -> None:
        """The server writes to its root, as it does while it runs."""
        assert self.root
        self.contents[self.root] = text

    def _new(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    @property
    def _now(self) -> str:
        """A time that is later than all before."""
        self.count += 1
        return f"2026-02-01T00:{self.count // 60:02}:{self.count % 60:02}"

    def _volume(self, volume_id: str, **changes: Any) -> None:
        self.volumes[volume_id] = replace(self.volumes[volume_id], **changes)

    def _act(self, action: str, task: str, **changes: Any) -> dict[str, Any]:
        self.actions.append((action, self._now))
        self.server = replace(self.server, task_state=task)

        def end() -> None:
            self.server = replace(self.server, task_state=None, **changes)
            states = {"SHELVED_OFFLOADED": "reserved", "ACTIVE": "in-use"}
            for attachment in self.server.attachments if changes["status"] in states else ():
                self._volume(attachment.volume_id, status=states[changes["status"]])

        self.under_way.append(end)
        return {}

    # the verbs

    def set_volume_metadata(self, volume_id: str, metadata: dict[str, str]) -> dict[str, Any]:
        self._volume(volume_id, metadata={**self.volumes[volume_id].metadata, **metadata})
        return {}

    def delete_volume_metadata(self, volume_id: str, key: str) -> dict[str, Any]:
        left = {name: value for name, value in self.volumes[volume_id].metadata.items() if name != key}
        self._volume(volume_id, metadata=left)
        return {}

    def stop(self, server_id: str) -> dict[str, Any]:
        if self.server.status != "ACTIVE" or self.server.task_state:
            raise Rejected("stop")
        return self._act("stop", "powering-off", status="SHUTOFF")

    def shelve(self, server_id: str) -> dict[str, Any]:
        if self.server.status == "SHELVED_OFFLOADED" or self.server.task_state:
            raise Rejected("shelve")
        return self._act("shelve", "shelving", status="SHELVED_OFFLOADED")

    def unshelve(self, server_id: str, **where: None) -> dict[str, Any]:
        if self.server.status != "SHELVED_OFFLOADED" or self.server.task_state or self.root is None:
            raise Rejected("unshelve")
        return self._act("unshelve", "unshelving", status="ACTIVE")

    def create_snapshot(self, volume_id: str, name: str, metadata: dict[str, str]) -> dict[str, Any]:
        of = self.volumes[volume_id]
        if of.status not in ("available", "in-use"):
            raise Rejected(f"snapshot of a volume that is {of.status}")
        made = self._new("snap")
        self.snapshots[made] = Snapshot(made, name, "creating", volume_id, of.size, metadata, self._now)
        self.contents[made] = self.contents[volume_id]
        self.under_way.append(lambda: self.snapshots.update({made: replace(self.snapshots[made], status="available")}))
        return {"id": made}

    def delete_snapshot(self, snapshot_id: str) -> dict[str, Any]:
        del self.snapshots[snapshot_id]
        return {}

    def create_volume(self, name: str, snapshot_id: str, size: int, metadata: dict[str, str]) -> dict[str, Any]:
        made, of = self._new("vol"), self.volumes[self.snapshots[snapshot_id].volume_id]
        self.volumes[made] = volume(
            made, name=name, status="creating", size=size, bootable=of.bootable, metadata=metadata
        )
        self.contents[made] = self.contents[snapshot_id]
        self.under_way.append(lambda: self._volume(made, status="available"))
        return {"id": made}

    def set_bootable(self, volume_id: str) -> dict[str, Any]:
        self._volume(volume_id, bootable=True)
        return {}

    def set_delete_on_termination(self, server_id: str, volume_id: str, value: bool) -> dict[str, Any]:
        changed = (replace(a, delete_on_termination=value) if a.volume_id == volume_id else a
                   for a in self.server.attachments)  # fmt: skip
        self.server = replace(self.server, attachments=tuple(changed))
        return {}

    def detach_volume(self, server_id: str, volume_id: str) -> dict[str, Any]:
        (gone,) = [a for a in self.server.attachments if a.volume_id == volume_id]
        if (volume_id == self.root and not self.guarded) or self._is_up():
            raise Rejected("detach")
        if gone.delete_on_termination:
            raise AssertionError("Nova deletes such a volume")
        left = tuple(a for a in self.server.attachments if a is not gone)
        self.server, self.root = replace(self.server, attachments=left), None if volume_id == self.root else self.root
        self._volume(volume_id, status="detaching", attached_to=())
        self.under_way.append(lambda: self._volume(volume_id, status="available"))
        return {}

    def attach_root(self, server_id: str, volume_id: str, device: str) -> dict[str, Any]:
        if self.root is not None or not self.volumes[volume_id].bootable:
            raise Rejected("attach_root")
        self.root = volume_id
        return self._attach(Attachment(volume_id, device, "root"), "reserved")

    def attach_volume(self, server_id: str, volume_id: str) -> dict[str, Any]:
        return self._attach(Attachment(volume_id), "in-use")

    def _attach(self, attachment: Attachment, status: str) -> dict[str, Any]:
        if self.volumes[attachment.volume_id].status != "available" or self._is_up():
            raise Rejected("attach")
        self.server = replace(self.server, attachments=(*self.server.attachments, attachment))
        self._volume(attachment.volume_id, status=status, attached_to=("srv",))
        return {}

    def _is_up(self) -> bool:
        return self.server.status != "SHELVED_OFFLOADED" or bool(self.server.task_state)

    def create_image(self, name: str, snapshot_id: str, size: int, properties: dict[str, str]) -> dict[str, Any]:
        made = self._new("img")
        marks = {key: value for key, value in properties.items() if key.startswith("standby_")}
        self.images[made] = Image(made, name, marks)
        self.properties = {**getattr(self, "properties", {}), made: (snapshot_id, properties)}
        return {"id": made}

    def upload_nothing(self, image_id: str) -> dict[str, Any]:
        return {}

    def delete_image(self, image_id: str) -> dict[str, Any]:
        self.images.pop(image_id, None)
        return {}

    def check_copy(self, volume_id: str) -> dict[str, Any]:
        """Asks at a volume that no Cinder would copy into without further words."""
        if self.volumes[volume_id].status not in ("in-use", "reserved"):
            raise Rejected("a volume that could be overwritten")
        return {}

    def reimage_volume(self, volume_id: str, image_id: str) -> dict[str, Any]:
        if self.volumes[volume_id].status != "reserved" or image_id not in self.images:
            raise Rejected("reimage")
        snapshot_id, properties = self.properties[image_id]
        self._volume(volume_id, status="downloading")
        self.contents[volume_id] = "half of a copy"

        def end() -> None:
            self.contents[volume_id] = self.contents[snapshot_id]
            stray = {"block_device_mapping": "[]", "bdm_v2": "True", "root_device_name": "/dev/vda"}
            self._volume(volume_id, status="reserved", image_metadata={**stray, **properties, "image_id": image_id})

        self.under_way.append(end)
        return {}

    def unset_image_metadata(self, volume_id: str, key: str) -> dict[str, Any]:
        left = dict(self.volumes[volume_id].image_metadata)
        del left[key]
        self._volume(volume_id, image_metadata=left)
        return {}


def with_snapshots(cloud: Cloud, *more: Snapshot) -> Cloud:
    """The cloud with these snapshots too."""
    for one in more:
        cloud.snapshots[one.id] = one
        cloud.contents[one.id] = f"contents of {one.id}"
    return cloud
