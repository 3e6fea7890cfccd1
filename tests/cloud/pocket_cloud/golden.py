# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepared databases: migrated once, then copied for each new site."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator

from pocket_cloud import (
    configuration,
    configuration_nova,
    errors,
    layout,
    processes,
    rendering,
    requirements,
    site,
    stores,
)

PREPARE_NEUTRON = layout.CLOUD_SOURCE / "pocket_cloud_services" / "prepare_neutron.py"
MODULES = (__file__, stores.__file__, configuration_nova.__file__)
SOURCES = (PREPARE_NEUTRON, *map(pathlib.Path, MODULES))

Command = list[str]


def key(wanted: site.Site) -> str:
    """Return the name of the prepared databases that fit a site."""
    sources = (layout.nova_pins(""), layout.nova_pins(wanted.nova), *SOURCES)
    shape = f"{wanted.database} {wanted.cells} {wanted.spread}".encode()
    return hashlib.sha256(b"".join([*(path.read_bytes() for path in sources), shape])).hexdigest()[:16]


def ensure_golden(folders: layout.Layout, like: site.Site, say: requirements.Say) -> pathlib.Path:
    """Return the folder of prepared databases for a site, making it if pins or preparation changed."""
    wanted = folders.golden / key(like)
    if wanted.exists():
        return wanted
    say("preparing the databases (about 25 s, once)")
    folders.golden.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folders.golden, prefix="new-") as name:
        place = golden_site(pathlib.Path(name) / "site", like)
        rendering.render_site(place, layout.Layout(build=folders.build, run=pathlib.Path(name)))
        make_keys(place)
        with running_database(place, folders):
            run_chains(place, folders)
        for database in place.databases.glob("*.sqlite"):
            compact(database)
        place.databases.rename(wanted)
    return wanted


def golden_site(folder: pathlib.Path, like: site.Site) -> site.Site:
    """Return a site that never runs: only its databases are wanted."""
    ports = dict.fromkeys(site.PORTS, 9) | {"mariadb": site.choose_ports(folder, None)["mariadb"]}
    return dataclasses.replace(like, name="golden", folder=folder, guarded=False, ports=ports)


@contextlib.contextmanager
def running_database(place: site.Site, folders: layout.Layout) -> Iterator[None]:
    """Let MariaDB run, if the site has it. SQLite needs nothing."""
    if place.database != "mariadb":
        yield
        return
    place.save()
    stores.make_mariadb(place)
    processes.start(place, "mariadb", folders.python)
    try:
        processes.wait_ready(place, "mariadb")
        yield
    finally:
        processes.stop(place)


def run_chains(place: site.Site, folders: layout.Layout) -> None:
    """Let OpenStack's own tools make the databases. Nova's part takes half of the time, so it runs beside the rest."""
    log = folders.build / "golden"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chains = {"nova": nova_commands(place, folders), "others": other_commands(place, folders)}
        jobs = [pool.submit(run_chain, chain, log / f"{name}.log", place) for name, chain in chains.items()]
        for job in jobs:
            job.result()


def run_chain(chain: list[Command], log: pathlib.Path, place: site.Site) -> None:
    """Run commands one after another into one log."""
    for number, command in enumerate(chain):
        requirements.run_logged(command, log, append=number > 0, environment=processes.service_environment(place))


def nova_commands(place: site.Site, folders: layout.Layout) -> list[Command]:
    """Return the commands that make nova's three databases and map its cells."""
    manage = nova_manage(place, folders)
    cell0, _ = configuration_nova.cell_mapping(place, "cell0")
    commands = [
        [*manage, "api_db", "sync"],
        [*manage, "cell_v2", "map_cell0", "--database_connection", cell0],
    ]
    for cell in (f"cell{number}" for number in place.cell_numbers):
        database, bus = configuration_nova.cell_mapping(place, cell)
        create = ["create_cell", "--name", cell, "--database_connection", database, "--transport-url", bus]
        commands.append([*manage, "cell_v2", *create])
    local = [[*manage, "--config-file", str(path), "db", "sync", "--local_cell"] for path in place.cell_files]
    return [*commands, [*manage, "db", "sync"], *local]


def nova_manage(place: site.Site, folders: layout.Layout) -> Command:
    """Return how nova-manage of the site's release is called."""
    programs = folders.nova_venv(place.nova) / "bin"
    return [str(programs / "python"), str(programs / "nova-manage"), "--config-file", str(place.etc / "nova.conf")]


def other_commands(place: site.Site, folders: layout.Layout) -> list[Command]:
    """Return the commands that make the other databases."""

    def manage(tool: str, configuration_file: str, *arguments: str) -> Command:
        program = [str(folders.python), str(folders.venv / "bin" / tool)]
        return [*program, "--config-file", str(place.etc / configuration_file), *arguments]

    return [
        manage("keystone-manage", "keystone.conf", "db_sync"),
        manage("keystone-manage", "keystone.conf", "bootstrap", "--bootstrap-password", "admin"),
        manage("placement-manage", "placement.conf", "db", "sync"),
        manage("glance-manage", "glance-api.conf", "db_sync"),
        manage("cinder-manage", "cinder.conf", "db", "sync"),
        [str(folders.python), str(PREPARE_NEUTRON), configuration.database(place, "neutron")],
    ]


@contextlib.contextmanager
def connection(database: pathlib.Path) -> Iterator[sqlite3.Connection]:
    """Open a database; sqlite3's own context manager would only commit, not close."""
    with contextlib.closing(sqlite3.connect(database)) as opened, opened:
        yield opened


def make_keys(place: site.Site) -> None:
    """Make the keys that keystone encrypts tokens (fernet) and credentials with; 0 is the next key, 1 the current one.

    Each site has its own: with copied keys a token of one site would be good at the other.
    """
    for kind in ("fernet", "credential"):
        folder = place.folder / "keys" / kind
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in ("0", "1"):
            path = folder / name
            path.touch(mode=0o600)
            path.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))


def compact(database: pathlib.Path) -> None:
    """Switch a database to write-ahead logging (readers do not wait for the writer) and make it small."""
    with contextlib.closing(sqlite3.connect(database)) as opened:
        (mode,) = opened.execute("PRAGMA journal_mode=WAL").fetchone()
        opened.execute("VACUUM")
    if mode != "wal":
        raise errors.PocketCloudError(f"Wanted write-ahead logging for {database}, SQLite answered {mode!r}.")


def copy_to_site(golden: pathlib.Path, place: site.Site) -> None:
    """Give a new site its databases, keystone keys that no other site has, and its first compute host an identity."""
    shutil.copytree(golden, place.databases, dirs_exist_ok=True)
    make_keys(place)
    if place.database == "sqlite":
        map_cells(place)
    (place.folder / "nova" / "compute_id").write_text(str(uuid.uuid4()))


def map_cells(place: site.Site) -> None:
    """Map the cells to the files of this site: an address of SQLite is a path."""
    with connection(place.databases / "nova_api.sqlite") as nova_api:
        for cell in ("cell0", *(f"cell{number}" for number in place.cell_numbers)):
            address, _ = configuration_nova.cell_mapping(place, cell)
            nova_api.execute("UPDATE cell_mappings SET database_connection = ? WHERE name = ?", (address, cell))
