# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that nothing is lost: the source has not run since before its last recovery point was begun.

Replication notes with a recovery point when Nova last changed its record of a source that did not run. While the record
is the same, the source never ran in between. Both times are of one clock, so the clocks of sites do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...data.direction import Direction
from ...data.seen import Seen, Volume
from ...data.steps import PROVED, Decision, Plan, Refusal

_REPEAT = "Repeat the planned failover: it makes one more recovery point."


def record_at_rest(source: Seen) -> str:
    """When Nova last changed its record of a server that does not run, "" if it runs or is about to."""
    server = source.server
    at_rest = server is not None and server.status == "SHUTOFF" and not server.task_state
    return server.updated if server and at_rest else ""


def nothing_lost(decided: Plan, source: Seen, replicas: Iterable[Volume], direction: Direction) -> Decision:
    """The plan of a failover with the proof, or a refusal if its recovery point may lack what was written.

    A failover that has nothing left to do needs no proof: the source may have become the standby since.
    """
    point, record = decided.extra["recovery_point"], record_at_rest(source)
    noted = {volume.marks.rested for volume in replicas if volume.marks.point == point}
    if record and noted == {record}:
        told = f"nothing is lost: the server at {direction.source} has not run since recovery point {point} was begun"
        return replace(decided, notes=(*decided.notes, told), extra={**decided.extra, PROVED: True})
    if not decided.changed:
        return decided
    wanted = f"fail over to {direction.target} without loss"
    if record:
        saw = f"the server at {direction.source} may have run since recovery point {point} was begun"
        return Refusal("not_proved", wanted, saw, _REPEAT)
    now = source.server.status if source.server else "not there"
    return Refusal("not_at_rest", wanted, f"the server at {direction.source} is {now}, not SHUTOFF", _REPEAT)
