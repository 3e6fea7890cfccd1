# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write to a volume as its guest would have."""

from __future__ import annotations

import re

from pocket_cloud import errors, site

BLOCK = 64
"""Bytes replaced at the start of the disk: the text, then NULs, so that no older and longer text shows behind it."""

VOLUME_ID = re.compile(r"[0-9a-fA-F-]{36}")


def write(place: site.Site, volume_id: str, text: str) -> None:
    """Put a text at the start of a volume, under the feet of every service, as a running guest does."""
    data = text.encode()
    if not VOLUME_ID.fullmatch(volume_id):
        raise errors.PocketCloudError(f"Wanted the id of a volume (a UUID); seen: {volume_id!r}.")
    if len(data) > BLOCK or b"\0" in data:
        raise errors.PocketCloudError(f"Wanted a text of at most {BLOCK} bytes without NUL; seen {len(data)} bytes.")
    path = place.volumes / f"volume-{volume_id.lower()}"
    if not path.exists():
        raise errors.PocketCloudError(f"Site {place.name} has no volume {volume_id}: there is no file {path}.")
    with path.open("r+b") as disk:
        disk.write(data.ljust(BLOCK, b"\0"))
