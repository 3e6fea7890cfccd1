# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Unshelves that fail behind the filter leave nothing in placement once the root is off or the server runs."""

from __future__ import annotations

import contextlib
from unittest import mock

from base import GuardedNova
from cinder_model import fails
from nova.scheduler.client import report

from nova_root_volume import room

CLIENT = report.SchedulerReportClient


class Allocations(GuardedNova):
    """Each way in which an unshelve fails after Nova has taken it."""

    def failures(self):
        """What lets an unshelve fail, by name; each a context."""
        return {
            "no host": self.no_host(),
            "the hypervisor": mock.patch("nova.virt.fake.FakeDriver.spawn", side_effect=RuntimeError),
            "Cinder fails to connect": self.cinder_fails("attachment_update", fails(500)),
            "Cinder fails at the end": self.cinder_fails("attachment_complete", fails(500)),
            "the attachment is deleted at Cinder": self.cinder_fails("attachment_update", self.loses),
        }

    @contextlib.contextmanager
    def no_host(self):
        """No compute host takes servers."""
        (first,) = self.admin_api.get_services(binary="nova-compute")
        self.admin_api.put_service(first["id"], {"status": "disabled"})
        yield
        self.admin_api.put_service(first["id"], {"status": "enabled"})

    @contextlib.contextmanager
    def cinder_fails(self, call, how):
        """A request of the compute host fails."""
        self.cinder.on(call, how)
        yield

    def loses(self, do, attachment, *more):
        """Somebody deletes the attachment when the compute host is about to use it."""
        self.cinder._attachment_delete(attachment)
        return do()

    def fail_unshelve(self, server, failure):
        """Unshelves and lets it fail. Nova's fixtures let the API wait for the compute host and see its error."""
        with failure:
            assert self.unshelve(server)[0] in (202, 500)
            self._wait_for_state_change({"id": server}, "SHELVED_OFFLOADED")
        assert self.state(server) == ("SHELVED_OFFLOADED", None)
        assert not any(self.cinder.hooks.values()), "it failed where it was meant to"

    def test_a_detach_gives_the_room_back(self):
        """A server without a root costs nothing, whatever happened before."""
        for name in self.failures():
            server, volume = self.offloaded()
            self.fail_unshelve(server, self.failures()[name])
            assert self.detach(server, volume) == (202, None), name
            assert self.allocations(server) == {}, name
            assert self.attach(server, volume)[0] == 200
            self.runs_on_one_host(server, name)

    def test_an_unshelve_on_another_host_gives_the_room_back(self):
        """Nova takes what is left for that of a server which moves, and adds to it."""
        self.start_service("compute", host="second")
        self.set_enabled("second", False)
        for name in ("the hypervisor", "Cinder fails to connect"):
            server, _ = self.offloaded()
            self.fail_unshelve(server, self.failures()[name])
            self.set_enabled("second", True)
            self.set_enabled("compute", False)
            assert self.unshelve(server)[0] == 202
            self.runs_on_one_host(server, name)
            self.set_enabled("compute", True)
            self.set_enabled("second", False)

    def set_enabled(self, host, enabled):
        """Lets a compute host take servers, or not."""
        (found,) = [each for each in self.admin_api.get_services(binary="nova-compute") if each["host"] == host]
        self.admin_api.put_service(found["id"], {"status": "enabled" if enabled else "disabled"})

    def runs_on_one_host(self, server, name):
        """It can be started, or runs by now, and placement holds what one server takes."""
        if self.state(server)[0] != "ACTIVE":
            assert self.unshelve(server)[0] in (202, 409), name
            self._wait_for_state_change({"id": server}, "ACTIVE")
        held = self.allocations(server)
        assert [each["resources"] for each in held.values()] == [{"MEMORY_MB": 512, "VCPU": 1}], (name, held)

    def test_a_shelved_server_that_is_still_on_its_host_keeps_its_room(self):
        """It is not offloaded yet: its allocation is in use. It is on no volume: Nova offloads such at once."""
        self.flags(shelved_offload_time=-1)
        server = self.api.post_server({"server": self._build_server(networks="none")})
        self._wait_for_state_change(server, "ACTIVE")
        self.api.post_server_action(server["id"], {"shelve": None})
        self._wait_for_state_change(server, "SHELVED")
        held = self.allocations(server["id"])
        assert held
        assert self.unshelve(server["id"])[0] == 202
        self._wait_for_state_change(server, "ACTIVE")
        now = self.allocations(server["id"])
        generations = [{each["generation"] for each in found.values()} for found in (held, now)]
        assert generations[0] == generations[1], "nobody has touched it"

    def test_a_slow_detach_takes_no_room_from_a_running_server(self):
        """Others have taken its place and the server runs: what placement holds now is in use."""
        server, volume = self.offloaded()
        self.fail_unshelve(server, self.cinder_fails("attachment_update", fails(500)))
        real, seen = CLIENT.get_allocs_for_consumer, []

        def slow(client, context, consumer):
            found = real(client, context, consumer)
            if not seen:
                seen.append(found)
                self.clock.advance_time_seconds(61)
                assert self.detach(server, volume) == (202, None)
                assert self.attach(server, volume)[0] == 200
                assert self.unshelve(server)[0] == 202
                self._wait_for_state_change({"id": server}, "ACTIVE")
            return found

        with mock.patch.object(CLIENT, "get_allocs_for_consumer", slow):
            assert self.detach(server, volume)[0] == 409
        assert seen[0]["allocations"]
        self.runs_on_one_host(server, "overtaken")
        self.assert_consistent(server, volume)

    def test_placement_fails(self):
        """Then the room stays where it is, and everything else goes on."""
        server, volume = self.offloaded()
        with mock.patch.object(room.report, "report_client_singleton", side_effect=RuntimeError):
            assert self.detach(server, volume) == (202, None)
        assert self.attach(server, volume)[0] == 200
        with mock.patch.object(room, "report") as broken:
            broken.report_client_singleton.side_effect = RuntimeError
            assert self.unshelve(server)[0] == 202
        assert broken.report_client_singleton.called
        self._wait_for_state_change({"id": server}, "ACTIVE")
