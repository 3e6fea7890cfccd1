# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud on loopback that answers what a test tells it to, so that the real SDK and real HTTP are tested."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import takewhile
from typing import Any

#: Path of a service, and what its version document says.
SERVICES = {
    "compute": ("v2.1", {"min_version": "2.1", "version": "2.104"}),
    "block_storage": ("v3", {"min_version": "3.0", "version": "3.71"}),
    "network": ("v2.0", {}),
    "image": ("v2", {}),
}


@dataclass(frozen=True)
class Fails:
    """An answer that is no 200: HTTP status, body, headers."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


#: What an identity service wants to know.
ACCOUNT = {
    "username": "u",
    "password": "do not tell",
    "project_name": "p",
    "user_domain_id": "default",
    "project_domain_id": "default",
}


@dataclass(frozen=True)
class Drips:
    """An answer of bytes as they are, its headers included, of which one comes each ``pause`` seconds after the first.

    ``at_once`` are the bytes that come first, all together.
    """

    at_once: bytes
    then: bytes = b""
    pause: float = 0.05


#: In the place of an answer: the request is taken, and never answered.
SILENCE = Fails(0)


@dataclass(frozen=True)
class Request:
    """What the cloud was asked."""

    line: str
    body: Any
    version: str


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class LoopbackCloud:
    """Answers by "METHOD service /path?query"; a list is one answer after the other, the last one for ever.

    What has no answer gets a 404. ``sent`` holds all requests but the discovery of versions, which is answered by what
    stands at "METHOD service", if anything does, else as `SERVICES` say.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.sent: list[Request] = []
        self.closed = threading.Event()
        self.versions = {name: dict(document) for name, (_path, document) in SERVICES.items()}
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"cloud": self}))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def config(self) -> dict[str, Any]:
        """The keyword arguments of ``openstack.connect``: no identity service, fixed endpoints."""
        ends = {f"{name}_endpoint_override": f"{self.url}/{name}/{path}" for name, (path, _doc) in SERVICES.items()}
        return {
            "auth_type": "none",
            "region_name": "loopback",
            "volume_endpoint_override": ends["block_storage_endpoint_override"],
            **ends,
        }

    def identity(self, path: str, scheme: str = "http") -> dict[str, Any]:
        """The keyword arguments of ``openstack.connect`` with an identity service. It speaks no TLS, whatever is asked.

        :param path: "/v3", or another, whose versions keystoneauth has to discover.
        """
        url = f"{self.url.replace('http', scheme)}{path}"
        return {"auth": {"auth_url": url, **ACCOUNT}, "region_name": "loopback"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def lines(self) -> list[str]:
        """All requests as "METHOD service /path?query"."""
        return [request.line for request in self.sent]

    def writes(self) -> list[str]:
        """The requests that change something."""
        return [line for line in self.lines() if not line.startswith("GET ")]

    def respond(self, request: Request) -> Any:
        """What a request is answered with."""
        return self.answer(request.line)

    def answer(self, line: str) -> Any:
        known = self.answers.get(line, Fails(404, {"itemNotFound": {"message": f"nothing at {line}"}}))
        if isinstance(known, list):
            return known.pop(0) if len(known) > 1 else known[0]
        return known

    def discovery(self, line: str) -> Any:
        service = line.partition(" ")[2]
        return self.answer(line) if line in self.answers or service not in SERVICES else self.document(service)

    def document(self, service: str) -> dict[str, Any]:
        path = SERVICES[service][0]
        link = {"rel": "self", "href": f"{self.url}/{service}/{path}/"}
        return {"version": {"id": path, "status": "CURRENT", "links": [link], **self.versions[service]}}

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    cloud: LoopbackCloud

    def handle_any(self) -> None:
        service, _slash, rest = self.path.lstrip("/").partition("/")
        path = rest.partition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not path:
            self.reply(self.cloud.discovery(f"{self.command} {service}"))
            return
        line = f"{self.command} {service} /{path}"
        version = self.headers.get("OpenStack-API-Version") or ""
        request = Request(line, json.loads(body) if body else None, version)
        self.cloud.sent.append(request)
        self.reply(self.cloud.respond(request))

    def reply(self, answer: Any) -> None:
        if answer is SILENCE:
            self.close_connection = self.cloud.closed.wait(60)
            return
        if isinstance(answer, Drips):
            self.drip(answer)
            return
        fails = answer if isinstance(answer, Fails) else Fails(200, answer)
        body = fails.body if isinstance(fails.body, bytes) else json.dumps(fails.body).encode()
        body = b"" if fails.body is None else body
        self.send_response(fails.status)
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/json", **dict(fails.headers)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, answer: Drips) -> None:
        """Ends when nobody listens any more."""
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(answer.at_once)
            for number in takewhile(lambda _number: not self.cloud.closed.wait(answer.pause), answer.then):
                self.wfile.write(bytes([number]))

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - names of the base class

    def log_message(self, *_arguments: Any) -> None:
        """Says nothing."""
