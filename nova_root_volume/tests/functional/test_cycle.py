# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Detach and attach against Nova's own code."""

from __future__ import annotations

import re

from base import CANT_UNSHELVE, GuardedNova


class Cycle(GuardedNova):
    """The usual way, and that nothing is left behind."""

    def test_cycle(self):
        server, volume = self.offloaded()
        assert self.detach(server, volume) == (202, None)
        assert self.cinder.status(volume) == "available"
        assert self.root(server) == {"device": "/dev/sda", "device_present": False, "volume_id": None, "task": None}
        status, body = self.unshelve(server)
        assert (status, body["forbidden"]["message"]) == (403, CANT_UNSHELVE)
        self.assert_consistent(server, volume)
        other = self.cinder.make()
        status, body = self.attach(server, other)
        assert status == 200, body
        self.assert_consistent(server, volume, other)
        self.check_log(server, volume, other)
        self.assert_repairable(server, other)

    def check_log(self, server, detached, attached):
        """One line for each of the two, with what an operator asks for."""
        lines = [line for line in self.stdlog.logger.output.splitlines() if "[nova_root_volume.operations]" in line]
        assert len(lines) == 2, lines
        done = (f"Detached root volume {detached}", f"Attached root volume {attached}")
        who = f"user {self.api.auth_user}, project {self.api.project_id}"
        for line, begin in zip(lines, done, strict=True):
            assert re.search(rf"INFO .* {begin}, server {server}, request req-[-0-9a-f]{{36}}, {who}$", line), line
