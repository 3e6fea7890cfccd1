# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that boot from volumes, as Nova keeps them, with or without the guarded root volume API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Server

from .state import Json
from .surroundings import Surroundings

#: What an action needs, the task that it sets, what it ends in (nova/compute/api.py).
ACTIONS = {
    "os_stop": ({"ACTIVE"}, "powering-off", "SHUTOFF"),
    "os_start": ({"SHUTOFF"}, "powering-on", "ACTIVE"),
    "shelve": ({"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"}, "shelving", "SHELVED_OFFLOADED"),
    "unshelve": ({"SHELVED_OFFLOADED", "SHELVED"}, "unshelving", "ACTIVE"),
}
ROOT_DEVICE = "/dev/vda"


class Nova(Surroundings):
    """Each method is a request; those at the end are what follows from one."""

    def root_of(self, server: Server) -> str | None:
        """The id of the root volume."""
        on = server.attachments
        return next((a.volume_id for a in on if a.device == ROOT_DEVICE or (a.tag == "root" and not a.device)), None)

    def create_server(self, server: Json) -> Json:
        """From volumes that are free, the root bootable and without a mapping that names a snapshot that is gone."""
        rows, ports = server["block_device_mapping_v2"], server["networks"]
        self._can_boot(rows)
        for port in ports if ports != "none" else ():
            if self.find(port["port"], "Port").device_id:
                self.refuse(409, f"Port {port['port']} is still in use")
        if len(self.servers) >= self.most.get("instances", len(self.servers) + 1):
            self.refuse(403, "Quota exceeded for instances")
        attached = tuple(_attachment(row, number) for number, row in enumerate(rows))
        made = Server(
            self.new_id("server"), server["name"], "BUILD", "spawning", self.flavors[server["flavorRef"]],
            attachments=attached, metadata=dict(server.get("metadata") or {}), key_name=server.get("key_name"),
        )  # fmt: skip
        self.servers[made.id] = made
        for row in rows:
            self.hold(row["uuid"], "reserved")
        for port in ports if ports != "none" else ():
            self.change(port["port"], device_id=made.id)
        now = self.now
        told = {"tags": server.get("tags") or [], "pinned_availability_zone": server.get("availability_zone") or ""}
        self.facts[made.id] = {"created": f"{now[:19]}Z", "request": server, **told}
        self.acts(made.id, "create", now)
        self.later("comes_up", made.id, "ACTIVE")
        return {"server": {"id": made.id}}

    def _can_boot(self, rows: list[Json]) -> None:
        for row in rows:
            volume = self.find(row["uuid"], "Volume")
            if volume.status != "available":
                self.refuse(400, f"Block Device Mapping is Invalid: volume {volume.id} is {volume.status}")
            if row.get("boot_index") == 0 and not volume.bootable:
                self.refuse(400, f"Volume {volume.id} is not bootable")
            if row.get("boot_index") == 0 and "block_device_mapping" in volume.image_metadata:
                self.refuse(400, "Invalid image metadata")

    def change(self, resource_id: str, **changes: Any) -> None:
        """Nova notes when it changed its record of a server; metadata stand in a table of their own."""
        if resource_id in self.servers and changes.keys() - {"metadata", "attachments"}:
            changes["updated"] = self.clock.text(self.skew)
        super().change(resource_id, **changes)

    def acts(self, server_id: str, action: str, moment: str = "") -> None:
        """Nova records it."""
        self.actions[server_id] = (*self.actions.get(server_id, ()), (action, moment or self.now, False))

    def delete_server(self, server_id: str) -> None:
        """Nova sets the task before it answers."""
        self._unlocked(server_id)
        self.change(server_id, task_state="deleting")
        self.acts(server_id, "delete")
        self.later("server_goes", server_id)

    def _unlocked(self, server_id: str) -> Server:
        server: Server = self.find(server_id, "Instance")
        if server.locked:
            self.refuse(409, f"Instance {server_id} is locked")
        return server

    def server_action(self, server_id: str, action: str) -> None:
        """What `ACTIONS` says. With the guarded API no server is woken without a root."""
        server = self._unlocked(server_id)
        needed, task, end = ACTIONS[action]
        if server.status not in needed or server.task_state:
            self.refuse(409, f"Cannot '{action}' instance {server_id} while it is in {server.status}")
        if action == "unshelve":
            self._wake(server)
        self.change(server_id, task_state=task)
        self.acts(server_id, action.removeprefix("os_"))
        self.later("comes_up" if end == "ACTIVE" else "comes_down", server_id, end)

    def server_lock(self, server: Server, _reason: Json) -> None:
        """From now on only those who may override a lock change its state."""
        self.change(server.id, locked=True)

    def set_metadata(self, resource_id: str, metadata: Json) -> None:
        """Nova changes those of a server in few states (nova/compute/api.py, update_instance_metadata)."""
        server = self.servers.get(resource_id)
        if server and server.status not in ("ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF"):
            self.refuse(409, f"Cannot 'update metadata' instance {server.id} while it is in {server.status}")
        super().set_metadata(resource_id, metadata)

    def server_unlock(self, server: Server, _nothing: None) -> None:
        """Anybody may change it again."""
        self.change(server.id, locked=False)

    def _wake(self, server: Server) -> None:
        if self.guarded and not self.root_of(server):
            self.refuse(403, "Can't unshelve instance without a root device volume")
        on = [a.volume_id for a in server.attachments if a.volume_id in self.volumes]
        statuses = frozenset(self.volumes[volume_id].status for volume_id in on)
        self.boots.append((server.id, {volume_id: self.contents[volume_id] for volume_id in on}, statuses))

    def update_server(self, server_id: str, server: Json) -> None:
        """The description."""
        self.find(server_id, "Instance")
        self.change(server_id, **server)

    def attach(self, server_id: str, body: Json) -> None:
        """As root only with the guarded API; without it the device is ignored, and the volume becomes a data disk."""
        server, volume = self._idle(server_id), self.find(body["volumeId"], "Volume")
        if volume.status != "available":
            self.refuse(400, f"Invalid volume: status must be available, is {volume.status}")
        asleep, as_root = server.status == "SHELVED_OFFLOADED", body.get("device") == ROOT_DEVICE
        if self.guarded and as_root and (not asleep or self.root_of(server) or not volume.bootable):
            self.refuse(403, "Can't attach root device volume")
        is_root = self.guarded and as_root
        taken = {attachment.device for attachment in server.attachments}
        device = ROOT_DEVICE if is_root else next(d for d in map("/dev/vd{}".format, "bcdefgh") if d not in taken)
        made = Attachment(volume.id, device, "root" if is_root else None, body["delete_on_termination"])
        self.change(server_id, attachments=(*server.attachments, made))
        if is_root:
            self.hold(volume.id, "reserved")
        elif asleep:  # nova/compute/api.py, _attach_volume_shelved_offloaded: completes the attachment
            self.hold(volume.id, "in-use", server_id)
        else:
            self.hold(volume.id, "attaching")
            self.later("connected", volume.id, server_id)

    def _idle(self, server_id: str) -> Server:
        server = self._unlocked(server_id)
        if server.task_state or server.status not in ("ACTIVE", "SHUTOFF", "PAUSED", "SHELVED_OFFLOADED"):
            self.refuse(409, f"Instance {server_id} is {server.status} (task {server.task_state})")
        return server

    def attached(self, server_id: str, volume_id: str) -> Attachment:
        """One volume of a server; 404 if it is none."""
        server: Server = self.find(server_id, "Instance")
        found = next((a for a in server.attachments if a.volume_id == volume_id), None)
        return found or self.refuse(404, f"volume {volume_id} is not attached")

    def detach(self, server_id: str, volume_id: str) -> None:
        """Off a server that sleeps Nova deletes a volume that it would delete with it (_local_cleanup_bdm_volumes)."""
        gone, server = self.attached(server_id, volume_id), self._idle(server_id)
        asleep = server.status == "SHELVED_OFFLOADED"
        if volume_id == self.root_of(server) and not (self.guarded and asleep):
            self.refuse(403, "Can't detach root device volume")
        self.change(server_id, attachments=tuple(a for a in server.attachments if a is not gone))
        if asleep and gone.delete_on_termination:
            self.hold(volume_id, "available")
            self._begin_to_delete(volume_id)
            return
        self.change(volume_id, status="detaching")
        self.later("freed", volume_id)
        if asleep and "detach" not in self.slow:  # Nova's API does all of it before it answers
            self.freed(volume_id)

    def set_delete_on_termination(self, server_id: str, volume_id: str, body: Json) -> None:
        """The same volume: no swap."""
        old, value = self.attached(server_id, volume_id), body["delete_on_termination"]
        rows = self.servers[server_id].attachments
        changed = tuple(replace(a, delete_on_termination=value) if a is old else a for a in rows)
        self.change(server_id, attachments=changed)

    def comes_up(self, server_id: str, status: str) -> None:
        """An end: it runs; or it falls back, if no host takes it or Cinder lets it have one of its volumes no more."""
        server = self.servers.get(server_id)
        if server is None or server.task_state == "deleting":
            return
        states = {self.volumes[a.volume_id].status for a in server.attachments if a.volume_id in self.volumes}
        lost = len([a for a in server.attachments if a.volume_id not in self.volumes])
        if lost or states - {"reserved", "in-use"} or server.task_state in self.failing:
            self.falls_back(server)
            return
        self.change(server_id, status=status, task_state=None)
        for attachment in server.attachments:
            self.hold(attachment.volume_id, "in-use", server_id)

    def falls_back(self, server: Server) -> None:
        """An end: with the error in the record of its actions."""
        *before, (action, moment, _failed) = self.actions[server.id]
        self.actions[server.id] = (*before, (action, moment, True))
        self.change(server.id, status="ERROR" if server.status == "BUILD" else server.status, task_state=None)

    def comes_down(self, server_id: str, status: str) -> None:
        """An end: it stands still. Once it is offloaded its volumes are only reserved for it."""
        if server_id not in self.servers or self.servers[server_id].task_state == "deleting":
            return
        self.change(server_id, status=status, task_state=None)
        for attachment in self.servers[server_id].attachments if status == "SHELVED_OFFLOADED" else ():
            self.hold(attachment.volume_id, "reserved")

    def server_goes(self, server_id: str) -> None:
        """An end: with the volumes that are to go with it, and the ports that Nova made."""
        gone = self.servers.pop(server_id, None)
        for attachment in gone.attachments if gone else ():
            self.hold(attachment.volume_id, "available")
            if attachment.delete_on_termination and attachment.volume_id in self.volumes:
                self._begin_to_delete(attachment.volume_id)
        for port in [port for port in self.ports.values() if port.device_id == server_id]:
            self.change(port.id, device_id="")
            if port.id in self.facts.get(server_id, {}).get("made_ports", ()):
                del self.ports[port.id]


def _attachment(row: Json, number: int) -> Attachment:
    device = ROOT_DEVICE if row.get("boot_index") == 0 else f"/dev/vd{'bcdefgh'[number % 7]}"
    return Attachment(row["uuid"], device, row.get("tag"), bool(row.get("delete_on_termination")))


def actions_of(actions: tuple[tuple[str, str, bool], ...]) -> list[dict[str, Any]]:
    """The record of the actions of a server, the newest first."""
    return [
        {"action": action, "start_time": moment, "request_id": f"req-{number}", "message": "Error" if failed else None}
        for number, (action, moment, failed) in reversed(list(enumerate(actions)))
    ]
