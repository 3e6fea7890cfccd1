# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as Glance keeps them, networks and ports as Neutron does."""

from __future__ import annotations

import json
from dataclasses import replace

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Port

from .backups import Backups
from .state import Json


class Surroundings(Backups):
    """Each method is a request."""

    def create_image(self, body: Json) -> Json:
        """One that names a snapshot has no data of its own. Glance does not look whether there is such a snapshot."""
        made = {**body, "id": self.new_id("image"), "status": "queued"}
        mapping = body.get("block_device_mapping")
        if mapping:
            made["snapshot"] = json.loads(mapping)[0]["snapshot_id"]
        self.images[made["id"]] = made
        return {"id": made["id"]}

    def upload(self, image_id: str) -> None:
        """Completes an image."""
        if image_id not in self.images:
            self.refuse(404, f"No image found with ID {image_id}")
        self.images[image_id] = {**self.images[image_id], "status": "active"}

    def delete_image(self, image_id: str) -> None:
        """At once."""
        if self.images.pop(image_id, None) is None:
            self.refuse(404, f"Failed to find image {image_id}")

    def create_port(self, port: Json) -> Json:
        """An address and a MAC are there once on a network (409)."""
        self.count += 1
        fixed = tuple(item["ip_address"] for item in port.get("fixed_ips") or ()) or (f"10.0.9.{self.count}",)
        mac = port.get("mac_address") or f"fa:16:3e:00:09:{self.count:02x}"
        there = (other for other in self.ports.values() if other.network_id == port["network_id"])
        if any({mac, *fixed} & {other.mac, *other.fixed_ips} for other in there):
            self.refuse(409, "the address or the MAC address is in use")
        groups = tuple(port.get("security_groups") or ())
        of = {"status": "DOWN", "description": port.get("description") or ""}
        made = Port(self.new_id("port"), port["name"], port["network_id"], mac, fixed, groups, **of)
        self.ports[made.id] = made
        return {"port": {"id": made.id}}

    def create_network(self, network: Json) -> Json:
        """Of the project."""
        made = {"description": "", **network, "id": self.new_id("network"), "project_id": "project"}
        self.networks[made["id"]] = made
        return {"network": made}

    def create_subnet(self, subnet: Json) -> Json:
        """Of a network."""
        made = {**subnet, "id": self.new_id("subnet")}
        self.subnets[made["id"]] = made
        return {"subnet": made}

    def delete_network(self, network_id: str) -> None:
        """With its subnets, unless somebody has a port on it (409)."""
        if network_id not in self.networks:
            self.refuse(404, f"Network {network_id} could not be found")
        if any(port.network_id == network_id for port in self.ports.values()):
            self.refuse(409, f"Unable to complete operation on network {network_id}. There are ports on it.")
        del self.networks[network_id]
        self.subnets = {key: one for key, one in self.subnets.items() if one["network_id"] != network_id}

    def update_port(self, port_id: str, port: Json) -> Json:
        """Here: whose it is, and its name."""
        known = {key: port[key] for key in ("device_id", "name") if key in port}
        self.ports[port_id] = replace(self.find(port_id, "Port"), **known)
        return {"port": {"id": port_id}}

    def delete_port(self, port_id: str) -> None:
        """At once."""
        self.find(port_id, "Port")
        del self.ports[port_id]
