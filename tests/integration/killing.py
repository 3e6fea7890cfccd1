# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills a run of a module, with all its processes, as a power cut does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from playbooks import Playbooks, Task


def descendants(pid: int) -> list[int]:
    """All processes that a process has started: Ansible gives its workers sessions of their own."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_when(ansible: Playbooks, task: Task, seen: Callable[[], bool]) -> bool:
    """Start a run; SIGKILL all of it as soon as something is seen; whether it was still running then."""
    command, quiet = ansible.command(task), subprocess.DEVNULL
    run = subprocess.Popen(command, env=ansible.environment(), stdout=quiet, stderr=quiet)
    while run.poll() is None and not seen():
        time.sleep(0.02)
    alive = run.poll() is None
    if alive:
        run.send_signal(signal.SIGSTOP)  # it shall start nothing more
        kill(*descendants(run.pid), run.pid)
    run.wait()
    return alive
