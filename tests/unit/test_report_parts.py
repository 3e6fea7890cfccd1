# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the work a step belongs to: told from the steps that the decisions themselves make."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
import test_failover
import test_recreate
import test_reimage
import test_twin
from ansible_collections.standby.openstack.plugins.module_utils.decide.boot_volume import decide_present
from ansible_collections.standby.openstack.plugins.module_utils.model import Site
from ansible_collections.standby.openstack.plugins.module_utils.report.words import WORDS, parts_of
from builders import new_site, nothing, plan
from cinder_model import Cinders
from recovery_builders import surroundings
from test_backup_cycle import cycle, policy
from test_building import wanted


def replicated() -> Any:
    """The second recovery point, which makes the first one superfluous."""
    clouds = Cinders()
    cycle(clouds, 1, policy(keep=1))
    return cycle(clouds, 2, policy(keep=1))


PLANS = {
    "attach": ("failover", test_failover.fail_over(test_failover.twin())),
    "attach, stopped": ("failover", test_failover.fail_over(test_failover.twin(test_failover.ON, status="SHUTOFF"))),
    "recreate": ("failover", test_recreate.fail_over(test_recreate.twin(test_recreate.HELD))),
    "reimage": ("failover", test_reimage.decide(test_reimage.twin({}))),
    "reimage, left over": ("failover", test_reimage.decide(test_reimage.twin({"status": "downloading"}))),
    "build": ("build", decide_present(new_site(), wanted())),
    "prepare": ("prepare", test_twin.prepare(Site(nothing(), surroundings(ports={"db-port0": ()})))),
    "replicate": ("replicate", replicated()),
}

#: The parts in their order; for each the number of its steps.
PARTS = {
    "attach": [("handover", 2), ("start", 1), ("health", 1)],
    "attach, stopped": [("start", 1), ("health", 1)],
    "recreate": [("handover", 2), ("start", 1), ("health", 1), ("tidy", 4)],
    "reimage": [("handover", 15), ("start", 1)],
    "reimage, left over": [("handover", 16), ("start", 1)],
    "build": [("volumes", 3), ("start", 1), ("tidy", 1)],
    "prepare": [("make", 8), ("health", 1), ("shelve", 1), ("take_off", 4)],
    "replicate": [("snapshot", 4), ("backup", 4), ("restore", 22), ("tidy", 4)],
}


@pytest.mark.parametrize("case", PLANS)
def test_which_part_a_step_belongs_to(case: str) -> None:
    operation, decision = PLANS[case]
    steps = [(step.verb, step.text) for step in plan(decision).foretold]
    keys = [part.key for part in parts_of(WORDS[operation].parts, steps)]
    assert [(key, len(list(own))) for key, own in groupby(keys)] == PARTS[case], list(zip(keys, steps, strict=True))


@pytest.mark.parametrize("case", PLANS)
def test_a_run_that_carries_on_has_the_same_parts_from_there(case: str) -> None:
    operation, decision = PLANS[case]
    steps = [(step.verb, step.text) for step in plan(decision).foretold]
    parts = WORDS[operation].parts
    whole = parts_of(parts, steps)
    for done in range(len(steps)):
        left = parts_of(parts, steps[done:])
        assert left[-1] == whole[-1]
        assert [parts.index(part) for part in left] == sorted(parts.index(part) for part in left)
