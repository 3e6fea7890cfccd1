# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites with MariaDB, several cells, several nova-api, another release of nova: processes and configuration."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cloud"))

from pocket_cloud import cli, configuration_nova, errors, golden, layout, rendering, site, stores


def make(folder: pathlib.Path, **shape: Any) -> site.Site:
    """Give a site that does not run."""
    (folder / "etc").mkdir(exist_ok=True)
    return site.Site("b", folder, True, {name: 20000 + number for number, name in enumerate(site.PORTS)}, **shape)


def test_a_plain_site_has_one_process_for_each_service(tmp_path: pathlib.Path) -> None:
    assert make(tmp_path).services == site.SERVICES


def test_mariadb_alone_adds_one_process(tmp_path: pathlib.Path) -> None:
    assert make(tmp_path, database="mariadb").services == ("mariadb", *site.SERVICES)


def test_cells_and_workers_have_processes_of_their_own(tmp_path: pathlib.Path) -> None:
    place = make(tmp_path, database="mariadb", cells=2, workers=2)
    assert place.services[:2] == ("mariadb", "rabbitmq")
    assert set(place.services[2:]) - {*site.SERVICES} == {
        *("nova-conductor", "nova-scheduler", "nova-api2"),
        *(f"nova-{part}-cell{number}" for part in ("conductor", "compute") for number in (1, 2)),
    }
    assert place.port_alone("nova") == place.port_alone("nova-api2") == 0  # they share it
    assert place.port_alone("cinder") == place.ports["cinder"]
    assert place.url("nova-api2") == place.url("nova")


def test_a_process_waits_for_what_it_uses(tmp_path: pathlib.Path) -> None:
    place = make(tmp_path, database="mariadb", cells=2)
    assert place.stores_of("keystone") == ["mariadb"]
    assert place.stores_of("nova-compute-cell2") == ["mariadb", "rabbitmq"]
    assert make(tmp_path).stores_of("nova") == []


def test_another_release_is_spread_too(tmp_path: pathlib.Path) -> None:
    """Only the pinned one can run in one process with native threads."""
    assert make(tmp_path, nova="28.3.1").spread


def test_the_parts_of_nova_meet_on_the_bus_of_their_cell(tmp_path: pathlib.Path) -> None:
    place = make(tmp_path, database="mariadb", cells=2)
    top, second = configuration_nova.nova(place), configuration_nova.nova_cell(place, 2)
    assert str(top["DEFAULT"]["transport_url"]).endswith("/top")
    assert "/nova_cell0?" in str(top["database"]["connection"])
    assert str(second["DEFAULT"]["transport_url"]).endswith("/cell2")
    assert "/nova_cell2?" in str(second["database"]["connection"])
    assert second["DEFAULT"]["host"] == "compute2"


def test_a_mapping_of_cells_in_mariadb_fits_any_port(tmp_path: pathlib.Path) -> None:
    database, bus = configuration_nova.cell_mapping(make(tmp_path, database="mariadb", cells=2), "cell2")
    assert database == "{scheme}://{username}:{password}@{hostname}:{port}/nova_cell2?{query}"
    assert bus == "{scheme}://{username}:{password}@{hostname}:{port}/cell2"


def test_a_mapping_of_cells_in_sqlite_names_the_file(tmp_path: pathlib.Path) -> None:
    database, bus = configuration_nova.cell_mapping(make(tmp_path), "cell1")
    assert database == f"sqlite:///{tmp_path}/db/nova_cell1.sqlite?timeout=60"
    assert bus == "fake:///"


def test_every_bus_and_every_database_is_made(tmp_path: pathlib.Path) -> None:
    place = make(tmp_path, database="mariadb", cells=2)
    rendering.render_stores(place)
    hosts = json.loads((place.etc / "rabbitmq-definitions.json").read_text())["vhosts"]
    assert [host["name"] for host in hosts] == ["top", "cell1", "cell2"]
    statements = (place.etc / "mariadb-init.sql").read_text()
    assert "CREATE DATABASE IF NOT EXISTS nova_cell2 " in statements
    assert "CREATE DATABASE IF NOT EXISTS nova_cell3 " not in statements


def test_missing_stores_are_asked_for_by_package(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, and nothing is installed."""
    monkeypatch.setattr(stores, "PLACES", str(tmp_path))
    stores.ensure(make(tmp_path))
    with pytest.raises(errors.PocketCloudError) as refused:
        stores.ensure(make(tmp_path, database="mariadb", cells=2))
    assert str(refused.value) == (
        "Site b wants mariadb-server-core mariadb-client-core and rabbitmq-server; not found. Install: sudo apt-get"
        " install --no-install-recommends mariadb-server-core mariadb-client-core rabbitmq-server"
    )


def test_databases_are_prepared_for_each_shape(tmp_path: pathlib.Path) -> None:
    release = layout.nova_releases()[0]
    shapes: list[dict[str, Any]] = [
        {},
        {"database": "mariadb"},
        {"cells": 2},
        {"workers": 2},
        {"nova": release},
    ]
    assert len({golden.key(make(tmp_path, **shape)) for shape in shapes}) == len(shapes)
    assert golden.key(make(tmp_path, workers=2)) == golden.key(make(tmp_path, workers=3))


def test_wishes_have_the_shape_of_new_sites() -> None:
    words = ["--database", "mariadb", "--cells", "2", "--workers", "2"]
    wishes = cli.wishes(cli.parser().parse_args(["up", *words]))
    assert wishes.shape == {"database": "mariadb", "cells": 2, "workers": 2, "computes": 2}
    assert cli.wishes(cli.parser().parse_args(["up"])).shape == {}


@pytest.mark.parametrize("words", [["--computes", "0"], ["--cells", "10"], ["--nova", "1.0"], ["--database", "dbm"]])
def test_what_no_site_can_have_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parser().parse_args(["up", *words])
