# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program against the pretended cloud and measures it with all its child processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cloud import kinds

REPO = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A run did not do what it was for, so that its time says nothing."""


@dataclass(frozen=True)
class Scene:
    """What is measured against: ``latency`` and ``unshelve`` in seconds, ``rate`` in requests per second (0: any)."""

    servers: int
    latency: float
    unshelve: float
    row: float = 0.0
    rate: int = 0
    revoke: float = 0.0
    empty: bool = False
    stock: bool = False
    leads: bool = False

    @property
    def bound(self) -> float:
        """Seconds that no client can beat: seven requests that need each other's answers, and the unshelve."""
        return self.unshelve + 7 * self.latency


@dataclass(frozen=True)
class Measured:
    """What one run took: seconds, seconds of processors, MiB, and requests by kind (`cloud.kinds`).

    ``sites`` are the requests to each site.
    """

    wall: float
    cpu: float
    memory: float
    code: int
    requests: Counter[str]
    lines: Counter[str]
    sites: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.lines.values())


@contextlib.contextmanager
def pretended_cloud(scene: Scene) -> Iterator[int]:
    """Starts the cloud of a scene and yields its port."""
    command = [sys.executable, "-m", "bench.server"]
    for name in ("servers", "latency", "unshelve", "row", "rate", "revoke", "empty", "stock", "leads"):
        value = getattr(scene, name)
        command += [f"--{name}", str(int(value) if isinstance(value, bool) else value)]
    with subprocess.Popen(command, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def counts(port: int) -> Counter[str]:
    """How often the cloud was asked for what since it started."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/counts", timeout=10) as answer:
        return Counter(json.load(answer))


def active(port: int) -> int:
    """How many servers of the cloud are ACTIVE."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/active", timeout=10) as answer:
        return int(json.load(answer)["active"])


def run(command: list[str], env: dict[str, str], folder: Path, ports: Sequence[int], log: Path) -> Measured:
    """Runs a command to its end; what it says goes to a file.

    :param ports: of the sites that are there.
    """
    before, begin = [counts(port) for port in ports], time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **env}, stdout=out, stderr=out)
        with _peak(process.pid) as peak:
            # the usage of a child includes that of all its descendants that were waited for, and Ansible waits
            _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    asked = [counts(port) - earlier for port, earlier in zip(ports, before, strict=True)]
    lines = sum(asked, Counter())
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(wall, cpu, peak[0] / 1024, process.returncode, kinds(lines.items()), lines,
                    tuple(site.total() for site in asked))  # fmt: skip


@contextlib.contextmanager
def _peak(pid: int) -> Iterator[list[int]]:
    """Looks four times a second how much memory a process and its descendants use; yields the most so far, in KiB."""
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            most[0] = max(most[0], sum(_memory(child) for child in _tree(pid)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def _tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            children = [task.read_text() for task in Path(f"/proc/{parent}/task").glob("*/children")]
            found += [int(child) for text in children for child in text.split()]
    return found


def _memory(pid: int) -> int:
    """Proportional set size in KiB: pages that forked processes share count once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
