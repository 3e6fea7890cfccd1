# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides whether a wait is over. Pure: the fleet owns the clock and the polls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..data.errors import TimedOut, UnexpectedState
from ..data.steps import Until

#: Seen instead of a state when the resource does not exist.
GONE = "gone"


@dataclass(frozen=True)
class WaitKind:
    """How waits of a kind behave.

    :param single: no list answers it: each `Until` is asked by itself, so that a slow one delays no other.
    :param has_task: whether the resource names the task that it is busy with. One that is idle on its way has fallen
        back.
    :param explained: whether its cloud can be asked why it ended where it should not.
    """

    single: bool = False
    has_task: bool = False
    explained: bool = False


#: By ``Until.kind``, where a kind is more than a resource in a list. The reader of a single one is a row of `READERS`
#: in cloud/shared_lists.py.
WAIT_KINDS: Mapping[str, WaitKind] = {
    "server": WaitKind(has_task=True, explained=True),
    "console": WaitKind(single=True),
    "tcp": WaitKind(single=True),
}


_OF_A_LIST = WaitKind()


def wait_kind(until: Until) -> WaitKind:
    """How this wait behaves."""
    return WAIT_KINDS.get(until.kind, _OF_A_LIST)


@dataclass(frozen=True)
class State:
    """What a poll saw: ``status``, for servers the running task, and why it is in error if the cloud says so."""

    status: str
    task: str | None = None
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.status} (task {self.task})" if self.task else self.status


def reached(until: Until, state: State, what: str) -> bool:
    """Whether the wait is over.

    :param what: the step in words, for the error.
    :raises UnexpectedState: for a state that is neither the target nor on the way. Nova sets the task before it
        answers a request, so a server that is idle in a state it should be leaving has fallen back.
    """
    if state.status in until.target and not state.task:
        return True
    on_the_way = state.status in until.pending | until.target and (state.task or not wait_kind(until).has_task)
    if on_the_way or state.status in until.idle_pending:
        return False
    reason = f" ({state.reason})" if state.reason else ""
    fell_back = "fell back to" if state.status in until.pending else "is"
    raise UnexpectedState(
        f"{what}: the {until.kind} {until.id} {fell_back} {state}{reason}, expected was {_names(until.target)}.",
        kind=until.kind,
        id=str(until.id),
        seen=str(state),
    )


def _names(states: frozenset[str]) -> str:
    return " or ".join(sorted(states))


@dataclass
class Deadline:
    """One moment for a whole run, on a monotonic clock."""

    seconds: float
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        self.end = self.clock() + self.seconds

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.clock() >= self.end

    def error(self, what: str, until: Until, seen: State | None, trouble: str = "") -> TimedOut:
        """The error of a wait that the deadline ended.

        :param trouble: why the last reading failed, "" if it did not.
        """
        failed = f" The last reading failed: {trouble.rstrip('.')}." if trouble else ""
        todo = "Nothing was undone: repeat to carry on, with a longer timeout if it is slow."
        return TimedOut(
            f"{what}: the {until.kind} {until.id} is still {seen or 'unknown'} after {self.seconds:g} s; expected "
            f"{_names(until.target)}.{failed} {todo}",
            kind=until.kind,
            id=str(until.id),
            seen=str(seen or ""),
        )


def interval(age: float, cost: float) -> float:
    """Seconds from one poll to the next: in 2 s from quick to half a second, later a tenth of the wait.

    :param age: seconds since the newest of the waits began.
    :param cost: seconds that a poll takes: it grows with the fleet, and no cloud is asked for more than half the time.
    """
    return min(max(0.1, min(age / 4, 0.5), age / 10), 5.0) + min(cost, 30.0)
