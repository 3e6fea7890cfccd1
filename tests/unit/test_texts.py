# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a terminal or a browser would obey does not reach it."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.texts import is_one_line, one_line, shown

OBEYED = [
    "\x00",
    "\x07",
    "\x1b",
    "\r",
    "\x7f",
    "\x85",
    "\x9b",
    "\u061c",
    "\u200f",
    "\u2028",
    "\u202e",
    "\u2066",
    "\ud800",
]


@pytest.mark.parametrize("character", OBEYED)
def test_what_is_obeyed_is_replaced(character: str) -> None:
    assert not is_one_line(f"a{character}b")
    assert one_line(f"a{character}b") == shown(f"a{character}b") == "a\ufffdb"


@pytest.mark.parametrize("character", ["\n", "\t"])
def test_a_line_has_no_second_one(character: str) -> None:
    assert (one_line(f"a{character}b"), shown(f"a{character}b")) == ("a\ufffdb", f"a{character}b")


@pytest.mark.parametrize("text", ["", "Zürich", "データ", "עברית", "a\u0301", "🙂"])
def test_every_language_stays_as_it_is(text: str) -> None:
    assert is_one_line(text)
    assert one_line(text) == shown(text) == text


def test_everything_within_is_shown_so() -> None:
    assert shown({"a\x1b": ["b\x1b", ("c\x1b", 5, None, True)]}) == {"a\ufffd": ["b\ufffd", ["c\ufffd", 5, None, True]]}
