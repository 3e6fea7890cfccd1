# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style rules find what they are for, and nothing else."""

from __future__ import annotations

import pytest
from style import FILE_LINES, FUNCTION_LINES, LICENCE, complaints

HEAD = f"# {LICENCE}\n"


def found(source: str, path: str = "plugins/module_utils/x.py") -> list[str]:
    return [text for _line, text in complaints(path, HEAD + source)]


def function(lines: int) -> str:
    return 'def f():\n    """Text."""\n' + "    # why\n\n    x = 1\n" * (lines - 1)


def test_a_function_of_the_greatest_length_passes() -> None:
    """Its docstring, blank lines and comments do not count."""
    assert found(function(FUNCTION_LINES)) == []


def test_a_longer_function_is_found() -> None:
    assert found(function(FUNCTION_LINES + 1)) == ["f: 26 lines, at most 25"]


def test_a_long_file_is_found() -> None:
    assert found("x = 1\n" * FILE_LINES) == []
    assert found("x = 1\n" * (FILE_LINES + 1)) == ["251 lines of code, at most 250"]


def test_documentation_of_a_module_does_not_count() -> None:
    assert found('DOCUMENTATION = r"""\n' + "text\n" * FILE_LINES + '"""\n', "plugins/modules/x.py") == []


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("    if a:\n        for b in c:\n            d()", []),
        ("    if a:\n        pass\n    elif b:\n        pass\n    elif c:\n        for d in e:\n            f()", []),
        ("    if a:\n        for b in c:\n            while d:\n                e()", ["f: blocks 3 deep, at most 2"]),
        ("    if a:\n        for b in c:\n            pass\n    else:\n        with d:\n            e()", []),
    ],
)
def test_nesting(body: str, texts: list[str]) -> None:
    assert found(f'def f():\n    """Text."""\n{body}\n') == texts


def test_public_names_need_a_docstring_except_in_tests() -> None:
    source = "def f():\n    pass\n\n\ndef _g():\n    pass\n"
    assert found(source) == ["f is public and has no docstring"]
    assert found(source, "tests/unit/test_x.py") == []


def test_a_file_without_licence_is_found() -> None:
    assert [text for _line, text in complaints("tools/x.py", "x = 1\n")] == [f"no line {LICENCE!r} at the top"]
