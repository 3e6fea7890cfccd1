# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which microversion is used with a service: the newest that both sides know."""

from __future__ import annotations

from typing import Any

from ..data.errors import StandbyError

#: Newest microversions whose answers this collection knows, and the oldest that it can work with.
#: 2.85: delete_on_termination can be changed; 3.47: a volume can be made from a backup.
NEWEST = {"compute": (2, 96), "block_storage": (3, 70)}
OLDEST = {"compute": (2, 85), "block_storage": (3, 47)}


def has_versions(service: str) -> bool:
    """Whether requests to a service name a microversion."""
    return service in NEWEST


def agreed(label: str, service: str, newest: Any) -> str:
    """The microversion for a service whose newest one is ``newest``.

    :raises StandbyError: if that is too old.
    """
    offered = tuple(int(part) for part in newest)
    if offered < OLDEST[service]:
        raise StandbyError(
            f"{label}: the {service} service offers microversion {_dotted(offered)}; "
            f"{_dotted(OLDEST[service])} or newer is needed."
        )
    return _dotted(min(offered, NEWEST[service]))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
