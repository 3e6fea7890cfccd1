# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended site B: dormant servers and their replicas, which change with the requests and with the clock.

It answers the calls that a failover needs, here and with openstack.cloud, refuses what Nova and Cinder would
refuse in those calls, and counts. It says nothing of how fast a real cloud is: its times are stated by the caller.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench import documents
from bench.documents import DEVICE, SERVICES, TOKEN, Json, made_id, server_name

#: What Nova, Cinder and Neutron list at most in one page (max_limit, osapi_max_limit).
PAGE = 1000

#: Two recovery points are kept, as is the default of a plan; the second is the newest.
POINTS = ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00")

#: Under what requests are counted that were one too many.
REFUSED = "429"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True)
class Answer:
    """One answer; ``rows`` is how many rows of a list it holds."""

    status: int
    body: bytes = b""
    rows: int = 0
    headers: tuple[tuple[str, str], ...] = ()


def ok(body: Json, status: int = 200, **headers: str) -> Answer:
    """An answer with JSON; underscores in names of headers become dashes."""
    return Answer(status, json.dumps(body).encode(), 0, tuple((n.replace("_", "-"), v) for n, v in headers.items()))


def refused(status: int, message: str) -> Answer:
    """An error as Nova words it."""
    return ok({"error": {"code": status, "message": message}}, status)


@dataclass
class Server:
    """A server: on which volume, and when it was unshelved (seconds of the clock)."""

    number: int
    volume: str | None = None
    unshelved: float | None = None


@dataclass
class Cloud:
    """The state of the site.

    :param servers: how many there are.
    :param unshelve: seconds from an unshelve until the server is ACTIVE.
    :param revoke: seconds after which the token of that time is revoked; 0 is never.
    """

    servers: int
    unshelve: float
    revoke: float = 0.0
    host: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.by_id = {made_id("server", number): Server(number) for number in range(self.servers)}
        self.volumes = {made_id(f"volume-{point}", n): (n, point) for n in range(self.servers) for point in POINTS}
        self.on: dict[str, str] = {}
        self.begin = time.monotonic()

    @property
    def token(self) -> str:
        """The token that is valid at this moment."""
        revoked = self.revoke and time.monotonic() > self.begin + self.revoke
        return TOKEN + "-2" if revoked else TOKEN

    def answer(self, method: str, target: str, token: str, body: bytes) -> Answer:
        """The answer to one request."""
        url = urlsplit(target)
        path = url.path.strip("/")
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if path == "bench/counts":
            return ok(dict(self.counts))
        if path == "bench/active":
            return ok({"active": sum(self.state(server)[0] == "ACTIVE" for server in self.by_id.values())})
        self.counts[f"{method} {_UUID.sub('ID', path)}"] += 1
        if path in SERVICES:
            return ok(documents.version_document(self.host, path))
        if path == "identity/v3/auth/tokens":
            return ok(documents.token_document(self.host), 201, X_Subject_Token=self.token)
        if token != self.token:
            return refused(401, "The request you have made requires authentication.")
        service, _slash, rest = path.partition("/")
        parts = rest.split("/")[1:]
        return self.route(service, method, parts, query, json.loads(body) if body else {})

    def route(self, service: str, method: str, parts: list[str], query: Json, body: Json) -> Answer:
        """The answer to an authenticated request."""
        if service == "compute" and parts[:1] == ["servers"]:
            return self.compute(method, parts[1:], query, body)
        if service == "volume" and parts[:1] == ["volumes"] and method == "GET":
            return self.block_storage(parts[1:], query)
        if service == "compute" and parts == ["extensions"]:
            return ok({"extensions": [{"alias": "os-root-volume", "name": "RootVolume"}]})
        if service == "network" and parts == ["ports"]:
            numbers = [s.number for i, s in self.by_id.items() if query.get("device_id", i) == i]
            return self.listed("ports", "network/v2.0/ports", [port(number) for number in numbers], query)
        if method == "GET" and parts and parts[1:] in ([], ["detail"]):
            return ok({parts[0].replace("-", "_"): []})  # of all else there is nothing
        return refused(404, f"nothing at {'/'.join(parts)}")

    def compute(self, method: str, parts: list[str], query: Json, body: Json) -> Answer:
        """What is below /servers."""
        if not parts or parts == ["detail"]:
            chosen = [i for i, s in self.by_id.items() if re.search(query.get("name", ""), server_name(s.number))]
            path = "/".join(["compute/v2.1/servers", *parts])
            return self.listed("servers", path, [self.server(i) for i in chosen], query)
        if parts[0] not in self.by_id:
            return refused(404, f"Instance {parts[0]} could not be found.")
        server, call = self.by_id[parts[0]], (method, *parts[1:2])
        if call == ("GET",):
            return Answer(200, b'{"server": %s}' % self.server(parts[0]))
        if call == ("GET", "os-root-volume"):
            present = server.volume is not None
            return ok({"root_volume": {"device": DEVICE, "device_present": present, "volume_id": server.volume}})
        if call == ("GET", "os-volume_attachments"):
            return ok({"volumeAttachments": [_attachment(parts[0], server)] if server.volume else []})
        if call == ("POST", "os-volume_attachments"):
            return self.attach(parts[0], server, body["volumeAttachment"])
        if call == ("POST", "action"):
            return self.action(server, body)
        return refused(404, "no such call")

    def block_storage(self, parts: list[str], query: Json) -> Answer:
        """What is below /volumes."""
        if not parts or parts == ["detail"]:
            name = query.get("name")
            chosen = [i for i, (n, _point) in self.volumes.items() if name in (None, f"{server_name(n)}-root")]
            path = "/".join(["volume/v3/volumes", *parts])
            return self.listed("volumes", path, [self.volume(i) for i in chosen], query)
        if parts[0] not in self.volumes:
            return refused(404, f"Volume {parts[0]} could not be found.")
        return Answer(200, b'{"volume": %s}' % self.volume(parts[0]))

    def attach(self, server_id: str, server: Server, wanted: Json) -> Answer:
        """The guarded API: the root of a dormant server."""
        volume = wanted["volumeId"]
        if volume not in self.volumes or wanted.get("device") != DEVICE:
            return refused(400, "no such volume, or not the device of the root")
        if server.volume or server.unshelved is not None or volume in self.on:
            return refused(409, "the server is not dormant, or the volume is not available")
        server.volume, self.on[volume] = volume, server_id
        return ok({"volumeAttachment": _attachment(server_id, server)})

    def action(self, server: Server, body: Json) -> Answer:
        """Unshelve, and the console."""
        if "os-getConsoleOutput" in body:
            return ok({"output": "login:"}) if self.state(server)[0] == "ACTIVE" else refused(404, "no console")
        if "unshelve" not in body:
            return refused(400, "no such action")
        if server.unshelved is not None or not server.volume:
            return refused(409, "Cannot 'unshelve': the server is not shelved, or has no root volume")
        server.unshelved = time.monotonic()
        return Answer(202)

    def state(self, server: Server) -> tuple[str, str | None]:
        """Status and task of a server at this moment."""
        if server.unshelved is None:
            return "SHELVED_OFFLOADED", None
        if time.monotonic() < server.unshelved + self.unshelve:
            return "SHELVED_OFFLOADED", "spawning"
        return "ACTIVE", None

    def server(self, server_id: str) -> bytes:
        """The JSON of a server."""
        server = self.by_id[server_id]
        return _server(self.host, server.number, server.volume, *self.state(server))

    def volume(self, volume_id: str) -> bytes:
        """The JSON of a volume: `reserved` until its server runs, then `in-use`."""
        number, point = self.volumes[volume_id]
        server = self.on.get(volume_id)
        runs = server is not None and self.state(self.by_id[server])[0] == "ACTIVE"
        return _volume(self.host, number, point, "in-use" if runs else "reserved" if server else "available", server)

    def listed(self, key: str, path: str, rows: list[bytes], query: Json) -> Answer:
        """One page of a list; a full page has a link to the next, as Nova and Cinder do it."""
        limit, start = min(PAGE, int(query.get("limit", PAGE))), int(query.get("marker", 0))
        page = rows[start : start + limit]
        link = {"rel": "next", "href": f"http://{self.host}/{path}?limit={limit}&marker={start + limit}"}
        links = json.dumps([link] if len(page) == limit else []).encode()
        body = b'{"%s": [%s], "%s_links": %s}' % (key.encode(), b",".join(page), key.encode(), links)
        return Answer(200, body, len(page))


def _attachment(server_id: str, server: Server) -> Json:
    volume = server.volume
    rest = {"tag": None, "delete_on_termination": False, "attachment_id": volume, "bdm_uuid": volume}
    return {"id": volume, "volumeId": volume, "serverId": server_id, "device": DEVICE, **rest}


@cache
def _server(*state: Any) -> bytes:
    return json.dumps(documents.server_row(*state)).encode()


@cache
def _volume(*state: Any) -> bytes:
    return json.dumps(documents.volume_row(*state)).encode()


@cache
def port(number: int) -> bytes:
    """The JSON of a port."""
    return json.dumps(documents.port_row(number)).encode()


def kinds(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    """Requests by what they are for: "authentication", "discovery", "list", "read", "write", "refused"."""
    found: Counter[str] = Counter()
    for line, count in counts:
        method, _space, path = line.partition(" ")
        found[_kind(method, path)] += count
    return found


def _kind(method: str, path: str) -> str:
    if method == REFUSED:
        return "refused"
    if path.endswith("auth/tokens"):
        return "authentication"
    if path in SERVICES or path.endswith("/extensions"):
        return "discovery"
    if method != "GET":
        return "write"
    return "read" if "ID" in path else "list"
