# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a wave asks before it brings servers up at site B."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.recovery_plan import PlanServer, RecoveryPlan
from ansible_collections.standby.openstack.plugins.module_utils.errors import Refused, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.wave import FENCE_TIMEOUT, Wave, utc_now


class SiteA:
    """A site that runs a server; ``asked`` holds what it was connected with."""

    def __init__(self, status: str | None) -> None:
        self.status, self.asked = status, []

    def connect(self, name: str, timeout: int | None = None) -> Any:
        self.asked.append((name, timeout))
        if self.status is None:
            raise Unreachable("no answer")
        return self

    def authenticate(self) -> None:
        pass

    def pages(self, *path: str) -> Any:
        return [{"name": "db", "status": self.status}]

    def wave(self) -> Wave:
        fields = dict.fromkeys(RecoveryPlan.__dataclass_fields__)
        server = PlanServer(**{**dict.fromkeys(PlanServer.__dataclass_fields__), "name": "db"})
        plan = RecoveryPlan(**{**fields, "name": "shop", "clouds": {"a": "site_a"}, "servers": (server,)})
        return Wave(plan, self.connect, utc_now())


def test_site_a_is_asked_within_a_short_time() -> None:
    site = SiteA("SHUTOFF")
    assert site.wave().fence(None) == "site A answers, and none of these servers runs there"
    assert site.asked == [("site_a", FENCE_TIMEOUT)]


def test_a_server_that_runs_there_stops_the_failover() -> None:
    with pytest.raises(Refused, match=r"there run db \(ACTIVE\)"):
        SiteA("ACTIVE").wave().fence(None)


def test_a_site_that_does_not_answer_stops_nothing() -> None:
    assert SiteA(None).wave().fence(None) == "site A does not answer (no answer)"


def test_the_word_of_the_operator_costs_no_time() -> None:
    site = SiteA("ACTIVE")
    assert site.wave().fence("it burns") == "the operator says that site A is down: it burns"
    assert site.asked == []
