# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""nova-api dies at each step of each call: nothing runs on a lost root, and repeating the calls leads on."""

from __future__ import annotations

import contextlib
import itertools
from unittest import mock

from one_server import OneServer

from nova_root_volume import mapping

MAPPING = ("begin", "clear", "fill", "let_go")
CINDER = ("get", "attachment_create", "attachment_get", "attachment_get_all", "attachment_delete")


class Died(BaseException):
    """No `except Exception` sees it: as if the process were gone."""


class Dying(OneServer):
    """Counts the steps of a call, then lets it die before and after each of them."""

    def steps(self, call):
        """Returns the number of steps that a call takes."""
        with self.stepwise(None) as counted:
            status, body = call()
        assert status in (200, 202), body
        return counted[0]

    @contextlib.contextmanager
    def stepwise(self, last, after=False):
        """Count the steps at Cinder and in the mapping; die at the last one, before or after it was done."""
        count = [0]

        def step(do):
            def run(*arguments, **named):
                count[0] += 1
                if count[0] == last and not after:
                    raise Died
                result = do(*arguments, **named)
                if count[0] == last:
                    raise Died
                return result

            return run

        with contextlib.ExitStack() as stack:
            for name in MAPPING:
                stack.enter_context(mock.patch.object(mapping, name, step(getattr(mapping, name))))
            for name in CINDER:
                do = step(getattr(self.cinder_api, name))
                stack.enter_context(mock.patch.object(self.cinder_api, name, staticmethod(do)))
            yield count

    def setUp(self):
        super().setUp()
        from nova.volume import cinder

        self.cinder_api = cinder.API

    def die_at_each_step(self, start, call):
        """Runs the call for each step, each from the same start."""
        server, volume = self.again(start)
        steps = self.steps(lambda: call(server, volume))
        assert steps >= 5
        for last, after in itertools.product(range(1, steps + 1), (False, True)):
            server, volume = self.again(start)
            with self.stepwise(last, after), contextlib.suppress(Died):
                call(server, volume)
            where = f"step {last} of {steps}, {'after' if after else 'before'} it"
            self.unshelved(server)
            self.assert_consistent(server, volume)
            self.clock.advance_time_seconds(61)
            status, body = self.unshelved(server)
            assert status in (202, 403, 409), (where, status, body)
            self.assert_consistent(server, volume)
            self.assert_repairable(server, volume)

    def test_detach(self):
        self.die_at_each_step(self.offloaded, self.detach)

    def test_attach(self):
        self.die_at_each_step(self.rootless, self.attach)
