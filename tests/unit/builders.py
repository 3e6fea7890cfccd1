# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to make what the decisions look at. Every default is the ordinary case; tests name only what differs."""

from __future__ import annotations

from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Flavor,
    Offer,
    Port,
    RootAnswer,
    Seen,
    Server,
    Site,
    Source,
    Surroundings,
    Volume,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Plan, Refusal

GUARDED = Offer(True, "advertised", "2.96", "3.70")
STOCK = Offer(False, "not advertised", "2.96", "3.70")
TINY = Flavor("m1.tiny", "flavor-1", 1, 64, 0)

ROOT = Attachment("vol-root", "/dev/vda", "root")
DATA = Attachment("vol-data", "/dev/vdb", "data")


def server(**changes: Any) -> Server:
    """A server that runs, with a root volume and a data volume."""
    defaults: dict[str, Any] = {
        "id": "srv",
        "name": "db",
        "status": "ACTIVE",
        "flavor": TINY,
        "availability_zone": "nova",
        "attachments": (ROOT, DATA),
    }
    return Server(**{**defaults, **changes})


def volume(volume_id: str, **changes: Any) -> Volume:
    """An available, bootable volume of 1 GiB."""
    defaults: dict[str, Any] = {"name": volume_id, "status": "available", "size": 1, "bootable": True}
    return Volume(volume_id, **{**defaults, **changes})


VOLUMES = {
    "vol-root": volume("vol-root", name="db-root", status="in-use", attached_to=("srv",)),
    "vol-data": volume("vol-data", name="db-data", status="in-use", bootable=False, attached_to=("srv",)),
}


def seen(offer: Offer = GUARDED, root: RootAnswer | None = None, **changes: Any) -> Seen:
    """The server of `server(**changes)` with its volumes, at a cloud with the guarded API."""
    return Seen(server(**changes), offer, VOLUMES, (port(),), root)


def port(**changes: Any) -> Port:
    """The port of the server."""
    defaults: dict[str, Any] = {
        "id": "port-0",
        "name": "db-port0",
        "network_id": "net-1",
        "mac": "fa:16:3e:00:00:01",
        "fixed_ips": ("10.0.0.5",),
        "security_groups": ("sg-1",),
        "device_id": "srv",
    }
    return Port(**{**defaults, **changes})


def present(volume_id: str = "vol-root") -> RootAnswer:
    """What the guarded API says of a server with a root."""
    return RootAnswer("/dev/vda", True, volume_id)


def leaving(volume_id: str = "vol-root", **changes: Any) -> Seen:
    """A server whose root has begun to leave: Nova no longer lists it, and the guarded API names it until it is off."""
    defaults: dict[str, Any] = {"status": "SHELVED_OFFLOADED", "attachments": (DATA,)}
    return seen(root=RootAnswer("/dev/vda", True, volume_id, "detaching"), **{**defaults, **changes})


MISSING = RootAnswer("/dev/vda", False, None)


def dormant(**changes: Any) -> Seen:
    """A server that is shelved and offloaded and has lost its root."""
    defaults: dict[str, Any] = {"status": "SHELVED_OFFLOADED", "availability_zone": "", "attachments": (DATA,)}
    return seen(root=MISSING, **{**defaults, **changes})


def source(kind: str = "image", **changes: Any) -> Source:
    """An image of less than 1 GiB that is ready."""
    defaults: dict[str, Any] = {"id": f"{kind}-1", "name": "cirros", "size": 1}
    return Source(kind, **{**defaults, "status": "active" if kind == "image" else "available", **changes})


def around(**changes: Any) -> Surroundings:
    """What a server of one image-backed root volume and one port needs."""
    defaults: dict[str, Any] = {
        "flavor": TINY,
        "sources": {"root": source()},
        "same_name": {"root": ()},
        "ports": {"db-port0": ()},
        "ids": {("network", "net"): "net-1"},
    }
    return Surroundings(**{**defaults, **changes})


def nothing(offer: Offer = GUARDED) -> Seen:
    """No server of that name."""
    return Seen(None, offer)


def new_site(**changes: Any) -> Site:
    """No server, and everything that it needs."""
    return Site(nothing(), around(**changes))


def plan(decision: Decision) -> Plan:
    """The decision, which must be a plan."""
    assert isinstance(decision, Plan), decision.text
    return decision


def refusal(decision: Decision | None) -> Refusal:
    """The decision, which must be a refusal."""
    assert isinstance(decision, Refusal), decision
    return decision


def verbs(decision: Decision) -> list[str]:
    """The verbs of the steps of a plan."""
    return [step.verb for step in plan(decision).steps]
