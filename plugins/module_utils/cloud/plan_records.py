# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and changes the records of plans: see data/plan_record.py. A change counts only if nobody else made one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from ..data.errors import CloudError
from ..data.plan_record import Holder, Record, read, written
from .errors import understood
from .session import Session

#: The extension of Neutron by which a request is carried out only if the resource has a given revision.
COMPARE_AND_SWAP = "revision-if-match"

_FIELDS = ("id", "description", "project_id", "revision_number", "created_at", "updated_at")


def can_swap(cloud: Session) -> bool:
    """Whether Neutron changes a resource only if nobody else did."""

    def ask() -> bool:
        try:
            return bool(cloud.get("network", f"/extensions/{COMPARE_AND_SWAP}"))
        except CloudError as error:
            if error.status != 404:
                raise
            return False

    return cloud.once(COMPARE_AND_SWAP, ask)


def find(cloud: Session, name: str) -> tuple[Record, ...]:
    """The records of this name in the own project, the first one first; more than one only for a moment."""
    query = urlencode([("name", name), *(("fields", field) for field in _FIELDS)])
    project, _roles = cloud.who()
    with understood(cloud.label, f"read {name}"):
        rows = cloud.pages("network", f"/security-groups?{query}", "security_groups")
        own = [_record(row) for row in rows if project in (None, row.get("project_id"))]
    return tuple(sorted(own, key=lambda record: (record.made, record.id)))


def make(cloud: Session, name: str, holder: Holder) -> Record:
    """Makes a record that names a holder. Others may make one at the same moment: look again."""
    body = {"security_group": {"name": name, "description": written(holder, {})}}
    with understood(cloud.label, f"make {name}"):
        return _record(cloud.send("POST", "network", "/security-groups", body)["security_group"])


def change(cloud: Session, record: Record, holder: Holder | None, facts: Mapping[str, str]) -> Record | None:
    """Writes a holder and facts into a record; None if it is not as it was read, or gone."""
    body, path = {"security_group": {"description": written(holder, facts)}}, f"/security-groups/{record.id}"
    try:
        with understood(cloud.label, f"change {path}"):
            return _record(cloud.send("PUT", "network", path, body, record.revision)["security_group"])
    except CloudError as error:
        if error.status not in (404, 412):
            raise
        return None


def remove(cloud: Session, record: Record) -> None:
    """Deletes a record that was made beside another one, if it is still as it was read."""
    try:
        cloud.send("DELETE", "network", f"/security-groups/{record.id}", None, record.revision)
    except CloudError as error:
        if error.status not in (404, 412):
            raise


def _record(row: Mapping[str, Any]) -> Record:
    id_, revision, made = row["id"], row["revision_number"], row["created_at"]
    if not (isinstance(id_, str) and isinstance(made, str) and isinstance(revision, int)):
        raise TypeError("a record has another form")
    # Neutron writes UTC with a Z, which datetime knows from Python 3.11 on
    renewed = datetime.fromisoformat(row["updated_at"].rstrip("Z")).replace(tzinfo=timezone.utc)
    return Record(id_, revision, made, renewed, *read(row["description"] or ""))
