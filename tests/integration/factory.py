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

    @property
    def shared_net(self) -> str:
        """The id of the network of another project that all projects share."""
        return self.api.named("network", "/networks", "networks", "shared-net")["id"]

    def everything(self) -> Json:
        """All that belongs to this test.

        Nova takes the host off a little after it has called a server SHELVED_OFFLOADED.
        """
        self.api.wait(
            lambda: str(any(s["hostId"] for s in self.servers() if s["status"] == "SHELVED_OFFLOADED")), {"False"}
        )
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
        body = {"name": self.name(suffix), "network_id": self.shared_net, **fields}
        return self.api.send("POST", "network", "/ports", {"port": body})["port"]

    def server(
        self,
        suffix: str = "srv",
        root: str | None = None,
        data: str | None = None,
        together: Json | None = None,
        port: str | None = None,
        **more: Any,
    ) -> str:
        """An ACTIVE server, without network unless a port is given; its root is made from the image unless it is given.

        Args:
            port: the id of its port.
            together: what the request says beside the server, such as hints for the scheduler.
            more: of the root's mapping, such as ``tag`` (default "root") and ``delete_on_termination``.
        """
        both = {"source_type": "volume", "destination_type": "volume"}
        mappings = [{**both, "uuid": root or self.volume(f"{suffix}-root"), "boot_index": 0, "tag": "root", **more}]
        if data:
            mappings.append({**both, "uuid": data, "boot_index": -1, "tag": "data"})
        mappings = [{key: value for key, value in row.items() if value is not None} for row in mappings]
        networks = [{"port": port}] if port else "none"
        return self.boot(suffix, "m1.tiny", together, block_device_mapping_v2=mappings, networks=networks)

    def boot(self, suffix: str, flavor: str, together: Json | None = None, **fields: Any) -> str:
        """Any server, once it is ACTIVE; its id."""
        flavor_id = self.api.named("compute", "/flavors", "flavors", flavor)["id"]
        body = {"name": self.name(suffix), "flavorRef": flavor_id, "networks": "none", **fields}
        server = self.api.send("POST", "compute", "/servers", {"server": body, **(together or {})})["server"]["id"]
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

    def network(self) -> str:
        """A network of the project's own, where a member may choose addresses; its name."""
        made = self.api.send("POST", "network", "/networks", {"network": {"name": self.name("net")}})["network"]
        subnet = {"name": self.name("subnet"), "network_id": made["id"], "cidr": "10.9.0.0/24", "ip_version": 4}
        self.api.send("POST", "network", "/subnets", {"subnet": subnet})
        return made["name"]

    def servers(self) -> list[Json]:
        """The servers of this test."""
        return self.api.get("compute", f"/servers/detail?name=^{self.prefix}", "servers")

    def ids(self, service: str, kind: str) -> list[str]:
        """The ids of this test's resources of a kind, such as "block_storage", "volumes"."""
        items = self.api.get(service, f"/{kind}", kind.replace("-", "_"))
        return [item["id"] for item in items if (item["name"] or "").startswith(self.prefix)]

    def delete_servers(self) -> None:
        """Ask for the end of the servers, and do not wait for it."""
        for server in self.servers():
            self.admin.send("DELETE", "compute", f"/servers/{server['id']}")

    def clean(self) -> None:
        """Remove everything whose name begins with the prefix."""
        self.delete_servers()
        self.api.wait(lambda: str(len(self.servers())), {"0"})
        for kind in ("backups", "snapshots", "volumes"):
            self._delete("block_storage", kind)
            self.api.wait(lambda kind=kind: str(len(self.ids("block_storage", kind))), {"0"})
        for kind in ("ports", "networks", "security-groups"):
            self._delete("network", kind)
        for group in self.api.get("compute", "/os-server-groups", "server_groups"):
            if group["name"].startswith(self.prefix):
                self.api.send("DELETE", "compute", f"/os-server-groups/{group['id']}")

    def _delete(self, service: str, kind: str) -> None:
        for resource_id in self.ids(service, kind):
            self.admin.send("DELETE", service, f"/{kind}/{resource_id}")
