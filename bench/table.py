# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as a table for people, and whether it is as fast as it has to be."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.measure import Measured, Scene

BEGIN, END = "<!-- begin: written by make bench -->", "<!-- end: written by make bench -->"
COLUMNS = ("Way", "Servers", "Wall s", "x bound", "CPU s", "Peak MiB", "Requests", "per server", "of them writes",
           "Authentications")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One run of one way. ``again``: the second run over servers that run already."""

    way: str
    label: str
    scene: Scene
    measured: Measured
    again: bool = False

    def cells(self) -> list[str]:
        """The cells of the table."""
        m, n = self.measured, self.scene.servers
        label = f"{self.label}, second run" if self.again else self.label
        ratio = "" if self.again else f"{m.wall / self.scene.bound:.2f}"
        return [label, str(n), f"{m.wall:.1f}", ratio, f"{m.cpu:.1f}", f"{m.memory:.0f}", f"{m.total:,}",
                f"{m.total / n:.2f}", f"{m.requests['write']:,}", str(m.requests["authentication"])]  # fmt: skip


def markdown(rows: list[Row], conditions: str) -> str:
    """The table with what it was measured under."""
    lines = [conditions, "", _line(COLUMNS), _line(["---", *["---:"] * (len(COLUMNS) - 1)])]
    return "\n".join([*lines, *(_line(row.cells()) for row in rows)])


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def conditions(scene: Scene, forks: int) -> str:
    """In words, what was measured under; the load tells whether the machine did other things meanwhile."""
    load = os.getloadavg()[0]
    limit = f", at most {scene.rate} requests/s" if scene.rate else ""
    return (
        f"{scene.latency * 1000:.0f} ms for each request, {scene.row * 1000:g} ms for each listed row{limit}, unshelve "
        f"{scene.unshelve:g} s, {forks} forks. {os.cpu_count()} cores with a load of {load:.1f} before the run, "
        f"Python {platform.python_version()}, ansible-core {version('ansible-core')}, openstacksdk "
        f"{version('openstacksdk')}."
    )


def write(path: Path, text: str) -> None:
    """Replaces what is between the marks of a page.

    :raises ValueError: if the page has no such marks.
    """
    page = path.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise ValueError(f"{path}: wanted the marks {BEGIN} and {END}, one is missing. Put them back.")
    before, _begin, rest = page.partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def verdicts(rows: list[Row], loop_seconds: tuple[int, float] | None) -> Iterator[tuple[bool, str]]:
    """Whether what was measured is as it has to be: (is it, in words).

    :param loop_seconds: how many servers the measured loop brought up, and in how many seconds.
    """
    for row in rows:
        m, n = row.measured, row.scene.servers
        if row.way == "wave" and row.again:
            yield m.requests["write"] == 0, f"{n} servers, second run: {m.requests['write']} writes (none)"
        elif row.way == "wave" and n == 500:
            yield m.wall <= 1.5 * row.scene.bound, f"500 servers: {m.wall / row.scene.bound:.2f} x bound (at most 1.5)"
            yield m.total <= 4.1 * n, f"500 servers: {m.total / n:.2f} requests per server (at most 4.1)"
            yield m.cpu <= 10, f"500 servers: {m.cpu:.1f} s of processors (at most 10)"
            yield m.requests["authentication"] == 1, f"500 servers: {m.requests['authentication']} authentication (1)"
        elif row.way == "wave" and n == 100 and loop_seconds:
            count, seconds = loop_seconds
            how = "measured" if count == 100 else f"extrapolated from {count}"
            times = seconds / count * 100 / m.wall
            yield times >= 20, f"100 servers: {times:.0f} times as fast as the loop, {how} (at least 20)"
