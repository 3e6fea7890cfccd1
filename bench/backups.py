# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and backups of the pretended Cinder. Copies take no time: the requests of a provider are counted."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from bench.answers import Answer, Handler, listed, ok, single
from bench.documents import Json
from bench.site import Refused, Site, Volume

SNAPSHOTS, BACKUPS = "volume/v3/snapshots", "volume/v3/backups"

Things = dict[str, Json]


class Backups:
    """What is made of volumes. A record carries a backup to the other site, as if both had one store."""

    def __init__(self, site: Site, host: str) -> None:
        self.site, self.host = site, host
        self.snapshots: Things = {}
        self.backups: Things = {}

    def routes(self) -> dict[str, Handler]:
        """By method and path what answers."""
        one = f"{BACKUPS}/ID"
        return {
            **self._of_kind(SNAPSHOTS, "snapshot", self.snapshots),
            **self._of_kind(BACKUPS, "backup", self.backups),
            f"PUT {one}": lambda ids, _query, body: self.mark(ids[0], body["backup"]["metadata"]),
            f"GET {one}/export_record": lambda ids, _query, _body: self.export(_known(self.backups, ids[0])),
            f"POST {BACKUPS}/import_record": lambda _ids, _query, body: self.bring(body["backup-record"]),
            f"POST {one}/restore": lambda ids, _query, body: self.restore(ids[0], body["restore"]["volume_id"]),
        }

    def _of_kind(self, path: str, key: str, things: Things) -> dict[str, Handler]:
        return {
            f"GET {path}/detail": lambda _ids, query, _body: listed(
                self.host, f"{path}/detail", [_row(thing) for thing in things.values()], query
            ),
            f"GET {path}/ID": lambda ids, _query, _body: single(key, _row(_known(things, ids[0]))),
            f"POST {path}": lambda _ids, _query, body: single(key, _row(self.make(key, things, body[key])), 202),
            f"DELETE {path}/ID": lambda ids, _query, _body: _gone(things, ids[0]),
        }

    def make(self, kind: str, things: Things, wanted: Json) -> Json:
        """A snapshot of a volume, or a backup."""
        volume, now = self.site.volume(wanted["volume_id"]), datetime.now(UTC)
        if "snapshot_id" in wanted:
            _known(self.snapshots, wanted["snapshot_id"])
        made = {
            "id": self.site.new_id(kind),
            "name": wanted["name"],
            "status": "available",
            "volume_id": volume.id,
            "size": volume.size,
            "metadata": wanted["metadata"],
            "is_incremental": wanted.get("incremental", False),
            "created_at": f"{now:%Y-%m-%dT%H:%M:%S.%f}",
            "data_timestamp": f"{now:%Y-%m-%dT%H:%M:%S.%f}",
            "of": {"name": volume.name, "metadata": volume.metadata},
        }
        things[made["id"]] = made
        return made

    def mark(self, backup_id: str, metadata: Json) -> Answer:
        """Sets metadata and removes all others."""
        found = _known(self.backups, backup_id)
        found["metadata"] = metadata
        return single("backup", _row(found))

    def export(self, backup: Json) -> Answer:
        """What the other site has to know."""
        url = base64.b64encode(json.dumps(backup).encode()).decode()
        return ok({"backup-record": {"backup_service": "pretended", "backup_url": url}})

    def bring(self, record: Json) -> Answer:
        """Makes the backup of another site known."""
        backup = json.loads(base64.b64decode(record["backup_url"]))
        self.backups[backup["id"]] = backup
        return ok({"backup": {"id": backup["id"], "name": backup["name"]}}, 201)

    def restore(self, backup_id: str, volume_id: str) -> Answer:
        """The volume gets the name and the metadata of the source, and a note of Cinder."""
        backup, volume = _known(self.backups, backup_id), self.site.volume(volume_id)
        if self.site.volume_status(volume) != "available":
            raise Refused(400, "Invalid volume: Volume to be restored to must be available")
        volume.name, volume.metadata = backup["of"]["name"], {**backup["of"]["metadata"], "src_backup_id": backup_id}
        return ok({"restore": {"backup_id": backup_id, "volume_id": volume_id, "volume_name": volume.name}}, 202)


def changed(volume: Volume, body: Json) -> Answer:
    """An action of a volume that only changes what is said of it."""
    if not body.keys() & {"os-set_bootable", "os-set_image_metadata"}:
        raise Refused(400, f"no such action at {volume.id}")
    return Answer(200)


def _known(things: Things, thing_id: str) -> Json:
    if thing_id not in things:
        raise Refused(404, f"{thing_id} could not be found.")
    return things[thing_id]


def _gone(things: Things, thing_id: str) -> Answer:
    _known(things, thing_id)
    del things[thing_id]
    return Answer(202)


def _row(thing: Json) -> bytes:
    row: dict[str, Any] = {key: value for key, value in thing.items() if key != "of"}
    return json.dumps(row).encode()
