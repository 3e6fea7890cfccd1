# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One user at one site over plain HTTP: what a client sees, without any of the project's own code."""

from __future__ import annotations

import os
import pathlib
import time
from typing import TYPE_CHECKING, Any

import yaml
from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

MICROVERSION = "2.95"  # the newest of Nova 28, the oldest release that the filter works with
ATTACHED = 200  # Nova's own code below microversion 2.101; from there on it is 202
SERVICES = {
    # how the tests call it: (service type, path of the API's version where the catalog leaves it out, microversion)
    "compute": ("compute", "", MICROVERSION),
    "volume": ("volumev3", "", "3.70"),
    "image": ("image", "/v2", None),
    "network": ("network", "/v2.0", None),
    "identity": ("identity", "", None),
    "placement": ("placement", "", "1.28"),
}


class User:
    """A user of a cloud in clouds.yaml; each verb returns the answer, whatever its status.

    Args:
        cloud: name in clouds.yaml.
        auth: values that replace those of its ``auth``, for users made by a test.
    """

    def __init__(self, cloud: str, **auth: str) -> None:
        config = yaml.safe_load(pathlib.Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text())["clouds"][cloud]
        self.session = session.Session(auth=v3.Password(**{**config["auth"], **auth}))
        self.where = {"region_name": config["region_name"], "interface": "public"}

    def call(
        self, method: str, service: str, path: str, body: Any = None, version: str | None = None, **more: Any
    ) -> requests.Response:
        """Send one request; ``version`` replaces the service's usual microversion."""
        kind, prefix, usual = SERVICES[service]
        if body is not None:
            more["json"] = body
        site = adapter.Adapter(self.session, service_type=kind, **self.where)
        return site.request(prefix + path, method, microversion=version or usual, raise_exc=False, **more)

    def read(self, service: str, path: str) -> dict[str, Any]:
        """GET what must be there; the outermost key is taken off."""
        response = self.call("GET", service, path)
        assert response.status_code == 200, f"GET {path}: {response.status_code} {response.text}"
        return next(iter(response.json().values()))

    def make(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST what must succeed; the outermost key is taken off."""
        response = self.call("POST", service, path, body)
        assert response.ok, f"POST {path}: {response.status_code} {response.text}"
        return next(iter(response.json().values()))

    def find(self, service: str, path: str, name: str) -> dict[str, Any]:
        """The one of a list that has this name."""
        (found,) = [each for each in self.read(service, path) if each["name"] == name]
        return found

    def knows(self, version: str) -> bool:
        """Tell whether this Nova has a microversion."""
        newest = self.read("compute", "/")["version"]
        return tuple(map(int, version.split("."))) <= tuple(map(int, newest.split(".")))

    # -- the calls under test

    def detach(self, server: str, volume: str, **more: Any) -> requests.Response:
        """DELETE an attachment."""
        return self.call("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{volume}", **more)

    def attach(self, server: str, volume: str, version: str | None = None, **fields: Any) -> requests.Response:
        """POST an attachment."""
        body = {"volumeAttachment": {"volumeId": volume, **fields}}
        return self.call("POST", "compute", f"/servers/{server}/os-volume_attachments", body, version)

    def act(self, server: str, action: str, value: Any = None) -> requests.Response:
        """POST a server action."""
        return self.call("POST", "compute", f"/servers/{server}/action", {action: value})

    def root(self, server: str) -> dict[str, Any]:
        """GET the root volume."""
        return self.read("compute", f"/servers/{server}/os-root-volume")

    def rename_volume(self, volume: str, name: str) -> None:
        """PUT the name of a volume: a mark in it is an order to the storage of the pocket cloud."""
        answer = self.call("PUT", "volume", f"/volumes/{volume}", {"volume": {"name": name}})
        assert answer.status_code == 200, answer.text

    # -- what the tests look at

    def server(self, server: str) -> dict[str, Any]:
        """GET a server."""
        return self.read("compute", f"/servers/{server}")

    def volume(self, volume: str) -> dict[str, Any]:
        """GET a volume."""
        return self.read("volume", f"/volumes/{volume}")

    def reservations(self, volume: str) -> list[dict[str, Any]]:
        """Cinder's attachments of a volume, reserved ones too."""
        return self.read("volume", f"/attachments?volume_id={volume}")

    def console(self, server: str) -> str:
        """The console of a server: it says from which disks it booted."""
        response = self.act(server, "os-getConsoleOutput", {})
        assert response.status_code == 200, response.text
        return response.json()["output"]

    # -- waiting

    def wait_server(self, server: str, status: str) -> dict[str, Any]:
        """Wait until a server has the status and no task."""

        def there() -> dict[str, Any] | None:
            found = self.server(server)
            return found if found["status"] == status and not found["OS-EXT-STS:task_state"] else None

        return wait(there, f"server {server} {status}")

    def wait_action_over(self, server: str, action: str) -> None:
        """Wait until the newest action of a server is this one and has ended, well or not."""

        def over() -> bool:
            newest = self.read("compute", f"/servers/{server}/os-instance-actions")[0]
            events = self.read("compute", f"/servers/{server}/os-instance-actions/{newest['request_id']}")["events"]
            return newest["action"] == action and bool(events) and all(event["finish_time"] for event in events)

        wait(over, f"end of {action} of server {server}")

    def wait_volume(self, volume: str, status: str) -> dict[str, Any]:
        """Wait until a volume has the status."""

        def there() -> dict[str, Any] | None:
            found = self.volume(volume)
            assert not found["status"].startswith("error"), found
            return found if found["status"] == status else None

        return wait(there, f"volume {volume} {status}")

    def wait_gone(self, service: str, path: str) -> None:
        """Wait until a GET answers 404."""
        wait(lambda: self.call("GET", service, path).status_code == 404, f"{path} gone")


def wait(predicate: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Ask until the answer is true; asking costs the test cloud CPU, so not too often."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = predicate()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def fault(response: requests.Response) -> tuple[int, str, str]:
    """Status, name and message of a refusal in Nova's format."""
    ((name, content),) = response.json().items()
    assert content["code"] == response.status_code
    return response.status_code, name, content["message"]
