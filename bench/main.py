# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: brings servers up in several ways against a pretended cloud, and on real OpenStack, and judges it.

About 36 minutes: 25 for the loop of openstack.cloud tasks with 100 servers, 3 for two sites of real OpenStack, which
are started and stopped. `bench/run --ways wave` takes 2.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bench import pocket, purposes
from bench.measure import REPO, Failed, Scene
from bench.stages import OPERATED, Stage, rows, scene, stages
from bench.table import Row, conditions, speed, write
from bench.table import markdown as as_table
from bench.verdicts import Verdict, missed, unmeasured, verdicts
from bench.verdicts import table as verdict_table
from bench.ways import WAYS

PAGE = REPO / "docs" / "performance.md"

#: Servers on the pocket cloud: their guests cost nothing, but one site does one or two operations in a second.
POCKET = 20

EVERYTHING = (*WAYS, "operations", "pocket")


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="1,10,100,500,1000", help="how many, several with commas")
    parser.add_argument("--ways", default=",".join(EVERYTHING), help=f"some of {','.join(EVERYTHING)}")
    parser.add_argument("--loop-n", type=int, default=100, help="servers of the loop; what 100 take follows from it")
    parser.add_argument("--operated", type=int, default=OPERATED, help="servers of the operations")
    parser.add_argument("--pocket-n", type=int, default=POCKET, help="servers on real OpenStack")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds for each request")
    parser.add_argument("--unshelve", type=float, default=10.0, help="seconds until a server is ACTIVE")
    parser.add_argument("--row", type=float, default=0.0, help="seconds for each row of a list")
    parser.add_argument("--rate", type=int, default=0, help="requests in a second, above which the answer is 429")
    parser.add_argument("--revoke", type=float, default=0.0, help="seconds after which the token is revoked")
    parser.add_argument("--forks", type=int, default=50, help="of Ansible, where each server is a host")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.relative_to(REPO)}")
    options = parser.parse_args(arguments)
    unknown = set(options.ways.split(",")) - set(EVERYTHING)
    if unknown:
        parser.error(f"no such way: {', '.join(sorted(unknown))}; there are {', '.join(EVERYTHING)}")
    return options


@dataclass
class Findings:
    """All that a run of the benchmark finds; what failed does not keep the rest from being measured."""

    rows: list[Row] = field(default_factory=list)
    chains: list[pocket.Chain] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Notes and tells what fails inside."""
        try:
            yield
        except Failed as failed:
            self.failures.append(str(failed))
            print(f"        FAILED: {failed}", flush=True)

    def measure(self, todo: Sequence[Stage], forks: int) -> None:
        """Goes through all stages and says where it is."""
        begin, left = time.monotonic(), sum(stage.seconds for stage in todo)
        for number, stage in enumerate(todo, 1):
            gone = (time.monotonic() - begin) / 60
            print(f"[{number:2}/{len(todo)}] {gone:4.1f} min, about {left / 60:.0f} left. {stage}", flush=True)
            with self.kept():
                self._add(rows(stage, forks))
            left -= stage.seconds

    def _add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows.append(row)
            print(f"        {row}", flush=True)

    def measure_pocket(self, servers: int) -> None:
        """On real OpenStack."""
        print(f"Two sites of real OpenStack with {servers} servers, about 3 min", flush=True)
        with self.kept():
            self.chains += pocket.measure(servers)


def report(head: str, found: Findings, judged: Sequence[Verdict]) -> str:
    """Everything that was measured, for people."""
    compared = [row for row in found.rows if row.way in WAYS]
    operated = [row for row in found.rows if row.way not in WAYS]
    parts = [head, *([speed(compared)] if compared else [])]
    one, two = ([row for row in operated if bool(row.measured.sites[1:]) is both] for both in (False, True))
    for count, found_of in _by_count(one):
        words = f"What the requests of each operation are for, with {count} servers that have a root volume and a port:"
        parts += [words, _purposes(found_of)]
    if two:
        words = "A planned failover and what follows, its last recovery point made, requests to both sites together:"
        parts += [words, speed(two)]
    for count, found_of in _by_count(two):
        parts += [f"What these requests are for, with {count} servers:", _purposes(found_of)]
    if found.chains:
        words = "The whole chain on real OpenStack ([pocket cloud](../tests/cloud/README.md)), the source killed:"
        parts += [words, as_table([pocket.COLUMNS, *(chain.cells() for chain in found.chains)])]
    return "\n\n".join([*parts, "What has to hold:", verdict_table(judged)])


def _by_count(rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
    for count in sorted({row.scene.servers for row in rows}):
        yield count, [row for row in rows if row.scene.servers == count]


def _purposes(rows: Sequence[Row]) -> str:
    return as_table(purposes.table([(row.title, row.scene.servers, row.measured.lines) for row in rows]))


def kept(page: Path, text: str, found: Findings, judged: Sequence[Verdict]) -> list[str]:
    """Writes the page, unless something is lacking: a part would take the place of the whole. Returns what lacks."""
    lacking = unmeasured(judged)
    if found.failures or lacking:
        return [*lacking, f"{page.name} was not written: not everything was measured. Run make bench."]
    write(page, text)
    return []


def terminated(number: int, _frame: FrameType | None) -> None:
    """Turns SIGTERM into an exception, so that the pocket cloud is stopped."""
    raise SystemExit(128 + number)


def main(arguments: list[str]) -> int:
    """Measures, shows, judges; returns the exit code."""
    signal.signal(signal.SIGTERM, terminated)
    options = parsed(arguments)
    head = conditions(scene(options, 1), options.forks)
    print(head, flush=True)
    for _warm_up in rows(Stage(Scene(1, 0.0, 0.0), (WAYS["wave"],)), 5):
        pass  # Python compiles what it has not seen before; nobody should be measured with that
    found = Findings()
    found.measure(stages(options), options.forks)
    if "pocket" in options.ways.split(","):
        found.measure_pocket(options.pocket_n)
    judged = [*verdicts(found.rows), *pocket.verdicts(found.chains, options.pocket_n)]
    text = report(head, found, judged)
    print(f"\n{text}\n", flush=True)
    bad = [*found.failures, *missed(judged), *(kept(PAGE, text, found, judged) if options.write else ())]
    print("\n".join(bad) or "Everything that was measured holds.")
    return 1 if bad else 0
