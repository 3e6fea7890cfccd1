# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clouds that a plan describes instead of naming them: they are used as they are, and no secret of them is told."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.action import dr_wave
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session, described
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from loopback_cloud import LoopbackCloud
from recovery_builders import row, the_plan

SECRET = "do not tell"


def run(plan: dict[str, Any], folder: Path, **options: Any) -> dict[str, Any]:
    args = {"operation": "readiness", "plan": plan, "journal_folder": str(folder), "quiet": True, **options}
    task = SimpleNamespace(args=args, check_mode=False, diff=True, async_val=0, action="dr_wave")
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="none"))
    return dr_wave.ActionModule(task, connection, None, None, None, None).run(task_vars={})


@pytest.mark.parametrize("operation", ["readiness", "failover", "replicate"])
def test_what_a_run_tells_holds_no_secret(cloud: LoopbackCloud, tmp_path: Path, operation: str) -> None:
    """The identity service of this one knows nothing, so that everything fails that can."""
    described = {**cloud.identity("/v3"), "api_timeout": 2}
    assert SECRET in json.dumps(described)
    sites = {
        "a": {"cloud": described, "admin_cloud": described},
        "b": {"cloud": {**described, "region_name": "b"}, "admin_cloud": {**described, "region_name": "b"}},
    }
    plan = {"name": "shop", "sites": sites, "servers": [row()]}
    result = run(plan, tmp_path, operation=operation)
    assert result["failed"] is True
    assert "127.0.0.1" in result["msg"]
    (journal,) = tmp_path.glob("*.jsonl")
    for text in (json.dumps(result, default=str), journal.read_text(encoding="utf-8")):
        assert SECRET not in text


def test_a_described_cloud_is_used_as_it_is(cloud: LoopbackCloud, tmp_path: Path) -> None:
    sites = {"a": {"cloud": "unused"}, "b": {"cloud": cloud.config()}}
    result = run({"name": "shop", "sites": sites, "servers": [row()]}, tmp_path)
    assert result["failed"] is True
    assert any(line.startswith("GET ") for line in cloud.lines())
    assert set(result.get("requests", {})) <= {"loopback"}


@pytest.mark.parametrize(
    ("auth", "more", "label"),
    [
        ({"username": "shop", "password": SECRET}, {}, "k.example (as shop)"),
        ({"application_credential_id": "id", "application_credential_secret": SECRET}, {}, "k.example (as id)"),
        ({"username": "shop"}, {"region_name": "east"}, "k.example east (as shop)"),
    ],
)
def test_what_tells_described_clouds_apart(auth: dict[str, str], more: dict[str, str], label: str) -> None:
    assert described({"auth": {"auth_url": "https://k.example:5000/v3", **auth}, **more}) == label


@pytest.mark.parametrize(("config", "label"), [({"region_name": "east"}, "east"), ({"profile": "x"}, "")])
def test_a_cloud_without_an_identity_service(config: dict[str, str], label: str) -> None:
    assert described(config) == label


def test_a_session_is_called_what_it_is_told(cloud: LoopbackCloud) -> None:
    assert Session(cloud.config(), label="k.example").label == "k.example"


@pytest.mark.parametrize(
    ("sites", "seen"),
    [
        (
            {site: {"cloud": {"auth": {"password": SECRET}}} for site in ("a", "b")},
            "site a and site b are the same cloud",
        ),
        ({"a": {"cloud": 5}, "b": {"cloud": "b"}}, "sites.a.cloud is neither a name of clouds.yaml nor a dictionary"),
        ({"a": {"cloud": "a"}, "b": {"cloud": "b", "admin_cloud": [SECRET]}}, "sites.b.admin_cloud is neither a name"),
    ],
)
def test_clouds_that_are_refused(sites: dict[str, Any], seen: str) -> None:
    with pytest.raises(Refused) as refused:
        the_plan(sites=sites)
    assert seen in str(refused.value)
    assert SECRET not in str(refused.value)
