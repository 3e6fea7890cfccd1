# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: a mark in the name of a volume or snapshot, or an order for the next event of a kind.

An order is a file that `pocket-cloud fail-next` writes. Who uses it up removes it, so each happens once, whichever
process of the site meets it first.
"""

from __future__ import annotations

import io
import json
import pathlib
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

FAIL = re.compile(r"\[fail-([a-z]+)\]")
SLOW = re.compile(r"\[slow-(\d+)\]")

STEPS = ("create", "snapshot", "backup", "restore", "copy", "delete", "spawn")
LONGEST_BODY = 1 << 16
"""Bytes of the body of a request that an order may look at; longer ones are images."""

orders: pathlib.Path | None = None
"""The folder of the orders; set before a service starts."""

Wsgi = Callable[..., Iterable[bytes]]


class RequestedFault(Exception):
    """The failure that a name or an order asked for."""


def apply(step: str, name: str | None, *more: str | None) -> None:
    """Wait and fail as a name asks, ``[slow-5]``: 5 s longer, ``[fail-create]``: that step fails. Or as it is ordered.

    :param step: one of STEPS.
    :param more: further names that an order may mean.
    """
    slow = SLOW.search(name or "")
    if slow:
        time.sleep(int(slow.group(1)))
    if step in FAIL.findall(name or ""):
        raise RequestedFault(f"The name {name!r} asks for the step {step!r} to fail")
    event = " ".join([step, *filter(None, (name, *more))])
    if ordered(event):
        raise RequestedFault(f"It was ordered that this fails: {event}")


def ordered(event: str) -> dict[str, Any] | None:
    """Return the order that fits an event, and use it up; None if there is none."""
    paths = sorted(orders.glob("*.json")) if orders else ()
    return next(filter(None, (_use_up(path, event) for path in paths)), None)


def _use_up(path: pathlib.Path, event: str) -> dict[str, Any] | None:
    try:
        order: dict[str, Any] = json.loads(path.read_text())
        if not re.search(order["event"], event):
            return None
        path.unlink()
    except FileNotFoundError:  # somebody else has used it up
        return None
    return order


def middleware(application: Wsgi) -> Wsgi:
    """Return an application that answers requests as ordered; their event is "POST /path body"."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        order = ordered(request(environ)) if any_order() else None
        if not order:
            return application(environ, start_response)
        if order["late"]:
            b"".join(application(environ, lambda *_arguments: lambda _data: None))
        text = json.dumps({"fault": {"message": "It was ordered that this fails"}}).encode()
        start_response(f"{order['status']} Ordered", [("Content-Type", "application/json")])
        return [text]

    return answer


def any_order() -> bool:
    """Tell whether there is an order at all: nothing else is worth reading a body."""
    return orders is not None and any(orders.glob("*"))


def request(environ: dict[str, Any]) -> str:
    """Return the event that a request is."""
    return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')} {body(environ)}"


def body(environ: dict[str, Any]) -> str:
    """Return the body of a request, and leave it there to be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > LONGEST_BODY:
        return ""
    data = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(data)
    return data.decode(errors="replace")
