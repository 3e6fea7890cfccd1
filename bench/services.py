# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the services of the pretended cloud answer to which request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from bench.answers import Answer, Handler, listed, ok, port_json, server_json, single, volume_json
from bench.backups import changed
from bench.documents import DEVICE, ONLY, PROJECT, Json
from bench.site import Port, Refused, Server, Site, Volume

SERVERS, VOLUMES, PORTS = "compute/v2.1/servers", "volume/v3/volumes", "network/v2.0/ports"
NETWORKS, SUBNETS = "network/v2.0/networks", "network/v2.0/subnets"
GROUPS, SWAPS = "network/v2.0/security-groups", "network/v2.0/extensions/revision-if-match"

#: Where the guarded API lists the roots of all servers, which is also the alias that says so.
LISTED = "os-root-volumes"

#: The only action that Nova remembers of each server. It is older than all volumes.
_MADE = {"action": "create", "start_time": "2025-12-31T00:00:00.000000", "request_id": "req-1", "message": None}


class Nova:
    """Servers. ``stock``: without the guarded API."""

    def __init__(self, site: Site, host: str, stock: bool) -> None:
        self.site, self.host, self.stock = site, host, stock

    def routes(self) -> dict[str, Handler]:
        """By method and path what answers."""
        one, aliases = f"{SERVERS}/ID", [] if self.stock else [{"alias": alias} for alias in ("os-root-volume", LISTED)]
        return {
            "GET compute/v2.1/extensions": lambda _ids, _query, _body: ok({"extensions": aliases}),
            f"GET {SERVERS}": lambda _ids, query, _body: self.list(SERVERS, query),
            f"GET {SERVERS}/detail": lambda _ids, query, _body: self.list(f"{SERVERS}/detail", query),
            f"POST {SERVERS}": lambda _ids, _query, body: self.create(body["server"]),
            f"GET {one}": lambda ids, _query, _body: single("server", self.row(self.site.server(*ids))),
            f"DELETE {one}": lambda ids, _query, _body: _done(partial(self.site.delete_server, ids[0])),
            f"POST {one}/action": lambda ids, _query, body: self.action(ids[0], body),
            f"GET {one}/os-volume_attachments": lambda ids, _query, _body: self.attachments(*ids),
            f"POST {one}/os-volume_attachments": lambda ids, _query, body: self.attach(
                ids[0], body["volumeAttachment"]
            ),
            f"POST {one}/metadata": lambda ids, _query, body: self.mark(ids[0], body["metadata"]),
            f"GET {one}/os-instance-actions": lambda _ids, _query, _body: ok({"instanceActions": [_MADE]}),
            f"DELETE {one}/os-volume_attachments/ID": lambda ids, _query, _body: _done(partial(self.site.detach, *ids)),
            **({} if self.stock else self.guarded()),
        }

    def guarded(self) -> dict[str, Handler]:
        """By method and path what answers at a cloud with the guarded API alone."""
        return {
            f"GET {SERVERS}/ID/os-root-volume": lambda ids, _query, _body: ok({"root_volume": self.root(*ids)}),
            f"GET compute/v2.1/{LISTED}": lambda _ids, query, _body: self.roots(query),
        }

    def list(self, path: str, query: Json) -> Answer:
        """Servers whose name matches."""
        name = re.compile(query.get("name", ""))
        found = [self.row(server) for server in self.site.servers.values() if name.search(server.name)]
        return listed(self.host, path, found, query)

    def row(self, server: Server) -> bytes:
        """The JSON of a server as it is now."""
        now = self.site.settle(server)
        state = (now.name, now.id, tuple(now.volumes), now.address, now.status, now.task, tuple(now.metadata.items()))
        return server_json(self.host, *state)

    def create(self, wanted: Json) -> Answer:
        """A new server."""
        return ok({"server": {"id": self.site.create_server(wanted).id}}, 202)

    def root(self, server_id: str) -> Json:
        """What the guarded API says."""
        volume = self.site.server(server_id).root
        return {"device": DEVICE, "device_present": volume is not None, "volume_id": volume, "task": None}

    def roots(self, query: Json) -> Answer:
        """The same of all servers."""
        rows = [json.dumps({"server_id": one, **self.root(one)}).encode() for one in self.site.servers]
        return listed(self.host, f"compute/v2.1/{LISTED}", rows, query, "root_volumes")

    def attachments(self, server_id: str) -> Answer:
        """The volumes of a server."""
        server = self.site.server(server_id)
        return ok({"volumeAttachments": [_attachment(server, volume) for volume in server.volumes]})

    def attach(self, server_id: str, wanted: Json) -> Answer:
        """A root for a dormant server."""
        return ok({"volumeAttachment": _attachment(self.site.attach(server_id, wanted), wanted["volumeId"])})

    def mark(self, server_id: str, metadata: Json) -> Answer:
        """Sets metadata of a server, which Nova refuses of one that is shelved."""
        server = self.site.server(server_id)
        if server.status == "SHELVED_OFFLOADED":
            raise Refused(409, "Cannot do this while the server is shelved_offloaded.")
        server.metadata = {**server.metadata, **metadata}
        return ok({"metadata": server.metadata})

    def action(self, server_id: str, body: Json) -> Answer:
        """Whatever is done to a server."""
        answer = self.site.action(server_id, body)
        return Answer(202) if answer is None else ok(answer)


class Cinder:
    """Volumes."""

    def __init__(self, site: Site, host: str) -> None:
        self.site, self.host = site, host

    def routes(self) -> dict[str, Handler]:
        """By method and path what answers."""
        one = f"{VOLUMES}/ID"
        return {
            f"GET {VOLUMES}": lambda _ids, query, _body: self.list(VOLUMES, query),
            f"GET {VOLUMES}/detail": lambda _ids, query, _body: self.list(f"{VOLUMES}/detail", query),
            f"POST {VOLUMES}": lambda _ids, _query, body: self.create(body["volume"]),
            f"GET {one}": lambda ids, _query, _body: single("volume", self.row(self.site.volume(*ids))),
            f"DELETE {one}": lambda ids, _query, _body: _done(partial(self.site.delete_volume, ids[0])),
            f"PUT {one}": lambda ids, _query, body: self.rename(ids[0], body["volume"]["name"]),
            f"POST {one}/action": lambda ids, _query, body: changed(self.site.volume(ids[0]), body),
            f"POST {one}/metadata": lambda ids, _query, body: self.mark(ids[0], body["metadata"]),
            f"PUT {one}/metadata": lambda ids, _query, body: self.mark(ids[0], body["metadata"], anew=True),
        }

    def list(self, path: str, query: Json) -> Answer:
        """Volumes of that name."""
        name = query.get("name")
        found = [self.row(volume) for volume in self.site.volumes.values() if name in (None, volume.name)]
        return listed(self.host, path, found, query)

    def row(self, volume: Volume) -> bytes:
        """The JSON of a volume as it is now."""
        status = self.site.volume_status(volume)
        state = (volume.name, volume.id, volume.size, status, volume.server, tuple(volume.metadata.items()))
        return volume_json(self.host, *state)

    def create(self, wanted: Json) -> Answer:
        """A new volume."""
        return single("volume", self.row(self.site.create_volume(wanted)), 202)

    def rename(self, volume_id: str, name: str) -> Answer:
        """Another name."""
        volume = self.site.volume(volume_id)
        volume.name = name
        return single("volume", self.row(volume))

    def mark(self, volume_id: str, metadata: Json, anew: bool = False) -> Answer:
        """Sets metadata; ``anew`` removes all others."""
        volume = self.site.volume(volume_id)
        volume.metadata = {**({} if anew else volume.metadata), **metadata}
        return ok({"metadata": metadata})


class Neutron:
    """Networks, subnets, ports and security groups."""

    def __init__(self, site: Site, host: str) -> None:
        self.site, self.host = site, host

    def routes(self) -> dict[str, Handler]:
        """By method and path what answers."""
        return {
            f"GET {PORTS}": lambda _ids, query, _body: self.list(query),
            f"POST {PORTS}": lambda _ids, _query, body: single("port", _port(self.site.create_port(body["port"])), 201),
            f"DELETE {PORTS}/ID": lambda ids, _query, _body: _done(partial(self.site.delete_port, *ids)),
            **self.made(NETWORKS, "network", self.site.networks),
            **self.made(SUBNETS, "subnet", self.site.subnets),
            **self.made(GROUPS, "security_group", self.site.groups),
            f"PUT {GROUPS}/ID": lambda ids, _query, body: self.change_group(ids[0], body["security_group"]),
            f"GET {SWAPS}": lambda _ids, _query, _body: ok({"extension": {"alias": "revision-if-match"}}),
            f"DELETE {NETWORKS}/ID": lambda ids, _query, _body: _done(partial(self.site.delete_network, *ids)),
        }

    def made(self, path: str, kind: str, items: dict[str, Json]) -> dict[str, Handler]:
        """The list of a kind, and what makes one more."""

        def create(wanted: Json) -> Answer:
            made = {**wanted, "id": self.site.new_id(kind), "project_id": PROJECT, **revision(1)}
            items[made["id"]] = made
            return single(kind, json.dumps(made).encode(), 201)

        def rows(query: Json) -> list[bytes]:
            return [
                json.dumps(item).encode() for item in items.values() if query.get("name", item["name"]) == item["name"]
            ]

        return {
            f"GET {path}": lambda _ids, query, _body: listed(self.host, path, rows(query), query),
            f"POST {path}": lambda _ids, _query, body: create(body[kind]),
        }

    def change_group(self, group_id: str, changes: Json) -> Answer:
        """Changes a security group: the record of the plan. Nobody else does."""
        group = self.site.groups[group_id]
        group.update(changes, **revision(group["revision_number"] + 1))
        return single("security_group", json.dumps(group).encode())

    def list(self, query: Json) -> Answer:
        """Ports of that server, of that name."""
        found = [
            _port(port)
            for port in self.site.ports.values()
            if query.get("device_id", port.server) == port.server and query.get("name", port.name) == port.name
        ]
        return listed(self.host, PORTS, found, query)


def revision(number: int) -> Json:
    """What Neutron says of how often something was changed, and when."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"revision_number": number, "created_at": now, "updated_at": now}


def lists(host: str) -> dict[str, Handler]:
    """Lists of what there is one of."""
    made: dict[str, Handler] = {}
    for path, row in ONLY.items():
        answer = listed(host, path, [json.dumps(row).encode()], {})
        made |= dict.fromkeys((f"GET {path}", f"GET {path}/detail"), partial(_always, answer))
    return made


def _always(answer: Answer, _ids: list[str], _query: Json, _body: Json) -> Answer:
    return answer


def _done(act: Callable[[], None]) -> Answer:
    act()
    return Answer(202)


def _attachment(server: Server, volume: str) -> Json:
    rest = {"tag": None, "delete_on_termination": False, "attachment_id": volume, "bdm_uuid": volume}
    return {"id": volume, "volumeId": volume, "serverId": server.id, "device": server.volumes[volume], **rest}


def _port(port: Port) -> bytes:
    return port_json(port.id, port.name, port.address, port.server, port.network, port.description)
