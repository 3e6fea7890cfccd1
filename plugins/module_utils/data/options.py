# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of server_boot_volume that describe a server."""

from __future__ import annotations

from typing import Any

#: What a disk is made from and how it is attached.
DISK_OPTIONS: dict[str, Any] = {
    "volume": {"type": "str"},
    "snapshot": {"type": "str"},
    "image": {"type": "str"},
    "backup": {"type": "str"},
    "blank": {"type": "bool", "default": False},
    "size": {"type": "int"},
    "volume_type": {"type": "str"},
    "availability_zone": {"type": "str"},
    "name": {"type": "str"},
    "delete_on_termination": {"type": "bool", "default": False},
    "disk_bus": {"type": "str"},
    "device_type": {"type": "str", "choices": ["disk", "cdrom", "lun"]},
}

#: One port.
PORT_OPTIONS: dict[str, Any] = {
    "port": {"type": "str"},
    "network": {"type": "str"},
    "name": {"type": "str"},
    "fixed_ip": {"type": "str"},
    "mac_address": {"type": "str"},
    "security_groups": {"type": "list", "elements": "str"},
}

#: A server that boots from a volume.
SERVER_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "flavor": {"type": "str"},
    "boot_volume": {"type": "dict", "options": DISK_OPTIONS},
    "volumes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"tag": {"type": "str"}, **DISK_OPTIONS},
    },
    "ports": {"type": "list", "elements": "dict", "default": [], "options": PORT_OPTIONS, "aliases": ["networks"]},
    "security_groups": {"type": "list", "elements": "str"},
    "key_name": {"type": "str"},
    "availability_zone": {"type": "str"},
    "server_group": {"type": "str"},
    "config_drive": {"type": "bool"},
    "user_data": {"type": "str", "no_log": True},
    "metadata": {"type": "dict"},
    "description": {"type": "str"},
}
