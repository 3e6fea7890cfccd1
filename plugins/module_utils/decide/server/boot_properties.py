# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of images and volumes that decide how, and whether, a guest boots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: What changes the virtual hardware that a guest finds when it boots (nova/objects/image_meta.py, ImageMetaProps). Nova
#: copies them into a server when it makes it, from the image or from the image metadata of the root volume, and never
#: looks again. Left out is what only tunes (such as hw_cpu_policy), and ids that mean nothing at another site.
BOOTING = frozenset(
    {
        "architecture",
        "hw_architecture",
        "hw_cdrom_bus",
        "hw_disk_bus",
        "hw_firmware_stateless",
        "hw_firmware_type",
        "hw_input_bus",
        "hw_machine_type",
        "hw_mem_encryption",
        "hw_scsi_model",
        "hw_tpm_model",
        "hw_tpm_version",
        "hw_video_model",
        "hw_vif_model",
        "hw_viommu_model",
        "hw_virtio_packed_ring",
        "hw_vm_mode",
        "hypervisor_type",
        "img_config_drive",
        "img_hv_type",
        "img_root_device_name",
        "os_command_line",
        "os_secure_boot",
        "os_type",
        "root_device_name",
        "vm_mode",
    }
)


def unequal(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """Name, wanted and seen value of each property that differs; None for one that is not there."""
    for key in sorted(BOOTING):
        values = wanted.get(key), seen.get(key)
        if values[0] != values[1]:
            yield (key, *values)
