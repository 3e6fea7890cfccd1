# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member of the project does by hand at a cloud in memory, between the runs of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builders import volume
from memory_cloud.drive import act
from memory_cloud.site import Site


class Member:
    """Each public method is one act; ``number`` says on which of the resources. The cloud may refuse it.

    :ivar theirs: by id of a volume or snapshot what the member made there, and what it holds.
    :ivar deleted: ids of what the member deleted.
    :ivar spoiled: server and time of the recovery points of which the member deleted a disk.
    :ivar woken: how many wakings of servers the member began, by their place in ``site.boots``.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.theirs: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.spoiled: set[tuple[str, str]] = set()
        self.woken: set[int] = set()

    def _one(self, kind: str, number: int) -> Any:
        items = getattr(self.site, kind)
        return items[sorted(items)[number % len(items)]] if items else self.site.refuse(404, f"no {kind}")

    def stranger(self, key: str, metadata: dict[str, str], held: str = "") -> None:
        """A volume that the plan did not make."""
        self.site.volumes[key] = volume(key, size=2, metadata=metadata, created_at=self.site.now)
        self.site.contents[key] = self.theirs[key] = held or f"theirs: {key}"

    def _new(self, what: str) -> str:
        return f"{what}-{len(self.theirs)}-of-a-member"

    def rename(self, number: int) -> None:
        """A volume."""
        found = self._one("volumes", number)
        act(self.site, "update_volume", volume_id=found.id, name=f"renamed {found.id}")

    def rename_server(self, number: int) -> None:
        """The next run may make another one of its name."""
        found = self._one("servers", number)
        act(self.site, "update_server", server_id=found.id, name=f"renamed {found.id}")

    def name_back(self, number: int) -> None:
        """A server that was renamed gets its name again, unless another one has it now."""
        found = self._one("servers", number)
        wanted = {volume.marks.server for volume in self.site.volumes.values() if found.id in volume.attached_to}
        for name in sorted(wanted - {"", *(server.name for server in self.site.servers.values())})[:1]:
            act(self.site, "update_server", server_id=found.id, name=name)

    def snapshot(self, number: int) -> None:
        """Then Cinder does not delete the volume."""
        found = self._one("volumes", number)
        made = act(self.site, "create_snapshot", volume_id=found.id, name="mine", metadata={})
        self.theirs[made["id"]] = self.site.contents[found.id]

    def clone(self, number: int) -> None:
        """Cinder copies no metadata; the member does."""
        found = self._one("volumes", number)
        self.stranger(self._new("clone"), dict(found.metadata))

    def restore(self, number: int) -> None:
        """A backup brings all metadata, and a note of Cinder's."""
        found = self._one("volumes", number)
        self.stranger(self._new("copy"), {**found.metadata, "src_backup_id": "somebodys"})

    def restore_backup(self, number: int) -> None:
        """One that is there, into a new volume, whose marks are then those of the volume at the source."""
        found = self._one("backups", number)
        made = act(self.site, "create_volume", size=max(found.size, 1), name="mine")
        self.site.settle()
        act(self.site, "restore_backup", backup_id=found.id, volume_id=made["id"])
        self.site.settle()
        self.theirs[made["id"]] = self.site.contents[made["id"]]

    def delete(self, number: int) -> None:
        """A volume."""
        found = self._one("volumes", number)
        act(self.site, "delete_volume", volume_id=found.id)
        self._gone(found.id)

    def delete_snapshot(self, number: int) -> None:
        """Of the member, or of a run."""
        found = self._one("snapshots", number)
        act(self.site, "delete_snapshot", snapshot_id=found.id)
        self._gone(found.id)

    def delete_backup(self, number: int) -> None:
        """With its data in the store, which the other cloud needs too."""
        found = self._one("backups", number)
        act(self.site, "delete_backup", backup_id=found.id)
        self._gone(found.id)

    def _gone(self, key: str) -> None:
        if key in self.site.volumes:
            marks = self.site.volumes[key].marks
            self.spoiled.add((marks.server, marks.point))
        self.deleted.add(key)
        self.theirs.pop(key, None)

    def delete_server(self, number: int) -> None:
        """Its volumes may go with it."""
        found = self._one("servers", number)
        act(self.site, "delete_server", server_id=found.id)
        for attachment in found.attachments if not found.locked else ():
            if attachment.delete_on_termination:
                self._gone(attachment.volume_id)

    def detach(self, number: int) -> None:
        """A volume that a server has."""
        found = self._one("servers", number)
        if found.attachments:
            attachment = found.attachments[number % len(found.attachments)]
            act(self.site, "detach_volume", server_id=found.id, volume_id=attachment.volume_id)
            if attachment.delete_on_termination and found.status == "SHELVED_OFFLOADED":
                self._gone(attachment.volume_id)

    def stop(self, number: int) -> None:
        """A server."""
        act(self.site, "stop", server_id=self._one("servers", number).id)

    def start(self, number: int) -> None:
        """A server, also one that sleeps."""
        found, before = self._one("servers", number), len(self.site.boots)
        act(self.site, "start" if found.status == "SHUTOFF" else "unshelve", server_id=found.id)
        self.woken |= set(range(before, len(self.site.boots)))


def forge(source: Site, marks: dict[str, str]) -> None:
    """Somebody at the source marks what he has there as a recovery point that is a volume of the target."""
    for found in list(source.snapshots.values()):
        source.snapshots[found.id] = replace(found, metadata={**found.metadata, **marks})
