# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pretended cloud says: versions, catalog, and rows of servers, volumes and ports as large as real ones."""

from __future__ import annotations

import uuid
from typing import Any

Json = dict[str, Any]

PLAN = "bench"
PROJECT = "2f8d3a0a1c1141b5a7d3a0c4e5f60718"
TOKEN = "pretended-token"
DEVICE = "/dev/vda"

#: By path below the host: type in the catalog, and what the version document says of microversions.
SERVICES: dict[str, tuple[str, Json]] = {
    "identity/v3": ("identity", {}),
    "compute/v2.1": ("compute", {"min_version": "2.1", "version": "2.96"}),
    "volume/v3": ("block-storage", {"min_version": "3.0", "version": "3.70"}),
    "network/v2.0": ("network", {}),
    "image/v2": ("image", {}),
}


def made_id(kind: str, number: int) -> str:
    """The id of the thing of that kind and number, the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}-{number}"))


NETWORK = made_id("network", 0)


def server_name(number: int) -> str:
    """The name of a server: web-007."""
    return f"web-{number:03}"


def version_document(host: str, path: str) -> Json:
    """What a service says of itself at the root of its endpoint."""
    version = path.rpartition("/")[2]
    link = {"rel": "self", "href": f"http://{host}/{path}/"}
    number = f"{version}.0" if "." not in version else version
    return {"version": {"id": number, "status": "CURRENT", "links": [link], **SERVICES[path][1]}}


#: What Keystone says of a token, without the catalog.
_DOMAIN = {"id": "default", "name": "Default"}
_TOKEN: Json = {
    "methods": ["password"],
    "user": {"id": "u", "name": "bench", "domain": _DOMAIN, "password_expires_at": None},
    "project": {"id": PROJECT, "name": "bench", "domain": _DOMAIN},
    "roles": [{"id": "m", "name": "member"}],
    "issued_at": "2026-01-01T00:00:00.000000Z",
    "expires_at": "2099-01-01T00:00:00.000000Z",
    "audit_ids": ["bench"],
    "is_domain": False,
}

#: What all servers have in common, at microversion 2.96 of Nova.
_SERVER: Json = {
    "tenant_id": PROJECT,
    "user_id": PROJECT,
    "image": "",
    "flavor": {"vcpus": 1, "ram": 2048, "disk": 0, "ephemeral": 0, "swap": 0, "original_name": "m1.tiny"},
    "created": "2026-01-01T00:00:00Z",
    "updated": "2026-01-01T00:00:00Z",
    "accessIPv4": "",
    "accessIPv6": "",
    "OS-DCF:diskConfig": "MANUAL",
    "config_drive": "",
    "key_name": None,
    "OS-SRV-USG:launched_at": "2026-01-01T00:00:00.000000",
    "OS-SRV-USG:terminated_at": None,
    "security_groups": [{"name": "default"}],
    "locked": False,
    "locked_reason": None,
    "description": None,
    "tags": [],
    "trusted_image_certificates": None,
    "server_groups": [],
}

#: What all volumes have in common, at microversion 3.70 of Cinder.
_VOLUME: Json = {
    "availability_zone": "nova",
    "created_at": "2026-01-01T00:00:00.000000",
    "updated_at": "2026-01-01T00:00:00.000000",
    "description": None,
    "volume_type": "fast",
    "volume_type_id": PROJECT,
    "snapshot_id": None,
    "source_volid": None,
    "user_id": PROJECT,
    "bootable": "true",
    "encrypted": False,
    "replication_status": None,
    "consistencygroup_id": None,
    "group_id": None,
    "multiattach": False,
    "shared_targets": None,
    "service_uuid": None,
    "cluster_name": None,
    "consumes_quota": True,
    "volume_image_metadata": {"container_format": "bare", "disk_format": "qcow2", "min_disk": "0", "min_ram": "0"},
    "os-vol-tenant-attr:tenant_id": PROJECT,
}

#: What all ports have in common.
_PORT: Json = {
    "tenant_id": PROJECT,
    "project_id": PROJECT,
    "admin_state_up": True,
    "status": "DOWN",
    "device_owner": "compute:nova",
    "allowed_address_pairs": [],
    "port_security_enabled": True,
    "binding:vnic_type": "normal",
    "tags": [],
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "revision_number": 3,
}


def token_document(host: str) -> Json:
    """The body of Keystone's answer to an authentication."""
    catalog = []
    for path, (kind, _versions) in SERVICES.items():
        end = {"interface": "public", "region": "RegionB", "region_id": "RegionB", "url": f"http://{host}/{path}"}
        catalog.append({"type": kind, "name": kind, "id": kind, "endpoints": [{"id": kind, **end}]})
    return {"token": {**_TOKEN, "catalog": catalog}}


def server_row(host: str, name: str, server_id: str, volumes: tuple[str, ...], address: str, status: str,
               task: str | None, metadata: tuple[tuple[str, str], ...]) -> Json:  # fmt: skip
    """A server as Nova tells it."""
    fixed = {"version": 4, "addr": address, "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": mac(address)}
    return {
        **_SERVER,
        "id": server_id,
        "name": name,
        "status": status,
        "metadata": dict(metadata),
        "hostId": PROJECT * 2 if status == "ACTIVE" else "",
        "addresses": {"app": [fixed]},
        "links": [
            {"rel": "self", "href": f"http://{host}/compute/v2.1/servers/{server_id}"},
            {"rel": "bookmark", "href": f"http://{host}/compute/servers/{server_id}"},
        ],
        "OS-EXT-AZ:availability_zone": "nova" if status == "ACTIVE" else "",
        "OS-EXT-STS:task_state": task,
        "OS-EXT-STS:vm_state": status.lower(),
        "OS-EXT-STS:power_state": 1 if status == "ACTIVE" else 4,
        "os-extended-volumes:volumes_attached": [{"id": one, "delete_on_termination": False} for one in volumes],
    }


def volume_row(host: str, name: str, volume_id: str, size: int, status: str, server: str,
               metadata: tuple[tuple[str, str], ...]) -> Json:  # fmt: skip
    """A volume as Cinder tells it."""
    ids = {"id": volume_id, "volume_id": volume_id, "attachment_id": volume_id, "server_id": server}
    times = {"device": DEVICE, "host_name": None, "attached_at": "2026-01-01T00:00:00.000000"}
    return {
        **_VOLUME,
        "id": volume_id,
        "name": name,
        "size": size,
        "status": status,
        "attachments": [{**ids, **times}] if server else [],
        "metadata": dict(metadata),
        "links": [{"rel": "self", "href": f"http://{host}/volume/v3/volumes/{volume_id}"}],
    }


def port_row(port_id: str, name: str, address: str, server: str, network: str, description: str) -> Json:
    """A port of Neutron."""
    return {
        **_PORT,
        "id": port_id,
        "name": name,
        "network_id": network,
        "description": description,
        "mac_address": mac(address),
        "device_id": server,
        "fixed_ips": [{"subnet_id": made_id("subnet", 0), "ip_address": address}],
        "security_groups": [made_id("group", 0)],
    }


def mac(address: str) -> str:
    """The MAC address that goes with an address."""
    third, fourth = address.split(".")[2:]
    return f"fa:16:3e:00:{int(third):02x}:{int(fourth):02x}"


#: The security group of all servers.
GROUP: Json = {"id": made_id("group", 0), "name": "app", "project_id": PROJECT, "security_group_rules": []}

#: What there is one of, by the path of its list: flavor and image.
ONLY: dict[str, Json] = {
    "compute/v2.1/flavors": {"id": made_id("flavor", 0), "name": "m1.tiny", "vcpus": 1, "ram": 2048, "disk": 0},
    "image/v2/images": {"id": made_id("image", 0), "name": "cirros", "status": "active", "size": 1 << 30},
}
