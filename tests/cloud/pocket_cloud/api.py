# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for OpenStack's APIs as small as the preparation of a site needs, so that it needs no library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from pocket_cloud import errors, site

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback only: never through a proxy
SECONDS = 60.0


class Api:
    """Requests of one user to one site."""

    def __init__(self, place: site.Site, user: str = "admin", password: str = "admin", project: str = "admin") -> None:
        """Get a token; errors as in :meth:`request`."""
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": password}},
        }
        scope = {"project": {"name": project, "domain": domain}}
        self.token = ""
        headers, body = self._send(
            "POST", f"{place.keystone_url}/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}}
        )
        self.token = headers["X-Subject-Token"]
        self.project_id: str = body["token"]["project"]["id"]

    def request(self, method: str, url: str, body: Any = None) -> Any:
        """Send a request and return the JSON of the answer (None if empty); PocketCloudError if it is refused."""
        return self._send(method, url, body)[1]

    def get(self, url: str) -> Any:
        """Read something."""
        return self.request("GET", url)

    def post(self, url: str, body: Any) -> Any:
        """Create something."""
        return self.request("POST", url, body)

    def put(self, url: str, data: bytes | None = None) -> Any:
        """Put bytes, or nothing but the address itself."""
        return self.request("PUT", url, data)

    def _send(self, method: str, url: str, body: Any) -> tuple[Any, Any]:
        headers = {"X-Auth-Token": self.token}
        data = body
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with OPENER.open(request, timeout=SECONDS) as answer:
                text = answer.read()
                return answer.headers, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")[:600]
            raise errors.PocketCloudError(f"{method} {url} was answered {error.code}: {text}") from error
        except OSError as error:
            raise errors.PocketCloudError(f"{method} {url} was not answered: {error}") from error
