# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page tells people to do next, and how it writes times and numbers."""

from __future__ import annotations

import time

import journals
import pytest
from journals import Journal
from test_report import one, page

OLD = "do not start them at site A again, where their data is old."


@pytest.mark.parametrize(
    ("journal", "begins"),
    [
        (
            journals.succeeded(),
            [
                f"From now on site B leads the servers: {OLD}",
                "When site A answers again, stop",
                "What site B writes from now on is in no recovery",
            ],
        ),
        (
            journals.failed(),
            [
                "Remove what stands in",
                f"From now on site B leads the servers that are up: {OLD}",
                "When site A",
                "What site B",
            ],
        ),
        (Journal("failover").fence().end(1.0, failed=True, msg="no"), ["Remove what stands in the way, then start"]),
        (journals.refused(), []),
        (one("provision"), []),
        (one("drill"), []),
        (one("drill", parameters={"drill_keep": True}), ["The servers of the drill stand at site B until somebody"]),
    ],
)
def test_what_to_do_next(journal: Journal, begins: list[str]) -> None:
    told = page(journal)["next"]
    assert [text[: len(begin)] for text, begin in zip(told, begins, strict=True)] == begins


def test_the_local_time_stands_beside_utc_where_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for zone, told in (("Asia/Tokyo", "UTC (19:17:14 JST), "), ("UTC", "10:17:14 UTC, ")):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert told in page(one("failover"))["subtitle"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_numbers_keep_the_line_of_what_they_count() -> None:
    headline = page(journals.succeeded())["headline"]
    assert "2\u00a0of\u00a02\u00a0servers up in 1\u00a0min\u00a042\u00a0s;" in headline
