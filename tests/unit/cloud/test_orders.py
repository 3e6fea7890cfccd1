# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the pocket cloud that are ordered for the next event of a kind."""

from __future__ import annotations

import io
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cloud"))

from pocket_cloud import errors, orders, site
from pocket_cloud_services import faults

DELETE = b'{"delete": null}'


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> site.Site:
    """Give a site whose services look at its orders."""
    found = site.Site("a", tmp_path, guarded=False, computes=1, ports={})
    found.orders.mkdir()
    monkeypatch.setattr(faults, "orders", found.orders)
    return found


@pytest.fixture
def served() -> list[str]:
    """Give the bodies of the requests that were carried out."""
    return []


@pytest.fixture
def ask(served: list[str]) -> Callable[[], str]:
    """Give a function that sends a request and tells its status."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        served.append(environ["wsgi.input"].read().decode())
        start_response("200 OK", [])
        return [b""]

    def send() -> str:
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/servers/1/action", "CONTENT_LENGTH": str(len(DELETE))}
        said: list[str] = []
        list(
            faults.middleware(application)(
                {**environ, "wsgi.input": io.BytesIO(DELETE)}, lambda s, _headers: said.append(s)
            )
        )
        return said[0]

    return send


def test_without_orders_nothing_fails(place: site.Site, ask: Callable[[], str], served: list[str]) -> None:
    faults.apply("create", "db-root")
    assert (ask(), served) == ("200 OK", [DELETE.decode()])


def test_an_order_is_used_up(place: site.Site, ask: Callable[[], str], served: list[str]) -> None:
    orders.give(place, "^POST /servers/1/action .*delete", 2, 500, False)
    assert [ask() for _time in range(3)] == ["500 Ordered", "500 Ordered", "200 OK"]
    assert served == [DELETE.decode()]


def test_a_late_one_is_carried_out(place: site.Site, ask: Callable[[], str], served: list[str]) -> None:
    orders.give(place, "servers/1", 1, 503, True)
    assert (ask(), served) == ("503 Ordered", [DELETE.decode()])


def test_others_are_left_alone(place: site.Site, ask: Callable[[], str]) -> None:
    orders.give(place, "servers/2", 1, 503, False)
    faults.apply("spawn", "db")
    assert ask() == "200 OK"
    assert orders.forget(place, "servers") == 0
    assert orders.forget(place, "servers/2") == 1
    assert not list(place.orders.iterdir())


def test_a_step_of_the_storage_fails(place: site.Site) -> None:
    orders.give(place, "create .* from db-handover", 1, 503, False)
    faults.apply("create", "temporary", "from", "app-handover")
    with pytest.raises(
        faults.RequestedFault, match="It was ordered that this fails: create temporary from db-handover"
    ):
        faults.apply("create", "temporary", "from", "db-handover")
    faults.apply("create", "temporary", "from", "db-handover")


def test_what_is_no_regular_expression_is_refused(place: site.Site) -> None:
    with pytest.raises(errors.PocketCloudError, match="Wanted a regular expression; seen"):
        orders.give(place, "(", 1, 503, False)
