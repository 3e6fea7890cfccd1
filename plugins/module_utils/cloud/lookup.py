# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where reading gets things from: with a request for each, for a module, or from lists that a wave shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import CloudError
from .find import by_id, find, may_be_id, named, one
from .inventory import Inventory
from .session import Session

Json = dict[str, Any]

#: As a moment: however old a list of this run is, it will do.
ANY_TIME = float("-inf")


class Lookup:
    """A request for each thing, which names what is wanted: for a module, which is about one server."""

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

    What is not in a list but may be an id is asked for by itself, once for all: a flavor that is disabled, an image of
    a community, whatever else a project may use and is not shown.

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
