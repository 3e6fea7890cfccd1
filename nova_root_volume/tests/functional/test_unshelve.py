# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""An unshelve that the first look let through is refused by the last one, and leaves nothing behind."""

from __future__ import annotations

from unittest import mock

from base import CANT_UNSHELVE, TASK, GuardedNova
from cinder_model import fails
from nova.compute import api as compute_api


class Unshelve(GuardedNova):
    """Something happens between the filter's look at the root and Nova's own task state."""

    def raced(self, server, meanwhile):
        """Unshelves; ``meanwhile`` runs when Nova begins, after the filter has let the request through."""
        real = compute_api.API.unshelve

        def unshelve(api, context, instance, *arguments, **named):
            with mock.patch.object(compute_api.API, "unshelve", real):
                meanwhile()
            return real(api, context, instance, *arguments, **named)

        with mock.patch.object(compute_api.API, "unshelve", unshelve):
            return self.unshelve(server)

    def assert_refused(self, server, volume, answer, text):
        """Refused with this text; the server is as before, and placement holds nothing for it."""
        status, body = answer
        assert status == 403, body
        assert text in body["forbidden"]["message"]
        assert self.state(server) == ("SHELVED_OFFLOADED", None)
        assert self.allocations(server) == {}
        self.assert_consistent(server, volume)
        self.assert_repairable(server, volume)

    def test_a_whole_detach_in_between(self):
        server, volume = self.offloaded()
        answer = self.raced(server, lambda: self.detach(server, volume))
        self.assert_refused(server, volume, answer, CANT_UNSHELVE)

    def test_a_failed_detach_in_between(self):
        server, volume = self.offloaded()
        self.cinder.on("attachment_delete", fails(504))
        answer = self.raced(server, lambda: self.detach(server, volume))
        self.assert_refused(server, volume, answer, f"the detach of volume {volume} began at")

    def test_detach_and_attach_of_another_in_between(self):
        """The server then boots from what is its root now."""
        server, volume = self.offloaded()
        other = self.cinder.make()

        def meanwhile():
            assert self.detach(server, volume)[0] == 202
            assert self.attach(server, other)[0] == 200

        assert self.raced(server, meanwhile)[0] == 202
        self._wait_for_state_change({"id": server}, "ACTIVE")
        assert self.mapping(server).volume_id == other
        self.assert_consistent(server, volume, other)

    def test_a_detach_that_works_when_nova_begins(self):
        """Nova's own check of the task state meets it."""
        server, volume = self.offloaded()
        answers = []

        def hangs(do, attachment):
            assert self.state(server)[1] == TASK
            answers.append("hung")
            return do()

        self.cinder.on("attachment_delete", hangs)
        status, body = self.raced(server, lambda: self.detach(server, volume))
        assert answers == ["hung"]
        self.assert_refused(server, volume, (status, body), CANT_UNSHELVE)

    def test_refusals_of_the_first_look(self):
        server, volume = self.rootless()
        for body in ({"unshelve": None}, {"unshelve": {"availability_zone": "nova"}}):
            for api in (self.api, self.admin_api):
                status, answer = self.call("POST", f"/servers/{server}/action", body, api=api)
                self.assert_refused_only(server, status, answer)
        answer = self.answer("PUT", f"/servers/{server}/action?_method=POST", {"unshelve": None})
        self.assert_refused_only(server, answer.status_code, answer.json())
        self.assert_repairable(server, volume)

    def assert_refused_only(self, server, status, answer):
        """Refused, and nothing happened."""
        assert (status, answer["forbidden"]["message"]) == (403, CANT_UNSHELVE)
        assert self.state(server) == ("SHELVED_OFFLOADED", None)
        assert self.allocations(server) == {}

    def test_an_attachment_lost_in_cinder(self):
        server, volume = self.offloaded()
        self.cinder._attachment_delete(self.mapping(server).attachment_id)
        status, answer = self.unshelve(server)
        self.assert_refused_only(server, status, answer)
        self.assert_repairable(server, volume)
