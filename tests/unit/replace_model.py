# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One shelved server and its Nova in memory, with the rules that another root for it meets.

What is asked for is on its way until somebody waits for it or `Cloud.time_passes`. ``contents`` tells what things hold.
Cinder tells to which server a volume is attached only while it is in use, not while it is reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.apply import resolve
from ansible_collections.standby.openstack.plugins.module_utils.model import (
    Attachment,
    Offer,
    Port,
    RootAnswer,
    Seen,
    Server,
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
from builders import DATA, GUARDED, ROOT, TINY, port, server
from replace_storage import Rejected, Storage


class Cloud(Storage):
    """The server "db", its volumes, and one source of each kind."""

    def __init__(self, offer: Offer = GUARDED) -> None:
        super().__init__()
        self.offer, self.servers = offer, 1
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
        found = Source(kind, f"{kind}-1", "before", "restoring" if restoring else status, 1)
        return (replace(found, properties=self.properties["image-1"]) if kind == "image" else found), None

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

    def replacing(self, kind: str, named_root: str | None = "vol-root", **more: Any) -> Replacing:
        """What is looked at; ``more``: whether it is wanted ``again``, and what the run saw ``first``."""
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
            **more,
        )

    def run(self, steps: tuple[Step, ...], stop_after: int | None = None) -> None:
        """Carries steps out as `apply.converge` does, or only the first of them, without the wait of the last."""
        answers: dict[str, Any] = {}
        for number, step in enumerate(steps[:stop_after], 1):
            ready = resolve(step, answers)
            answer = {} if step.verb == "wait" else self.perform(ready)
            if step.result:
                answers[step.result] = answer
            until = resolve(step, answers).until
            if until and number != stop_after:
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
        self.settle()
        if self.server and self.server.status == "BUILD":
            self.server = replace(self.server, status="ACTIVE")
            for attachment in self.server.attachments:
                self._change(attachment.volume_id, {"reserved"}, status="in-use", attached_to=(self.server.id,))
        if self.server and self.server.task_state == "deleting":
            self._deleted(self.server)

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
        self._change(volume_id, {"available"}, status="reserved")
        self.server = replace(self.there, attachments=(*self.there.attachments, Attachment(volume_id, device, "root")))

    def unshelve_and_shelve(self, writes: str = "") -> None:
        """The server runs for a while, and writes to its root; then it is shelved again, or for the first time."""
        if writes:
            self.contents[str(self.root)] = writes
        self.server = replace(self.there, status="SHELVED_OFFLOADED")
        for attachment in self.there.attachments:
            self._change(attachment.volume_id, {"reserved", "in-use"}, status="reserved", attached_to=())

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
            self._change(row["uuid"], {"available"}, status="reserved")
        self.servers += 1
        self.server = server(id=f"srv-{self.servers}", status="BUILD", task_state=None, attachments=attached)
        self.port = replace(self.port, device_id=self.server.id)
        return {"id": self.server.id}
