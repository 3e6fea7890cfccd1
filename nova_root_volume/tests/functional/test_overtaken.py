# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A call that was slow for so long that others took its place: it must not tidy away what they have just reserved.

The successor is in the middle of its attach, reserved at Cinder and not yet in the mapping, while the slow call goes on.
"""

from __future__ import annotations

import threading

from base import GuardedNova

LONG = 61  # seconds: longer than a mark is good for
PATIENCE = 120  # seconds that this test waits for a thread


class Overtaken(GuardedNova):
    """The slow call hangs where it asks Cinder what broken-off attaches have left."""

    def setUp(self):
        super().setUp()
        self.api.microversion = self.microversion  # two threads use this client
        self.reserved, self.go_on, self.later = threading.Event(), threading.Event(), []

    def half_attach(self, server, volume):
        """Begins an attach in a thread and returns when the volume is reserved; it ends when it may go on."""

        def create(do, *arguments):
            attachment = do()
            self.reserved.set()
            assert self.go_on.wait(PATIENCE)
            return attachment

        self.cinder.on("attachment_create", create)
        self.thread = threading.Thread(target=lambda: self.later.append(self.attach(server, volume)))
        self.thread.start()
        assert self.reserved.wait(PATIENCE)

    def assert_successor_wins(self, server, volume, first):
        """The slow call is told that it came too late; the attach ends, with an attachment that Cinder knows."""
        self.go_on.set()
        self.thread.join(PATIENCE)
        ((status, body),) = self.later
        assert status == 200, body
        self.assert_consistent(server, volume)
        assert first[0] == 409, first
        assert "Another request is working on instance" in first[1]["conflictingRequest"]["message"]
        assert self.mapping(server).volume_id == volume
        assert self.unshelve(server)[0] == 202
        self._wait_for_state_change({"id": server}, "ACTIVE")
        self.assert_consistent(server, volume)

    def test_attach_by_another_attach(self):
        server, volume = self.rootless()
        other = self.cinder.make()

        def slow(do, *arguments, **named):
            self.clock.advance_time_seconds(LONG)
            self.half_attach(server, other)
            return do()

        self.cinder.on("attachment_get_all", slow)
        first = self.attach(server, volume)
        self.assert_successor_wins(server, other, first)
        assert self.cinder.status(volume) == "available"

    def test_detach_by_a_detach_and_an_attach(self):
        server, volume = self.offloaded()

        def slow(do, *arguments, **named):
            self.clock.advance_time_seconds(LONG)
            assert self.detach(server, volume) == (202, None)
            self.half_attach(server, volume)
            return do()

        self.cinder.on("attachment_get_all", slow)
        first = self.detach(server, volume)
        self.assert_successor_wins(server, volume, first)
