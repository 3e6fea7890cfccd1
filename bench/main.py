# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: brings servers up in several ways against a pretended cloud, and tells what each took.

About 12 minutes; `bench/run --ways wave` about 2. A loop is serial, so it is measured with a few servers only, and what
it would take for more is said to be extrapolated; `--loop-n 100` measures it in full (half an hour).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from bench.measure import REPO, Measured, Scene, active, pretended_cloud
from bench.table import Row, conditions, markdown, verdicts, write
from bench.ways import WAYS, Way, measure

FOLDER = REPO / "build" / "bench"
PAGE = REPO / "docs" / "performance.md"

#: More hosts than this take minutes in the compared ways, and show nothing new.
MOST_HOSTS = 100


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="1,10,100,500,1000", help="how many, several with commas")
    parser.add_argument("--ways", default=",".join(WAYS), help=f"some of {','.join(WAYS)}")
    parser.add_argument("--loop-n", type=int, default=10, help="servers of the loops")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds for each request")
    parser.add_argument("--unshelve", type=float, default=10.0, help="seconds until a server is ACTIVE")
    parser.add_argument("--row", type=float, default=0.0, help="seconds for each row of a list")
    parser.add_argument("--rate", type=int, default=0, help="requests in a second, above which the answer is 429")
    parser.add_argument("--revoke", type=float, default=0.0, help="seconds after which the token is revoked")
    parser.add_argument("--forks", type=int, default=50, help="of Ansible, where each server is a host")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.relative_to(REPO)}")
    options = parser.parse_args(arguments)
    unknown = set(options.ways.split(",")) - set(WAYS)
    if unknown:
        parser.error(f"no such way: {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}")
    return options


def scenes(options: argparse.Namespace) -> Iterator[tuple[Way, Scene]]:
    """What is to be measured, the quick first."""
    counts = sorted({int(text) for text in options.servers.split(",")})
    for name in options.ways.split(","):
        way = WAYS[name]
        fitting = [options.loop_n] if way.serial else [n for n in counts if not way.hosts or n <= MOST_HOSTS]
        for count in fitting:
            yield way, scene(options, count)


def scene(options: argparse.Namespace, count: int) -> Scene:
    """The scene of the command line with so many servers."""
    return Scene(count, options.latency, options.unshelve, options.row, options.rate, options.revoke)


def rows(way: Way, scene: Scene, forks: int) -> Iterator[Row]:
    """Runs a way, our own twice: the second run must find nothing to do."""
    with pretended_cloud(scene) as port:
        for again in (False, True)[: 2 if way.name == "wave" else 1]:
            yield Row(way.name, way.label, scene, once(way, scene, forks, port), again)


def once(way: Way, scene: Scene, forks: int, port: int) -> Measured:
    """One run.

    :raises SystemExit: if it failed or a server is not up afterwards: then its time says nothing.
    """
    folder = FOLDER / f"{way.name}-{scene.servers}"
    measured, up = measure(folder, scene, port, way, forks), active(port)
    if measured.code or up != scene.servers:
        log = folder / "ansible.log"
        sys.exit(f"{way.label}: exit code {measured.code}, {up} of {scene.servers} servers are up: see {log}")
    return measured


def main(arguments: list[str]) -> int:
    """Measures, shows, judges; returns the exit code."""
    options = parsed(arguments)
    head, found = conditions(scene(options, 1), options.forks), []
    print(head, flush=True)
    for _warm_up in rows(WAYS["wave"], Scene(1, 0.0, 0.0), 5):
        pass  # Python compiles what it has not seen before; nobody should be measured with that
    for way, stage in scenes(options):
        for row in rows(way, stage, options.forks):
            found.append(row)
            print("  ".join(row.cells()), flush=True)
    text = markdown(found, head)
    print(f"\n{text}\n")
    if options.write:
        write(PAGE, text)
    loop = next(((row.scene.servers, row.measured.wall) for row in found if row.way == "loop"), None)
    judged = list(verdicts(found, loop))
    print("\n".join(f"{'ok    ' if good else 'MISSED'} {words}" for good, words in judged))
    return 0 if all(good for good, _words in judged) else 1
