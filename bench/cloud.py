# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended target: answers the calls of a recovery plan, here and with openstack.cloud, and counts them.

It says nothing of how fast a real cloud is: its times are stated by the caller.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from bench import documents
from bench.answers import Answer, Handler, nothing, ok, refused
from bench.backups import Backups
from bench.documents import SERVICES, TOKEN
from bench.services import Cinder, Neutron, Nova, lists
from bench.site import Refused, Site

#: Under what requests are counted that were one too many.
REFUSED = "429"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Cloud:
    """The site over HTTP.

    :param servers: how many there are.
    :param unshelve: seconds from an unshelve until the server is ACTIVE.
    :param revoke: seconds after which the token of that time is revoked; 0 is never.
    :param empty: whether the servers are still to be made.
    :param stock: whether there is no guarded API.
    :param leads: whether the servers run here: the source of a plan.
    :param host: address and port.
    """

    servers: int
    unshelve: float
    revoke: float = 0.0
    empty: bool = False
    stock: bool = False
    leads: bool = False
    host: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.site, self.begin = Site(self.servers, self.unshelve, self.empty, self.leads), time.monotonic()
        nova = Nova(self.site, self.host, self.stock)
        services = (nova, Cinder(self.site, self.host), Neutron(self.site, self.host), Backups(self.site, self.host))
        self.routes: dict[str, Handler] = lists(self.host)
        for service in services:
            self.routes.update(service.routes())

    @property
    def token(self) -> str:
        """The token that is valid at this moment."""
        revoked = self.revoke and time.monotonic() > self.begin + self.revoke
        return TOKEN + "-2" if revoked else TOKEN

    def answer(self, method: str, target: str, token: str, body: bytes) -> Answer:
        """The answer to one request."""
        url = urlsplit(target)
        path = url.path.strip("/")
        if path == "bench/counts":
            return ok(dict(self.counts))
        if path == "bench/active":
            return ok({"active": sum(self.site.settle(s).status == "ACTIVE" for s in self.site.servers.values())})
        line = f"{method} {_UUID.sub('ID', path)}"
        self.counts[line] += 1
        if path in SERVICES:
            return ok(documents.version_document(self.host, path))
        if path == "identity/v3/auth/tokens":
            return ok(documents.token_document(self.host), 201, X_Subject_Token=self.token)
        if token != self.token:
            return refused(401, "The request you have made requires authentication.")
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        handler = self.routes.get(line) or nothing(line)
        try:
            return handler(_UUID.findall(path), query, json.loads(body) if body else {})
        except Refused as error:
            return refused(error.status, error.message)


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
