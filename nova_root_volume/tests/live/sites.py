# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The sites of the pocket cloud from inside: databases, release of Nova; for tests that break something."""

from __future__ import annotations

import configparser
import json
import os
import pathlib
import re
import subprocess
from typing import Any

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("POCKET_CLOUD_BUILD") or REPOSITORY / "build" / "cloud")
RUN = pathlib.Path(os.environ.get("POCKET_CLOUD_RUN") or BUILD / "run")

STATEMENT = """
import json, sys
import sqlalchemy
order, done = json.load(sys.stdin), []
for address in order["addresses"]:
    with sqlalchemy.create_engine(address).begin() as connection:
        result = connection.execute(sqlalchemy.text(order["statement"]), order["values"])
        done += [list(row) for row in result] if result.returns_rows else [result.rowcount]
print(json.dumps(done))
"""


def record(site: str) -> dict[str, Any]:
    """What the launcher knows of a site."""
    known: dict[str, Any] = json.loads((RUN / site / "site.json").read_text())
    return known


def spread(site: str) -> bool:
    """Whether each part of a site's nova has a process of its own, so that all of them reach each other."""
    try:
        known = record(site)
    except FileNotFoundError:  # no cloud at all: the fixtures say so
        return False
    return bool(known["nova"]) or known["cells"] > 1 or known["workers"] > 1


def python(site: str) -> pathlib.Path:
    """The interpreter that runs a site's nova-api."""
    release = record(site)["nova"]
    return (BUILD / "nova" / release if release else BUILD / "venv") / "bin" / "python"


def python_path() -> str:
    """PYTHONPATH of a nova-api."""
    return os.pathsep.join(str(REPOSITORY / folder) for folder in ("tests/cloud", "nova_root_volume/src"))


def addresses(site: str, service: str = "nova") -> list[str]:
    """The databases of a service of a site; of nova those of the cells with computes."""
    etc = RUN / site / "etc"
    cells = sorted(etc.glob("nova-cell*.conf")) if service == "nova" else []
    return [_database(file) for file in cells or [etc / f"{service}.conf"]]


def cell0(site: str) -> str:
    """The database of a site's cell0."""
    return addresses(site)[0].replace("nova_cell1", "nova_cell0")


def _database(file: pathlib.Path) -> str:
    config = configparser.ConfigParser(strict=False, interpolation=None)
    config.read(file)
    return config["database"]["connection"]


def change(site: str, statement: str, *values: Any, service: str = "nova") -> None:
    """Change one row of a service's database, of nova in whichever cell it is; ``?`` stands for a value."""
    assert sum(_execute(addresses(site, service), statement, values)) == 1


def query(site: str, statement: str) -> list[list[Any]]:
    """Ask nova's databases of all cells; return the rows."""
    rows: list[list[Any]] = _execute(addresses(site), statement, ())
    return rows


def _execute(databases: list[str], statement: str, values: tuple[Any, ...]) -> Any:
    names = iter(range(len(values)))
    named = re.sub(r"\?", lambda _found: f":v{next(names)}", statement)
    order = {"addresses": databases, "statement": named, "values": {f"v{n}": v for n, v in enumerate(values)}}
    command = [BUILD / "venv" / "bin" / "python", "-c", STATEMENT]
    done = subprocess.run(command, check=True, input=json.dumps(order), stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
