# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where readings get resources: a module sends a request for each, a wave uses lists that all its servers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..data.errors import CloudError
from .names import by_id, find, may_be_id, named, one
from .session import GUARDED_LIST, Session
from .shared_lists import Inventory

Json = dict[str, Any]

#: A moment before all lists: every list of this run is new enough.
ANY_TIME = float("-inf")


class Lookup:
    """Sends one request for each resource. For modules, which are about one server."""

    def __init__(self, cloud: Session) -> None:
        self.cloud = cloud

    def by_id(self, kind: str, resource_id: str) -> Json | None:
        """The resource with this id, or None."""
        return by_id(self.cloud, kind, resource_id)

    def named(self, kind: str, name: str) -> list[Json]:
        """All resources of a kind that have exactly this name."""
        return named(self.cloud, kind, name)

    def find(self, kind: str, ref: str) -> Json | None:
        """The one resource with this id or name, or None.

        :raises Ambiguous: if several carry the name.
        """
        return find(self.cloud, kind, ref)

    def known(self, kind: str, ref: str) -> Json | None:
        """As `find`, for what does not change during a run."""
        return self.cloud.once((kind, ref), lambda: self.find(kind, ref))

    def ports_of(self, server_id: str) -> list[Json]:
        """The ports of a server."""
        return list(self.cloud.pages("network", f"/ports?device_id={server_id}", "ports"))

    def ports_at(self, network_id: str, address: str) -> list[Json]:
        """The ports that have an address on a network."""
        query = f"/ports?network_id={network_id}&fixed_ips=ip_address%3D{quote(address)}"
        return list(self.cloud.pages("network", query, "ports"))

    def root_of(self, server_id: str) -> Json:
        """What the guarded API says of the root of a server."""
        return self.cloud.get("compute", f"/servers/{server_id}/os-root-volume")

    def has_key(self, name: str) -> bool:
        """Whether the user has a key pair of that name."""
        return self.cloud.once(("key", name), lambda: self._key(name)) is not None

    def _key(self, name: str) -> Json | None:
        try:
            return self.cloud.get("compute", f"/os-keypairs/{quote(name)}")
        except CloudError as error:
            if error.status == 404:
                return None
            raise

    def zones(self, service: str) -> frozenset[str]:
        """The availability zones of a service that can be used."""
        return self.cloud.once(("zones", service), lambda: _zones(self.cloud, service))


class Shared(Lookup):
    """Everything from lists, which all servers of a wave share.

    A list does not show everything that a project may use, such as a disabled flavor or an image of a community. So a
    name that may be an id is asked for by itself, once for all servers.

    :param since: a list of what may change in a run counts only if its request began after this moment.
    """

    def __init__(self, inventory: Inventory, since: float) -> None:
        super().__init__(inventory.cloud)
        self.inventory, self.since = inventory, since

    def by_id(self, kind: str, resource_id: str) -> Json | None:
        """The resource with this id, or None."""
        found = self.inventory.all(kind, self.since).get(resource_id)
        return found if found is not None else self.inventory.single(kind, resource_id, self.since)

    def named(self, kind: str, name: str) -> list[Json]:
        """All resources of a kind that have exactly this name."""
        return self.inventory.derived(kind, self.since, by_key, "name").get(name, [])

    def find(self, kind: str, ref: str) -> Json | None:
        """The one resource with this id or name, or None.

        :raises Ambiguous: if several carry the name.
        """
        maybe = may_be_id(kind, ref)
        found = self.inventory.all(kind, self.since).get(ref) if maybe else None
        if found is None:
            found = one(self.cloud, kind, ref, self.named(kind, ref))
        return self.inventory.single(kind, ref, self.since) if found is None and maybe else found

    def known(self, kind: str, ref: str) -> Json | None:
        """As `find`, for what does not change during a run."""
        return Shared(self.inventory, ANY_TIME).find(kind, ref)

    def ports_of(self, server_id: str) -> list[Json]:
        """The ports of a server."""
        return self.inventory.derived("port", self.since, by_key, "device_id").get(server_id, [])

    def ports_at(self, network_id: str, address: str) -> list[Json]:
        """The ports that have an address on a network."""
        return self.inventory.derived("port", self.since, _by_address).get((network_id, address), [])

    def root_of(self, server_id: str) -> Json:
        """What the guarded API says of the root of a server; asked for by itself if the list does not tell."""
        listed = self.cloud.advertises(GUARDED_LIST)
        root = self.inventory.asked("roots", self.since, self._roots).get(server_id) if listed else None
        return {"root_volume": root} if root else super().root_of(server_id)

    def _roots(self) -> Json:
        """The answers by server; empty if the cloud refuses the list.

        A field of a cell that does not answer is null: unknown.
        """
        try:
            found = list(self.cloud.pages("compute", f"/{GUARDED_LIST}", "root_volumes"))
        except CloudError as error:
            if error.status not in (400, 403, 404):
                raise
            return {}
        return {item["server_id"]: item for item in found if item["device_present"] is not None}

    def has_key(self, name: str) -> bool:
        """Whether the user has a key pair of that name."""
        return name in self.inventory.asked("keys", ANY_TIME, self._keys)

    def _keys(self) -> Json:
        pages = self.cloud.pages("compute", "/os-keypairs", "keypairs")
        return {item["keypair"]["name"]: item["keypair"] for item in pages}

    def zones(self, service: str) -> frozenset[str]:
        """The availability zones of a service that can be used."""
        found = self.inventory.asked(("zones", service), ANY_TIME, lambda: {"": _zones(self.cloud, service)})
        return found[""]


def _zones(cloud: Session, service: str) -> frozenset[str]:
    data = cloud.get(service, "/os-availability-zone")
    return frozenset(zone["zoneName"] for zone in data["availabilityZoneInfo"] if zone["zoneState"]["available"])


def by_key(items: Mapping[str, Any], key: str) -> dict[Any, list[Json]]:
    """The resources of a list by one of their properties, for `Inventory.derived`."""
    found: dict[Any, list[Json]] = {}
    for item in items.values():
        found.setdefault(item.get(key), []).append(item)
    return found


def _by_address(items: Mapping[str, Any]) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = {}
    for item in items.values():
        for fixed in item.get("fixed_ips") or ():
            found.setdefault((item["network_id"], fixed["ip_address"]), []).append(item)
    return found
