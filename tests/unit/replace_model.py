# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shelved server and the Cinder around it in memory, with the rules that another root for it meets.

What is asked for is on its way until somebody waits for it or `Cloud.time_passes`. ``contents`` tells what things hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import resolve
from ansible_collections.standby.openstack.plugins.module_utils.model import (
    Attachment,
    Named,
    Offer,
    Port,
    RootAnswer,
    Seen,
    Server,
    Snapshot,
    Source,
    Surroundings,
    Volume,
)
from ansible_collections.standby.openstack.plugins.module_utils.plan import Step, Until
from ansible_collections.standby.openstack.plugins.module_utils.replacing import (
    Definition,
    Details,
    Recreation,
    Replacing,
    definition_from,
    helper_name,
    root_name,
)
from builders import DATA, GUARDED, ROOT, TINY, port, server, volume

#: What a source of each kind holds.
HOLDS = {"volume": "data of vol-new", "snapshot": "data of the snapshot", "backup": "data of the backup",
         "image": "data of the image"}  # fmt: skip
ON_THE_WAY = {"creating": "available", "restoring-backup": "available", "downloading": "reserved", "deleting": "gone"}


#: How the server boots, and that its image has a checksum.
BOOTS = {"hw_firmware_type": "uefi", "checksum": "1", "os_hash_algo": "sha512"}

#: What an image has that has no data and names a snapshot.
STRAY = dict.fromkeys(("block_device_mapping", "bdm_v2", "root_device_name"), "")


class Rejected(Exception):
    """The cloud answers 400, 404 or 409."""


class Cloud:
    """The server "db", its volumes, and one source of each kind."""

    def __init__(self, offer: Offer = GUARDED) -> None:
        self.offer, self.count = offer, 0
        held = {"status": "reserved", "attached_to": ("srv",)}
        first = (
            volume("vol-root", name="db-root", size=2, volume_type="fast", image_metadata=BOOTS, **held),
            volume("vol-data", name="db-data", bootable=False, **held),
            volume("vol-new", name="replica"),
        )
        self.volumes: dict[str, Volume] = {item.id: item for item in first}
        self.contents = {"vol-root": "old data", "vol-data": "data of db", "vol-new": HOLDS["volume"]}
        self.contents |= {"snapshot-1": HOLDS["snapshot"], "backup-1": HOLDS["backup"], "image-1": HOLDS["image"]}
        self.snapshots: dict[str, Snapshot] = {}
        self.images: dict[str, Named] = {}
        self.properties: dict[str, dict[str, str]] = {}
        self.server: Server | None = server(status="SHELVED_OFFLOADED", attachments=(ROOT, DATA))
        self.port: Port | None = port()
        self.nova_made_port = False
        self.file: Definition | None = None
        self.user_data: str | None = ""
        self.release = False
        self.log: list[str] = []

    @property
    def there(self) -> Server:
        """The server."""
        assert self.server is not None
        return self.server

    @property
    def root(self) -> str | None:
        """The id of the root."""
        return next((a.volume_id for a in self.there.attachments if a.tag == "root"), None)

    def source(self, kind: str) -> tuple[Source, Volume | None]:
        """The source of a kind, as it would be read."""
        if kind == "volume":
            given = self.volumes["vol-new"]
            return Source("volume", given.id, given.name, given.status, given.size), given
        status = "active" if kind == "image" else "available"
        restoring = kind == "backup" and any(v.status == "restoring-backup" for v in self.volumes.values())
        return Source(kind, f"{kind}-1", "before", "restoring" if restoring else status, 1), None

    def seen(self) -> Seen:
        """What is read of the server."""
        attached = [a.volume_id for a in self.server.attachments] if self.server else []
        answer = RootAnswer("/dev/vda", self.root is not None, self.root) if self.server else None
        volumes = {i: self.volumes[i] for i in attached if i in self.volumes}
        ports = (self.port,) if self.server and self.port and self.port.device_id == self.server.id else ()
        return Seen(self.server, self.offer, volumes, ports, answer if self.offer.guarded_api else None)

    def recreation(self) -> Recreation:
        """What is looked at when the server may be made again."""
        details = Details(
            created="2026-11-01T00:00:10Z",
            flavor=TINY,
            zone="",
            server_groups=(),
            macs=(port().mac,),
            nic_tags={},
            ports_made={"port-0": f"2026-11-01T00:00:{'12' if self.nova_made_port else '05'}Z"},
            more={"tags": ["one"]},
        )
        return Recreation(
            file="db.json",
            user_data=self.user_data,
            release=self.release,
            details=details if self.server else None,
            record=self.file,
            around=Surroundings(TINY, given=dict(self.volumes), ports={"port-0": (self.port,) if self.port else ()}),
        )

    def replacing(self, kind: str, named_root: str | None = "vol-root") -> Replacing:
        """What is looked at."""
        seen, (source, given) = self.seen(), self.source(kind)
        name = root_name("db", source)
        formers = {v.metadata.get("standby_root_before", "") for v in seen.volumes.values()} & self.volumes.keys()
        return Replacing(
            seen=seen,
            source=source,
            given=given,
            named_root=named_root,
            same_name=tuple(v for v in self.volumes.values() if v.name == name) if given is None else (),
            formers={i: self.volumes[i] for i in formers},
            snapshots=tuple(s for s in self.snapshots.values() if s.name == helper_name("srv")),
            images=tuple(i for i in self.images.values() if i.name == helper_name("srv")),
            recreation=self.recreation(),
        )

    def run(self, steps: tuple[Step, ...], stop_after: int | None = None) -> None:
        """Carries steps out as `apply.converge` does, or only the first of them: the rest was killed."""
        answers: dict[str, Any] = {}
        for step in steps[:stop_after]:
            ready = resolve(step, answers)
            answer = {} if step.verb == "wait" else self.perform(ready)
            if step.result:
                answers[step.result] = answer
            until = resolve(step, answers).until
            if until:
                self.wait(until)

    def perform(self, step: Step) -> Any:
        """One request."""
        self.log.append(step.text)
        return getattr(self, step.verb)(**step.args)

    def wait(self, until: Until) -> None:
        """Until it is what is waited for; a state that is not on the way fails."""
        before = self.status(until)
        if before not in until.target | until.pending | until.idle_pending:
            raise Rejected(f"{until.kind} {until.id} is {before}: neither wanted nor on the way")
        self.time_passes()
        if self.status(until) not in until.target:
            raise Rejected(f"{until.kind} {until.id} is {self.status(until)}, not {sorted(until.target)}")

    def status(self, until: Until) -> str:
        """The status of what is waited for."""
        servers = {self.server.id: self.server} if self.server else {}
        found: Any = {"volume": self.volumes, "snapshot": self.snapshots, "server": servers}[until.kind].get(until.id)
        return found.status if found else "gone"

    def time_passes(self, enough: bool = True) -> None:
        """Everything that was begun comes to its end; a restore with the metadata of the volume that was backed up."""
        if not enough:
            return
        for key, item in list(self.volumes.items()):
            restored = {"metadata": {"theirs": "1", "src_backup_id": "backup-1"}}
            more = restored if item.status == "restoring-backup" else {}
            self.volumes[key] = replace(item, status=ON_THE_WAY.get(item.status, item.status), **more)
        self.volumes = {key: item for key, item in self.volumes.items() if item.status != "gone"}
        self.snapshots = {
            key: replace(item, status="available") for key, item in self.snapshots.items() if item.status != "deleting"
        }
        if self.server and self.server.status == "BUILD":
            self.server = replace(self.server, status="ACTIVE")
        if self.server and self.server.task_state == "deleting":
            self._deleted(self.server)

    def _id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}-made"

    def create_volume(self, name: str, size: int, metadata: Mapping[str, str], **more: Any) -> Any:
        made = Volume(self._id("volume"), name, "creating", size, bool(more.get("imageRef")), metadata=dict(metadata))
        self.volumes[made.id] = made
        self.contents[made.id] = self.contents.get(more.get("snapshot_id") or more.get("imageRef") or "", "nothing")
        return {"id": made.id}

    def restore_backup(self, backup_id: str, volume_id: str) -> None:
        self._change(volume_id, {"available"}, status="restoring-backup")
        self.contents[volume_id] = self.contents[backup_id]

    def set_bootable(self, volume_id: str) -> None:
        self._change(volume_id, {"available"}, bootable=True)

    def set_volume_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        self._change(volume_id, None, metadata={**self.volumes[volume_id].metadata, **metadata})

    def delete_volume_metadata(self, volume_id: str, key: str) -> None:
        left = {name: value for name, value in self.volumes[volume_id].metadata.items() if name != key}
        self._change(volume_id, None, metadata=left)

    def _change(self, volume_id: str, only: set[str] | None, **changes: Any) -> None:
        if only and self.volumes[volume_id].status not in only:
            raise Rejected(f"a volume that is {self.volumes[volume_id].status}")
        self.volumes[volume_id] = replace(self.volumes[volume_id], **changes)

    def delete_volume(self, volume_id: str) -> None:
        if any(snapshot.volume_id == volume_id for snapshot in self.snapshots.values()):
            raise Rejected("a volume that has snapshots")
        assert volume_id not in ("vol-root", "vol-data", "vol-new"), "a volume that nobody named for it"
        self._change(volume_id, {"available", "error"}, status="deleting")

    def create_snapshot(self, volume_id: str, name: str, metadata: Mapping[str, str]) -> Any:
        made = Snapshot(self._id("snapshot"), name, "creating", volume_id, 1, dict(metadata))
        self.snapshots[made.id] = made
        self.contents[made.id] = self.contents[volume_id]
        return {"id": made.id}

    def delete_snapshot(self, snapshot_id: str) -> None:
        assert snapshot_id != "snapshot-1", "the snapshot of the user"
        self.snapshots[snapshot_id] = replace(self.snapshots[snapshot_id], status="deleting")

    def create_image(self, name: str, snapshot_id: str, size: int, properties: Mapping[str, str] | None = None) -> Any:
        made = Named(self._id("image"), name)
        self.properties[made.id] = {**STRAY, **(properties or {})}
        self.images[made.id], self.contents[made.id] = made, self.contents[snapshot_id]
        return {"id": made.id}

    def upload_nothing(self, image_id: str) -> None:
        assert image_id in self.images

    def delete_image(self, image_id: str) -> None:
        del self.images[image_id]

    def reimage_volume(self, volume_id: str, image_id: str) -> None:
        self._change(volume_id, {"reserved"}, status="downloading", image_metadata=self.properties.get(image_id, {}))
        self.contents[volume_id] = self.contents[image_id]

    def unset_image_metadata(self, volume_id: str, key: str) -> None:
        if key not in self.volumes[volume_id].image_metadata:
            raise Rejected(f"no property {key}")
        left = {name: value for name, value in self.volumes[volume_id].image_metadata.items() if name != key}
        self._change(volume_id, None, image_metadata=left)

    def set_delete_on_termination(self, server_id: str, volume_id: str, value: bool) -> None:
        changed = (
            replace(a, delete_on_termination=value) if a.volume_id == volume_id else a for a in self.there.attachments
        )
        self.server = replace(self.there, attachments=tuple(changed))

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        (gone,) = [a for a in self.there.attachments if a.volume_id == volume_id]
        assert not gone.delete_on_termination, "Nova deletes such a volume"
        self.server = replace(self.there, attachments=tuple(a for a in self.there.attachments if a is not gone))
        self._change(volume_id, None, status="available", attached_to=())

    def attach_root(self, server_id: str, volume_id: str, device: str) -> None:
        if self.root or not self.offer.guarded_api or not self.volumes[volume_id].bootable:
            raise Rejected("no root can be attached")
        self._change(volume_id, {"available"}, status="reserved", attached_to=(server_id,))
        self.server = replace(self.there, attachments=(*self.there.attachments, Attachment(volume_id, device, "root")))

    def update_port(self, port_id: str, device_id: str, device_owner: str) -> None:
        assert self.port
        self.port = replace(self.port, device_id=device_id)

    def write_record(self, file: str, definition: Mapping[str, Any]) -> None:
        self.file = definition_from(definition)

    def check_volumes_kept(self, server_id: str, volume_ids: list[str]) -> None:
        assert {a.volume_id for a in self.there.attachments} == set(volume_ids)
        assert not any(a.delete_on_termination for a in self.there.attachments)

    def delete_server(self, server_id: str) -> None:
        assert self.there.id == server_id
        assert self.file, "the definition would be lost"
        self.server = replace(self.there, task_state="deleting")

    def _deleted(self, gone: Server) -> None:
        """Nova keeps what it did not make."""
        for attachment in gone.attachments:
            assert not attachment.delete_on_termination, "Nova deletes such a volume"
            self._change(attachment.volume_id, None, status="available", attached_to=())
        if self.port and self.port.device_id == gone.id:
            self.port = None if self.nova_made_port else replace(self.port, device_id="")
        self.server = None

    def create_server(self, **request: Any) -> Any:
        assert self.server is None, "a second server"
        assert self.port
        assert not self.port.device_id
        assert request["networks"] == [{"port": "port-0"}]
        assert (request["name"], request["flavorRef"], request["tags"]) == ("db", "flavor-1", ["one"])
        rows = request["block_device_mapping_v2"]
        attached = tuple(Attachment(row["uuid"], None, row.get("tag"), row["delete_on_termination"]) for row in rows)
        for row in rows:
            self._change(row["uuid"], {"available"}, status="reserved", attached_to=("srv-2",))
        self.server = server(id="srv-2", status="BUILD", task_state=None, attachments=attached)
        self.port = replace(self.port, device_id="srv-2")
        return {"id": "srv-2"}
