# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say about their inputs is what the code takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.standby.openstack.plugins.action.dr_wave import OPTIONS
from ansible_collections.standby.openstack.plugins.module_utils.options import PLAN_OPTIONS

ROLES = Path(__file__).resolve().parents[2] / "roles"
SPECS = {file.parents[1].name: yaml.safe_load(file.read_text()) for file in ROLES.glob("*/meta/argument_specs.yml")}
ENTRIES = [(role, entry) for role, spec in SPECS.items() for entry in spec["argument_specs"]]

#: The roles that are built on `dr_wave`, and so take a plan.
OF_WAVES = {"boot_from_volume", "dr_site_b", "dr_replication"}
WAVES = [(role, entry) for role, entry in ENTRIES if role in OF_WAVES]

#: What must agree; descriptions are for people only, and apply_defaults is for the code only.
KEYS = ("type", "elements", "default", "choices", "required", "aliases", "no_log")


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without their descriptions, recursively."""
    return {
        name: {
            **{key: sorted(spec[key]) if key == "choices" else spec[key] for key in KEYS if key in spec},
            "options": plain(spec["options"]) if "options" in spec else None,
        }
        for name, spec in options.items()
    }


def undescribed(options: Mapping[str, Any]) -> set[str]:
    """The names of options without a description, recursively."""
    deeper = {name for spec in options.values() for name in undescribed(spec.get("options") or {})}
    return deeper | {name for name, spec in options.items() if not spec.get("description")}


def test_which_roles_there_are() -> None:
    assert set(SPECS) == OF_WAVES | {"dr_report"}


@pytest.mark.parametrize(("role", "entry"), WAVES)
def test_the_plan_is_described_as_it_is_read(role: str, entry: str) -> None:
    plan = SPECS[role]["argument_specs"][entry]["options"][f"{role}_plan"]
    assert plan["required"] is True
    assert plain(plan["options"]) == plain(PLAN_OPTIONS)


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_every_entry_point_has_its_tasks_and_every_option_its_description(role: str, entry: str) -> None:
    assert (ROLES / role / "tasks" / f"{entry}.yml").is_file()
    assert undescribed(SPECS[role]["argument_specs"][entry]["options"]) == set()


@pytest.mark.parametrize(("role", "entry"), WAVES)
def test_other_inputs_agree_with_the_operation_that_takes_them(role: str, entry: str) -> None:
    options = SPECS[role]["argument_specs"][entry]["options"]
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text())
    for name, spec in options.items():
        taken = OPTIONS[name.removeprefix(f"{role}_")]
        assert (spec["type"], sorted(spec.get("choices", ()))) == (taken["type"], sorted(taken.get("choices", ())))
        assert spec.get("default") == defaults.get(name), name


def test_roles_describe_the_plan_in_the_same_words() -> None:
    """After a change in one role: python3 tools/plan_options.py."""
    plans = [
        spec["argument_specs"]["main"]["options"][f"{role}_plan"] for role, spec in SPECS.items() if role in OF_WAVES
    ]
    assert all(plan == plans[0] for plan in plans)
