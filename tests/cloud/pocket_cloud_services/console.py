# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's console says: from which volumes, with which first bytes, it booted. The proof of a failover."""

from __future__ import annotations

import pathlib
import time
from typing import Any

HEAD_BYTES = 32


def boot_text(block_device_info: dict[str, Any] | None) -> str:
    """Return the console's text of one boot: the time, and each volume with its first bytes."""
    disks = (block_device_info or {}).get("block_device_mapping") or []
    lines = [f"boot at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}"]
    for disk in sorted(disks, key=lambda one: str(one.get("mount_device"))):
        data = (disk.get("connection_info") or {}).get("data") or {}
        lines.append(
            f"disk {disk.get('mount_device')} boot_index={disk.get('boot_index')} volume={data.get('volume_id')}"
            f" head={head(pathlib.Path(data.get('device_path', '')))}"
        )
    return "\n".join(lines)


def head(path: pathlib.Path) -> str:
    """Return the first bytes of a disk up to a NUL, as text."""
    try:
        with path.open("rb") as disk:
            data = disk.read(HEAD_BYTES)
    except OSError as error:
        return f"({error.strerror})"
    return printable(data.split(b"\0", 1)[0])


def printable(data: bytes) -> str:
    r"""Return bytes as ASCII; others, and the backslash itself, as \xNN."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in data)
