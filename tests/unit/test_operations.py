# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of operations is whole: each row has its job, words and documentation, and there is no other list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.modules import dr_wave

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def test_each_operation_has_a_job() -> None:
    assert [name for name in OPERATIONS if not callable(getattr(Wave, f"_{name}", None))] == []


def test_each_operation_is_documented() -> None:
    options = yaml.safe_load(dr_wave.DOCUMENTATION)["options"]
    assert options["operation"]["choices"] == list(OPERATIONS)
    described = " ".join(options["operation"]["description"])
    assert re.findall(r"V\((\w+)\)", described) == list(OPERATIONS)


@pytest.mark.parametrize("file", sorted(PLUGINS.rglob("*.py")), ids=lambda file: file.relative_to(PLUGINS).as_posix())
def test_nothing_else_lists_operations(file: Path) -> None:
    """Two operations in one file, as texts, would be the beginning of a second list.

    Two commands of a storage are called as operations are, and data/external.py lists commands.
    """
    allowed = (PLUGINS / "module_utils" / "operations.py", PLUGINS / "modules" / "dr_wave.py",
               PLUGINS / "action" / "dr_wave.py", PLUGINS / "module_utils" / "data" / "external.py")  # fmt: skip
    found = {name for name in OPERATIONS if re.search(rf"""["']{name}["']""", file.read_text(encoding="utf-8"))}
    assert len(found) < 2 or file in allowed
