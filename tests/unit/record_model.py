# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of a Neutron in memory, with revisions: all that a record of a plan needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.plan_record import Holder, record_name, written

Json = dict[str, Any]

#: The name of the record of the plan "shop".
RECORD = record_name("shop", "plan")

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)


class RecordCloud:
    """Stands in the place of a `Session`.

    :param now: the clock of the cloud, to the second.
    :param turn: called before each request is carried out, as "METHOD path".
    """

    label = "site_b"

    def __init__(self, now: Callable[[], datetime], turn: Callable[[str], None] = lambda what: None) -> None:
        self.groups: dict[str, Json] = {}
        self.now, self.turn, self.swaps = now, turn, True
        self.lock, self.number = threading.Lock(), 0
        self.sent: list[str] = []

    @property
    def ahead(self) -> timedelta:
        return self.now() - datetime.now(UTC)

    def who(self) -> tuple[str, frozenset[str]]:
        return "own", frozenset()

    def once(self, _key: Any, read: Callable[[], Any]) -> Any:
        return read()

    def get(self, _service: str, path: str) -> Json:
        self._took(f"GET {path}")
        if not self.swaps:
            raise CloudError("no such extension", 404)
        return {"extension": {}}

    def pages(self, _service: str, path: str, _key: str) -> Iterator[Json]:
        self._took("GET /security-groups")
        name = parse_qs(urlsplit(path).query)["name"]
        with self.lock:
            return iter([dict(group) for group in self.groups.values() if group["name"] in name])

    def send(self, method: str, _service: str, path: str, body: Any = None, revision: int | None = None) -> Json:
        self._took(f"{method} {path}")
        with self.lock:
            if method == "POST":
                return {"security_group": dict(self._made(body["security_group"]))}
            group = self.groups.get(path.rpartition("/")[2])
            if group is None or (revision is not None and revision != group["revision_number"]):
                raise CloudError("not as it was", 412 if group else 404)
            if method == "DELETE":
                del self.groups[group["id"]]
                return {}
            return {"security_group": dict(self.changed(group, **body["security_group"]))}

    def _made(self, fields: Json) -> Json:
        """Ids do not sort by time."""
        self.number += 1
        id_ = f"{self.number * 7 % 10}-{self.number}"
        at = self._at()
        group = {"id": id_, "project_id": "own", "revision_number": 1, "created_at": at, "updated_at": at, **fields}
        self.groups[id_] = group
        return group

    def changed(self, group: Json, **fields: Any) -> Json:
        """Neutron counts only what changes something."""
        if any(group.get(key) != value for key, value in fields.items()):
            group.update(fields, revision_number=group["revision_number"] + 1, updated_at=self._at())
        return group

    def _took(self, what: str) -> None:
        self.turn(what)
        self.sent.append(what)

    def _at(self) -> str:
        return f"{self.now():%Y-%m-%dT%H:%M:%SZ}"


def held_by(cloud: RecordCloud, holder: Holder | None, age: float = 0) -> dict[str, Any]:
    """The record of the plan "shop", renewed so many seconds ago."""
    group = cloud.send("POST", "network", "/security-groups", {"security_group": {"name": RECORD, "description": ""}})
    made = cloud.groups[group["security_group"]["id"]]
    made.update(
        description=written(holder, {}), updated_at=f"{datetime.now(UTC) - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"
    )
    return made
