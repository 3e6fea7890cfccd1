# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a status fail: ``fail_on``."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.run.reasons import KNOWN, Reasons, reasons
from ansible_collections.standby.openstack.plugins.modules import dr_wave

DAY = 86400


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], Reasons()),
        (["rpo", "two_copies"], Reasons(frozenset({"rpo", "two_copies"}))),
        (["never_drilled"], Reasons(frozenset({"never_drilled"}))),
        ([{"drill_older_than": "30d"}], Reasons(drilled_within=30 * DAY)),
        ([{"drill_older_than": "12 h"}], Reasons(drilled_within=DAY // 2)),
        ([{"drill_older_than": "90min"}], Reasons(drilled_within=5400)),
        ([{"drill_older_than": 60}], Reasons(drilled_within=60)),
    ],
)
def test_what_is_given(given: list[Any], wanted: Reasons) -> None:
    assert reasons(given, "look at shop") == wanted


@pytest.mark.parametrize(
    "given",
    ["drill_older_than", "nonsense", 7, None, [], {"drill_older_than": "soon"}, {"drill_older_than": None},
     {"drill_older_than": "-1d"}, {"rpo": "1d"}, {"drill_older_than": "1d", "rpo": 1}],
)  # fmt: skip
def test_what_is_none(given: Any) -> None:
    with pytest.raises(Refused, match=r"Say some of two_copies, .*, or drill_older_than: 30d") as caught:
        reasons(["rpo", given], "look at shop")
    assert caught.value.refusal.code == "bad_fail_on"


@pytest.mark.parametrize(
    ("given", "drill", "told"),
    [
        ([], None, []),
        (["rpo"], {"age": None}, []),
        (["never_drilled"], None, ["db: never_drilled"]),
        (["never_drilled"], {"age": None}, ["db: never_drilled"]),
        (["never_drilled"], {"age": 9 * DAY}, []),
        ([{"drill_older_than": "8d"}], {"age": 9 * DAY}, ["db: drill_older_than 8 d"]),
        ([{"drill_older_than": "9d"}], {"age": 9 * DAY}, []),
        ([{"drill_older_than": "9d"}], None, ["db: never_drilled"]),
    ],
)
def test_whether_a_server_was_drilled(given: list[Any], drill: Any, told: list[str]) -> None:
    assert list(reasons(given, "").drill("db", {"server": {"last_drill": drill}})) == told
    assert list(reasons(given, "").drill("db", {"error": {"code": "x"}})) == []


def test_all_of_them_are_documented() -> None:
    text = dr_wave.DOCUMENTATION.partition("  fail_on:")[2].partition("    type:")[0]
    assert [name for name in KNOWN if name not in text] == []
