# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to run drills between two clouds in memory, and to look at what they made."""

from __future__ import annotations

from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from circle import Circle
from memory_cloud.drive import act

LEFT = "what is left of the drill"


def drill(circle: Circle, **options: Any) -> dict[str, Any]:
    """A run of a drill."""
    return circle.run("drill", **options)


def clean_up(circle: Circle, **options: Any) -> dict[str, Any]:
    """A run of its end."""
    return circle.run("drill_cleanup", **options)


def outcome(result: Any) -> Outcome:
    """The result of a job that came through."""
    assert isinstance(result, Outcome), result
    return result


def refusal(result: Any, code: str) -> str:
    """The text of the refusal of a job."""
    assert isinstance(result, Refused), result
    assert result.refusal.code == code, result
    return str(result)


def standing(circle: Circle) -> Any:
    """The server of the drill."""
    return next((s for s in circle.site("b").servers.values() if s.name == "db-drill"), None)


def untouched(site: Any) -> Any:
    """All that is not of a drill, without the note at a replica that one passed."""
    volumes = {v.id: (v.status, v.name, site.contents[v.id]) for v in site.volumes.values() if not v.marks.drill}
    marks = {v.id: {k: t for k, t in v.metadata.items() if "drill" not in k} for v in site.volumes.values()}
    servers = {s.id: s for s in site.servers.values() if not s.name.endswith("-drill")}
    ports = {p.id: p for p in site.ports.values() if not p.description}
    networks = [n for n in site.networks.values() if not n["name"].endswith("-drill")]
    return volumes, {key: marks[key] for key in volumes}, servers, ports, networks, dict(site.snapshots)


def network(circle: Circle, name: str) -> str:
    """The id of a network at the target."""
    return next(key for key, one in circle.site("b").networks.items() if one["name"] == name)


def clone_of_root(circle: Circle) -> Any:
    """The root of the server of the drill."""
    return next(v for v in circle.site("b").volumes.values() if v.marks.drill and v.marks.disk == "root")


def keep_a_snapshot(circle: Circle) -> None:
    """Somebody makes a snapshot of the root of the drill."""
    site = circle.site("b")
    act(site, "create_snapshot", volume_id=clone_of_root(circle).id, name="mine", metadata={})
    site.settle()
