# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was measured is as it has to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.site import BUILD, MAKE
from bench.table import Row, markdown

#: How many servers a drill is judged for, and how many of its requests need each other's answers: to sign in, what the
#: services are, the lists; a network, its subnet, the lists again; volume, port, server, mark, console, note.
DRILLED, CHAIN = 100, 12

#: How many servers the loop is compared for.
COMPARED = 100


@dataclass(frozen=True)
class Verdict:
    """One claim. ``holds`` is None if it was not measured."""

    claim: str
    wanted: str
    measured: str = "not measured"
    holds: bool | None = None

    def cells(self) -> list[str]:
        """The cells of the table."""
        return [self.claim, self.wanted, self.measured, {True: "holds", False: "MISSED", None: ""}[self.holds]]


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """All claims about the pretended cloud, measured or not."""
    wave = {row.scene.servers: row for row in rows if row.way == "wave" and not row.again}
    return [*_of_500(wave.get(500)), _against_the_loop(wave.get(COMPARED), rows), *_again(rows), _readiness(rows),
            _status(rows), *_drill(rows)]  # fmt: skip


def _of_500(row: Row | None) -> Iterator[Verdict]:
    claims = (
        ("wall", "at most 1.5 x the bound"), ("authentications", "1"),
        ("requests for each server", "at most 4.1"), ("seconds of processors", "at most 10"),
    )  # fmt: skip
    if row is None:
        yield from (Verdict(f"500 servers: {claim}", wanted) for claim, wanted in claims)
        return
    m, each = row.measured, row.measured.total / 500
    ratio, times = m.wall / row.scene.bound, m.requests["authentication"]
    found = ((f"{ratio:.2f} x ({m.wall:.1f} s)", ratio <= 1.5), (str(times), times == 1),
             (f"{each:.2f}", each <= 4.1), (f"{m.cpu:.1f}", m.cpu <= 10))  # fmt: skip
    for (claim, wanted), (measured, holds) in zip(claims, found, strict=True):
        yield Verdict(f"500 servers: {claim}", wanted, measured, holds)


def _against_the_loop(wave: Row | None, rows: Sequence[Row]) -> Verdict:
    """A loop is serial, so what it takes for all follows from what it took for fewer; that is said then."""
    claim, wanted = f"{COMPARED} servers: against the loop of openstack.cloud", "at least 20 times as fast"
    loop = next((row for row in rows if row.way == "loop"), None)
    if wave is None or loop is None:
        return Verdict(claim, wanted)
    count, seconds = loop.scene.servers, loop.measured.wall
    times = seconds / count * COMPARED / wave.measured.wall
    how = f"{seconds:.0f} s" if count == COMPARED else f"extrapolated from {count} servers"
    return Verdict(claim, wanted, f"{times:.0f} times ({how})", times >= 20)


def _again(rows: Sequence[Row]) -> Iterator[Verdict]:
    """What is repeated finds nothing to do."""
    again = [row for row in rows if row.again]
    for label in dict.fromkeys(row.label for row in again):
        of_it = [row for row in again if row.label == label]
        counts = ", ".join(str(row.scene.servers) for row in of_it)
        writes = sum(row.measured.requests["write"] for row in of_it)
        yield Verdict(f"{label}, second run ({counts} servers): writes", "none", str(writes or "none"), not writes)


def _readiness(rows: Sequence[Row]) -> Verdict:
    row = next((row for row in rows if row.way == "readiness"), None)
    claim, wanted = "readiness: requests for each server, and those of the run", "at most 1, and 20"
    if row is None:
        return Verdict(claim, wanted)
    each, rest = divmod(row.measured.total, row.scene.servers)
    return Verdict(claim, wanted, f"{each}, and {rest}", row.measured.total <= row.scene.servers + 20)


def _status(rows: Sequence[Row]) -> Verdict:
    """Lists of a page of 1,000 rows tell all, whatever the number of servers."""
    row = next((row for row in rows if row.way == "status" and row.scene.servers == 500), None)
    claim, wanted = "status of 500 servers: requests to each site", "at most 12"
    if row is None:
        return Verdict(claim, wanted)
    asked = row.measured.sites
    return Verdict(claim, wanted, " and ".join(map(str, asked)), max(asked) <= 12)


def _drill(rows: Sequence[Row]) -> Iterator[Verdict]:
    """Volumes and servers are made at the same time; what each needs of the other waits for it."""
    found = {row.way: row for row in rows if row.scene.servers == DRILLED and not row.again}
    first, last = found.get("drill"), found.get("drill-cleanup")
    claim, wanted = f"drill of {DRILLED} servers: wall", "at most 1.5 x its bound"
    if first is None:
        yield Verdict(claim, wanted)
    else:
        bound = MAKE + BUILD + CHAIN * first.scene.latency
        ratio = first.measured.wall / bound
        yield Verdict(claim, wanted, f"{ratio:.2f} x ({first.measured.wall:.1f} s)", ratio <= 1.5)
    claim, wanted = f"clean-up of a drill of {DRILLED} servers: wall", "at most 60 s"
    if last is None:
        yield Verdict(claim, wanted)
    else:
        yield Verdict(claim, wanted, f"{last.measured.wall:.1f} s", last.measured.wall <= 60)


def missed(found: Sequence[Verdict]) -> list[str]:
    """The claims that do not hold."""
    return [f"MISSED: {verdict.claim}" for verdict in found if verdict.holds is False]


def unmeasured(found: Sequence[Verdict]) -> list[str]:
    """The claims of which nothing is known."""
    return [f"NOT MEASURED: {verdict.claim}" for verdict in found if verdict.holds is None]


def table(found: Sequence[Verdict]) -> str:
    """All claims, for people."""
    return markdown(
        [["Claim", "Wanted", "Measured", "Verdict"], *(verdict.cells() for verdict in found)], figures=False
    )
