# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An example of the commands of ``replication.method: external``: two storages that are folders of files.

FOLDER/a and FOLDER/b are the storages of the two sites. In each of them:

  volumes/volume-<id>   the data of a volume of Cinder
  volumes/<name>        an object that Cinder can manage. Cinder renames it to volume-<id> then
  points/<id>/          a recovery point: a file for each disk, and point.json
  directions/<server>   from which site the pair of storages replicates a server

A real storage replaces the copies of files by snapshots, clones and promotions. What each command must guarantee
stands in docs/providers.md. Use: python3 external_folder.py FOLDER VERB < question > answer
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

Json = dict[str, Any]


def fail(text: str) -> NoReturn:
    """The run of Ansible shows the text and fails."""
    sys.exit(text)


def write(file: Path, value: Any) -> None:
    """At once or not at all: a command may be killed at any moment."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(value, indent=1), encoding="utf-8")
    os.replace(part, file)


def copy(source: Path, target: Path) -> None:
    """At once or not at all. What is there already stays."""
    if target.exists():
        return
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    os.replace(part, target)


class Storage:
    """The storage of one site."""

    def __init__(self, folder: Path, letter: str) -> None:
        self.letter = letter
        folders = [folder / letter / kind for kind in ("volumes", "points", "directions")]
        self.volumes, self.points, self.directions = folders
        for made in folders:
            made.mkdir(parents=True, exist_ok=True)

    def direction(self, server: str) -> str:
        """The letter of the site from which a server is replicated, "" if it is not."""
        file = self.directions / server
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else ""

    def turn(self, server: str, source: str) -> None:
        """From now on a server is replicated from this site."""
        write(self.directions / server, source)

    def told(self, point: Json) -> Json:
        """A point as status tells it: what Cinder manages by now has another name, and is told no more."""
        made = {key: self._objects(point, key) for key in ("objects", "clones")}
        return {**{key: point[key] for key in ("id", "time", "complete", "promoted", "notes")}, **made}

    def _objects(self, point: Json, key: str) -> Json:
        names = {disk: name(point, disk, key) for disk in point[key]}
        return {
            disk: {"host": f"cinder-{self.letter}@folder#folder", "ref": {"source-name": found}}
            for disk, found in names.items()
            if (self.volumes / found).exists()
        }

    def all_points(self) -> list[Json]:
        """Those that are complete. A point that a killed run left is none, and goes with the next replicate."""
        found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(self.points.glob("*/point.json"))]
        return [point for point in found if point["complete"]]

    def point(self, point_id: str) -> Json:
        """The point with this id."""
        found = [point for point in self.all_points() if point["id"] == point_id]
        return found[0] if found else fail(f"storage {self.letter} has no recovery point {point_id}")

    def note(self, point: Json) -> None:
        """Writes down what became of a point."""
        write(self.points / point["id"] / "point.json", point)

    def drop(self, point_id: str) -> None:
        """Without its point.json a point is none any more, so that goes first."""
        (self.points / point_id / "point.json").unlink(missing_ok=True)
        shutil.rmtree(self.points / point_id, ignore_errors=True)


def short(plan: str, server: str) -> str:
    """A server of a plan, as a part of a file name. Commands for several servers run at the same time."""
    return hashlib.sha256(json.dumps([plan, server]).encode()).hexdigest()[:12]


def name(point: Json, disk: str, key: str) -> str:
    """Of an object that Cinder can manage."""
    return f"{key}-{point['id']}-{disk}"


def status(asked: Json, _source: Storage, target: Storage) -> Json:
    """Looks at the storage of the target alone: the other one may be dead."""
    points = [point for point in target.all_points() if point["plan"] == asked["plan"]]
    return {
        "servers": {
            server: {
                "source": target.direction(short(asked["plan"], server)),
                "points": [target.told(point) for point in points if point["server"] == server],
                "problems": [],
            }
            for server in asked["servers"]
        }
    }


def replicate(asked: Json, source: Storage, target: Storage) -> None:
    """All disks of one moment. A real storage takes a snapshot of a consistency group here."""
    server = short(asked["plan"], asked["server"])
    if target.direction(server) not in ("", source.letter):
        fail(f"{asked['server']} is replicated from site {target.direction(server)}: reverse it first")
    point_id = f"{server}-{asked['time'][:19].replace(':', '')}"
    if any(point["id"] == point_id for point in target.all_points()):
        return
    for left in target.points.glob(f"{server}-*"):
        if not (left / "point.json").exists():
            target.drop(left.name)
    (target.points / point_id).mkdir()
    for disk, volume in asked["disks"].items():
        copy(source.volumes / f"volume-{volume['volume_id']}", target.points / point_id / disk)
    about = {key: asked[key] for key in ("plan", "server", "time", "notes")}
    made = {"id": point_id, "complete": True, "promoted": False, "objects": [], "clones": []}
    for storage in (source, target):
        storage.turn(server, source.letter)
    target.note({**about, **made})


def promote(asked: Json, _source: Storage, target: Storage) -> None:
    """Each disk becomes an object of its own, which the other site cannot overwrite."""
    point = target.point(asked["point"])
    if point["promoted"]:
        return
    for disk in asked["disks"]:
        made = target.volumes / name(point, disk, "objects")
        copy(target.points / point["id"] / disk, made)
        with made.open("r+b"):  # proves that it can be written to
            pass
    target.note({**point, "promoted": True, "objects": asked["disks"]})


def remove(asked: Json, _source: Storage, target: Storage) -> None:
    """Never a point that was promoted."""
    for point in target.all_points():
        if point["id"] in asked["points"] and point["promoted"]:
            fail(f"recovery point {point['id']} was promoted")
    for point_id in asked["points"]:
        target.drop(point_id)


def reverse(asked: Json, source: Storage, target: Storage) -> None:
    """Only notes the direction. The volumes of the old site stay as they are: points are files of their own."""
    for storage in (target, source):
        storage.turn(short(asked["plan"], asked["server"]), source.letter)


def clone(asked: Json, _source: Storage, target: Storage) -> None:
    """Objects for a drill. The point stays as it is."""
    point = target.point(asked["point"])
    for disk in asked["disks"]:
        copy(target.points / point["id"] / disk, target.volumes / name(point, disk, "clones"))
    target.note({**point, "clones": sorted({*point["clones"], *asked["disks"]})})


def note(asked: Json, _source: Storage, target: Storage) -> None:
    """The notes of a point are replaced."""
    target.note({**target.point(asked["point"]), "notes": asked["notes"]})


VERBS = {
    "status": status, "replicate": replicate, "promote": promote, "remove": remove, "reverse": reverse, "clone": clone,
    "note": note,
}  # fmt: skip


def main(folder: str, verb: str) -> None:
    """One command."""
    asked = json.load(sys.stdin)
    source, target = (Storage(Path(folder), asked[role]) for role in ("source", "target"))
    json.dump(VERBS[verb](asked, source, target) or {}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
