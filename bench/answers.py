# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the pretended cloud: JSON, errors, pages of lists, and rows that are made once for each state."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench import documents
from bench.documents import Json

#: What Nova, Cinder and Neutron list at most in one page (max_limit, osapi_max_limit).
PAGE = 1000


@dataclass(frozen=True)
class Answer:
    """One answer; ``rows`` is how many rows of a list it holds."""

    status: int
    body: bytes = b""
    rows: int = 0
    headers: tuple[tuple[str, str], ...] = ()


#: (the ids in the path, the query, the body) -> answer.
Handler = Callable[[list[str], Json, Json], Answer]


def ok(body: Json, status: int = 200, **headers: str) -> Answer:
    """An answer with JSON; underscores in names of headers become dashes."""
    return Answer(status, json.dumps(body).encode(), 0, tuple((n.replace("_", "-"), v) for n, v in headers.items()))


def refused(status: int, message: str) -> Answer:
    """An error as Nova words it."""
    return ok({"error": {"code": status, "message": message}}, status)


def single(key: str, row: bytes, status: int = 200) -> Answer:
    """One thing."""
    return Answer(status, b'{"%s": %s}' % (key.encode(), row))


def listed(host: str, path: str, rows: list[bytes], query: Json, name: str = "") -> Answer:
    """One page of a list; a full page has a link to the next, as Nova and Cinder do it."""
    key = (name or path.split("/")[2].replace("-", "_")).encode()
    limit, start = min(PAGE, int(query.get("limit", PAGE))), int(query.get("marker", 0))
    page = rows[start : start + limit]
    link = {"rel": "next", "href": f"http://{host}/{path}?limit={limit}&marker={start + limit}"}
    links = json.dumps([link] if len(page) == limit else []).encode()
    return Answer(200, b'{"%s": [%s], "%s_links": %s}' % (key, b",".join(page), key, links), len(page))


def nothing(line: str) -> Handler:
    """The answer to what the cloud has not: an empty list, or 404."""
    method, _space, path = line.partition(" ")
    parts = path.split("/")[2:]
    if method == "GET" and parts and parts[1:] in ([], ["detail"]):
        return lambda _ids, _query, _body: ok({parts[0].replace("-", "_"): []})
    return lambda _ids, _query, _body: refused(404, f"nothing at {path}")


@cache
def server_json(*state: Any) -> bytes:
    """The JSON of a server."""
    return json.dumps(documents.server_row(*state)).encode()


@cache
def volume_json(*state: Any) -> bytes:
    """The JSON of a volume."""
    return json.dumps(documents.volume_row(*state)).encode()


@cache
def port_json(*state: Any) -> bytes:
    """The JSON of a port."""
    return json.dumps(documents.port_row(*state)).encode()
