# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each verb that changes a cloud. Each sends one request and returns what it answers."""

from __future__ import annotations

import base64
import contextlib
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..errors import CloudError, StandbyError
from .session import Session

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


def attach_root(cloud: Session, server_id: str, volume_id: str, device: str) -> Json:
    """Guarded API: makes a volume the root. Stock Nova would attach a data disk: see decide/root_volume.py."""
    body = {"volumeId": volume_id, "device": device, "delete_on_termination": False}
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


def check_volumes_kept(cloud: Session, server_id: str, volume_ids: Collection[str]) -> Json:
    """Before a server is deleted: that it has these volumes, and that none of them would go with it.

    :raises StandbyError: otherwise. Nothing was deleted then.
    """
    attached = cloud.get("compute", f"/servers/{server_id}/os-volume_attachments")["volumeAttachments"]
    strange = {item["volumeId"] for item in attached} ^ set(volume_ids)
    doomed = [item["volumeId"] for item in attached if item["delete_on_termination"]]
    if strange or doomed:
        volumes = ", ".join(sorted({*strange, *doomed}))
        what = "were attached or detached meanwhile" if strange else "would be deleted with it"
        raise StandbyError(f"{cloud.label}: server {server_id} is not deleted: volumes {volumes} {what}. Repeat.")
    return {}


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


def check_copy(cloud: Session, volume_id: str) -> Json:
    """Before a reserved volume is overwritten from an image without data: that Cinder copies what the image names.

    One that does not know such images would fill the volume with nothing and say that all is well; its API version is
    the same. So a copy is asked for that no Cinder makes: the volume is reserved, and the request does not allow that.
    One that knows looks for the snapshot first, which is not there (404), any other at the status of the volume (400;
    cinder/api/contrib/volume_actions.py, _reimage). Asked once for each cloud.

    :raises StandbyError: if it does not know them. Nothing was copied.
    """
    return cloud.once("copies snapshots", lambda: _ask_for_no_copy(cloud, volume_id))


def _ask_for_no_copy(cloud: Session, volume_id: str) -> Json:
    image = create_image(cloud, "standby-check", str(uuid.uuid4()), 1)
    try:
        body = {"os-reimage": {"image_id": image["id"], "reimage_reserved": False}}
        cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)
    except CloudError as error:
        if error.status == 404:
            return {}
        if error.status != 400:
            raise
    finally:
        with contextlib.suppress(StandbyError):  # what was answered before counts; the image has no data
            delete_image(cloud, image["id"])
    raise StandbyError(
        f"{cloud.label}: its Cinder does not copy from images that name a snapshot: Cinder 27 (2025.2) or newer is"
        " needed for reimage. Nothing was copied."
    )


def create_snapshot(cloud: Session, **snapshot: Any) -> Json:
    """Makes a snapshot, of a volume in use too."""
    return cloud.send("POST", "block_storage", "/snapshots", {"snapshot": {"force": True, **snapshot}})["snapshot"]


def set_snapshot_metadata(cloud: Session, snapshot_id: str, metadata: Mapping[str, str]) -> Json:
    """Sets these keys and leaves all others."""
    return cloud.send("POST", "block_storage", f"/snapshots/{snapshot_id}/metadata", {"metadata": dict(metadata)})


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


def import_backup(cloud: Session, record: Mapping[str, Any]) -> Json:
    """Makes the backup of another cloud known to this one (administrators only). Both share the backup store."""
    return cloud.send("POST", "block_storage", "/backups/import_record", {"backup-record": dict(record)})["backup"]


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


def _delete(cloud: Session, service: str, path: str) -> Json:
    """A 404 is the wanted state: the plan saw the resource before."""
    try:
        return cloud.send("DELETE", service, path)
    except CloudError as error:
        if error.status != 404:
            raise
        return {}


VERBS: dict[str, Callable[..., Json]] = {
    verb.__name__: verb
    for verb in (
        shelve, unshelve, start, stop, attach_root, attach_volume, detach_volume, set_delete_on_termination,
        create_server, delete_server, check_volumes_kept, check_copy, update_server, set_server_metadata,
        reimage_volume, create_image, upload_nothing, delete_image,
        create_volume, delete_volume, update_volume, set_bootable, set_image_metadata, unset_image_metadata,
        set_volume_metadata, delete_volume_metadata,
        create_snapshot, set_snapshot_metadata, delete_snapshot,
        create_backup, delete_backup, export_backup, import_backup, restore_backup,
        create_port, update_port, delete_port,
    )
}  # fmt: skip
VERBS["wait"] = lambda cloud: {}
