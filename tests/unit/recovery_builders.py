# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to make plans, twins, placeholders and replicas. The plan is "shop", its server "db" has two disks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    DISK,
    PLAN,
    POINT,
    ROLE,
    SERVER,
    STATE,
    VOLUME,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Offer,
    RootAnswer,
    Seen,
    Server,
    Site,
    Surroundings,
    Volume,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import (
    PlanServer,
    RecoveryPlan,
    recovery_plan,
)
from ansible_collections.standby.openstack.plugins.plugin_utils.documented_options import PLAN_OPTIONS
from builders import GUARDED, TINY, around, port, volume

#: Three moments, in order.
T1, T2, T3 = (f"2026-11-20T{hour}:00:00+00:00" for hour in ("08", "09", "10"))


def row(**changes: Any) -> dict[str, Any]:
    """The server "db" as a user writes it."""
    return {
        "name": "db",
        "flavor": "m1.tiny",
        "boot_volume": {"image": "cirros", "size": 1},
        "volumes": [{"tag": "data", "blank": True, "size": 2}],
        "ports": [{"network": "net", "fixed_ip": "10.0.0.5"}],
        "health_checks": [{"console": "login:"}],
        **changes,
    }


def plan_data(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A plan as the argument specification hands it on: with defaults, and None for what is not given."""
    sites = {site: {"cloud": f"site_{site}", "admin_cloud": f"site_{site}_admin"} for site in ("a", "b")}
    data = {"name": "shop", "sites": sites, "servers": list(rows or (row(),))}
    data |= {key: value for key, value in changes.items() if value is not None}
    # as YAML would have it: no two rows are the same object, for the validator writes defaults into them
    validated = ArgumentSpecValidator(PLAN_OPTIONS).validate(json.loads(json.dumps(data)))
    assert not validated.error_messages, validated.error_messages
    return validated.validated_parameters


def the_plan(*rows: dict[str, Any], to: str = "b", **changes: Any) -> RecoveryPlan:
    """The plan "shop", towards a site."""
    return recovery_plan(plan_data(*rows, **changes), to)


def db(**changes: Any) -> PlanServer:
    """The server "db" of the plan."""
    return the_plan(row(**changes)).servers[0]


#: When the twin was made, and after that every replica, by the clock of the target.
PREPARED, CREATED = "2026-11-01T00:00:00.000000", "2026-11-20T08:00:00.000000"


def marked(disk: str, role: str, server: str = "db", plan: str = "shop", **more: str) -> dict[str, str]:
    """The metadata of a volume at the target."""
    return {PLAN: plan, SERVER: server, DISK: disk, ROLE: role, **more}


def named(volume_id: str, **changes: Any) -> Volume:
    """A volume whose marks name it."""
    return volume(volume_id, **{**changes, "metadata": {**changes["metadata"], VOLUME: volume_id}})


def renamed(found: Volume, volume_id: str) -> Volume:
    """The same volume with another id, also in its marks."""
    return replace(found, id=volume_id, metadata={**found.metadata, VOLUME: volume_id})


def placeholder(disk: str, server: str = "db", plan: str = "shop", **changes: Any) -> Volume:
    """A volume that was made to prove a twin."""
    name = f"{server}-{disk}-placeholder"
    defaults = {"name": name, "size": 2 if disk == "data" else 1, "metadata": marked(disk, "placeholder", server, plan)}
    return named(f"p-{plan}-{server}-{disk}", **{**defaults, **changes})


def replica(disk: str, time: str = T2, state: str = "complete", server: str = "db", **changes: Any) -> Volume:
    """One disk of a recovery point."""
    metadata = marked(disk, "replica", server, **{POINT: time, STATE: state})
    size = 2 if disk == "data" else 1
    defaults = {"name": f"shop-{server}-{disk}-{time}", "size": size, "metadata": metadata, "created_at": CREATED}
    return named(f"r-{server}-{disk}-{time}", **{**defaults, **changes})


def point(time: str = T2, **changes: Any) -> tuple[Volume, Volume]:
    """Both disks of a recovery point."""
    return replica("root", time, **changes), replica("data", time, **changes)


PLACEHOLDERS = (placeholder("root"), placeholder("data"))


def attached(volumes: Iterable[Volume], **changes: Any) -> tuple[Attachment, ...]:
    """The attachments of these volumes, tagged by their disk."""
    return tuple(
        Attachment(v.id, f"/dev/vd{'a' if v.metadata.get(DISK) == 'root' else 'b'}", v.metadata.get(DISK), **changes)
        for v in volumes
    )


def twin(volumes: Iterable[Volume] = (), offer: Offer = GUARDED, known: bool = True, **changes: Any) -> Seen:
    """The twin at the target, shelved, on ``volumes``.

    :param known: whether Cinder tells of the volumes.
    """
    on = tuple(volumes)
    root = next((v.id for v in on if v.metadata.get(DISK) == "root"), None)
    defaults = {"id": "twin", "name": "db", "status": "SHELVED_OFFLOADED", "flavor": TINY, "metadata": {PLAN: "shop"}}
    server = Server(**{**defaults, "attachments": attached(on), **changes})
    return Seen(
        server=server,
        offer=offer,
        volumes={v.id: v for v in on} if known else {},
        ports=(port(device_id="twin"),),
        root_answer=RootAnswer("/dev/vda", root is not None, root) if offer.guarded_api else None,
        woken=PREPARED,
    )


def surroundings(**changes: Any) -> Surroundings:
    """What the twin needs around it; its port is there."""
    defaults = {"same_name": {"root": (), "data": ()}, "ports": {"db-port0": (port(device_id="twin"),)}}
    return around(**{**defaults, **changes})


def site_of(seen: Seen, **changes: Any) -> Site:
    """The target with this twin."""
    return Site(seen, surroundings(**changes))
