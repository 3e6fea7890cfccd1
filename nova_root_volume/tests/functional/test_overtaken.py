# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A call that was slow for so long that others took its place: it must not delete what they have just reserved.

The successor is in the middle of its attach while the slow call goes on: its volume is reserved at Cinder, and is not
yet in the mapping.
"""

from __future__ import annotations

import threading

from one_server import OF_ATTACH, OF_DETACH, OneServer

LONG = 61  # seconds: longer than a mark is good for
PATIENCE = 120  # seconds that this test waits for a thread


class Overtaken(OneServer):
    """Each request to Cinder in turn is the slow one, before or after it was carried out."""

    def setUp(self):
        super().setUp()
        self.api.microversion = self.microversion  # two threads use this client

    def half_attach(self, server, volume):
        """Begins an attach in a thread and returns when the volume is reserved; it ends when it may go on."""
        reserved, self.go_on, self.later = threading.Event(), threading.Event(), []

        def create(do, *arguments):
            attachment = do()
            reserved.set()
            assert self.go_on.wait(PATIENCE)
            return attachment

        self.cinder.on("attachment_create", create)
        self.thread = threading.Thread(target=lambda: self.later.append(self.attach(server, volume)))
        self.thread.start()
        assert reserved.wait(PATIENCE), self.later

    def slow(self, where, meanwhile):
        """Lets a request be slow: what comes meanwhile comes before it is done, or before its answer arrives."""
        (name, number), done_first = where

        def hook(do, *arguments):
            early = do() if done_first else None
            self.clock.advance_time_seconds(LONG)
            meanwhile()
            return early if done_first else do()

        self.cinder.on(name, hook, after=number)

    def assert_successor_wins(self, server, volume, first):
        """The slow call is told that it came too late; the attach ends, with an attachment that Cinder knows."""
        self.go_on.set()
        self.thread.join(PATIENCE)
        ((status, body),) = self.later
        assert status == 200, body
        self.assert_consistent(server, volume)
        assert first[0] in (404, 409), first
        assert self.mapping(server).volume_id == volume
        assert self.unshelved(server)[0] == 202
        self.assert_consistent(server, volume)

    def test_attach_by_another_attach(self):
        for where, same in ((each, same) for each in self.places(OF_ATTACH) for same in (False, True)):
            server, volume = self.again(self.rootless)
            its = volume if same else self.cinder.make()
            self.slow(where, lambda: self.half_attach(server, its))  # noqa: B023
            first = self.attach(server, volume)
            self.assert_successor_wins(server, its, first)
            assert self.cinder.of(volume) == ([(server, "attached")] if same else []), where

    def test_detach_by_a_detach_and_an_attach(self):
        for where in self.places(OF_DETACH):
            server, volume = self.again(self.offloaded)

            def meanwhile():
                assert self.detach(server, volume) == (202, None)  # noqa: B023
                self.half_attach(server, volume)  # noqa: B023

            self.slow(where, meanwhile)
            first = self.detach(server, volume)
            self.assert_successor_wins(server, volume, first)
            assert self.cinder.of(volume) == [(server, "attached")], where

    def places(self, calls):
        """Each request to Cinder, before and after it was carried out."""
        return [(call, done_first) for call in calls for done_first in (False, True)]
