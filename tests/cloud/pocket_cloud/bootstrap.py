# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles, regions and endpoints of a site: what the other services need before they can start."""

from __future__ import annotations

import itertools
from typing import Any

from pocket_cloud import api, site

ENDPOINTS = {
    # service: (type in the catalog, path behind the port)
    "keystone": ("identity", "/v3"),
    "placement": ("placement", ""),
    "glance": ("image", ""),
    "neutron": ("network", ""),
    "nova": ("compute", "/v2.1"),
    "cinder": ("volumev3", "/v3"),  # of the names a client may ask for, the one that every client knows
}

GRANTS = (
    # user, project, roles. The admin has a role in demo too: what it imports there belongs to demo.
    ("svc", "service", ("admin", "service")),
    ("demo", "demo", ("member", "reader")),
    ("admin", "demo", ("admin",)),
)


def bootstrap(place: site.Site) -> None:
    """Make what is missing in keystone; running it again changes nothing."""
    keystone = Identity(place)
    roles = {name: keystone.ensure("role", name) for name in ("admin", "manager", "member", "reader", "service")}
    projects = {name: keystone.ensure("project", name, domain_id="default") for name in ("service", "demo")}
    names = ("svc", "demo", "admin")
    users = {name: keystone.ensure("user", name, domain_id="default", password=name) for name in names}
    for user, project, granted in GRANTS:
        for role in granted:
            keystone.put(f"/projects/{projects[project]}/users/{users[user]}/roles/{roles[role]}")
    regions = [region["id"] for region in keystone.get("/regions")["regions"]]
    if place.region not in regions:
        keystone.post("/regions", {"region": {"id": place.region}})
    keystone.ensure_endpoints(place)


class Identity:
    """The administrator's view of one keystone."""

    def __init__(self, place: site.Site) -> None:
        """Authenticate as the administrator whom keystone's own bootstrap made."""
        self._api = api.Api(place)
        self._url = f"{place.keystone_url}/v3"

    def get(self, path: str) -> Any:
        """Read from keystone."""
        return self._api.get(self._url + path)

    def post(self, path: str, body: Any) -> Any:
        """Create in keystone."""
        return self._api.post(self._url + path, body)

    def put(self, path: str) -> None:
        """Grant in keystone."""
        self._api.put(self._url + path)

    def ensure(self, kind: str, name: str, **properties: str) -> str:
        """Return the id of a named thing, which is made if it does not exist."""
        found = self.get(f"/{kind}s?name={name}")[f"{kind}s"]
        if found:
            return str(found[0]["id"])
        return str(self.post(f"/{kind}s", {kind: {"name": name, **properties}})[kind]["id"])

    def ensure_endpoints(self, place: site.Site) -> None:
        """Register every service of the site with all three interfaces."""
        known = {(e["service_id"], e["interface"]) for e in self.get("/endpoints")["endpoints"]}
        ids = {service: self.ensure("service", service, type=kind) for service, (kind, _) in ENDPOINTS.items()}
        wanted = itertools.product(ENDPOINTS, ("public", "internal", "admin"))
        for service, interface in wanted:
            if (ids[service], interface) in known:
                continue
            endpoint = {"service_id": ids[service], "region_id": place.region, "interface": interface}
            self.post("/endpoints", {"endpoint": {**endpoint, "url": place.url(service) + ENDPOINTS[service][1]}})
