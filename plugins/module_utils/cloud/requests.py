# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each verb that changes a cloud. Each sends one request and returns what it answers.

Every public function here is a verb of a step, see verbs.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ..data.errors import CloudError, StandbyError
from .session import GUARDED_ALIAS, Session

Json = dict[str, Any]


def _action(cloud: Session, server_id: str, action: str, body: Any = None) -> Json:
    return cloud.send("POST", "compute", f"/servers/{server_id}/action", {action: body})


def shelve(cloud: Session, server_id: str) -> Json:
    """Shelves; a volume-backed server is offloaded at once."""
    return _action(cloud, server_id, "shelve")


def unshelve(cloud: Session, server_id: str, availability_zone: str | None = None, host: str | None = None) -> Json:
    """Unshelves (availability_zone from 2.77, host from 2.91 and for administrators)."""
    where = {"availability_zone": availability_zone, "host": host}
    chosen = {key: value for key, value in where.items() if value}
    return _action(cloud, server_id, "unshelve", chosen or None)


def start(cloud: Session, server_id: str) -> Json:
    """Starts a stopped server."""
    return _action(cloud, server_id, "os-start")


def stop(cloud: Session, server_id: str) -> Json:
    """Stops a server; its guest is asked to shut down first."""
    return _action(cloud, server_id, "os-stop")


def lock(cloud: Session, server_id: str, reason: str) -> Json:
    """Locks a server: only administrators and whoever unlocks it can change its state (2.73: with a reason)."""
    return _action(cloud, server_id, "lock", {"locked_reason": reason})


def unlock(cloud: Session, server_id: str) -> Json:
    """Unlocks a server."""
    return _action(cloud, server_id, "unlock")


def attach_root(cloud: Session, server_id: str, volume_id: str, device: str) -> Json:
    """Guarded API: makes a volume the root. Stock Nova would attach a data disk: see decide/server/root_volume.py."""
    body = {"volumeId": volume_id, "device": device, "delete_on_termination": False}
    if cloud.advertises(GUARDED_ALIAS):
        # during an upgrade a nova-api without the guarded API may answer: with this field it refuses
        body["is_root"] = True
    return cloud.send("POST", "compute", f"/servers/{server_id}/os-volume_attachments", {"volumeAttachment": body})


def attach_volume(cloud: Session, server_id: str, volume_id: str) -> Json:
    """Attaches a data volume."""
    body = {"volumeId": volume_id, "delete_on_termination": False}
    return cloud.send("POST", "compute", f"/servers/{server_id}/os-volume_attachments", {"volumeAttachment": body})


def detach_volume(cloud: Session, server_id: str, volume_id: str) -> Json:
    """Detaches a volume. A 202 does not mean detached: wait for Cinder."""
    return cloud.send("DELETE", "compute", f"/servers/{server_id}/os-volume_attachments/{volume_id}")


def set_delete_on_termination(cloud: Session, server_id: str, volume_id: str, value: bool) -> Json:
    """Says whether a volume is deleted with its server (2.85). The same volume id: no swap."""
    body = {"volumeId": volume_id, "delete_on_termination": value}
    path = f"/servers/{server_id}/os-volume_attachments/{volume_id}"
    return cloud.send("PUT", "compute", path, {"volumeAttachment": body})


def create_server(cloud: Session, user_data: str | None = None, hints: Mapping | None = None, **server: Any) -> Json:
    """Creates a server; ``user_data`` is plain text."""
    if user_data is not None:
        server["user_data"] = base64.b64encode(user_data.encode()).decode()
    body: Json = {"server": server}
    if hints:
        body["os:scheduler_hints"] = hints
    return cloud.send("POST", "compute", "/servers", body)["server"]


def delete_server(cloud: Session, server_id: str) -> Json:
    """Deletes a server, if it is still there."""
    return _delete(cloud, "compute", f"/servers/{server_id}")


def update_server(cloud: Session, server_id: str, **changes: Any) -> Json:
    """Changes the description."""
    return cloud.send("PUT", "compute", f"/servers/{server_id}", {"server": changes})


def set_server_metadata(cloud: Session, server_id: str, metadata: Mapping[str, str]) -> Json:
    """Sets these keys and leaves all others."""
    return cloud.send("POST", "compute", f"/servers/{server_id}/metadata", {"metadata": dict(metadata)})


def create_volume(cloud: Session, **volume: Any) -> Json:
    """Makes a volume; options as in Cinder's API, those that are None left out."""
    given = {key: value for key, value in volume.items() if value is not None}
    return cloud.send("POST", "block_storage", "/volumes", {"volume": given})["volume"]


def manage_volume(cloud: Session, host: str, ref: Mapping[str, str], **volume: Any) -> Json:
    """Makes a volume of what is in the storage already (3.8, administrators only); None is left out."""
    given = {key: value for key, value in volume.items() if value is not None}
    body = {"volume": {"host": host, "ref": dict(ref), **given}}
    return cloud.send("POST", "block_storage", "/manageable_volumes", body)["volume"]


def delete_volume(cloud: Session, volume_id: str) -> Json:
    """Deletes a volume, if it is still there."""
    return _delete(cloud, "block_storage", f"/volumes/{volume_id}")


def update_volume(cloud: Session, volume_id: str, **changes: Any) -> Json:
    """Changes the name."""
    return cloud.send("PUT", "block_storage", f"/volumes/{volume_id}", {"volume": changes})


def set_bootable(cloud: Session, volume_id: str, bootable: bool = True) -> Json:
    """Marks a volume bootable: Nova refuses to boot from one that is not."""
    body = {"os-set_bootable": {"bootable": bootable}}
    return cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)


def set_image_metadata(cloud: Session, volume_id: str, metadata: Mapping[str, str]) -> Json:
    """Gives a volume the properties of an image; Nova copies them into the server that boots from it."""
    body = {"os-set_image_metadata": {"metadata": dict(metadata)}}
    return cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)


def unset_image_metadata(cloud: Session, volume_id: str, key: str) -> Json:
    """Takes one of these properties off a volume."""
    body = {"os-unset_image_metadata": {"key": key}}
    return cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)


def set_volume_metadata(cloud: Session, volume_id: str, metadata: Mapping[str, str]) -> Json:
    """Sets these keys and leaves all others."""
    return cloud.send("POST", "block_storage", f"/volumes/{volume_id}/metadata", {"metadata": dict(metadata)})


def replace_volume_metadata(cloud: Session, volume_id: str, metadata: Mapping[str, str]) -> Json:
    """Sets these keys and removes all others."""
    return cloud.send("PUT", "block_storage", f"/volumes/{volume_id}/metadata", {"metadata": dict(metadata)})


def delete_volume_metadata(cloud: Session, volume_id: str, key: str) -> Json:
    """Removes one key, if it is still there."""
    return _delete(cloud, "block_storage", f"/volumes/{volume_id}/metadata/{key}")


def reimage_volume(cloud: Session, volume_id: str, image_id: str) -> Json:
    """Overwrites a volume that is reserved for a shelved server with an image (3.68)."""
    body = {"os-reimage": {"image_id": image_id, "reimage_reserved": True}}
    return cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)


def create_image(
    cloud: Session, name: str, snapshot_id: str, size: int, properties: Mapping[str, str] | None = None
) -> Json:
    """Makes an image that has no data: its block device mapping names a volume snapshot, as images of servers do."""
    mapping = {
        "boot_index": 0,
        "source_type": "snapshot",
        "destination_type": "volume",
        "snapshot_id": snapshot_id,
        "volume_size": size,
        "device_name": "/dev/vda",
        "delete_on_termination": False,
    }
    image = {
        **(properties or {}),
        "name": name,
        "disk_format": "raw",
        "container_format": "bare",
        "block_device_mapping": json.dumps([mapping]),
        "bdm_v2": "True",
        "root_device_name": "/dev/vda",
        **(properties or {}),
    }
    return cloud.send("POST", "image", "/images", image)


def upload_nothing(cloud: Session, image_id: str) -> Json:
    """Completes an image without data."""
    return cloud.send("PUT", "image", f"/images/{image_id}/file", b"")


def delete_image(cloud: Session, image_id: str) -> Json:
    """Deletes an image, if it is still there."""
    return _delete(cloud, "image", f"/images/{image_id}")


def create_snapshot(cloud: Session, **snapshot: Any) -> Json:
    """Makes a snapshot, of a volume in use too."""
    return cloud.send("POST", "block_storage", "/snapshots", {"snapshot": {"force": True, **snapshot}})["snapshot"]


def delete_snapshot(cloud: Session, snapshot_id: str) -> Json:
    """Deletes a snapshot, if it is still there."""
    return _delete(cloud, "block_storage", f"/snapshots/{snapshot_id}")


def create_backup(cloud: Session, **backup: Any) -> Json:
    """Makes a backup, of a volume in use too."""
    return cloud.send("POST", "block_storage", "/backups", {"backup": {"force": True, **backup}})["backup"]


def delete_backup(cloud: Session, backup_id: str) -> Json:
    """Deletes a backup, if it is still there."""
    return _delete(cloud, "block_storage", f"/backups/{backup_id}")


def export_backup(cloud: Session, backup_id: str) -> Json:
    """The record of a backup (administrators only): changes nothing."""
    return cloud.get("block_storage", f"/backups/{backup_id}/export_record")


def import_backup(cloud: Session, record: Mapping[str, Any], metadata: Mapping[str, str]) -> Json:
    """Makes the backup of another cloud known to this one (administrators only). Both share the backup store.

    :param metadata: of the imported backup. Those in the record are what the other cloud says, and are left out.
    """
    try:
        told = json.loads(base64.b64decode(record["backup_url"]))
        text = json.dumps({**told, "metadata": dict(metadata)})
    except (KeyError, TypeError, ValueError):
        raise StandbyError(
            f"{cloud.label}: the record of a backup cannot be read, so it is not imported. It should be JSON in base64,"
            " as Cinder writes it (cinder/objects/backup.py). Ask the operators of the site that made it."
        ) from None
    ours = {**record, "backup_url": base64.b64encode(text.encode()).decode()}
    return cloud.send("POST", "block_storage", "/backups/import_record", {"backup-record": ours})["backup"]


def set_backup_metadata(cloud: Session, backup_id: str, metadata: Mapping[str, str]) -> Json:
    """Sets these keys and removes all others (3.43)."""
    return cloud.send("PUT", "block_storage", f"/backups/{backup_id}", {"backup": {"metadata": dict(metadata)}})


def restore_backup(cloud: Session, backup_id: str, volume_id: str) -> Json:
    """Restores a backup into an existing volume, which is "restoring-backup" when this returns."""
    body = {"restore": {"volume_id": volume_id}}
    return cloud.send("POST", "block_storage", f"/backups/{backup_id}/restore", body)


def create_port(cloud: Session, **port: Any) -> Json:
    """Makes a port."""
    return cloud.send("POST", "network", "/ports", {"port": port})["port"]


def update_port(cloud: Session, port_id: str, **changes: Any) -> Json:
    """Changes a port."""
    return cloud.send("PUT", "network", f"/ports/{port_id}", {"port": changes})["port"]


def delete_port(cloud: Session, port_id: str) -> Json:
    """Deletes a port, if it is still there."""
    return _delete(cloud, "network", f"/ports/{port_id}")


def create_network(cloud: Session, **network: Any) -> Json:
    """Makes a network without any subnet."""
    return cloud.send("POST", "network", "/networks", {"network": network})["network"]


def update_network(cloud: Session, network_id: str, **changes: Any) -> Json:
    """Changes a network."""
    return cloud.send("PUT", "network", f"/networks/{network_id}", {"network": changes})["network"]


def delete_network(cloud: Session, network_id: str) -> Json:
    """Deletes a network with its subnets, if it is still there. Neutron refuses while a port of somebody is on it."""
    return _delete(cloud, "network", f"/networks/{network_id}")


def create_subnet(cloud: Session, **subnet: Any) -> Json:
    """Makes a subnet of a network."""
    return cloud.send("POST", "network", "/subnets", {"subnet": subnet})["subnet"]


def update_subnet(cloud: Session, subnet_id: str, **changes: Any) -> Json:
    """Changes a subnet."""
    return cloud.send("PUT", "network", f"/subnets/{subnet_id}", {"subnet": changes})["subnet"]


def create_security_group(cloud: Session, **group: Any) -> Json:
    """Makes a security group; Neutron puts rules into it by which everything may leave."""
    return cloud.send("POST", "network", "/security-groups", {"security_group": group})["security_group"]


def update_security_group(cloud: Session, group_id: str, **changes: Any) -> Json:
    """Changes the description."""
    return cloud.send("PUT", "network", f"/security-groups/{group_id}", {"security_group": changes})["security_group"]


def add_security_group_rule(cloud: Session, **rule: Any) -> Json:
    """Adds a rule to a security group."""
    body = {"security_group_rule": rule}
    return cloud.send("POST", "network", "/security-group-rules", body)["security_group_rule"]


def remove_security_group_rule(cloud: Session, rule_id: str) -> Json:
    """Removes a rule of a security group, if it is still there."""
    return _delete(cloud, "network", f"/security-group-rules/{rule_id}")


def _delete(cloud: Session, service: str, path: str) -> Json:
    """A 404 is the wanted state: the plan saw the resource before."""
    try:
        return cloud.send("DELETE", service, path)
    except CloudError as error:
        if error.status != 404:
            raise
        return {}
