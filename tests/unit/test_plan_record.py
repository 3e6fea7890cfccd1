# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written into the record of a plan, and what is read of it: the largest, and what somebody wrote by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud import plan_records
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from ansible_collections.standby.openstack.plugins.module_utils.data.plan_record import (
    FAILOVER,
    LARGEST,
    PLAN_HASH,
    TOOK,
    UNKNOWN,
    Holder,
    form_of,
    read,
    record_name,
    written,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.one_run import bad_lease, told
from record_model import RecordCloud


@pytest.mark.parametrize("text", ["", "x", "[]", '{"run": 5}', '{"run": "r", "operation": "x"}', "[" * 9999])
def test_what_somebody_wrote_by_hand_may_be_a_run_that_lives(text: str) -> None:
    assert read(text) == (UNKNOWN, {})


@pytest.mark.parametrize("lease", [-1, 0, 601, 1 << 40, 1.5, "60"])
def test_nobody_holds_a_plan_for_longer_than_any_run_would(lease: object) -> None:
    assert read(json.dumps({**vars(Holder("r", "o", "u", "h")), "lease": lease}))[0] == UNKNOWN


def test_what_a_record_says_is_a_part_of_one_line() -> None:
    found, _facts = read(json.dumps(vars(Holder("r", "o", "\x1b[31mu", "h\nFAKE LINE\u202e"))))
    assert told(found) == "o, run r, of \ufffd[31mu on h\ufffdFAKE LINE\ufffd"


@pytest.mark.parametrize("lease", [0, 601])
def test_a_lease_that_nobody_would_believe_is_refused(lease: int) -> None:
    refusal = bad_lease(lease, "fail over shop")
    assert refusal
    assert refusal.text == (f"Refused to fail over shop: lease: {lease}. Say 1 to 600 seconds, or leave it out for 60.")
    assert bad_lease(60, "fail over shop") is None


def test_the_largest_holder_fits_and_is_read_as_it_was_written() -> None:
    holder = Holder("20261201T031500Z-ab12", "drill_cleanup", "u" * 99, "ü\n" * 99, 600, 999_999)
    facts = {FAILOVER: "2026-12-01T03:15:00+00:00", TOOK: "99999", PLAN_HASH: "0" * 16}
    text = written(holder, facts)
    assert len(text) <= LARGEST
    found, also = read(text)
    assert found
    assert (found.run, found.operation, found.user, found.beat) == (holder.run, "drill_cleanup", "u" * 28, 999_999)
    assert also == facts


def plan(password: str = "p", user_data: str = "u", flavor: str = "f", cloud: str = "site_b") -> dict[str, object]:
    sites = {"a": {"cloud": {"auth": {"password": password}}}, "b": {"cloud": cloud}}
    return {"name": "shop", "sites": sites, "servers": [{"name": "db", "flavor": flavor, "user_data": user_data}]}


def test_the_form_of_a_plan_tells_no_secret_apart() -> None:
    """A member reads it in the record, and could try every password."""
    assert form_of(plan()) == form_of(plan(password="q")) == form_of(plan(user_data="v"))
    assert len({form_of(plan()), form_of(plan(flavor="g")), form_of(plan(cloud="site_c"))}) == 3


def test_the_names_of_records_differ() -> None:
    assert record_name("shop", "drill") not in (record_name("shop-drill", "plan"), record_name("shop", "plan"))


def test_an_answer_of_another_form_is_the_fault_of_the_cloud() -> None:
    cloud = RecordCloud(lambda: datetime.now(UTC))
    made = plan_records.make(cloud, "x", UNKNOWN)  # type: ignore[arg-type]
    cloud.groups[made.id]["revision_number"] = "5"
    with pytest.raises(CloudError):
        plan_records.find(cloud, "x")  # type: ignore[arg-type]
