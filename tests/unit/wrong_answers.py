# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong answers of a cloud, made of right ones: other types, sizes and orders, less, cut, slow, or none."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from loopback_cloud import SILENCE, Drips, Fails

#: In the place of anything.
ODD: list[Any] = [None, 5, -1, True, 1.5, "", "x", "x" * 5000, "\x1b[31m\u202e", [], {}, [[]], [None], {"a": 1}, [5]]
STATUSES = [201, 204, 300, 301, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All places in a value: what holds them, and the key or index there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _changed(answer: Any, random: Random, how: str) -> Any:
    """The JSON with another one at one place, or without it, or with a list there in another order or size."""
    made = copy.deepcopy(answer)
    lists = [(holder, key) for holder, key in _places(made) if isinstance(holder[key], list)]
    places = list(_places(made)) if how in ("odd", "missing") else lists
    if not places:
        return random.choice(ODD)
    holder, key = random.choice(places)
    if how == "odd":
        holder[key] = copy.deepcopy(random.choice(ODD))
    elif how == "missing":
        del holder[key]
    else:
        holder[key] = {"reversed": holder[key][::-1], "twice": holder[key] * 2, "half": holder[key][::2]}[how]
    return made


def _endless(answer: Any, _random: Random) -> Any:
    """Each page names the next one, which is the same."""
    links = {f"{key}_links": [{"rel": "next", "href": "http://x/?marker=1"}] for key in answer}
    return {**answer, **links, "next": "/?marker=1"}


def _cut(answer: Any, random: Random) -> Any:
    whole = json.dumps(answer).encode()
    part = whole[: random.randrange(len(whole))]
    if random.random() < 0.5:
        return Fails(200, part)
    return Drips(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n" + part)


def _status(_answer: Any, random: Random) -> Any:
    body = random.choice([None, b"<html>no</html>", {"error": {"message": "no"}}, {"badRequest": []}, [5], "x"])
    headers = random.choice([(), (("Location", "http://192.0.2.1/"),), (("Retry-After", "60"),)])
    return Fails(random.choice(STATUSES), body, headers)


def _no_json(_answer: Any, random: Random) -> Any:
    return Fails(200, random.choice([b"", b"<html>", b"[" * 100_000 + b"]" * 100_000, b"\xff\xfe", b"NaN", b"1e999"]))


def _slow(answer: Any, _random: Random) -> Any:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    return Drips(head, json.dumps(answer).encode(), 0.05)


def _silent(_answer: Any, _random: Random) -> Any:
    return SILENCE


CHANGES = ("odd", "missing", "reversed", "twice", "half")
OTHERS = {"endless": _endless, "cut": _cut, "status": _status, "no json": _no_json, "slow": _slow, "silent": _silent}
#: A run that meets one of these takes its whole time.
SLOW = ("slow", "silent")
KINDS = (*CHANGES * 3, *OTHERS, *(kind for kind in OTHERS if kind not in SLOW))


def mutated(answer: Any, kind: str, seed: int) -> Any:
    """A wrong answer in the place of a right one; the same one for the same seed."""
    if not isinstance(answer, dict):
        return answer
    random = Random(seed)
    return _changed(answer, random, kind) if kind in CHANGES else OTHERS[kind](answer, random)
