# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a plan at a time in one folder: a file that the kernel locks, and that tells who holds it.

The kernel releases it when the process ends, however it ends. A lock that is free and still names a holder is stale.
That holds for one host only: a folder that several hosts share may not carry locks from one to the other. What holds
everywhere is claims.py; this file proves at once that a run which still stands in a record is dead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..data.errors import Refused
from ..data.steps import Refusal
from .closing_lines import duration
from .own_files import open_own

#: Differs between hosts, and between two boots of one: containers of a host have it in common.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

#: Bytes of a lock that are read: it tells a few words.
MOST = 1 << 16

Holder = Mapping[str, Any]


@dataclass
class Lock:
    """The lock of a plan, held by this process.

    :param taken_over: a line for people if a run that is gone held it, ``gone`` its ids, also that of its move.
    """

    stream: Any
    taken_over: str = ""
    gone: frozenset[str] = frozenset()

    def release(self) -> None:
        """Lets go. The file stays: to remove it would let two others hold a lock each."""
        with contextlib.suppress(OSError):
            self.stream.truncate(0)
        self.stream.close()


def take(file: Path, wanted: str, me: Holder) -> Lock:
    """The lock, with a line for people if it was taken over from a run that is gone.

    :param wanted: what is about to be done, for the refusal.
    :param me: "operation", "run", "move", "user", "host" and "process" of this run, and "recorded", see `judge`.
    :raises Refused: if another run holds it or may hold it.
    :raises OSError: if this folder cannot have a lock.
    """
    stream = os.fdopen(open_own(file, os.O_RDWR | os.O_CREAT), "r+b", buffering=0)
    try:
        now = datetime.now(timezone.utc).replace(microsecond=0)
        holder = {**me, "started": now.isoformat(), "kernel": _kernel()}
        free, before = _is_free(stream), _holder(stream)
        verdict = judge(free, before, holder, str(file), wanted)
        if isinstance(verdict, Refusal):
            raise Refused(verdict)
        stream.seek(0)
        stream.truncate()
        stream.write(json.dumps(holder).encode())
    except BaseException:
        stream.close()
        raise
    dead = before if before and _is_here(before, holder) else {}
    return Lock(stream, verdict, frozenset(dead.get(key, "") for key in ("run", "move")) - {""})


def judge(free: bool, holder: Holder | None, me: Holder, file: str, wanted: str) -> str | Refusal:
    """Whether a run may begin: a line for people, "" if there is nothing to say; or why not. Pure.

    :param free: whether the kernel gave the lock.
    :param holder: what the file says, {} if nothing, None if that cannot be read.
    :param me: with "recorded", whether the records at the sites tell which run lives, so that the file need not.
    """
    if not free:
        who = _told(holder, me) if holder else "it has not told yet which"
        seen, todo = f"a run of this plan is under way: {who}", f"Wait until it has ended, or end it{_how(holder)}"
        return Refusal("run_under_way", wanted, seen, f"{todo}, then repeat.")
    if holder is None:
        return f"The lock {file} of an earlier run cannot be read, and is taken over: no run holds it."
    if not holder:
        return ""
    if _is_here(holder, me):
        return f"The lock was left by a run that is gone, and is taken over: {_told(holder, me)}."
    if me.get("recorded"):
        return ""
    seen = f"its lock names a run on another host, where it may still be under way: {_told(holder, me)}"
    return Refusal("lock_elsewhere", wanted, seen, f"Look there. If it has ended, delete {file}, then repeat.")


def _is_here(holder: Holder, me: Holder) -> bool:
    """Whether the kernel that locks the file for us would have kept it locked for that run."""
    return bool(holder.get("host") == me["host"] or (me["kernel"] and holder.get("kernel") == me["kernel"]))


def _how(holder: Holder | None) -> str:
    return f" (kill {holder['process']} on {holder['host']})" if holder else ""


def _told(holder: Holder, me: Holder) -> str:
    since = datetime.fromisoformat(me["started"]) - datetime.fromisoformat(holder["started"])
    age, where = duration(since.total_seconds()), f"process {holder['process']} on {holder['host']}"
    return f"{holder['operation']}, run {holder['run']}, started {age} ago by {holder['user']}, {where}"


def _is_free(stream: Any) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(stream: Any) -> Holder | None:
    """The holder that the file names; {} if it names none, None if it cannot be read."""
    text = stream.read(MOST)
    if not text:
        return {}
    try:
        found = json.loads(text)
        whole = datetime.fromisoformat(found["started"]).tzinfo is not None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if whole and {"operation", "run", "user", "host", "process"} <= set(found) else None


def _kernel() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
