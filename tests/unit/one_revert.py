# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server "db" in a cloud in memory, a snapshot named x of each of its volumes, and runs of a revert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.revert import history
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import History, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.decide import decide_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert.places import Ask
from builders import DATA, ROOT, port, server, volume
from memory_cloud.connection import Connection
from memory_cloud.drive import run_steps
from memory_cloud.site import Site

TO_X = Ask("db", "x")
WITH_DATA = Ask("db", "x", (("db-data", None),))
LATEST = Ask("db", "latest")
SAID = "Refused to revert server db to snapshot x: "


def snapshot(made: str, **changes: Any) -> Snapshot:
    """A snapshot of the root, newer than x."""
    return replace(Snapshot(made, made, "available", "vol-root", 1, {}, "2026-01-02T00:00:00"), **changes)


class Cloud(Site):
    """One project: the server db with a root and a data volume, each with a snapshot named x of 1 GiB."""

    def __init__(self, guarded: bool, status: str = "ACTIVE", data: bool = False) -> None:
        super().__init__("here", guarded)
        self.slow = {"detach"}
        self.log: list[str] = []
        self.server = server(status=status, attachments=(ROOT, DATA) if data else (ROOT,))
        self.ports["port-0"] = port()
        self.actions["srv"] = (("create", "2026-01-01T00:00:00", False),)
        held = "reserved" if status == "SHELVED_OFFLOADED" else "in-use"
        mine: dict[str, Any] = {"size": 2, "status": held, "attached_to": ("srv",)}
        self._add(volume("vol-root", name="db-root", image_metadata={"hw_disk_bus": "scsi"}, **mine), "root", "x")
        if data:
            self._add(volume("vol-data", name="db-data", bootable=False, **mine), "data", "xd")

    def _add(self, made: Any, what: str, snapshot_id: str) -> None:
        self.volumes[made.id], self.contents[made.id] = made, f"{what} then"
        self.keep(Snapshot(snapshot_id, "x", "available", made.id, 1, {}, "2026-01-01T00:00:00"))
        self.contents[made.id] = f"{what} now"

    @property
    def root(self) -> str | None:
        """The id of the root."""
        return self.root_of(self.server)

    def seen(self) -> History:
        """What a revert looks at."""
        return history(Connection(self), "db")

    def revert(self, ask: Ask = TO_X, stop_after: int | None = None, settle: bool = True) -> Plan:
        """As a run of the module, killed after so many steps; an unkilled one must have nothing left to do."""
        first = self.seen()
        plan = decide_revert(first, first, ask)
        assert isinstance(plan, Plan), plan.text
        run_steps(self, plan.steps, stop_after)
        self.log += [step.text for step in plan.steps[:stop_after]]
        if stop_after is not None:
            if settle:
                self.settle()
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

    def writes(self, text: str) -> None:
        """The server writes to its root, as it does while it runs."""
        self.contents[self.root or ""] = text


def with_snapshots(cloud: Cloud, *more: Snapshot) -> Cloud:
    """The cloud with these snapshots too."""
    for one in more:
        cloud.snapshots[one.id] = one
        cloud.contents[one.id], cloud.taken[one.id] = f"contents of {one.id}", cloud.volumes["vol-root"]
    return cloud


def server_is(**changes: Any) -> Callable[[Cloud], None]:
    """What gives the server other values."""

    def change(cloud: Cloud) -> None:
        cloud.server = replace(cloud.server, **changes)

    return change


def root_is(**changes: Any) -> Callable[[Cloud], None]:
    """What gives the root volume other values."""

    def change(cloud: Cloud) -> None:
        cloud.volumes["vol-root"] = replace(cloud.volumes["vol-root"], **changes)

    return change
