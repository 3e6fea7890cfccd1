# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The APIs of one site, for tests: makes what a test needs, and tells everything that a module could have changed."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from typing import Any

import openstack

#: What the console of a server says of a disk that it booted with.
HEAD = re.compile(r"disk \S+ boot_index=\S+ volume=(?P<volume>\S+) head=(?P<head>.*)")
VERSIONS = {"compute": "2.96", "block_storage": "3.70"}
PATIENCE = 60.0
Json = dict[str, Any]


class Api:
    """Raw requests to one site, in the project of its configuration unless another one is named."""

    def __init__(self, cloud: str, project: str = "") -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.connection = openstack.connect(cloud=cloud, force_ipv4=True)
            if project:
                self.connection = self.connection.connect_as_project(project)

    def send(self, method: str, service: str, path: str, body: Any = None) -> Any:
        """The JSON of the answer; an error fails the test with the answer's text."""
        options: Json = {"raise_exc": False, "connect_retries": 0}
        if service in VERSIONS:
            options["microversion"] = VERSIONS[service]
        if body is not None:
            options["json"] = body
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = getattr(self.connection, service).request(path, method, **options)
        if answer.status_code == 404 and method == "DELETE":
            return {}
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def get(self, service: str, path: str, key: str) -> Any:
        """One field of the answer to a GET."""
        return self.send("GET", service, path)[key]

    def named(self, service: str, path: str, key: str, name: str) -> Json:
        """The one item of a list with this name."""
        (found,) = [item for item in self.get(service, path, key) if item["name"] == name]
        return found

    def server(self, server_id: str) -> Json:
        """A server."""
        return self.get("compute", f"/servers/{server_id}", "server")

    def volume(self, volume_id: str) -> Json:
        """A volume."""
        return self.get("block_storage", f"/volumes/{volume_id}", "volume")

    def attachments(self, server_id: str) -> list[Json]:
        """The attachments of a server."""
        return self.get("compute", f"/servers/{server_id}/os-volume_attachments", "volumeAttachments")

    def act(self, server_id: str, action: str, body: Any = None) -> None:
        """An action of a server."""
        self.send("POST", "compute", f"/servers/{server_id}/action", {action: body})

    def wait_server(self, server_id: str, status: str) -> None:
        """Wait until a server is idle in this status."""
        seen = self.wait(lambda: _idle(self.server(server_id)), {status, "ERROR"})
        assert seen == status, self.server(server_id)

    def wait_volume(self, volume_id: str, status: str = "available") -> None:
        """Wait until a volume has this status."""
        seen = self.wait(lambda: self.volume(volume_id)["status"], {status, "error"})
        assert seen == status, self.volume(volume_id)

    @staticmethod
    def wait(read: Callable[[], str], ends: set[str]) -> str:
        """Read until one of the ends is seen."""
        deadline = time.monotonic() + PATIENCE
        seen = read()
        while seen not in ends:
            assert time.monotonic() < deadline, f"still {seen}, wanted one of {ends}"
            time.sleep(0.2)
            seen = read()
        return seen

    def everything(self, prefix: str) -> Json:
        """All resources whose name begins so, with all their fields, and the requests that each server has seen."""
        servers = self.get("compute", f"/servers/detail?name=^{prefix}", "servers")
        lists = {
            "volumes": self.get("block_storage", "/volumes/detail", "volumes"),
            "snapshots": self.get("block_storage", "/snapshots/detail", "snapshots"),
            "ports": self.get("network", "/ports", "ports"),
        }
        mine = {kind: [item for item in items if item["name"].startswith(prefix)] for kind, items in lists.items()}
        ids = sorted(server["id"] for server in servers)
        attached = {server_id: self.attachments(server_id) for server_id in ids}
        return {"servers": servers, "requests": {i: self.requests(i) for i in ids}, "attached": attached, **mine}

    def booted_from(self, server_id: str) -> dict[str, str]:
        """By volume, what it began with when the server booted last."""
        body = {"os-getConsoleOutput": {}}
        console = self.send("POST", "compute", f"/servers/{server_id}/action", body)["output"]
        return {match["volume"]: match["head"] for match in HEAD.finditer(console.rpartition("boot at ")[2])}

    def requests(self, server_id: str) -> list[str]:
        """The ids of all requests that changed a server."""
        actions = self.get("compute", f"/servers/{server_id}/os-instance-actions", "instanceActions")
        return [action["request_id"] for action in actions]


def _idle(server: Json) -> str:
    return server["status"] if not server["OS-EXT-STS:task_state"] else ""
