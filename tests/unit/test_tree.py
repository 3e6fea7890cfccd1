# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several files say about the collection must agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[2]


def read(path: str) -> Any:
    return yaml.safe_load((REPO / path).read_text(encoding="utf-8"))


def names(folder: str) -> set[str]:
    return {file.stem for file in (REPO / "plugins" / folder).glob("*.py")} - {"__init__"}


def test_every_module_that_takes_a_cloud_is_in_the_action_group() -> None:
    """Otherwise module_defaults would not name the cloud for it. Action plugins take clouds from their plan only."""
    assert names("modules"), "no modules found: this test would pass for nothing"
    assert set(read("meta/runtime.yml")["action_groups"]["standby"]) == names("modules") - names("action")


def test_every_action_plugin_has_its_documentation() -> None:
    """Ansible documents an action plugin by the module of the same name."""
    assert names("action") <= names("modules")


def test_ansible_builder_finds_the_python_requirements() -> None:
    requirements = REPO / read("meta/execution-environment.yml")["dependencies"]["python"]
    assert "openstacksdk>=2,<5" in requirements.read_text(encoding="utf-8").splitlines()


def test_no_other_collection_is_needed() -> None:
    assert read("galaxy.yml")["dependencies"] == {}


def test_nothing_names_another_version_of_the_collection() -> None:
    version = read("galaxy.yml")["version"]
    releases = read("changelogs/changelog.yaml")["releases"]
    assert not releases or version in releases
