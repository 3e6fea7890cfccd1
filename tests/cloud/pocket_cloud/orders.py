# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults ordered for the next events of a kind. The services use the orders up (pocket_cloud_services/faults.py)."""

from __future__ import annotations

import json
import re
import uuid

from pocket_cloud import errors, site


def give(place: site.Site, event: str, times: int, status: int, late: bool) -> None:
    """Order that the next events that fit fail.

    :param event: a regular expression for "spawn <server>", "POST <path> <body>" and the like.
    :param status: what a request is answered with; of no meaning for other events.
    :param late: whether a request is carried out first.
    """
    try:
        re.compile(event)
    except re.error as error:
        raise errors.PocketCloudError(f"Wanted a regular expression; seen: {event!r} ({error}).") from error
    place.orders.mkdir(exist_ok=True)
    for _number in range(times):
        path = place.orders / f"{uuid.uuid4().hex}.new"
        path.write_text(json.dumps({"event": event, "status": status, "late": late}))
        path.rename(path.with_suffix(".json"))


def forget(place: site.Site, event: str) -> int:
    """Take back what was ordered for an event and was not met; return how many orders that were."""
    mine = [path for path in place.orders.glob("*.json") if json.loads(path.read_text())["event"] == event]
    for path in mine:
        path.unlink(missing_ok=True)
    return len(mine)
