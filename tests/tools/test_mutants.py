# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sampler makes the changes that it names, finds the tests of a line, and leaves the sources as they are."""

from __future__ import annotations

from pathlib import Path

import mutants
import pytest
from coverage import CoverageData
from mutations import mutated, sites

ALL = [
    ("x = a == b", ["x = a != b"]),
    ("x = a < b", ["x = a <= b"]),
    ("x = a not in b", ["x = a in b"]),
    ("x = a and b", ["x = a or b"]),
    ("x = not a", ["x = a"]),
    ("x = a - b", ["x = a + b"]),
    ("x = 3", ["x = 4", "x = 2"]),
    ("x = True", ["x = False"]),
    ("x = b if a else c", ["x = b if not a else c"]),
    ("x = [a for a in b if a]", ["x = [a for a in b if not a]"]),
    ("def f():\n    return a", ["def f():\n    return"]),
]


@pytest.mark.parametrize(("source", "changed"), ALL)
def test_each_change(source: str, changed: list[str]) -> None:
    assert [mutated(source, number) for number in range(len(sites(source)))] == changed


@pytest.mark.parametrize("source", ["x = 'text'", "x: Literal[1]", "def f(a: Literal[1]): ...", "@f(1)\nclass A: ..."])
def test_what_no_test_can_notice_is_left_out(source: str) -> None:
    assert sites(source) == []


def test_the_lines_of_a_change_are_those_of_its_statement_alone() -> None:
    (condition, swapped, negated) = sites("if (a\n        == 1):\n    b()\n")[:3]
    assert {tuple(site.lines) for site in (condition, swapped, negated)} == {(1, 2)}


@pytest.fixture
def data(tmp_path: Path) -> CoverageData:
    """Line 1 runs at import, line 2 in two tests, line 3 in no test."""
    known = CoverageData(str(tmp_path / "coverage"))
    for test, line in (("", 1), ("t.py::one|run", 2), ("t.py::two|setup", 2)):
        known.set_context(test)
        known.add_lines({"/copy/plugins/x.py": [line]})
    return known


@pytest.mark.parametrize(("line", "count"), [(1, 2), (2, 2), (3, 0)])
def test_the_tests_of_a_line(data: CoverageData, line: int, count: int) -> None:
    assert mutants.tests_of(data, "plugins/x.py", [line]) == ("t.py::one", "t.py::two")[:count]


ONE = "def one():\n    return 1\n"
FAILS_AT_IMPORT = "assert 1\n"


@pytest.mark.parametrize(
    ("source", "expected", "alive"),
    [(ONE, "x.one() == 1", False), (ONE, "x.one() < 5", True), (FAILS_AT_IMPORT, "True", False)],
)
def test_a_mutant_survives_when_no_test_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, expected: str, alive: bool
) -> None:
    monkeypatch.setattr(mutants, "COPY", tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "x.py").write_text(source)
    (tmp_path / "test_it.py").write_text(f"import x\n\n\ndef test_one():\n    assert {expected}\n")
    number = [site.text for site in sites(source)].index("1 -> 2" if source == ONE else "1 -> 0")
    mutant = mutants.Mutant("x.py", number, sites(source)[number], ("test_it.py::test_one",))
    assert mutants.survives(mutant, 100) is alive
    assert (tmp_path / "x.py").read_text() == source


def test_a_line_without_a_test_is_a_survivor() -> None:
    assert mutants._passes((), 100)
