# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MariaDB and RabbitMQ: programs of the distribution, which live and die with the process that starts them here."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

from pocket_cloud import site, stores

from pocket_cloud_services import waiting


def run(place: site.Site, store: str) -> None:
    """Run a store until it ends; say that it is ready when it answers."""
    with {"mariadb": mariadb, "rabbitmq": rabbitmq}[store](place) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))  # it writes what it has, then ends
        waiting.until(lambda: child.poll() is not None or listens(place.ports[store]), f"{store} to listen")
        place.ready_file(store).touch()
        sys.exit(child.wait())


@contextlib.contextmanager
def mariadb(place: site.Site) -> Iterator[subprocess.Popen[bytes]]:
    """Start MariaDB."""
    with subprocess.Popen(stores.mariadb_command(place)) as child:
        yield child


@contextlib.contextmanager
def rabbitmq(place: site.Site) -> Iterator[subprocess.Popen[bytes]]:
    """Start RabbitMQ, and before it Erlang's name service: by itself it would start one that outlives it."""
    environment = {**os.environ, **stores.rabbitmq_environment(place)}
    with subprocess.Popen([stores.program("epmd")], env=environment) as names:
        waiting.until(lambda: listens(place.ports["epmd"]), "epmd to listen")
        with subprocess.Popen([stores.program("rabbitmq-server")], env=environment) as child:
            yield child
        names.terminate()


def listens(port: int) -> bool:
    """Tell whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
