# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a wave asks before it brings servers up at the target."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.clouds import FENCE_TIMEOUT
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from recovery_builders import the_plan


class SiteA:
    """A site that runs a server, beside a site B that notes an id; ``asked`` holds what was connected with."""

    label = "site_a"

    def __init__(self, status: str | None, name: str = "db") -> None:
        self.status, self.name, self.asked = status, name, []

    def connect(self, name: str, timeout: int | None = None) -> Any:
        self.asked.append((name, timeout))
        if self.status is None:
            raise Unreachable("no answer")
        return self if name == "site_a" else SiteB()

    def authenticate(self) -> None:
        pass

    def pages(self, service: str, path: str, key: str) -> Any:
        return [{"id": "1", "name": self.name, "status": self.status}] if key == "servers" else []

    def wave(self) -> Wave:
        return Wave(OPERATIONS["failover"], the_plan(), self.connect, utc_now())


class SiteB(SiteA):
    """It has one replica."""

    def __init__(self) -> None:
        super().__init__("")

    def who(self) -> tuple[None, frozenset[str]]:
        return None, frozenset()

    def version(self, service: str) -> str:
        return "3.70"

    def advertises(self, alias: str) -> bool:
        return False

    def pages(self, service: str, path: str, key: str) -> Any:
        assert path == "/volumes/detail"
        marks = {"plan": "shop", "server": "db", "recovery_point": "2026-11-30T10:00:00+00:00", "of_server": "1"}
        metadata = {f"standby_{mark}": value for mark, value in marks.items()}
        return [{"id": "v", "status": "available", "size": 1, "metadata": metadata}]


def test_site_a_is_asked_within_a_short_time() -> None:
    site = SiteA("SHUTOFF")
    assert site.wave().fence(None) == "site A answers, and none of these servers runs there"
    assert site.asked == [("site_a", FENCE_TIMEOUT), ("site_b", None)]


def test_a_server_that_runs_there_stops_the_failover() -> None:
    with pytest.raises(Refused, match=r"these run there: db \(ACTIVE\)"):
        SiteA("ACTIVE").wave().fence(None)


def test_a_renamed_server_stops_it_as_well() -> None:
    with pytest.raises(Refused, match=r"these run there: db \(ACTIVE, called db-prod there\)"):
        SiteA("ACTIVE", "db-prod").wave().fence(None)


def test_a_site_that_does_not_answer_stops_nothing() -> None:
    assert SiteA(None).wave().fence(None) == "site A does not answer (no answer)"


def test_the_word_of_the_operator_costs_no_time() -> None:
    site = SiteA("ACTIVE")
    assert site.wave().fence("it burns") == "the operator says that site A is down: it burns"
    assert site.asked == []
