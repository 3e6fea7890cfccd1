# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pretended cloud as a program: HTTP/1.1 on loopback, one process, as little processor time as possible.

Written on asyncio and not on a web framework because it shares the machine with what it measures: about 0.1 ms for a
request. Prints its port; ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections import deque

from bench.answers import Answer, refused
from bench.cloud import REFUSED, Cloud

REASONS = {200: "OK", 201: "Created", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           409: "Conflict", 429: "Too Many Requests"}  # fmt: skip


class Limits:
    """When an answer is due, and which requests are too many.

    :param latency: seconds for each request.
    :param row: seconds for each row of a list.
    :param rate: requests in one second above which the answer is 429 with Retry-After: 1; 0 is no limit.
    """

    def __init__(self, latency: float, row: float, rate: int) -> None:
        self.latency, self.row, self.rate = latency, row, rate
        self._last: deque[float] = deque()

    def too_many(self, now: float) -> bool:
        """Whether this request is one too many in the second that ends now."""
        if not self.rate:
            return False
        while self._last and self._last[0] <= now - 1:
            self._last.popleft()
        if len(self._last) >= self.rate:
            return True
        self._last.append(now)
        return False

    def due(self, answer: Answer) -> float:
        """Seconds until the answer is sent."""
        return self.latency + self.row * answer.rows


class Connection(asyncio.Protocol):
    """One connection; a client sends the next request only after the answer."""

    def __init__(self, cloud: Cloud, limits: Limits) -> None:
        self.cloud, self.limits, self.buffer = cloud, limits, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the other end."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers when the request is complete."""
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self.buffer = b""
        method, target, _version = first.split(" ")
        self.reply(method, target, headers.get("x-auth-token", ""), body)

    def reply(self, method: str, target: str, token: str, body: bytes) -> None:
        """Lets the cloud act at once, and sends its answer when the stated time is over."""
        loop = asyncio.get_running_loop()
        if self.limits.too_many(loop.time()):
            self.cloud.counts[REFUSED] += 1
            answer = refused(429, "Too many requests.")
            self.send(Answer(429, answer.body, 0, (("Retry-After", "1"),)))
            return
        answer = self.cloud.answer(method, target, token, body)
        loop.call_later(0 if target.startswith("/bench/") else self.limits.due(answer), self.send, answer)

    def send(self, answer: Answer) -> None:
        """Writes an answer."""
        if self.transport.is_closing():
            return
        lines = [f"HTTP/1.1 {answer.status} {REASONS[answer.status]}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(answer.body)}", *(f"{name}: {value}" for name, value in answer.headers)]
        self.transport.write("\r\n".join([*lines, "\r\n"]).encode() + answer.body)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, required=True)
    parser.add_argument("--unshelve", type=float, default=10.0, help="seconds until a server is ACTIVE")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds for each request")
    parser.add_argument("--row", type=float, default=0.0, help="seconds for each row of a list")
    parser.add_argument("--rate", type=int, default=0, help="requests in a second, above which the answer is 429")
    parser.add_argument("--empty", type=int, default=0, help="1: the servers are still to be made")
    parser.add_argument("--stock", type=int, default=0, help="1: without the guarded root volume API")
    parser.add_argument("--leads", type=int, default=0, help="1: the servers run here")
    parser.add_argument("--revoke", type=float, default=0.0, help="seconds after which the token is revoked")
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    """Serves until standard input ends."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    address, port = listening.getsockname()
    state = (options.unshelve, options.revoke, bool(options.empty), bool(options.stock), bool(options.leads))
    cloud = Cloud(options.servers, *state, host=f"{address}:{port}")
    limits = Limits(options.latency, options.row, options.rate)
    await loop.create_server(lambda: Connection(cloud, limits), sock=listening, backlog=1024)
    loop.add_reader(sys.stdin.fileno(), over.set)
    print(port, flush=True)
    await over.wait()


if __name__ == "__main__":
    asyncio.run(serve(parsed()))
