# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a revert looks at: a server, its volumes of now and before, snapshots, and what a killed run left."""

from __future__ import annotations

from typing import Any

from ...data.marks import OWNER
from ...data.seen import History
from .. import parse
from ..names import KINDS
from ..session import Session
from . import server as read


def history(cloud: Session, ref: str, assume: bool = False) -> History:
    """The server with this id or name, and all volumes and snapshots of the project.

    They are filtered here: an operator can take the filter by metadata away from members.
    """
    seen = read.server(cloud, ref, assume)
    if seen.server is None:
        return History(seen)
    marked = f"/images?{OWNER}={seen.server.id}"
    record = f"/servers/{seen.server.id}/os-instance-actions"
    return History(
        seen,
        tuple(parse.volume(item) for item in _all(cloud, "volume")),
        tuple(parse.snapshot(item) for item in _all(cloud, "snapshot")),
        tuple(parse.own_image(item) for item in cloud.pages("image", marked, "images")),
        tuple((item["action"], item["start_time"]) for item in cloud.get("compute", record)["instanceActions"]),
    )


def _all(cloud: Session, kind: str) -> list[dict[str, Any]]:
    what = KINDS[kind]
    return list(cloud.pages(what.service, f"{what.path}/detail", what.lists))
