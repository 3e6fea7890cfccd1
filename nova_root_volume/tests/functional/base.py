# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The whole of Nova in one process, by its own functional fixtures, with the filter where the README puts it."""

from __future__ import annotations

import contextlib
import pathlib
import re
import sys
import warnings

import fixtures
from cinder_model import Cinder
from nova import context as nova_context
from nova import objects
from nova.api.openstack import api_version_request
from nova.tests.functional import integrated_helpers
from oslo_serialization import jsonutils
from oslo_utils import fixture as utils_fixture
from sqlalchemy import exc as sqlalchemy_exceptions

PASTE = next(
    path
    for place in sys.path
    if place.endswith("site-packages")
    for path in (pathlib.Path(place).parents[2] / "etc" / "nova" / "api-paste.ini",)
    if path.exists()
)
LINE = re.compile(r"^(keystone = .*) (osapi_compute_app_v21)$", re.MULTILINE)
FILTER = "\n[filter:root_volume]\npaste.filter_factory = nova_root_volume.filter:factory\n"
TASK = "block_device_mapping"
NEWEST = api_version_request.max_api_version()
IDLE = 1  # seconds after which an idle thread looks whether it should end
CANT_UNSHELVE = "Can't unshelve instance without a root device volume"


def has(microversion):
    """Tells whether this Nova knows a microversion."""
    return api_version_request.APIVersionRequest(microversion) <= NEWEST


class GuardedNova(integrated_helpers._IntegratedTestBase):
    """A Nova with the filter, a model of Cinder, and the calls of a member."""

    microversion = "2.96" if has("2.96") else NEWEST.get_string()
    stock = False

    def setUp(self):
        text, count = LINE.subn(r"\1 \2" if self.stock else r"\1 root_volume \2", PASTE.read_text())
        assert count == 2, f"{PASTE}: {count} pipelines"
        paste = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "api-paste.ini"
        paste.write_text(text + FILTER)
        self.flags(api_paste_config=str(paste), group="wsgi")
        # the clock runs fast here: a service is not dead for that, so none has to report. On eventlet a report that is
        # late, as a test computes for long, reads in the context in which Nova's fixture deletes the row of the service
        self.flags(shelved_offload_time=0, service_down_time=10**9, report_interval=0)
        super().setUp()
        # Nova's fixtures let each idle thread wake a hundred times a second, to end fast; after some servers there are
        # two hundred threads, and they take more of the processor than the tests
        self.useFixture(fixtures.MonkeyPatch("futurist._thread.ThreadWorker.MAX_IDLE_FOR", IDLE))
        self.flags(rpc_response_timeout=600)
        # Nova's fixtures make it an error, and the newest SQLAlchemy says it of Nova
        warnings.filterwarnings("ignore", category=sqlalchemy_exceptions.SADeprecationWarning)
        self.cinder = self.useFixture(Cinder())
        self.clock = self.useFixture(utils_fixture.TimeFixture())

    def __delattr__(self, name):
        # Nova's fixtures delete all attributes at the end, also the one that pytest put here and takes away later
        with contextlib.suppress(AttributeError):
            super().__delattr__(name)

    # -- requests

    def call(self, method, path, body=None, version=None, api=None, **more):
        """Sends one request: (status, decoded body)."""
        answer = self.answer(method, path, body, version, api, **more)
        return answer.status_code, answer.json() if answer.content else None

    def answer(self, method, path, body=None, version=None, api=None, headers=None):
        """Sends one request: the answer."""
        client = api or self.api
        usual, client.microversion = client.microversion, version or self.microversion
        text = body if body is None or isinstance(body, bytes) else jsonutils.dumps(body)
        try:
            return client.api_request(path, method=method, body=text, headers=headers or {})
        finally:
            client.microversion = usual

    def detach(self, server, volume, **more):
        """DELETE of an attachment."""
        return self.call("DELETE", f"/servers/{server}/os-volume_attachments/{volume}", **more)

    def attach(self, server, volume, version=None, **fields):
        """POST of an attachment; as the root unless something else is said."""
        body = {"volumeAttachment": {"volumeId": volume, **(fields or {"is_root": True})}}
        return self.call("POST", f"/servers/{server}/os-volume_attachments", body, version)

    def unshelve(self, server, **more):
        """POST of the action."""
        return self.call("POST", f"/servers/{server}/action", {"unshelve": None}, **more)

    def root(self, server):
        """GET of the root volume."""
        status, body = self.call("GET", f"/servers/{server}/os-root-volume")
        assert status == 200, body
        return body["root_volume"]

    # -- servers

    def active(self):
        """Makes an ACTIVE server: (server id, root volume id)."""
        volume = self.cinder.make()
        root = {"uuid": volume, "boot_index": 0, "source_type": "volume", "destination_type": "volume", "tag": "root"}
        body = self._build_server(image_uuid="", networks="none")
        body["block_device_mapping_v2"] = [root]
        server = self.api.post_server({"server": body})
        self._wait_for_state_change(server, "ACTIVE")
        return server["id"], volume

    def offloaded(self):
        """Makes a SHELVED_OFFLOADED server: (server id, root volume id)."""
        server, volume = self.active()
        self.api.post_server_action(server, {"shelve": None})
        self._wait_for_state_change({"id": server}, "SHELVED_OFFLOADED")
        assert self.cinder.status(volume) == "reserved"
        return server, volume

    def rootless(self):
        """Makes a SHELVED_OFFLOADED server without root: (server id, former root volume id)."""
        server, volume = self.offloaded()
        assert self.detach(server, volume) == (202, None)
        return server, volume

    # -- what is in the end

    def state(self, server):
        """Returns status and task state of a server."""
        found = self.api.get_server(server)
        return found["status"], found["OS-EXT-STS:task_state"]

    def mapping(self, server):
        """Returns the root's mapping as it is in the database."""
        context = nova_context.get_admin_context()
        with nova_context.target_cell(context, self.cell_mappings["cell1"]) as cell:
            mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(cell, server)
        return next(each for each in mappings if each.boot_index == 0)

    def allocations(self, server):
        """Returns what placement holds for a server."""
        return self._get_allocations_by_server_uuid(server)

    def assert_consistent(self, server, *volumes):
        """What must hold after anything: no server runs, or can be started, on a root that is not its own in Cinder."""
        root, (status, task) = self.mapping(server), self.state(server)
        if root.volume_id:
            assert root.attachment_id in self.cinder.kept, f"{status}: Cinder has no attachment of the root"
            assert self.cinder.kept[root.attachment_id]["instance"] == server
        for volume in volumes:
            owners = {each for each, _ in self.cinder.of(volume)}
            assert len(owners) <= 1, owners
        if status == "SHELVED_OFFLOADED" and task is None:
            assert self.allocations(server) == {}
        if status == "ACTIVE":
            assert root.volume_id
            assert self.cinder.status(root.volume_id) == "in-use"

    def assert_repairable(self, server, volume):
        """However it is now, the documented way leads to a server that runs on ``volume``."""
        self.clock.advance_time_seconds(61)
        if self.state(server)[0] == "ACTIVE":
            return
        present = self.root(server)["volume_id"]
        if present:
            assert self.detach(server, present)[0] == 202, self.detach(server, present)
        status, body = self.attach(server, volume)
        assert status == 200, body
        assert self.unshelve(server)[0] == 202
        self._wait_for_state_change({"id": server}, "ACTIVE")
        assert self.mapping(server).volume_id == volume
        self.assert_consistent(server, volume)
