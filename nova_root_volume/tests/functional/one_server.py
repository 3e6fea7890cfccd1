# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""One server for many cases: it is put back to its start, since to build and shelve one costs more than a case."""

from __future__ import annotations

import copy
import json

from base import GuardedNova
from nova import context as nova_context
from nova.db.main import api as main_db
from nova.db.main import models

# each request to Cinder at which a call can hang: its name, and how many of that name come before
OF_DETACH = (("attachment_get", 0), ("get", 0), ("attachment_get_all", 0), ("attachment_delete", 0), ("get", 1))
OF_ATTACH = (("get", 0), ("attachment_get_all", 0), ("attachment_create", 0))


class OneServer(GuardedNova):
    """Cases that begin with the same server in the same state, and each end where the server can be repaired."""

    def setUp(self):
        super().setUp()
        self.start, self.repaired = None, set()

    # -- the start of a case

    def again(self, make):
        """Returns (server id, volume id) of ``make``, which is called once; later the server is as it was then."""
        if self.start is None:
            self.start = _Start(make(), self)
        server, volume = self.start.ids
        if self.state(server)[0] != "SHELVED_OFFLOADED":
            # off its compute host as Nova does it; the rest is in the database
            self.api.post_server_action(server, {"shelve": None})
            self._wait_for_state_change({"id": server}, "SHELVED_OFFLOADED")
        self.write(server, self.start.rows)
        self.cinder.volumes, self.cinder.kept = copy.deepcopy(self.start.cinder)
        self.cinder.hooks.clear()
        self.assert_at_start(server, volume)
        return server, volume

    def assert_at_start(self, server, volume):
        """No task, no mark, no allocation; the volume is the root and reserved, or there is no root and it is free."""
        root = self.root(server)
        assert self.state(server) == ("SHELVED_OFFLOADED", None)
        assert self.allocations(server) == {}
        assert self.rows(server) == self.start.rows
        assert root["task"] is None
        if root["device_present"]:
            assert root["volume_id"] == volume
            assert self.cinder.of(volume) == [(server, "reserved")]
            assert list(self.cinder.kept) == [self.mapping(server).attachment_id]
        else:
            assert not self.cinder.kept
            assert self.mapping(server).connection_info is None
        assert self.cinder.status(volume) == ("reserved" if root["device_present"] else "available")

    def rows(self, server):
        """Returns the rows of the server and of its mappings, as they are in the database."""
        with self.cell() as cell:
            return _read(cell, server)

    def write(self, server, rows):
        """Writes these rows."""
        with self.cell() as cell:
            _write(cell, server, rows)

    def cell(self):
        """The cell in which the server is."""
        return nova_context.target_cell(nova_context.get_admin_context(), self.cell_mappings["cell1"])

    # -- the end of a case

    def unshelved(self, server):
        """POST of unshelve; waits for the server if Nova takes it."""
        status, body = self.unshelve(server)
        if status == 202:
            self._wait_for_state_change({"id": server}, "ACTIVE")
        return status, body

    def assert_repairable(self, server, volume):
        """As its parent, once for each end: what was repaired once in this state can be repaired again."""
        end = self.end(server, volume)
        if end not in self.repaired:
            super().assert_repairable(server, volume)
            self.repaired.add(end)

    def end(self, server, volume):
        """Returns all that a repair meets, without what differs in each case: ids, times, owners."""
        ((instance,), mappings), attachments = self.rows(server), self.cinder.kept
        names = {volume: "volume", None: None}
        for each in sorted(self.cinder.volumes.keys() - names.keys(), key=list(self.cinder.volumes).index):
            names[each] = f"other {len(names)}"
        roots = []
        for each in mappings:
            mark = json.loads(each["connection_info"] or "{}").get("nova_root_volume") or {}
            known = each["attachment_id"] and attachments.get(each["attachment_id"], "unknown to Cinder")
            marked = (mark.get("task"), names[mark.get("volume_id")])
            roots.append((each["boot_index"], names[each["volume_id"]], marked, repr(known).replace(volume, "volume")))
        cinder = [
            (names[each["volume_id"]], each["instance"] == server, each["status"]) for each in attachments.values()
        ]
        volumes = [(names[name], self.cinder.status(name)) for name in self.cinder.volumes]
        state = (instance["vm_state"], instance["task_state"], bool(self.allocations(server)))
        return (state, tuple(roots), tuple(sorted(cinder)), tuple(volumes))


class _Start:
    """How a server was when it was made.

    Attributes:
        ids: server id, volume id.
        rows: see ``OneServer.rows``.
        cinder: volumes and attachments.
    """

    def __init__(self, ids, test):
        self.ids = ids
        self.rows = test.rows(ids[0])
        self.cinder = copy.deepcopy((test.cinder.volumes, test.cinder.kept))


def _tables(context, server):
    """The queries that find the server's rows."""
    return (
        context.session.query(models.Instance).filter_by(uuid=server),
        context.session.query(models.BlockDeviceMapping).filter_by(instance_uuid=server, deleted=0),
    )


@main_db.pick_context_manager_reader
def _read(context, server):
    return tuple(
        [{column.name: getattr(row, column.name) for column in row.__table__.columns} for row in query]
        for query in _tables(context, server)
    )


@main_db.pick_context_manager_writer
def _write(context, server, tables):
    for query, rows in zip(_tables(context, server), tables, strict=True):
        assert query.count() == len(rows), "a case may change rows, but neither add nor delete one"
        for row in rows:
            query.filter_by(id=row["id"]).update(row, synchronize_session=False)
