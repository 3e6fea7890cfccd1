# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: brings servers up in several ways against a pretended cloud, and on real OpenStack, and judges it.

About 40 minutes, most of it the loop of openstack.cloud tasks with 100 servers. `bench/run --ways wave` takes 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from bench import purposes
from bench.measure import REPO, Scene
from bench.stages import OPERATED, Stage, rows, scene, stages
from bench.table import Row, conditions, speed, write
from bench.table import markdown as as_table
from bench.verdicts import Verdict, verdicts
from bench.verdicts import table as verdict_table
from bench.ways import WAYS

PAGE = REPO / "docs" / "performance.md"
EVERYTHING = (*WAYS, "operations")


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="1,10,100,500,1000", help="how many, several with commas")
    parser.add_argument("--ways", default=",".join(EVERYTHING), help=f"some of {','.join(EVERYTHING)}")
    parser.add_argument("--loop-n", type=int, default=100, help="servers of the loop; what 100 take follows from it")
    parser.add_argument("--operated", type=int, default=OPERATED, help="servers of the operations")
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


def measured(todo: Sequence[Stage], forks: int) -> list[Row]:
    """Goes through all stages and says where it is."""
    found: list[Row] = []
    begin, left = time.monotonic(), sum(stage.seconds for stage in todo)
    for number, stage in enumerate(todo, 1):
        gone = (time.monotonic() - begin) / 60
        print(f"[{number:2}/{len(todo)}] {gone:4.1f} min, about {left / 60:.0f} left. {stage}", flush=True)
        for row in rows(stage, forks):
            found.append(row)
            print(f"        {row}", flush=True)
        left -= stage.seconds
    return found


def report(head: str, found: Sequence[Row], judged: Sequence[Verdict]) -> str:
    """Everything that was measured, for people."""
    compared = [row for row in found if row.way in WAYS]
    operated = [row for row in found if row.way not in WAYS]
    parts = [head, speed(compared)]
    if operated:
        count = operated[0].scene.servers
        words = f"What the requests of each operation are for, with {count} servers that have a root volume and a port:"
        table = purposes.table([(row.title, row.scene.servers, row.measured.lines) for row in operated])
        parts += [words, as_table(table)]
    return "\n\n".join([*parts, "What has to hold:", verdict_table(judged)])


def main(arguments: list[str]) -> int:
    """Measures, shows, judges; returns the exit code."""
    options = parsed(arguments)
    head = conditions(scene(options, 1), options.forks)
    print(head, flush=True)
    for _warm_up in rows(Stage(Scene(1, 0.0, 0.0), (WAYS["wave"],)), 5):
        pass  # Python compiles what it has not seen before; nobody should be measured with that
    found = measured(stages(options), options.forks)
    judged = verdicts(found)
    text = report(head, found, judged)
    print(f"\n{text}\n", flush=True)
    if options.write:
        write(PAGE, text)
    missed = [verdict.claim for verdict in judged if verdict.holds is False]
    print(f"MISSED: {'; '.join(missed)}" if missed else "Everything that was measured holds.")
    return 1 if missed else 0
