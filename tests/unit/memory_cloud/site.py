# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud: which request is which method, and the JSON that its APIs show."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from ansible_collections.standby.openstack.plugins.module_utils.cloud.names import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import GUARDED_ALIAS
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Port, Server, Volume

from .nova import ACTIONS, ROOT_DEVICE, Nova, actions_of
from .state import Json

#: Fields of data/seen.py that an API calls otherwise.
NAMES = {
    "task_state": "OS-EXT-STS:task_state", "incremental": "is_incremental",
    "image_metadata": "volume_image_metadata", "mac": "mac_address", "availability_zone": "availability_zone",
    "owner": "device_owner",
}  # fmt: skip

#: The requests that change something: method, path, name of the method of `Site`, and the name of what it is given.
WRITES = (
    ("POST", r"/servers", "create_server", "server"),
    ("DELETE", r"/servers/([^/]+)", "delete_server", ""),
    ("PUT", r"/servers/([^/]+)", "update_server", "server"),
    ("POST", r"/(?:servers|volumes|snapshots)/([^/]+)/metadata", "set_metadata", "metadata"),
    ("PUT", r"/volumes/([^/]+)/metadata", "replace_metadata", "metadata"),
    ("PUT", r"/backups/([^/]+)", "update_backup", "backup"),
    ("POST", r"/servers/([^/]+)/os-volume_attachments", "attach", "volumeAttachment"),
    ("DELETE", r"/servers/([^/]+)/os-volume_attachments/([^/]+)", "detach", ""),
    ("PUT", r"/servers/([^/]+)/os-volume_attachments/([^/]+)", "set_delete_on_termination", "volumeAttachment"),
    ("POST", r"/volumes", "create_volume", "volume"),
    ("POST", r"/manageable_volumes", "manage_volume", "volume"),
    ("DELETE", r"/volumes/([^/]+)", "delete_volume", ""),
    ("PUT", r"/volumes/([^/]+)", "update_volume", "volume"),
    ("DELETE", r"/volumes/([^/]+)/metadata/([^/]+)", "delete_metadata", ""),
    ("POST", r"/snapshots", "create_snapshot", "snapshot"),
    ("DELETE", r"/snapshots/([^/]+)", "delete_snapshot", ""),
    ("POST", r"/backups", "create_backup", "backup"),
    ("DELETE", r"/backups/([^/]+)", "delete_backup", ""),
    ("POST", r"/backups/import_record", "import_record", "backup-record"),
    ("POST", r"/backups/([^/]+)/restore", "restore", "restore"),
    ("POST", r"/images", "create_image", "*"),
    ("PUT", r"/images/([^/]+)/file", "upload", ""),
    ("DELETE", r"/images/([^/]+)", "delete_image", ""),
    ("POST", r"/networks", "create_network", "network"),
    ("POST", r"/subnets", "create_subnet", "subnet"),
    ("DELETE", r"/networks/([^/]+)", "delete_network", ""),
    ("POST", r"/ports", "create_port", "port"),
    ("PUT", r"/ports/([^/]+)", "update_port", "port"),
    ("DELETE", r"/ports/([^/]+)", "delete_port", ""),
)
PATTERNS = [(method, re.compile(f"{path}\\Z"), name, key) for method, path, name, key in WRITES]
LISTS = {kind.path: (key, kind) for key, kind in KINDS.items()}


class Site(Nova):
    """One cloud, as its APIs show it."""

    def handle(self, method: str, service: str, path: str, body: Any) -> Json:
        """Carries a request out; returns the JSON of the answer."""
        path, _mark, query = path.partition("?")
        if method == "GET":
            return self._get(service, path, dict(parse_qsl(query)))
        action = re.match(r"/(server|volume)s/([^/]+)/action\Z", path)
        if action:
            return self._action(action[1], unquote(action[2]), body)
        for verb, pattern, name, key in PATTERNS:
            found = pattern.match(path) if verb == method else None
            if found:
                given = {"*": [body], "": []}.get(key) or ([body[key]] if key else [])
                function: Callable[..., Json | None] = getattr(self, name)
                return function(*map(unquote, found.groups()), *given) or {}
        raise NotImplementedError(f"{method} {path}")

    def _action(self, kind: str, resource_id: str, body: Json) -> Json:
        ((name, value),) = body.items()
        action = name.replace("-", "_")
        if name == "os-getConsoleOutput":
            running = self.find(resource_id, "Instance").status == "ACTIVE"
            return {"output": "login: "} if running else self.refuse(409, "Instance is not ready")
        if kind == "server" and action in ACTIONS:
            self.server_action(resource_id, action)
        else:
            getattr(self, f"{kind}_{action}")(self.find(resource_id), value)
        return {}

    def _get(self, service: str, path: str, query: dict[str, str]) -> Json:
        self.asked.add(path)
        if path in self.silent:
            self.refuse(403, f"{path} is not for you")
        base = re.sub(r"/detail\Z", "", path)
        if base in LISTS:
            key, kind = LISTS[base]
            return {kind.lists: [item for item in self.shown(key) if _fits(item, query, service)]}
        root, _slash, rest = path[1:].partition("/")
        resource_id, _slash, detail = unquote(rest).partition("/")
        if detail:
            return getattr(self, f"_{detail.replace('-', '_')}")(resource_id)
        if f"/{root}" not in LISTS:
            return getattr(self, f"_{root.replace('-', '_')}")()
        key, kind = LISTS[f"/{root}"]
        item = self.items(key).get(resource_id)
        if item is None:
            self.refuse(404, f"{key} {resource_id} could not be found")
        return {kind.key: self.show(item)} if kind.key else self.show(item)

    def items(self, kind: str) -> dict[str, Any]:
        """All resources of a kind, by id."""
        return getattr(self, f"{kind}s", {})

    def shown(self, kind: str) -> list[Json]:
        """The list of a kind."""
        return [self.show(item) for item in self.listed(self.items(kind))]

    def show(self, item: Any) -> Json:
        """A resource in the JSON of its API."""
        if isinstance(item, dict):
            return {key: value for key, value in item.items() if key != "snapshot"}
        data = {NAMES.get(key, key): value for key, value in vars(item).items()}
        if isinstance(item, Volume):
            data["attachments"] = [{"server_id": server_id} for server_id in item.attached_to]
        if isinstance(item, Port):
            data["fixed_ips"] = [{"ip_address": address} for address in item.fixed_ips]
        return {**data, **(self._of_server(item) if isinstance(item, Server) else {}), **self.facts.get(item.id, {})}

    def _of_server(self, server: Server) -> Json:
        ports = [port for port in self.ports.values() if port.device_id == server.id]
        known = server.addresses or [(port.mac, address) for port in ports for address in port.fixed_ips]
        return {
            "flavor": {**vars(server.flavor), "original_name": server.flavor.name},
            "OS-EXT-AZ:availability_zone": server.availability_zone,
            "OS-EXT-SRV-ATTR:root_device_name": server.root_device_name,
            "os-extended-volumes:volumes_attached": [_attachment(a) for a in server.attachments],
            "image": {"id": server.image_id} if server.image_id else "",
            "fault": {"message": server.fault},
            "addresses": {
                "net": [
                    {"OS-EXT-IPS-MAC:mac_addr": mac, "addr": address, "OS-EXT-IPS:type": "fixed"}
                    for mac, address in known
                ]
            },
        }

    def _os_volume_attachments(self, server_id: str) -> Json:
        return {"volumeAttachments": [_attachment(a) for a in self.find(server_id, "Instance").attachments]}

    def _os_root_volume(self, server_id: str) -> Json:
        root = self.root_of(self.find(server_id, "Instance"))
        return {"root_volume": {"device": ROOT_DEVICE, "device_present": root is not None, "volume_id": root}}

    def _os_instance_actions(self, server_id: str) -> Json:
        return {"instanceActions": actions_of(self.actions.get(server_id, ()))}

    def _os_interface(self, server_id: str) -> Json:
        return {"interfaceAttachments": []}

    def _export_record(self, backup_id: str) -> Json:
        return self.export_record(backup_id)

    def _extensions(self) -> Json:
        return {"extensions": [{"alias": GUARDED_ALIAS}] if self.guarded else []}

    def _limits(self) -> Json:
        """Of Cinder and of Nova, which both call it so."""
        most = {
            "Snapshots": "snapshots",
            "Volumes": "volumes",
            "VolumeGigabytes": "gigabytes",
            "Instances": "instances",
        }
        return {
            "limits": {
                "absolute": {
                    **{f"maxTotal{name}": self.most.get(what, -1) for name, what in most.items()},
                    "totalSnapshotsUsed": len(self.snapshots),
                    "totalVolumesUsed": len(self.volumes),
                    "totalGigabytesUsed": sum(volume.size for volume in self.volumes.values()),
                    "totalInstancesUsed": len(self.servers),
                }
            }
        }

    def _details(self, _project: str) -> Json:
        """The quota of Neutron, which every member may ask for: that of the own project."""
        kinds = {"network": self.networks, "subnet": self.subnets, "port": self.ports}
        told = {
            kind: {"limit": self.most.get(f"{kind}s", -1), "used": len(items), "reserved": 0}
            for kind, items in kinds.items()
        }
        return {"quota": told}

    def _os_availability_zone(self) -> Json:
        return {"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}}]}


def _attachment(a: Attachment) -> Json:
    return {**vars(a), "volumeId": a.volume_id}


def _fits(item: Json, query: dict[str, str], service: str) -> bool:
    """Nova's filter of names is a regular expression."""
    for key, value in query.items():
        if key == "fixed_ips":
            fits = value.partition("=")[2] in [fixed["ip_address"] for fixed in item["fixed_ips"]]
        elif key == "name" and service == "compute":
            fits = bool(re.search(value, item["name"]))
        else:
            fits = key == "limit" or item.get(key) == value
        if not fits:
            return False
    return True
