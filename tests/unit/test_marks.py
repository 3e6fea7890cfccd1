# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks stand in one file, whose table docs/recovery-plan.md shows. With UPDATE_DOCS=1 set, this writes it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.standby.openstack.plugins.module_utils.data import marks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "recovery-plan.md"
BEGIN, END = "<!-- written by tests/unit/test_marks.py -->\n", "<!-- end -->\n"
MARKS = ROOT / "plugins" / "module_utils" / "data" / "marks.py"
KEY = re.compile(r"\bstandby_[a-z_]+\b")


def table() -> Iterator[str]:
    yield "| Key | On | Written by | Read by | Value |"
    yield "|---|---|---|---|---|"
    for key in marks.KEYS:
        yield f"| `{key.name}` | {key.where} | {key.writers} | {key.readers} | {key.says} |"


def test_the_table_of_the_docs_is_the_one_of_the_code() -> None:
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    page = before + BEGIN + "\n" + "\n".join(table()) + "\n\n" + END + after
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page)
    assert page == PAGE.read_text()


def strings(file: Path) -> Iterator[str]:
    """The texts of a module that are no docstrings."""
    tree = ast.parse(file.read_text())
    plain = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in plain:
            yield node.value


def test_no_key_stands_anywhere_else() -> None:
    files = [*(ROOT / "plugins" / "module_utils").rglob("*.py"), *(ROOT / "plugins" / "action").glob("*.py")]
    assert len(files) > 60
    # metrics have names of their own, which begin with the name of the collection
    others = [file for file in files if file not in (MARKS, ROOT / "plugins/module_utils/report/metrics.py")]
    found = {(file.name, *KEY.findall(text)) for file in others for text in strings(file)}
    assert {row for row in found if len(row) > 1} == set()


def test_every_key_is_in_the_table_and_has_a_name() -> None:
    constants = {value for name, value in vars(marks).items() if name.isupper() and isinstance(value, str)}
    keys = {value for value in constants if value.startswith(marks.PREFIX) and value != marks.PREFIX}
    assert {key.name for key in marks.KEYS} == keys
    assert len(keys) == 34


def test_what_has_marks() -> None:
    assert marks.has_marks({"team": "blue", marks.DISK: ""})
    assert not marks.has_marks({"team": "blue", "not_standby_plan": "x"})
