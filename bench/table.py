# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as a table for people, and whether it is as fast as it has to be."""

from __future__ import annotations

import os
import platform
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

    @property
    def title(self) -> str:
        """What was run."""
        return f"{self.label}, second run" if self.again else self.label

    def __str__(self) -> str:
        m = self.measured
        requests = f"{m.total:,} requests, {m.requests['write']:,} of them writes"
        return f"{self.title}: {m.wall:.1f} s, {m.cpu:.1f} s of processors, {requests}"

    def cells(self) -> list[str]:
        """The cells of the table."""
        m, n = self.measured, self.scene.servers
        ratio = "" if self.again else f"{m.wall / self.scene.bound:.2f}"
        return [self.title, str(n), f"{m.wall:.1f}", ratio, f"{m.cpu:.1f}", f"{m.memory:.0f}", f"{m.total:,}",
                f"{m.total / n:.2f}", f"{m.requests['write']:,}", str(m.requests["authentication"])]  # fmt: skip


def markdown(rows: list[list[str]], figures: bool = True) -> str:
    """A table; of ``figures`` it has them in all columns but the first."""
    head, *body = rows
    return "\n".join(_line(row) for row in (head, ["---", *["---:" if figures else "---"] * (len(head) - 1)], *body))


def speed(rows: list[Row]) -> str:
    """The table of what the ways took."""
    return markdown([list(COLUMNS), *(row.cells() for row in rows)])


def _line(cells: list[str]) -> str:
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
