# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` measures on pretended clouds, one after the other, with a word about how long it takes."""

from __future__ import annotations

import argparse
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.measure import REPO, Failed, Measured, Scene, active, pretended_cloud
from bench.table import Row
from bench.ways import MOVE, OPERATIONS, WAYS, Way, measure

FOLDER = REPO / "build" / "bench"

#: More hosts than this take minutes in the compared ways, and show nothing new.
MOST_HOSTS = 100

#: For how many servers the requests of each operation are counted.
OPERATED = 100

#: For so many times as many servers those of a planned failover are counted too.
MORE = 5

#: The loop that waits at the end is no claim: a few servers show what it takes.
MOST_LATE = 10

#: Seconds between two words about a run that takes long.
WORD = 60.0


@dataclass(frozen=True)
class Stage:
    """Runs that follow each other on one cloud."""

    scene: Scene
    ways: tuple[Way, ...]

    @property
    def seconds(self) -> float:
        """How long it takes about."""
        return sum(way.fixed + way.each * self.scene.servers for way in self.ways)

    def __str__(self) -> str:
        names = ", ".join(dict.fromkeys(way.label for way in self.ways))
        return f"{names}: {self.scene.servers} servers"


def stages(options: argparse.Namespace) -> list[Stage]:
    """What is to be measured; our own wave first, while the machine is as quiet as it will be."""
    counts, found = sorted({int(text) for text in options.servers.split(",")}), []
    for way in (WAYS[name] for name in WAYS if name in options.ways.split(",")):
        most = {"loop": options.loop_n, "loop-late": min(options.loop_n, MOST_LATE)}.get(way.name, MOST_HOSTS)
        fitting = [most] if way.serial else [n for n in counts if not way.hosts or n <= most]
        found += [Stage(scene(options, n), (way, way) if way.name == "wave" else (way,)) for n in fitting]
    if "operations" in options.ways.split(","):
        waves = len([stage for stage in found if stage.ways[0].name == "wave"])
        found[waves:waves] = list(_operations(options))
    return found


def _operations(options: argparse.Namespace) -> Iterator[Stage]:
    for ways in OPERATIONS:
        stock = ways[0].handover != "attach"
        yield Stage(replace(scene(options, options.operated), empty=True, stock=stock), ways)
    for count in (options.operated, MORE * options.operated):
        yield Stage(scene(options, count), MOVE)


def scene(options: argparse.Namespace, count: int) -> Scene:
    """The scene of the command line with so many servers."""
    return Scene(count, options.latency, options.unshelve, options.row, options.rate, options.revoke)


def rows(stage: Stage, forks: int) -> Iterator[Row]:
    """Runs a stage; what is run a second time must find nothing to do."""
    before: set[str] = set()
    with contextlib.ExitStack() as sites:
        ports = [sites.enter_context(pretended_cloud(stage.scene))]
        if any(way.source for way in stage.ways):
            ports.append(sites.enter_context(pretended_cloud(replace(stage.scene, leads=True))))
        for way in stage.ways:
            again = way.name in before
            yield Row(way.name, way.label, stage.scene, once(way, stage.scene, forks, ports), again)
            before.add(way.name)


def once(way: Way, scene: Scene, forks: int, ports: Sequence[int]) -> Measured:
    """One run.

    :param ports: of the target, and of the source if it is there.
    :raises Failed: if it failed or servers are not as they should be afterwards.
    """
    folder = FOLDER / f"{way.name}-{scene.servers}"
    with _words(ports[0], scene.servers):
        measured = measure(folder, scene, ports, way, forks)
    up = [active(port) for port in ports]
    wanted = [scene.servers if there else 0 for there in (way.up, way.source == "all")][: len(ports)]
    if measured.code or up != wanted:
        log = folder / "ansible.log"
        saw = f"{' and '.join(map(str, up))} servers are up, wanted were {' and '.join(map(str, wanted))}"
        raise Failed(f"{way.label}: exit code {measured.code}, {saw}: see {log}")
    return measured


@contextlib.contextmanager
def _words(port: int, servers: int) -> Iterator[None]:
    """Says every minute how far a run is."""
    begin, over = time.monotonic(), threading.Event()

    def say() -> None:
        while not over.wait(WORD):
            print(f"        {time.monotonic() - begin:4.0f} s: {active(port)} of {servers} servers are up", flush=True)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
