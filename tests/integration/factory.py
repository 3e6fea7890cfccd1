# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes servers and volumes for tests, without the modules under test, and removes all that carries the test's name."""

from __future__ import annotations

from typing import Any

from api import Api, Json


class Factory:
    """Resources of one test at one site: each name begins with ``prefix``.

    Args:
        api: an ordinary member.
        admin: an administrator, to clean up what is locked.
    """

    def __init__(self, api: Api, admin: Api, prefix: str) -> None:
        self.api, self.admin, self.prefix = api, admin, prefix

    def name(self, suffix: str = "srv") -> str:
        """A name that only this test uses."""
        return f"{self.prefix}-{suffix}"

    def everything(self) -> Json:
        """All that belongs to this test."""
        return self.api.everything(self.prefix)

    def volume(self, suffix: str = "vol", wait: bool = True, **fields: Any) -> str:
        """A volume of 1 GiB from the image cirros, unless ``imageRef`` is None; its id."""
        image = self.api.named("image", "/images", "images", "cirros")["id"] if "imageRef" not in fields else None
        body = {"name": self.name(suffix), "size": 1, "imageRef": image, **fields}
        body = {key: value for key, value in body.items() if value is not None}
        volume = self.api.send("POST", "block_storage", "/volumes", {"volume": body})["volume"]["id"]
        if wait:
            self.api.wait_volume(volume)
        return volume

    def port(self, suffix: str = "port", **fields: Any) -> Json:
        """A port on the shared network."""
        network = self.api.named("network", "/networks", "networks", "shared-net")["id"]
        body = {"name": self.name(suffix), "network_id": network, **fields}
        return self.api.send("POST", "network", "/ports", {"port": body})["port"]

    def server(self, suffix: str = "srv", root: str | None = None, data: str | None = None, **more: Any) -> str:
        """An ACTIVE server without network; its root is made from the image unless it is given; its id.

        Args:
            more: of the root's mapping, such as ``tag`` (default "root") and ``delete_on_termination``.
        """
        both = {"source_type": "volume", "destination_type": "volume"}
        mappings = [{**both, "uuid": root or self.volume(f"{suffix}-root"), "boot_index": 0, "tag": "root", **more}]
        if data:
            mappings.append({**both, "uuid": data, "boot_index": -1, "tag": "data"})
        mappings = [{key: value for key, value in row.items() if value is not None} for row in mappings]
        return self.boot(suffix, flavor="m1.tiny", block_device_mapping_v2=mappings)

    def boot(self, suffix: str, flavor: str, **fields: Any) -> str:
        """Any server, once it is ACTIVE; its id."""
        flavor_id = self.api.named("compute", "/flavors", "flavors", flavor)["id"]
        body = {"name": self.name(suffix), "flavorRef": flavor_id, "networks": "none", **fields}
        server = self.api.send("POST", "compute", "/servers", {"server": body})["server"]["id"]
        self.api.wait_server(server, "ACTIVE")
        return server

    def shelved(self, suffix: str = "srv", **more: Any) -> str:
        """A server that is shelved and offloaded, with its root."""
        server = self.server(suffix, **more)
        self.api.act(server, "shelve")
        self.api.wait_server(server, "SHELVED_OFFLOADED")
        return server

    def dormant(self, suffix: str = "srv", **more: Any) -> str:
        """A server that is shelved and offloaded, without its root."""
        server = self.shelved(suffix, **more)
        (root,) = [a["volumeId"] for a in self.api.attachments(server) if a["tag"] == "root"]
        self.api.send("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{root}")
        self.api.wait_volume(root)
        return server

    def delete_servers(self) -> None:
        """Ask for the end of the servers, and do not wait for it."""
        for server in self.admin.get("compute", f"/servers?name=^{self.prefix}", "servers"):
            self.admin.send("DELETE", "compute", f"/servers/{server['id']}")

    def clean(self) -> None:
        """Remove everything whose name begins with the prefix."""
        self.delete_servers()
        self.api.wait(lambda: str(len(self.api.get("compute", f"/servers?name=^{self.prefix}", "servers"))), {"0"})
        for kind in ("backups", "snapshots", "volumes"):
            self._delete("block_storage", kind)
            if kind != "volumes":
                self.api.wait(lambda kind=kind: str(len(self._mine("block_storage", kind))), {"0"})
        self._delete("network", "ports")

    def _mine(self, service: str, kind: str) -> list[str]:
        items = self.api.get(service, f"/{kind}", kind)
        return [item["id"] for item in items if (item["name"] or "").startswith(self.prefix)]

    def _delete(self, service: str, kind: str) -> None:
        for item in self._mine(service, kind):
            self.admin.send("DELETE", service, f"/{kind}/{item}")
