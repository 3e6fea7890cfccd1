# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shelved server "db" in a cloud in memory, one source of each kind for another root, and runs of the module."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from ansible_collections.standby.openstack.plugins.module_utils.cloud import names
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import replace as read_replace
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import (
    Definition,
    Replacing,
    definition_from,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Backup, Offer, Snapshot
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Step
from builders import DATA, GUARDED, ROOT, port, server, volume
from memory_cloud.connection import Connection
from memory_cloud.drive import run_steps
from memory_cloud.site import Site
from memory_cloud.state import Saved

#: What a source of each kind holds, and what names it.
HOLDS = {"volume": "data of vol-new", "snapshot": "data of the snapshot", "backup": "data of the backup",
         "image": "data of the image"}  # fmt: skip
GIVEN = {"volume": "replica", "snapshot": "before", "backup": "before", "image": "before"}

#: How the server boots, and that its image has a checksum.
BOOTS = {"hw_firmware_type": "uefi", "checksum": "1", "os_hash_algo": "sha512"}


class Cloud(Site):
    """``file`` is the record of the server; ``log`` are the steps that were carried out."""

    def __init__(self, offer: Offer = GUARDED) -> None:
        super().__init__("here", offer.guarded_api)
        self.versions["block_storage"] = offer.volume_version
        self.server = server(status="SHELVED_OFFLOADED", attachments=(ROOT, DATA))
        self.ports["port-0"] = port()
        self.facts = {
            "srv": {"created": "2026-11-01T00:00:10Z", "tags": ["one"], "pinned_availability_zone": ""},
            "port-0": {"created_at": "2026-11-01T00:00:05Z"},
        }
        held = {"status": "reserved"}
        first = (
            volume("vol-root", name="db-root", size=2, volume_type="fast", image_metadata=BOOTS, **held),
            volume("vol-data", name="db-data", bootable=False, **held),
            volume("vol-new", name="replica"),
        )
        self.volumes = {item.id: item for item in first}
        self.contents = {"vol-root": "old data", "vol-data": "data of db", "vol-new": HOLDS["volume"]}
        self._sources()
        self.file: Definition | None = None
        self.user_data: str | None = ""
        self.release = False
        self.log: list[str] = []

    def _sources(self) -> None:
        was, backup = volume("gone", metadata={"theirs": "1"}), Backup("backup-1", "before", "available", "gone", 1)
        self.snapshots["snapshot-1"] = Snapshot("snapshot-1", "before", "available", "gone", 1)
        self.taken["snapshot-1"], self.backups["backup-1"] = was, backup
        self.images["image-1"] = {"id": "image-1", "name": "before", "status": "active", "size": 1 << 30}
        self.contents |= {f"{kind}-1": HOLDS[kind] for kind in ("snapshot", "backup", "image")}
        self.store["backup-1"] = Saved(backup, None, HOLDS["backup"], was)

    @property
    def root(self) -> str | None:
        """The id of the root."""
        return self.root_of(self.server)

    @property
    def left_over(self) -> set[str]:
        """What was made for a while and is still there."""
        return {*self.snapshots, *self.images} - {"snapshot-1", "image-1", "theirs"}

    def made_by_nova(self) -> None:
        """The port was made together with the server."""
        self.facts["port-0"] = {"created_at": "2026-11-01T00:00:12Z"}
        self.facts["srv"]["made_ports"] = ("port-0",)

    def replacing(self, kind: str, named_root: str | None = "vol-root", **more: Any) -> Replacing:
        """What the module looks at; ``more``: whether it is wanted ``again``."""
        options = {
            "server": "db", kind: GIVEN[kind], "root_volume": named_root, "again": more.get("again", False),
            "guarded_api": "advertised", "record": "db.json", "user_data": self.user_data, "availability_zone": None,
            "release_ports": self.release, "handover": "recreate", "fallback": None,
        }  # fmt: skip
        # ids are words here
        with patch.object(names, "looks_like_id", lambda text: "-" in text):
            return read_replace.replacing(Connection(self), options, self.file)

    def seen(self) -> Any:
        """What is read of the server."""
        return self.replacing("volume").seen

    def run(self, steps: tuple[Step, ...], stop_after: int | None = None) -> None:
        """Carries steps out as the module does, or only the first of them, without the wait of the last."""
        run_steps(self, steps, stop_after, self.perform)

    def perform(self, step: Step) -> Any:
        """One request; a record is kept here."""
        self.log.append(step.text)
        if step.verb == "write_record":
            self.file = definition_from(step.args["definition"])
            return {}
        return VERBS[step.verb](Connection(self), **step.args)

    def copy_into(self, volume_id: str, image_id: str) -> None:
        """Somebody overwrites a volume with an image."""
        self.volume_os_reimage(self.volumes[volume_id], {"image_id": image_id, "reimage_reserved": True})

    def unshelve_and_shelve(self, writes: str = "") -> None:
        """The server runs for a while, and writes to its root; then it is shelved again, or for the first time."""
        if writes:
            self.contents[str(self.root)] = writes
        self.comes_down(self.server.id, "SHELVED_OFFLOADED")
