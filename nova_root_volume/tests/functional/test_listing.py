# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""GET /os-root-volumes."""

from __future__ import annotations

from unittest import mock

from base import GuardedNova
from nova import context as nova_context


class Listing(GuardedNova):
    """The root of every server, as the server list has them."""

    def listed(self, query="", **more):
        """GET of the list: (root volumes, links)."""
        status, body = self.call("GET", f"/os-root-volumes{query}", **more)
        assert status == 200, body
        assert set(body) <= {"root_volumes", "root_volumes_links"}
        return body["root_volumes"], body.get("root_volumes_links")

    def test_list(self):
        present, missing = [self.active(), self.offloaded()], [self.rootless()]
        everything, links = self.listed()
        assert links is None
        assert {each["server_id"]: each for each in everything} == {
            server: {"server_id": server, **self.root(server)} for server, _ in present + missing
        }
        self.check_pages(everything)
        self.check_filters(present, missing)
        self.check_who()
        self.check_a_dead_cell()

    def check_pages(self, everything):
        """The pages together are the list; each but the last links to the next, which a client can follow as it is."""
        found, query = [], "?limit=1"
        while query:
            page, links = self.listed(query)
            assert len(page) <= 1
            found += page
            assert not links or [link["rel"] for link in links] == ["next"]
            assert not links or "/os-root-volumes?limit=1&marker=" in links[0]["href"]
            query = "?" + links[0]["href"].split("?")[1] if links else None
        assert found == everything
        self.flags(max_limit=2, group="api")
        page, links = self.listed()
        assert (len(page), bool(links)) == (2, True), "never more than nova-api's own limit"
        assert self.call("GET", "/os-root-volumes?marker=nothing")[0] == 400
        self.flags(max_limit=1000, group="api")

    def check_filters(self, present, missing):
        """Filters, their schema and who may use which are the server list's."""
        for query in ("status=ACTIVE", "status=SHELVED_OFFLOADED", "name=nothing", "sort_key=created_at&sort_dir=asc"):
            servers = self.call("GET", f"/servers?{query}")[1]["servers"]
            assert [each["id"] for each in servers] == [each["server_id"] for each in self.listed(f"?{query}")[0]], (
                query
            )
        for query in ("nonsense=1", "limit=-1", "status=rubbish", "changes-since=rubbish", "sort_key=rubbish"):
            novas, ours = (
                self.call("GET", f"/{path}?{query}", version=self.microversion)
                for path in ("servers", "os-root-volumes")
            )
            assert novas[0] == ours[0] >= 400, (query, novas, ours)

    def check_who(self):
        """all_tenants is for administrators; another project sees nothing of this one."""
        novas, ours = (self.call("GET", f"/{path}?all_tenants=1") for path in ("servers", "os-root-volumes"))
        assert novas[0] == ours[0] == 403
        assert len(self.listed("?all_tenants=1", api=self.admin_api)[0]) == 3
        stranger = self.api_fixture.alternative_api
        stranger.project_id = "f" * 32
        assert self.listed(api=stranger)[0] == []

    def check_a_dead_cell(self):
        """What a cell that does not answer would say is null: unknown, neither present nor missing."""

        def dead(context, cells, timeout, function, *arguments, **named):
            return {cell.uuid: nova_context.did_not_respond_sentinel for cell in cells}

        with mock.patch.object(nova_context, "scatter_gather_cells", self.but_servers(dead)):
            for each in self.listed()[0]:
                assert (each["device"], each["device_present"], each["volume_id"]) == (None, None, None)

    def but_servers(self, dead):
        """The list of servers itself still works."""
        real = nova_context.scatter_gather_cells

        def gather(context, cells, timeout, function, *arguments, **named):
            chosen = dead if getattr(function, "__name__", "") == "_of_cell" else real
            return chosen(context, cells, timeout, function, *arguments, **named)

        return gather
