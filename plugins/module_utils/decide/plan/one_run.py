# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run may begin, by the records of its plan at the sites: see data/plan_record.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...data.plan_record import LEASE, LEASES, UNKNOWN, Holder, Record
from ...data.steps import Refusal

HOST = "-e lock=host goes on with the lock file alone, which keeps away only runs of this machine in the same folder"


@dataclass(frozen=True)
class Asker:
    """A run that wants to hold a plan.

    :param wanted: what it is about to do, for refusals.
    :param own: the ids under which records may name it: its own, and that of the move that it is a stage of.
    :param gone: the ids of runs that are dead, as a lock file on this machine proves.
    """

    wanted: str
    own: frozenset[str]
    gone: frozenset[str] = frozenset()


def in_the_way(records: Sequence[Record], asker: Asker) -> list[Record]:
    """The records that name another run, which may live."""
    free = asker.own | asker.gone
    return [record for record in records if record.holder and record.holder.run not in free]


def left(record: Record, now: datetime) -> float:
    """Seconds until the holder of a record counts as dead, 0 if it does already.

    A record that seems to be of the future is held for the whole lease from now on: the clocks of a cloud may differ.

    :param now: by the clock of the cloud.
    """
    lease = record.holder.lease if record.holder else 0
    age = (now - record.renewed).total_seconds()
    return max(0.0, lease - max(0.0, age))


def waiting(record: Record, site: str, seconds: float) -> str:
    """What people are told while a run waits for a sign of life of another one."""
    return (
        f"The plan is held at {site} by {told(record.holder)}. If it gives no sign of life for another "
        f"{round(seconds)} s, it is dead and this run goes on."
    )


def taken_over(record: Record, site: str) -> str:
    """What people are told when a dead run held the plan."""
    return f"The plan was held at {site} by a run that is gone, and is taken over: {told(record.holder)}."


def under_way(holder: Holder | None, site: str, asker: Asker) -> Refusal:
    """Another run holds the plan."""
    seen = f"a run of this plan is under way: {told(holder)}, as its record at {site} says"
    return Refusal("run_under_way", asker.wanted, seen, "Wait until it has ended, or end it there, then repeat.")


def meanwhile(site: str, asker: Asker) -> Refusal:
    """Another run held the plan after this one had looked, so that what this one read may not hold any more."""
    seen = f"another run of this plan has begun, or has come and gone, at {site} since this one looked"
    return Refusal("run_meanwhile", asker.wanted, seen, "Repeat: it looks again.")


def bad_lease(lease: int, wanted: str) -> Refusal | None:
    """A lease that no other run would believe."""
    if lease in LEASES:
        return None
    todo = f"Say {LEASES[0]} to {LEASES[-1]} seconds, or leave it out for {LEASE}."
    return Refusal("bad_lease", wanted, f"lease: {lease}", todo)


def cannot_hold(site: str, why: str, asker: Asker) -> Refusal:
    """The site keeps no record, so that nothing keeps away runs on other machines."""
    return Refusal("no_record", asker.wanted, f"{site} cannot keep the record that one run holds: {why}", f"{HOST}.")


def told(holder: Holder | None) -> str:
    """A holder in words."""
    if holder is None or holder == UNKNOWN:
        return "somebody whose name cannot be read"
    return f"{holder.operation}, run {holder.run}, of {holder.user} on {holder.host}"
