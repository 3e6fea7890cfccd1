# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Servers in two cells: one list of all roots, and each call finds the cell of its server."""

from __future__ import annotations

from unittest import mock

from base import GuardedNova
from nova import context as nova_context
from nova import objects

UNKNOWN = {"device": None, "device_present": None, "volume_id": None, "task": None}


class Cells(GuardedNova):
    """Two cells with a computing host each."""

    NUMBER_OF_CELLS = 2

    def in_second_cell(self):
        """From here on servers are built in the second cell."""
        (first,) = self.admin_api.get_services(binary="nova-compute")
        self.start_service("compute", host="second", cell_name="cell2")
        self.admin_api.put_service(first["id"], {"status": "disabled"})

    def cell_of(self, server):
        """The name of the cell in which a server is."""
        context = nova_context.get_admin_context()
        return objects.InstanceMapping.get_by_instance_uuid(context, server).cell_mapping.name

    def test_two_cells(self):
        here, there = {}, {}
        here["present"], here["missing"] = self.offloaded(), self.rootless()
        self.in_second_cell()
        there["present"], there["missing"] = self.offloaded(), self.rootless()
        names = [{self.cell_of(server) for server, _ in cell.values()} for cell in (here, there)]
        assert names == [{"cell1"}, {"cell2"}]
        self.check_list(here, there)
        self.check_a_dead_cell(here, there)
        server, volume = there["missing"]
        assert self.attach(server, volume)[0] == 200
        assert self.root(server)["volume_id"] == volume
        assert self.unshelve(server)[0] == 202
        self._wait_for_state_change({"id": server}, "ACTIVE")

    def listed(self, query=""):
        """GET of the list by server."""
        status, body = self.call("GET", f"/os-root-volumes{query}")
        assert status == 200, body
        return {each.pop("server_id"): each for each in body["root_volumes"]}

    def check_list(self, here, there):
        """Each entry is what the single call says, from whichever cell; pages go over both."""
        everything = self.listed()
        for cell in (here, there):
            for state, (server, volume) in cell.items():
                assert everything[server] == self.root(server)
                assert everything[server]["volume_id"] == (volume if state == "present" else None)
        assert len(everything) == 4
        pages, marker = {}, ""
        while page := self.listed(f"?limit=1{marker}"):
            pages.update(page)
            marker = f"&marker={next(iter(page))}"
        assert pages == everything

    def check_a_dead_cell(self, here, there):
        """Its servers are unknown, and those of the other cell are told as ever."""
        alive = self.listed()
        dead = self.cell_mappings["cell2"].uuid
        real = nova_context.scatter_gather_cells

        def gather(context, cells, timeout, function, *arguments, **named):
            answers = real(context, cells, timeout, function, *arguments, **named)
            if function.__name__ == "_of_cell":
                assert dead in answers
                answers[dead] = nova_context.did_not_respond_sentinel
            return answers

        with mock.patch.object(nova_context, "scatter_gather_cells", gather):
            found = self.listed()
        assert {server: found[server] for server, _ in there.values()} == {
            server: UNKNOWN for server, _ in there.values()
        }
        assert {server: found[server] for server, _ in here.values()} == {
            server: alive[server] for server, _ in here.values()
        }
