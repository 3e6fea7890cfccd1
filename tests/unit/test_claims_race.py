# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that want to hold a plan at the same moment, in any order of their requests: at most one does."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random
from unittest.mock import patch

import pytest
from ansible_collections.standby.openstack.plugins.module_utils import claims
from ansible_collections.standby.openstack.plugins.module_utils.claims import Claim
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.data.plan_record import LEASE, Holder
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.one_run import Asker
from record_model import BEGIN, RecordCloud

NAME = "standby.openstack record of shop"


class Race:
    """Several runs, each a thread. Only one of them moves at a time, to its next request or wait; chance says which."""

    def __init__(self, seed: int, runs: int) -> None:
        self.random, self.seconds = Random(seed), 0.0
        self.cloud = RecordCloud(lambda: BEGIN + timedelta(seconds=self.seconds), lambda what: self.pause(0.0))
        self.until: dict[int, float] = {}
        self.gates = [threading.Semaphore(0) for _run in range(runs)]
        self.back = threading.Semaphore(0)
        self.own = threading.local()
        self.holds: set[int] = set()
        self.most, self.held, self.said, self.stale = 0, 0, [""] * runs, 0
        self.left, self.broken = set(range(runs)), list[Exception]()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(runs)]

    def pause(self, seconds: float) -> bool:
        """The thread that calls it moves on when it is chosen, after these seconds at the earliest."""
        self.until[self.own.number] = self.seconds + seconds
        self.back.release()
        self.gates[self.own.number].acquire()
        return False

    def run(self, number: int) -> None:
        """Looks, takes the plan, gives signs of life for a while, lets go."""
        self.own.number = number
        self.gates[number].acquire()
        asker = Asker("fail over shop", frozenset({f"r{number}"}))
        claim = Claim(self.cloud, "site B", NAME, asker)  # type: ignore[arg-type]
        try:
            claim.wait_for_others(lambda text: None, self.pause)
            before = self.held
            claim.take(Holder(f"r{number}", "failover", "u", "h"), self.pause)
            self.stale += before != self.held
            self.holds.add(number)
            self.held += 1
            self.most = max(self.most, len(self.holds))
            for _beat in range(self.random.randrange(3)):
                self.pause(LEASE / 4)
                claim.renew()
            self.holds.discard(number)
            claim.release({}, None)
        except StandbyError as error:
            self.said[number] = str(error)
        except Exception as error:  # noqa: BLE001 - a thread that ends silently would be waited for in vain
            self.broken.append(error)
        self.left.discard(number)
        self.back.release()

    def drive(self) -> None:
        """Each request takes a tenth of a second or so."""
        for thread in self.threads:
            thread.start()
        self.until = dict.fromkeys(self.left, 0.0)
        while self.left:
            ready = [number for number in self.left if self.until[number] <= self.seconds]
            if not ready:
                self.seconds = min(self.until[number] for number in self.left)
                continue
            self.gates[self.random.choice(ready)].release()
            self.back.acquire()
            self.seconds += self.random.random() / 5
        for thread in self.threads:
            thread.join()
        assert not self.broken


def raced(seed: int, runs: int) -> Race:
    race = Race(seed, runs)
    with patch.object(claims, "_clock", lambda: race.seconds):
        race.drive()
    return race


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_at_most_one_holds_a_plan(runs: int) -> None:
    for seed in range(300):
        race = raced(seed, runs)
        assert race.most <= 1, f"seed {seed}"
        assert race.stale == 0, f"seed {seed}: another run held the plan since this one looked"
        assert race.held, f"seed {seed}: nobody ran: {race.said}"
        assert [group["description"] for group in race.cloud.groups.values()] == ["{}"], f"seed {seed}"
