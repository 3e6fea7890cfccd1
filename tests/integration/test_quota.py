# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A quota that is too small for a shelved server to come up, in a project of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from api import Api
from factory import Factory

from playbooks import Playbooks


@pytest.fixture
def project(admin_b: Api, run_prefix: str) -> Iterator[dict[str, Any]]:
    """A project with one core, of which demo is a member and admin an administrator."""
    name = f"{run_prefix}-poor"
    body = {"project": {"name": name, "domain_id": "default"}}
    made = admin_b.send("POST", "identity", "/projects", body)["project"]
    for user, role in (("demo", "member"), ("admin", "admin")):
        ids = [
            admin_b.named("identity", f"/{kind}", kind, name)["id"] for kind, name in (("users", user), ("roles", role))
        ]
        admin_b.send("PUT", "identity", f"/projects/{made['id']}/users/{ids[0]}/roles/{ids[1]}")
    give_cores(admin_b, made, 1)
    yield made
    admin_b.send("DELETE", "identity", f"/projects/{made['id']}")


def give_cores(admin: Api, project: dict[str, Any], cores: int) -> None:
    admin.send("PUT", "compute", f"/os-quota-sets/{project['id']}", {"quota_set": {"cores": cores}})


@pytest.fixture
def poor(project: dict[str, Any], run_prefix: str) -> Iterator[Factory]:
    """Makes servers in the project."""
    factory = Factory(Api("site_b", project["name"]), Api("site_b_admin", project["name"]), f"{run_prefix}-poor")
    yield factory
    factory.clean()


@pytest.fixture
def cloud(project: dict[str, Any]) -> dict[str, Any]:
    """How a member reaches the project."""
    with open(os.environ["OS_CLIENT_CONFIG_FILE"], encoding="utf-8") as file:
        config = yaml.safe_load(file)["clouds"]["site_b"]
    return {**config, "auth": {**config["auth"], "project_name": project["name"]}}


def test_a_quota_that_is_too_small(
    poor: Factory, ansible: Playbooks, cloud: dict[str, Any], admin_b: Api, project: dict[str, Any]
) -> None:
    """Nova counts the cores of a shelved server when it comes up. The error says what is safe; a repeat carries on."""
    server = poor.shelved("db")
    poor.server("app")
    unshelve: dict[str, Any] = {"cloud": cloud, "server": poor.name("db")}
    result = ansible("server_unshelve", **unshelve)
    assert (result["error"]["code"], result["error"]["status"]) == ("cloud_error", 403)
    assert "was answered with 403: Quota exceeded for resources" in result["msg"]
    assert result["msg"].endswith(
        "The server stays down, with all its volumes and ports: nothing is lost. "
        "Raise the quota of the project or free some of it, then repeat to carry on."
    )
    assert poor.api.server(server)["status"] == "SHELVED_OFFLOADED"
    give_cores(admin_b, project, 2)
    assert ansible("server_unshelve", **unshelve)["server"]["status"] == "ACTIVE"


def test_a_build_that_a_quota_stops(
    poor: Factory, ansible: Playbooks, cloud: dict[str, Any], admin_b: Api, project: dict[str, Any]
) -> None:
    """The volume that was made before stays, and a repeat uses it."""
    poor.server("app")
    build = {
        "cloud": cloud,
        "name": poor.name("db"),
        "flavor": "m1.tiny",
        "boot_volume": {"image": "cirros", "size": 1},
    }
    result = ansible("server_boot_volume", **build)
    assert result["msg"].endswith(
        "No server was made. Its volumes and ports stay as they are, and a repeat uses them. "
        "Raise the quota of the project or free some of it, then repeat to carry on."
    )
    give_cores(admin_b, project, 2)
    built = ansible("server_boot_volume", **build)
    assert built["server"]["status"] == "ACTIVE"
    assert not any(step.startswith("make volume") for step in built["steps"])
