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
from ansible_collections.standby.openstack.plugins.doc_fragments.recovery_plan import ModuleDocFragment
from ansible_collections.standby.openstack.plugins.module_utils.data.options import SERVER_OPTIONS
from ansible_collections.standby.openstack.plugins.plugin_utils.documented_options import PLAN_OPTIONS, WAVE_OPTIONS

ROLES = Path(__file__).resolve().parents[2] / "roles"
SPECS = {file.parents[1].name: yaml.safe_load(file.read_text()) for file in ROLES.glob("*/meta/argument_specs.yml")}
ENTRIES = [(role, entry) for role, spec in SPECS.items() for entry in spec["argument_specs"]]

#: The roles that are built on `dr_wave`, and so take a plan.
OF_WAVES = {"provision", "dr_site_b", "dr_replication", "dr_plan"}
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
    inner = [spec.get("options") or spec.get("suboptions") or {} for spec in options.values()]
    deeper = {name for spec in inner for name in undescribed(spec)}
    return deeper | {name for name, spec in options.items() if not spec.get("description")}


def test_which_roles_there_are() -> None:
    assert set(SPECS) == OF_WAVES | {"dr_report"}


@pytest.mark.parametrize(("role", "entry"), WAVES)
def test_a_role_leaves_the_form_of_the_plan_to_the_operation(role: str, entry: str) -> None:
    plan = SPECS[role]["argument_specs"][entry]["options"][f"{role}_plan"]
    assert (plan["type"], plan["required"], "options" in plan) == ("dict", True, False)


def test_every_field_of_the_plan_has_its_description() -> None:
    assert undescribed(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]) == set()


def test_a_server_of_a_plan_is_described_like_one_of_the_module() -> None:
    """The names of what a server is made of are the same, and so is what they take."""
    module = dict(SERVER_OPTIONS)
    module["ports"] = {key: value for key, value in module["ports"].items() if key != "aliases"}
    servers = PLAN_OPTIONS["servers"]["options"]
    assert plain({name: servers[name] for name in module}) == plain(module)
    at_b = servers["site_b"]["options"]
    assert set(at_b) < set(module)
    for name, spec in plain(at_b).items():
        assert spec == {key: value for key, value in plain(module)[name].items() if key != "default"}, name


def test_what_documentation_cannot_say() -> None:
    assert PLAN_OPTIONS["servers"]["options"]["user_data"]["no_log"] is True
    assert PLAN_OPTIONS["replication"]["apply_defaults"] is True


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_every_entry_point_has_its_tasks_and_every_option_its_description(role: str, entry: str) -> None:
    assert (ROLES / role / "tasks" / f"{entry}.yml").is_file()
    assert undescribed(SPECS[role]["argument_specs"][entry]["options"]) == set()


@pytest.mark.parametrize(("role", "entry"), WAVES)
def test_other_inputs_agree_with_the_operation_that_takes_them(role: str, entry: str) -> None:
    options = SPECS[role]["argument_specs"][entry]["options"]
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text())
    for name, spec in options.items():
        taken = WAVE_OPTIONS[name.removeprefix(f"{role}_")]
        assert (spec["type"], sorted(spec.get("choices", ()))) == (taken["type"], sorted(taken.get("choices", ())))
        assert spec.get("default") == defaults.get(name), name
