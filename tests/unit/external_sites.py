# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clouds in memory whose storages are the folders of the example of `replication.method: external`."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import sys
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self
from unittest.mock import patch

from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.run.programs import ProgramFailed, Programs
from circle import Circle
from memory_cloud.connection import Killed
from memory_cloud.world import World
from recovery_builders import the_plan
from two_sites import Sites

SCRIPT = Path(__file__).parents[2] / "extensions" / "examples" / "external_folder.py"
VERBS = ("status", "replicate", "promote", "remove", "reverse", "clone", "note")


def example() -> Any:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("external_folder", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXAMPLE = example()


def commands(folder: str = "FOLDER", *verbs: str) -> dict[str, list[str]]:
    """The commands of a plan that uses the example."""
    return {verb: [sys.executable, "-S", str(SCRIPT), folder, verb] for verb in verbs or VERBS}


def external_plan(keep: int = 2, to: str = "b", more: Any = None, **changes: Any) -> Any:
    """A plan that uses the example; ``more`` are further options of replication."""
    replication = {"method": "external", "keep": keep, "commands": commands(), **(more or {})}
    return the_plan(to=to, replication=replication, **changes)


class Commands(Programs):
    """Runs the example in this process, unless it is to be a real one: that takes half a second each time.

    A command is a write as a request is: see `Trouble`.
    """

    def __init__(self, sites: Storages, real: bool) -> None:
        super().__init__()
        self.sites, self.real = sites, real

    def run(self, argv: Sequence[str], timeout: float, given: Any = None) -> Any:
        """The volumes are written into the folders before, for the storage has what the servers wrote."""
        sites, verb = self.sites, argv[-1]
        happens = sites.trouble.next() if verb != "status" else ""
        if happens == "killed":
            raise Killed(f"before {verb}")
        if happens == "refused":
            raise ProgramFailed(f"{verb} failed")
        sites.write_volumes()
        sites.asked.append(given)
        argv = [str(sites.folder) if part == "FOLDER" else part for part in argv]
        answer = super().run(argv, timeout, given) if self.real else _here(argv, given)
        answer = sites.spoil(sites, verb, answer)
        if happens == "lost":
            raise ProgramFailed(f"{verb} failed at its end")
        return answer


def _here(argv: Sequence[str], given: Any) -> Any:
    answer = io.StringIO()
    with patch.object(sys, "stdin", io.StringIO(json.dumps(given))), patch.object(sys, "stdout", answer):
        try:
            EXAMPLE.main(*argv[-2:])
        except SystemExit as ended:
            raise ProgramFailed(f"The program ended with {ended}.") from ended
    return json.loads(answer.getvalue())


class Storages(World):
    """A world with a storage at each site.

    :ivar folder: of both storages.
    :ivar asked: what each command was given.
    :ivar spoil: (this world, verb, answer of the command) -> what it answers instead.
    :ivar real: whether commands are processes.
    """

    asked: list[Any]
    spoil: Callable[[Any, str, Any], Any]
    real = False

    def with_storages(self) -> Self:
        """Gives each site its storage."""
        self.asked, self.spoil = [], lambda _world, _verb, answer: answer
        self._use(Path(mkdtemp(prefix="standby-external-")))
        return self

    def _use(self, folder: Path) -> None:
        """A copy of these sites has a folder of its own. It goes with them."""
        self.folder = folder
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for letter, site in (("a", self.source), ("b", self.target)):
            site.storage = self.folder / letter / "volumes"
            site.storage.mkdir(parents=True, exist_ok=True)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        other = super().__deepcopy__(memo)
        other.asked = []
        other._use(Path(mkdtemp(prefix="standby-external-")))
        shutil.copytree(self.folder, other.folder, dirs_exist_ok=True)
        return other

    def wave(self, operation: str, now: Any = None, **options: Any) -> Wave:
        """Its commands are those of the example."""
        made = super().wave(operation, now, **options)
        made.executor.programs = Commands(self, self.real)
        return made

    def write_volumes(self) -> None:
        """What the servers have written is in the storage."""
        for site in (self.source, self.target):
            assert site.storage
            for volume_id in site.volumes.keys() & site.contents.keys():
                data = {"size": site.volumes[volume_id].size, "data": site.contents[volume_id]}
                (site.storage / f"volume-{volume_id}").write_text(json.dumps(data))

    def held(self, letter: str = "b") -> dict[str, dict[str, str]]:
        """By time what each recovery point of a storage holds, by disk."""
        points = EXAMPLE.Storage(self.folder, letter).all_points()
        return {
            point["time"]: {
                disk: json.loads((self.folder / letter / "points" / point["id"] / disk).read_text())["data"]
                for disk in point["notes"]
            }
            for point in points
        }

    def verbs(self) -> list[str]:
        """The commands that ran, but for those that only look."""
        return [given["verb"] for given in self.asked if given["verb"] != "status"]


class ExternalSites(Storages, Sites):
    """As `Sites`, with storages."""

    def __init__(self, of: Any = None) -> None:
        super().__init__(of or external_plan())
        self.with_storages()


class ExternalCircle(Circle):
    """As `Circle`, with storages."""

    def __init__(self, way: str = "attach", more: Any = None, **server: Any) -> None:
        super().__init__(way, **server)
        replication = {"method": "external", "keep": 2, "rpo": 3600, "commands": commands(), **(more or {})}
        self.options = {**self.options, "replication": replication}
        self.world: Storages = self._with_storages(way)

    def disks_of(self, name: str) -> dict[str, str]:
        """By disk what is on the volumes of one of the servers at site B."""
        site = self.site("b")
        (found,) = (server for server in site.servers.values() if server.name == name)
        used = [site.volumes[a.volume_id] for a in found.attachments]
        return {volume.marks.disk: site.contents[volume.id] for volume in used}

    def _with_storages(self, way: str) -> Storages:
        made = Storages(self.plan("b"), guarded=way == "attach")
        made.source.guarded = way == "attach"
        for site, before in ((made.source, self.world.source), (made.target, self.world.target)):
            site.images, site.contents = before.images, before.contents
        return made.with_storages()
