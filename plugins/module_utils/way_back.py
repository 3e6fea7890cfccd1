# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks, before a planned failover, at what the direction back will need. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from .cloud.lookup import ANY_TIME
from .cloud.read import recovery as read_dr
from .cloud.read.server import offer
from .clouds import Clouds
from .data.errors import Refused, StandbyError
from .data.seen import Limits
from .decide.planned.way_back import WayBack
from .decide.replicate.providers.contract import Verb
from .providers import PROVIDERS
from .room import told

#: What a cloud of the direction back is called now.
_NOW = {"source": "target", "source_admin": "target_admin", "target": "source", "target_admin": "source_admin"}


def way_back(clouds: Clouds, assume: bool) -> WayBack:
    """What is known of it.

    :param assume: the operator vouches for the guarded API.
    """
    old = clouds.inventory("source").cloud
    return WayBack(
        offer=offer(old, assume),
        refused=dict(_refused(clouds)),
        limits=told(old, lambda: read_dr.volume_limits(old)) or Limits({}, {}),
        sizes=told(old, lambda: list(_sizes(clouds))) or (),
    )


def _refused(clouds: Clouds) -> Iterator[tuple[str, str]]:
    """The clouds that the provider needs besides, in that direction."""
    direction = clouds.plan.direction
    needed = PROVIDERS[clouds.plan.method].decides.clouds(Verb.PROTECT, clouds.plan.options)
    for cloud in (_NOW[name] for name in needed):
        role, _admin, kind = cloud.partition("_")
        key = f"sites.{getattr(direction, role).letter}.{f'{kind}_' if kind else ''}cloud"
        try:
            clouds.inventory(cloud)
        except Refused as refused:
            yield key, f"{refused.refusal.seen}. {refused.refusal.todo}".rstrip(".")
        except StandbyError as error:
            yield key, f"{key} cannot be used: {str(error).rstrip('.')}"


def _sizes(clouds: Clouds) -> Iterator[int]:
    """Those of the servers that still run at the source. What was moved before has its room."""
    for server in clouds.plan.servers:
        seen = read_dr.listed(clouds.inventory("source"), server.name, ANY_TIME)
        if seen.server and not seen.server.status.startswith("SHELVED"):
            yield from (volume.size for volume in seen.volumes.values())
