# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A detach in every status that Cinder gives a volume, and answers that say what is true there afterwards."""

from __future__ import annotations

import os
import pathlib
import re

from one_server import OneServer

# all of Cinder's but reserved, those that only its API gives, and one that a later Cinder may have
STATUSES = (
    *("creating", "available", "deleting", "error", "error_deleting", "error_managing", "managing", "attaching"),
    *("in-use", "detaching", "maintenance", "restoring-backup", "error_restoring", "retyping", "extending"),
    *("error_extending", "downloading", "uploading", "backing-up", "error_backing-up", "awaiting-transfer"),
    *("unmanaging", "new-in-2030"),
)


class Statuses(OneServer):
    """Only a root at rest is detached, and only a free volume is called detached."""

    def test_the_table_is_whole(self):
        """Read from the source of the pocket cloud's Cinder: its objects cannot be imported beside Nova's."""
        source = (pathlib.Path(os.environ["CINDER_PACKAGES"]) / "cinder" / "objects" / "fields.py").read_text()
        (known,) = re.findall(r"^class VolumeStatus\(.*?^class ", source, re.MULTILINE | re.DOTALL)
        found = set(re.findall(r"= '([a-z_-]+)'$", known, re.MULTILINE))
        assert len(found) > 20
        assert found - {*STATUSES, "reserved"} == set()

    def test_every_other_status(self):
        for status in STATUSES:
            server, volume = self.again(self.offloaded)
            self.cinder.volumes[volume]["status"] = status
            code, body = self.detach(server, volume)
            assert code == 409, (status, body)
            text = f"volume {volume} is {status} in Cinder, it must be reserved"
            assert text in body["conflictingRequest"]["message"]
            self.cinder.volumes[volume]["status"] = "reserved"
            self.assert_at_start(server, volume)

    def test_a_status_that_changes_in_the_middle(self):
        """After the look at it, and before the attachment is deleted: no answer says that the volume is free."""
        for status in STATUSES:
            if status in ("available", "attaching", "detaching", "in-use"):
                continue  # Cinder makes these available with the last attachment
            server, volume = self.again(self.offloaded)

            def changes(do, attachment):
                self.cinder.volumes[volume]["status"] = status  # noqa: B023
                return do()

            self.cinder.on("attachment_delete", changes)
            code, body = self.detach(server, volume)
            assert code == 409, (status, body)
            assert f"volume {volume} is {status} in Cinder" in body["conflictingRequest"]["message"]
            assert self.unshelve(server)[0] == 403
            self.cinder.volumes[volume]["status"] = "available"
            assert self.detach(server, volume) == (202, None)
            self.assert_repairable(server, volume)

    def test_a_delete_that_cinder_does_not_know(self):
        """Nova's client swallows the 404; the volume stays reserved, and the answer must not be 202."""
        server, volume = self.again(self.offloaded)

        def swallowed(do, attachment):
            del self.cinder.kept[attachment]

        self.cinder.on("attachment_delete", swallowed)
        code, body = self.detach(server, volume)
        assert code == 409, body
        assert "is reserved in Cinder, although this server has no attachment" in body["conflictingRequest"]["message"]
        assert self.detach(server, volume)[0] == 409
        self.cinder.volumes[volume]["status"] = "available"
        assert self.detach(server, volume) == (202, None)
        self.assert_repairable(server, volume)

    def test_a_mapping_without_attachment(self):
        """What Cinder has is deleted; where it has none, 202 is said only if the volume is free."""
        for known, status, answer in ((True, "reserved", 202), (False, "reserved", 409), (False, "available", 202)):
            server, volume = self.again(self.offloaded)
            instance, mappings = self.rows(server)
            self.write(server, (instance, [{**each, "attachment_id": None} for each in mappings]))
            if not known:
                self.cinder.kept.clear()
            self.cinder.volumes[volume]["status"] = status
            assert self.detach(server, volume)[0] == answer, (known, status)
            if answer == 202:
                assert self.cinder.status(volume) == "available"
                self.assert_repairable(server, volume)

    def test_a_deleted_server_does_not_come_back(self):
        """Also where nova-api keeps deleted servers for a while: one without a root is gone, so nobody restores it."""
        self.flags(reclaim_instance_interval=3600)
        server, volume = self.rootless()
        assert self.call("DELETE", f"/servers/{server}")[0] == 204
        for api in (self.api, self.admin_api):
            assert self.call("POST", f"/servers/{server}/action", {"restore": None}, api=api)[0] == 404
        assert self.cinder.status(volume) == "available"
        assert self.allocations(server) == {}
