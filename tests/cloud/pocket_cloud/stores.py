# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB and RabbitMQ, for sites that want them: programs of the distribution, run as the user who runs the cloud."""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

from pocket_cloud import errors, site
from pocket_cloud.configuration import STORE_USER

PROGRAMS = {
    # store: (what it needs, package of Debian and Ubuntu)
    "mariadb": (("mariadbd", "mariadb-install-db", "my_print_defaults"), "mariadb-server-core mariadb-client-core"),
    "rabbitmq": (("rabbitmq-server", "epmd"), "rabbitmq-server"),
}
PLACES = os.pathsep.join(["/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/bin", os.environ.get("PATH", os.defpath)])
"""RabbitMQ's own scripts first: those that Debian has on the path change to a user of their own."""

DATABASES = ("keystone", "placement", "glance", "neutron", "cinder", "nova_api", "nova_cell0")


def program(name: str) -> str:
    """Return the path of a program that is here."""
    return str(shutil.which(name, path=PLACES))


def ensure(place: site.Site) -> None:
    """Refuse a site whose stores are not here. Nothing installs them unasked: they are servers."""
    wanted = [PROGRAMS[store] for store in place.services if store in PROGRAMS]
    missing = [package for names, package in wanted if not all(shutil.which(name, path=PLACES) for name in names)]
    if missing:
        raise errors.PocketCloudError(
            f"Site {place.name} wants {' and '.join(missing)}; not found. Install:"
            f" sudo apt-get install --no-install-recommends {' '.join(missing)}"
        )


def data(place: site.Site) -> pathlib.Path:
    """Return the folder of MariaDB's data."""
    return place.databases / "mariadb"


def make_mariadb(place: site.Site) -> None:
    """Make the empty data folder of MariaDB."""
    here = ["--no-defaults", f"--datadir={data(place)}", f"--user={getpass.getuser()}"]
    command = [program("mariadb-install-db"), *here, "--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise errors.PocketCloudError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def mariadb_command(place: site.Site) -> list[str]:
    """Return how MariaDB is started. Its defaults hold but for durability: only a crash of the machine loses data."""
    options = {
        "datadir": data(place),
        "user": getpass.getuser(),
        "bind-address": "127.0.0.1",
        "port": place.ports["mariadb"],
        "socket": "mariadb.sock",  # in the data folder: the path of a socket must be short
        "pid-file": "mariadb.pid",
        "init-file": place.etc / "mariadb-init.sql",
        "character-set-server": "utf8mb4",
        "max-connections": 1000,
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-log-file-size": "16M",
    }
    return [program("mariadbd"), "--no-defaults", *(f"--{name}={value}" for name, value in options.items())]


def mariadb_statements(place: site.Site) -> str:
    """Return what MariaDB carries out at each start: the user and the databases of all services."""
    names = [*DATABASES, *(f"nova_cell{number}" for number in place.cell_numbers)]
    user = f"'{STORE_USER}'@'%'"
    lines = [f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{STORE_USER}'", f"GRANT ALL ON *.* TO {user}"]
    lines += [f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3" for name in names]
    return "".join(f"{line};\n" for line in lines)


def rabbitmq_environment(place: site.Site) -> dict[str, str]:
    """Return RabbitMQ's settings: everything below the site's folder, everything on loopback."""
    folder = place.folder / "rabbitmq"
    return {
        "HOME": str(folder),  # where Erlang keeps its cookie
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(place.ports["epmd"]),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(place.etc / "rabbitmq.conf"),
        "RABBITMQ_DIST_PORT": str(place.ports["erlang"]),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_NODENAME": f"{place.name}{place.ports['rabbitmq']}@localhost",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
    }


def rabbitmq_configuration(place: site.Site) -> str:
    """Return rabbitmq.conf."""
    options = {
        "listeners.tcp.1": f"127.0.0.1:{place.ports['rabbitmq']}",
        "load_definitions": place.etc / "rabbitmq-definitions.json",
        "log.console": "true",
        "log.console.level": "warning",
    }
    return "".join(f"{name} = {value}\n" for name, value in options.items())


def rabbitmq_definitions(place: site.Site) -> str:
    """Return RabbitMQ's user and one virtual host for each message bus."""
    salt = b"salt"
    digest = base64.b64encode(salt + hashlib.sha256(salt + STORE_USER.encode()).digest()).decode()
    user = {"name": STORE_USER, "password_hash": digest, "hashing_algorithm": "rabbit_password_hashing_sha256"}
    hosts = ["top", *(f"cell{number}" for number in place.cell_numbers)]
    everything = dict.fromkeys(("configure", "write", "read"), ".*")
    return json.dumps(
        {
            "users": [{**user, "tags": ""}],
            "vhosts": [{"name": name} for name in hosts],
            "permissions": [{"user": STORE_USER, "vhost": name, **everything} for name in hosts],
        },
        indent=2,
    )
