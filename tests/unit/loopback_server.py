# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud on loopback with the guarded API, and with one server that has one volume and one port."""

from __future__ import annotations

BY_NAME = "GET compute /servers/detail?name=%5Edb%24"
SERVER = {"id": "srv", "name": "db", "status": "SHELVED_OFFLOADED", "flavor": {"original_name": "m1.tiny"}}
PORT = {"id": "p", "name": "db-port0", "network_id": "net-1"}
VOLUME = {"id": "vol", "name": "db-root", "status": "reserved", "size": 1}
ROOT = {"root_volume": {"device": "/dev/vda", "device_present": True, "volume_id": "vol"}}
GUARDED = {"extensions": [{"alias": "os-root-volume"}]}
STOCK = {"extensions": [{"alias": "os-volumes"}]}
ATTACHMENT = {"id": "vol", "volumeId": "vol", "device": "/dev/vda", "tag": "root", "delete_on_termination": False}
ANSWERS = {
    BY_NAME: {"servers": [SERVER]},
    "GET compute /extensions": GUARDED,
    "GET compute /servers/srv/os-volume_attachments": {"volumeAttachments": [ATTACHMENT]},
    "GET compute /servers/srv/os-root-volume": ROOT,
    "GET block_storage /volumes/vol": {"volume": VOLUME},
    "GET network /ports?device_id=srv": {"ports": [PORT]},
}
