# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start one service of one site and serve its API until a signal ends it."""

from __future__ import annotations

import importlib
import os
import pathlib
import signal
import sys
import time
import traceback

from pocket_cloud import site

from pocket_cloud_services import clock, environment, faults, stores, waiting

API_THREADS = 24


def main() -> None:
    """Run what the command line names: a store, a part of nova that serves nobody, or an API with its workers."""
    service, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    place = site.Site.load(folder)
    clock.install(place.ahead)
    faults.orders = place.orders
    for store in ("mariadb", "rabbitmq"):
        if service == store:
            stores.run(place, store)
    for store in place.stores_of(service):
        waiting.for_file(place.ready_file(store))
    environment.prepare(place, service)
    if site.port_of(service):
        serve(place, service)
    else:
        importlib.import_module("pocket_cloud_services.nova_part").run(place, service)


def serve(place: site.Site, service: str) -> None:
    """Build the application, listen, start the workers, say that the service is ready, serve."""
    from cheroot import wsgi

    begin = time.monotonic()
    port = site.port_of(service)
    if port in ("nova", "cinder"):
        starter = importlib.import_module(f"pocket_cloud_services.{port}_service")
        application, start_workers = starter.load(place)
    else:
        application, start_workers = environment.load_api(service), lambda: None
    server = wsgi.Server(
        ("127.0.0.1", place.ports[port]),
        faults.middleware(application),
        numthreads=API_THREADS,
        request_queue_size=128,
        timeout=120,
        reuse_port=not place.port_alone(service),
    )
    server.prepare()  # listens from here on: nova and cinder call each other while they start
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))  # the worker threads would never end by themselves
    start_workers()
    place.ready_file(service).touch()
    print(f"{service} ready after {time.monotonic() - begin:.1f} s", flush=True)
    server.serve()


if __name__ == "__main__":
    try:
        main()
    except BaseException:  # noqa: BLE001
        # without os._exit the threads that run already would keep a half-started service alive
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
