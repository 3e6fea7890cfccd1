# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the status command of a plan says about the storage. What it says may be wrong in any way."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ...data.direction import SITES
from ...data.errors import StandbyError
from ...data.external import DiskNotes, Point, Stored, StoredObject
from ...data.marks import DISK, PLAN, POINT, SERVER, moment
from ...data.texts import is_one_line, one_line
from ..shared_lists import Inventory

#: (program and arguments, seconds, what it gets) -> the JSON that it answers; may block.
Run = Callable[[Sequence[str], float, Any], Any]

#: So many problems are shown of a server, and so many characters of each.
_MOST_PROBLEMS, _MOST_CHARACTERS = 5, 300

_ID = re.compile(r"[A-Za-z0-9][\w.:@/+-]{0,199}", re.ASCII)


class BadAnswer(StandbyError):
    """The status command answered something else than its contract says."""

    code = "bad_answer"


class _Wrong(Exception):
    """A part of an answer is not as it should be."""


def answer(inventory: Inventory, since: float, key: Any, ask: Callable[[], Any]) -> Mapping[str, Any]:
    """The answer of the status command, by server; asked once for all servers that need it at the same time.

    :param inventory: of the site that it is about.
    :param key: by what the question differs from others at that site.
    """

    def read() -> dict[str, Any]:
        said = ask()
        servers = said.get("servers") if isinstance(said, dict) else None
        if not isinstance(servers, dict):
            wanted = "wanted an object with each server by its name"
            raise BadAnswer(f"{_WHO}: servers is {_kind(servers)}, {wanted}. {_DO}")
        return servers

    return inventory.asked(("external", key), since, read)


_WHO = "The answer of replication.commands.status cannot be used"
_DO = "Correct the command: docs/providers.md has the form. Nothing was changed by it."


def stored(said: Mapping[str, Any], plan: str, server: str, disks: Collection[str]) -> Stored:
    """What an answer says of one server. A server that it does not name has nothing there.

    :raises BadAnswer: if the form is wrong. A single point that is wrong counts for nothing instead, and is told.
    """
    try:
        about = _object(said.get(server, {}), f"servers.{server}")
        points, faults = _points(_list(about, "points"), plan, server, disks)
        problems = [_problem(text) for text in _list(about, "problems")]
        source = about.get("source") or ""
        if source not in ("", *SITES):
            raise _Wrong(f"source is {_shown(source)}, wanted {', '.join(SITES)} or nothing")
    except _Wrong as wrong:
        raise BadAnswer(f"{_WHO}: of server {one_line(server)}, {wrong}. {_DO}") from wrong
    return Stored(source, points, tuple(problems[:_MOST_PROBLEMS]), faults)


def _points(
    items: Iterable[Any], plan: str, server: str, disks: Collection[str]
) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    points: dict[str, Point] = {}
    faults: list[str] = []
    for number, item in enumerate(items, 1):
        found = _read_point(item, plan, server, disks)
        if isinstance(found, Point) and found.time in points:
            found = f"time is {found.time}, as of a point before it"
        if isinstance(found, Point):
            points[found.time] = found
        else:
            faults.append(f"recovery point number {number} of the storage does not count: {found}")
    return tuple(points.values()), tuple(faults[:_MOST_PROBLEMS])


def _read_point(item: Any, plan: str, server: str, disks: Collection[str]) -> Point | str:
    """A point, or why it is none."""
    try:
        return _point(_object(item, "it"), plan, server, disks)
    except _Wrong as wrong:
        return str(wrong)


def _point(item: Mapping[str, Any], plan: str, server: str, disks: Collection[str]) -> Point:
    point_id, time = item.get("id"), item.get("time")
    if not (isinstance(point_id, str) and _ID.fullmatch(point_id)):
        raise _Wrong(f"id is {_shown(point_id)}, wanted up to 200 letters, digits and ._:@/+-")
    if not (isinstance(time, str) and moment(time)):
        raise _Wrong(f"time is {_shown(time)}, wanted UTC such as 2026-11-20T08:00:00+00:00")
    notes = {disk: _notes(value, disk) for disk, value in _object(item.get("notes", {}), "notes").items()}
    _check_marks(notes, plan, server, time)
    complete = _flag(item, "complete")
    if complete and not notes.keys() >= set(disks):
        raise _Wrong(f"notes has {one_line(', '.join(sorted(notes))) or 'no disk'}, wanted {', '.join(disks)}")
    objects, clones = (
        {disk: _stored_object(value, f"{key}.{disk}") for disk, value in _object(item.get(key, {}), key).items()}
        for key in ("objects", "clones")
    )
    return Point(point_id, time, complete, notes, _flag(item, "promoted"), objects, clones)


def _notes(value: Any, disk: str) -> DiskNotes:
    notes = _object(value, f"notes.{disk}")
    size = notes.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise _Wrong(f"notes.{one_line(disk)}.size is {_shown(size)}, wanted GiB")
    texts = (_texts(notes.get(key, {}), f"notes.{disk}.{key}") for key in ("metadata", "image_metadata"))
    return DiskNotes(size, *texts)


def _check_marks(notes: Mapping[str, DiskNotes], plan: str, server: str, time: str) -> None:
    """Notes of another server, or of another moment, are none of this point."""
    wanted = {PLAN: plan, SERVER: server, POINT: time}
    rows = [(disk, noted, {**wanted, DISK: disk}) for disk, noted in notes.items()]
    wrong = ((disk, key, noted.metadata.get(key), m) for disk, noted, marks in rows for key, m in marks.items())
    for disk, key, saw, mark in wrong:
        if saw != mark:
            raise _Wrong(f"notes.{one_line(disk)} has {key} {_shown(saw)}, wanted {one_line(mark)}")


def _stored_object(value: Any, where: str) -> StoredObject:
    item = _object(value, where)
    volume_id, host = item.get("volume_id", ""), item.get("host", "")
    ref = _texts(item.get("ref", {}), f"{where}.ref")
    by_id, by_ref = isinstance(volume_id, str) and volume_id, isinstance(host, str) and host and ref
    if bool(by_id) == bool(by_ref) or not (is_one_line(str(volume_id)) and is_one_line(str(host))):
        has = ", ".join(map(_shown, item)) or "nothing"
        raise _Wrong(f"{one_line(where)} has {has}, wanted host and ref, or volume_id")
    return StoredObject(host, ref, volume_id)


def _flag(item: Mapping[str, Any], key: str) -> bool:
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise _Wrong(f"{key} is {_shown(value)}, wanted true or false")
    return value


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{one_line(where)} is {_kind(value)}, wanted an object")
    return value


def _list(item: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = item.get(key, [])
    if not isinstance(value, list):
        raise _Wrong(f"{key} is {_kind(value)}, wanted a list")
    return value


def _texts(value: Any, where: str) -> dict[str, str]:
    found = dict(_object(value, where))
    if not all(isinstance(text, str) for text in found.values()):
        raise _Wrong(f"{one_line(where)} has something else than texts")
    return found


def _problem(text: Any) -> str:
    return one_line(text)[:_MOST_CHARACTERS] if isinstance(text, str) else f"(a problem that is {_kind(text)})"


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    return one_line(value)[:_MOST_CHARACTERS] if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    """What JSON calls it."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "missing"}
    return names.get(type(value), "a number")
