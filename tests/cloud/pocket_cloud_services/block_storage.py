# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cinder: volumes and snapshots are sparse raw files with real bytes. No kernel support and no root rights."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

from cinder import exception, interface
from cinder.image import image_utils
from cinder.volume import configuration, driver, volume_utils
from oslo_config import cfg

from pocket_cloud_services import faults

OPTIONS = [cfg.StrOpt("pocket_cloud_folder", help="Folder of the files that are the volumes.")]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)

GIB = 1 << 30
PRETENDED_GIB = 10_000
"""Capacity told to the scheduler: volumes are sparse, and a full disk must not make tests depend on their order."""


def copy(source: pathlib.Path, target: pathlib.Path, gib: int) -> None:
    """Copy a disk without its holes and give it its size."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)
    resize(target, gib)


def resize(path: pathlib.Path, gib: int) -> None:
    """Give a file its size, making it if it does not exist."""
    with path.open("ab") as disk:
        disk.truncate(gib * GIB)


def rounded_gib(path: pathlib.Path) -> int:
    """Return the size of a file in GiB, rounded up."""
    return -(-path.stat().st_size // GIB)


@interface.volumedriver
class FileDriver(driver.VolumeDriver):
    """Keeps every volume in a file named as cinder names it (volume-UUID, snapshot-UUID)."""

    VERSION = "1.0.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Read the folder from the back end's section."""
        super().__init__(*arguments, **named)
        self.configuration.append_config_values(OPTIONS)
        self._folder = pathlib.Path(self.configuration.pocket_cloud_folder)

    @staticmethod
    def get_driver_options() -> list[Any]:
        """Return the options of this driver."""
        return OPTIONS

    def check_for_setup_error(self) -> None:
        """Refuse to start without a folder to write to."""
        if not os.access(self._folder, os.W_OK):
            raise exception.VolumeDriverException(message=f"Cannot write to {self._folder}")

    def _path(self, thing: Any) -> pathlib.Path:
        return self._folder / str(thing["name"])

    def local_path(self, volume: Any) -> str:
        """Return the file of a volume."""
        return str(self._path(volume))

    # -- volumes and snapshots

    def create_volume(self, volume: Any) -> None:
        """Make an empty disk."""
        faults.apply("create", volume.display_name)
        resize(self._path(volume), volume["size"])

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Copy another volume."""
        faults.apply("create", volume.display_name)
        copy(self._path(src_vref), self._path(volume), volume["size"])

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Copy a snapshot."""
        faults.apply("create", volume.display_name, "from", snapshot.display_name)
        copy(self._path(snapshot), self._path(volume), volume["size"])

    def delete_volume(self, volume: Any) -> None:
        """Remove a disk."""
        faults.apply("delete", volume.display_name)
        self._path(volume).unlink(missing_ok=True)

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Make a disk larger."""
        resize(self._path(volume), new_size)

    def create_snapshot(self, snapshot: Any) -> None:
        """Copy a volume as it is at this moment."""
        faults.apply("snapshot", snapshot.display_name)
        if snapshot.volume.status == "backing-up":  # cinder-backup reads an attached volume from such a snapshot
            faults.apply("backup", snapshot.volume.display_name)
        copy(self._path(snapshot.volume), self._path(snapshot), snapshot.volume_size)

    def delete_snapshot(self, snapshot: Any) -> None:
        """Remove a snapshot."""
        faults.apply("delete", snapshot.display_name)
        self._path(snapshot).unlink(missing_ok=True)

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Put a snapshot's bytes back."""
        copy(self._path(snapshot), self._path(volume), volume["size"])

    def retype(self, context: Any, volume: Any, new_type: Any, diff: Any, host: Any) -> tuple[bool, None]:
        """Accept any type: there is only one kind of storage."""
        return True, None

    def migrate_volume(self, context: Any, volume: Any, host: Any) -> tuple[bool, None]:
        """Leave migration to cinder."""
        return False, None

    # -- images

    def copy_image_to_volume(
        self, context: Any, volume: Any, image_service: Any, image_id: str, disable_sparse: bool = False
    ) -> None:
        """Fill a volume from an image: its creation, or a reimage."""
        block_size = self.configuration.volume_dd_blocksize
        path = self._path(volume)
        image_utils.fetch_to_raw(context, image_service, image_id, str(path), block_size, size=volume["size"])
        resize(path, volume["size"])

    def copy_image_to_encrypted_volume(self, *arguments: Any, **named: Any) -> None:
        """Fill a volume of an encrypted type without encrypting: dm-crypt would need root rights."""
        self.copy_image_to_volume(*arguments, **named)

    def copy_volume_to_image(self, context: Any, volume: Any, image_service: Any, image_meta: Any) -> None:
        """Upload a volume as an image."""
        volume_utils.upload_volume(context, image_service, image_meta, self.local_path(volume), volume)

    def clone_image(self, *_arguments: Any) -> tuple[None, bool]:
        """Make cinder copy the image: images and volumes are not on one storage here."""
        return None, False

    # -- existing disks: the reference is {"source-name": <file in the folder>}

    def _existing(self, reference: dict[str, str]) -> pathlib.Path:
        name = reference.get("source-name", "")
        path = self._folder / name
        if not name or path.parent != self._folder or not path.is_file():
            raise exception.ManageExistingInvalidReference(existing_ref=reference, reason="no such file")
        return path

    def manage_existing_get_size(self, volume: Any, existing_ref: dict[str, str]) -> int:
        """Return the size in GiB of a disk to be managed."""
        return rounded_gib(self._existing(existing_ref))

    def manage_existing(self, volume: Any, existing_ref: dict[str, str]) -> None:
        """Take a disk over as a volume."""
        self._existing(existing_ref).rename(self._path(volume))

    def manage_existing_snapshot_get_size(self, snapshot: Any, existing_ref: dict[str, str]) -> int:
        """Return the size in GiB of a snapshot to be managed."""
        return rounded_gib(self._existing(existing_ref))

    def manage_existing_snapshot(self, snapshot: Any, existing_ref: dict[str, str]) -> None:
        """Take a disk over as a snapshot."""
        self._existing(existing_ref).rename(self._path(snapshot))

    def unmanage(self, volume: Any) -> None:
        """Leave the file where it is."""

    def unmanage_snapshot(self, snapshot: Any) -> None:
        """Leave the file where it is."""

    def get_manageable_volumes(
        self, cinder_volumes: Any, marker: Any, limit: Any, offset: Any, sort_keys: Any, sort_dirs: Any
    ) -> Any:
        """List the disks in the folder."""
        known = {volume["name"]: volume["id"] for volume in cinder_volumes}
        entries = [
            {
                "reference": {"source-name": path.name},
                "size": rounded_gib(path),
                "safe_to_manage": path.name not in known,
                "reason_not_safe": "already managed" if path.name in known else None,
                "cinder_id": known.get(path.name),
                "extra_info": None,
            }
            for path in sorted(self._folder.iterdir())
            if not path.name.startswith("snapshot-")
        ]
        return volume_utils.paginate_entries_list(entries, marker, limit, offset, sort_keys, sort_dirs)

    # -- connections: os-brick's LOCAL connector passes the path on

    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        """Tell the path. For a backup, a restore or a copy into it this is the first step, so their faults are here."""
        step = {"backing-up": "backup", "restoring-backup": "restore", "downloading": "copy"}.get(volume.status)
        if step:
            faults.apply(step, volume.display_name)
        data = {"device_path": self.local_path(volume), "volume_id": volume["id"]}
        return {"driver_volume_type": "local", "data": data}

    def terminate_connection(self, volume: Any, connector: Any, **_named: Any) -> None:
        """Put the size back: cinder-backup opens a file to restore as new and skips zeros, so it ends too short."""
        if self._path(volume).exists():
            resize(self._path(volume), volume["size"])

    def initialize_connection_snapshot(self, snapshot: Any, connector: Any, **_named: Any) -> dict[str, Any]:
        """Tell the path of a snapshot."""
        return {"driver_volume_type": "local", "data": {"device_path": str(self._path(snapshot))}}

    def terminate_connection_snapshot(self, snapshot: Any, connector: Any, **_named: Any) -> None:
        """Nothing to end."""

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Nothing to export."""

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Nothing to export."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Nothing was exported."""

    def create_export_snapshot(self, context: Any, snapshot: Any, connector: Any) -> None:
        """Nothing to export."""

    def remove_export_snapshot(self, context: Any, snapshot: Any) -> None:
        """Nothing was exported."""

    def backup_use_temp_snapshot(self) -> bool:
        """Back up an attached volume from a snapshot of it."""
        return True

    # -- what the scheduler sees

    def _update_volume_stats(self) -> None:
        name = self.configuration.safe_get("volume_backend_name")
        pool = {
            "pool_name": name,
            "total_capacity_gb": PRETENDED_GIB,
            "free_capacity_gb": PRETENDED_GIB,
            "provisioned_capacity_gb": 0,
            "reserved_percentage": 0,
            "max_over_subscription_ratio": 20.0,
            "thin_provisioning_support": True,
            "multiattach": True,
            "QoS_support": False,
            "location_info": "",
        }
        self._stats = {
            "volume_backend_name": name,
            "vendor_name": "pocket cloud",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "pools": [pool],
        }
