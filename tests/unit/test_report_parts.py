# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the work a step belongs to: every operation says it of each of its steps."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
import test_failover
import test_recreate
import test_reimage
import test_twin
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Site
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_present
from builders import new_site, nothing, plan
from recovery_builders import surroundings
from test_backup_cycle import after_cycles, decide, policy
from test_building import wanted


def replicated() -> Any:
    """The second recovery point, which makes the first one superfluous."""
    return decide(after_cycles(1, policy(keep=1)), 2, policy(keep=1))


PLANS = {
    "attach": test_failover.fail_over(test_failover.twin()),
    "attach, stopped": test_failover.fail_over(test_failover.twin(test_failover.ON, status="SHUTOFF")),
    "recreate": test_recreate.fail_over(test_recreate.twin(test_recreate.HELD)),
    "reimage": test_reimage.decide(test_reimage.twin({})),
    "reimage, left over": test_reimage.decide(test_reimage.twin({"status": "downloading"})),
    "provision": decide_present(new_site(), wanted()),
    "prepare": test_twin.prepare(Site(nothing(), surroundings(ports={"db-port0": ()}))),
    "replicate": replicated(),
}

#: The parts in their order; for each the number of its steps.
PARTS = {
    "attach": [("handover", 2), ("start", 1), ("check", 1)],
    "attach, stopped": [("start", 1), ("check", 1)],
    "recreate": [("handover", 2), ("build", 1), ("check", 1), ("tidy", 4)],
    "reimage": [("handover", 16), ("start", 1)],
    "reimage, left over": [("handover", 17), ("start", 1)],
    "provision": [("volumes", 3), ("build", 2)],
    "prepare": [("volumes", 5), ("build", 3), ("check", 1), ("shelve", 1), ("take_off", 4)],
    "replicate": [("snapshot", 4), ("backup", 4), ("restore", 22), ("tidy", 4)],
}


@pytest.mark.parametrize("case", PLANS)
def test_which_part_a_step_belongs_to(case: str) -> None:
    steps = plan(PLANS[case]).foretold
    assert [(part.value, len(list(own))) for part, own in groupby(step.part for step in steps)] == PARTS[case], steps
