# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a plan at a time, wherever it is started: each run holds the record of the plan at its sites.

A run looks at the records before it reads anything else, and takes them right before it first changes anything, if
they are as it saw them. So a run that changes nothing sends nothing that writes, and what was read still holds. From
then on it renews them. A run that cannot do so in time has lost the plan, and sends nothing more that changes anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from .cloud import plan_records
from .cloud.session import Session
from .data.errors import CloudError, Refused, StandbyError, Unreachable
from .data.plan_record import Holder, Record
from .decide.plan.one_run import Asker, cannot_hold, in_the_way, left, meanwhile, taken_over, under_way, waiting

#: How many signs of life are given in the time of a lease. After that share of a lease without one a run stops, so that
#: it has stopped for sure when others count it as dead.
BEATS, TRUSTED = 4, 0.8

#: Seconds between two looks at a record that another run holds, and for which two runs that make one at the same moment
#: wait for each other.
LOOK, MOMENT = 2.0, 10.0

#: Seconds that a request about a record may take.
PATIENCE = 10.0


class LockLost(StandbyError):
    """The run does not hold its plan any more, so it must not go on."""

    code = "lock_lost"


def _clock() -> float:
    """Seconds that also pass while this machine sleeps, where the kernel counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass
class Claim:
    """The record of a plan at one site.

    :param cloud: a session aside: see `Session.aside`.
    :param role: "source" or "target", what the site is to the run.
    :param seen: the records as the run last saw them. There is none at first; two only if two runs make it at once.
    :param held: the record while this run holds it, ``until`` by the clock of this machine.
    """

    cloud: Session
    site: str
    name: str
    asker: Asker
    role: str = "target"
    seen: tuple[Record, ...] = ()
    held: Record | None = None
    until: float = 0.0

    def look(self) -> None:
        """Reads the records.

        :raises Refused: if the site cannot keep one.
        """
        if not plan_records.can_swap(self.cloud):
            raise Refused(cannot_hold(self.site, "Neutron has no extension revision-if-match", self.asker))
        self.seen = plan_records.find(self.cloud, self.name)

    def wait_for_others(self, say: Callable[[str], None], wait: Callable[[float], object]) -> None:
        """Returns when no other run holds the plan: none does, or it is dead.

        :raises Refused: as soon as another run gives a sign of life.
        """
        self.look()
        dead = [record for record in self.seen if record.holder and record.holder.run in self.asker.gone]
        others = in_the_way(self.seen, self.asker)
        now = datetime.now(timezone.utc) + self.cloud.ahead
        end = _clock() + max((left(record, now) for record in others), default=0.0)
        if others and end > _clock():
            say(waiting(others[0], self.site, end - _clock()))
        while others and _clock() < end:
            wait(min(LOOK, max(0.1, end - _clock())))
            self.look()
            if self.seen and in_the_way(self.seen, self.asker) != others:
                others = in_the_way(self.seen, self.asker)
                self._refuse_living(others)
        for record in (*dead, *others):
            say(taken_over(record, self.site))

    def _refuse_living(self, others: list[Record]) -> None:
        if others:
            raise Refused(under_way(others[0].holder, self.site, self.asker))

    def take(self, holder: Holder, wait: Callable[[float], object]) -> None:
        """Writes the holder into the record that was seen, or makes one.

        :param wait: returns after so many seconds, with what is true if the run is over.
        :raises Refused: if it is not as it was seen.
        """
        began = _clock()
        try:
            self.held = self._changed(holder) if self.seen else self._made(holder, wait)
        except CloudError as error:
            raise Refused(cannot_hold(self.site, str(error).rstrip("."), self.asker)) from error
        self.until = began + TRUSTED * holder.lease

    def _changed(self, holder: Holder) -> Record:
        first, *more = self.seen
        found = plan_records.change(self.cloud, first, holder, first.facts)
        if found is None:
            raise Refused(meanwhile(self.site, self.asker))
        for record in more:
            plan_records.remove(self.cloud, record)
        return found

    def _made(self, holder: Holder, wait: Callable[[float], object]) -> Record:
        """Makes the record. Of several runs that do so at the same moment at most one stays.

        That is the one that was alone when it looked, or else the first of them, when all others have gone.
        """
        made = plan_records.make(self.cloud, self.name, holder)
        end = _clock() + MOMENT
        while True:
            found = plan_records.find(self.cloud, self.name)
            if [record.id for record in found] == [made.id]:
                return made
            others = [record for record in found if record.id != made.id]
            first = len(others) < len(found) and found[0].id == made.id
            came_and_went = any(record.holder is None for record in others)
            if not first or came_and_went or wait(LOOK / 10) or _clock() > end:
                plan_records.remove(self.cloud, made)
                self._refuse_living(in_the_way(others, self.asker))
                raise Refused(meanwhile(self.site, self.asker))

    def give_a_sign(self) -> None:
        """Renews the record. A sign that gets lost is no loss yet.

        :raises LockLost: see `renew`.
        """
        with suppress(CloudError, Unreachable):
            self.renew()

    def renew(self) -> None:
        """Gives a sign of life.

        :raises LockLost: if the record is gone, or names somebody else.
        """
        began, held = _clock(), self.held
        if held is None or held.holder is None:
            return
        next_one = replace(held.holder, beat=held.holder.beat + 1)
        found = plan_records.change(self.cloud, held, next_one, held.facts)
        if found is None:
            # an earlier sign may have arrived though its answer did not, or somebody has given the group a tag
            self.held = self._still_held()
            return
        self.held, self.until = found, began + TRUSTED * next_one.lease

    def _still_held(self) -> Record:
        for record in plan_records.find(self.cloud, self.name):
            if record.holder and record.holder.run in self.asker.own:
                return record
            if record.holder:
                raise LockLost(under_way(record.holder, self.site, self.asker).seen)
        raise LockLost(f"the record at {self.site} was deleted or changed by hand")

    def release(self, facts: Mapping[str, str], next_one: Holder | None) -> None:
        """Lets go, and writes down what the run found out about the plan.

        :param next_one: the holder for which the plan stays held, None for nobody.
        """
        record = self.held or self._left_by_an_earlier_one
        if record:
            with suppress(StandbyError):
                beat = record.holder.beat + 1 if record.holder else 0
                then = next_one and replace(next_one, beat=beat)
                plan_records.change(self.cloud, record, then, {**record.facts, **facts})
        self.held = None

    @property
    def _left_by_an_earlier_one(self) -> Record | None:
        """The record that an earlier run of the same move has left held, where this one had nothing to change."""
        return next((one for one in self.seen if one.holder and one.holder.run in self.asker.own), None)


class Claims:
    """The plan, held at every site that a run changes.

    :param holder: this run, as the records name it.
    :param go_on: raises when the run must not go on, while it waits for others.
    :param more: whether another run of the same move follows, for which the plan stays held.
    """

    def __init__(self, claims: list[Claim], holder: Holder, go_on: Callable[[], None], more: bool = False) -> None:
        self._claims, self._holder, self._go_on, self._more = claims, holder, go_on, more
        self._taking, self._over = threading.Lock(), threading.Event()
        self._taken = False
        self._problem: StandbyError | None = None
        self._beating = threading.Thread(target=self._beat, daemon=True)

    def look(self, say: Callable[[str], None]) -> None:
        """Before anything else is read.

        :raises Refused: if another run is under way.
        """
        for claim in self._claims:
            claim.wait_for_others(say, self._wait)

    def _wait(self, seconds: float) -> None:
        self._over.wait(seconds)
        self._go_on()

    def take(self) -> None:
        """Right before each step that changes something. The first one takes the plan.

        :raises StandbyError: if the plan is not held, and cannot be.
        """
        with self._taking:
            self.check()
            if not self._taken:
                self._take()

    def _take(self) -> None:
        try:
            for claim in self._claims:
                claim.take(self._holder, self._over.wait)
        except StandbyError as error:
            self._problem = error
            for claim in self._claims:
                claim.release({}, None)
            raise
        self._taken = True
        self._beating.start()

    @property
    def given(self) -> bool:
        """Whether a step that asked was told that it may change something."""
        return self._taken or not self._claims

    def check(self) -> None:
        """Right before each request that changes something, which costs no request.

        :raises StandbyError: if the plan was lost.
        """
        if self._problem is None and self._taken and any(_clock() > claim.until for claim in self._claims):
            self._lose("no sign of life could be given in time")
        if self._problem:
            raise self._problem

    def _lose(self, why: str) -> None:
        told = "Nothing more is sent; what was on its way is carried out. Look with dr_status, then repeat."
        self._problem = self._problem or LockLost(f"This run does not hold its plan any more: {why}. {told}")

    def _beat(self) -> None:
        while not self._over.wait(self._holder.lease / BEATS) and not self._problem:
            self._give_a_sign()

    def _give_a_sign(self) -> None:
        """If none arrives in time, `check` says so."""
        try:
            self.check()  # a run that was paused for too long gives no sign any more
            for claim in self._claims:
                claim.give_a_sign()
        except StandbyError as error:
            self._lose(str(error))

    def release(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        """The run is over. Sites at which it held nothing are not asked.

        :param facts: by role of a site what its record is told.
        """
        self._over.set()
        if self._beating.is_alive():
            self._beating.join(2 * PATIENCE)
        for claim in self._claims:
            claim.release(facts.get(claim.role, {}), self._holder if self._more and not self._problem else None)
