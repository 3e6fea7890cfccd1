# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which users a plan may name for a site: an ordinary member, and an administrator of the same project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...data.direction import Direction, PlanSite
from ...data.steps import Refusal


@dataclass(frozen=True)
class Identity:
    """Project and roles of a token. ``project`` is None where nothing tells."""

    project: str | None
    roles: frozenset[str]


def identity_problem(wanted: str, cloud: str, direction: Direction, known: Mapping[str, Identity]) -> Refusal | None:
    """Why a cloud of the plan must not be used as whom it is connected as, or None.

    :param cloud: "source", "target", "source_admin" or "target_admin".
    :param known: by these names as whom the clouds are connected, as far as they are.
    """
    role = cloud.partition("_")[0]
    site = direction.source if role == "source" else direction.target
    admin = "admin" in known[cloud].roles and cloud == role
    return _too_mighty(wanted, site) if admin else _apart(wanted, site, known.get(role), known.get(f"{role}_admin"))


def _too_mighty(wanted: str, site: PlanSite) -> Refusal:
    name = f"sites.{site.letter}.cloud ({_called(site.cloud)})"
    saw = f"{name} has the role admin, which sees networks and groups of all projects"
    todo = (
        f"Name an ordinary member of the project there. An administrator belongs into sites.{site.letter}.admin_cloud."
    )
    return Refusal("is_admin", wanted, saw, todo)


def _apart(wanted: str, site: PlanSite, member: Identity | None, admin: Identity | None) -> Refusal | None:
    """The administrator of a site must work in the project of the member."""
    if member is None or admin is None or None in (member.project, admin.project) or member.project == admin.project:
        return None
    saw = (
        f"sites.{site.letter}.admin_cloud ({_called(site.admin_cloud)}) is in project {admin.project}, and "
        f"sites.{site.letter}.cloud ({_called(site.cloud)}) in project {member.project}"
    )
    return Refusal("other_project", wanted, saw, "Name clouds of the same project in both places.")


def _called(cloud: Any) -> str:
    """The name of a cloud; a configuration of its own has none, and may hold a password."""
    return cloud if isinstance(cloud, str) else "without a name"
