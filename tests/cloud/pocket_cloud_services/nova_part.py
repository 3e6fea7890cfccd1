# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nova spread over processes, as in production: conductor, scheduler and computes by their own programs."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from pocket_cloud import site

from pocket_cloud_services import environment, nova_service, waiting

PART = re.compile(r"nova-(?P<program>conductor|scheduler|compute)(?:-cell(?P<cell>\d))?")


def run(place: site.Site, name: str) -> None:
    """Run a part of nova until it ends.

    :param name: such as "nova-scheduler" or "nova-compute-cell2".
    """
    found = PART.fullmatch(name)
    if not found:
        raise ValueError(f"Wanted a part of nova, seen: {name}")
    files = [place.etc / "nova.conf", *([place.cell_files[int(found["cell"]) - 1]] if found["cell"] else [])]
    sys.argv = [f"nova-{found['program']}", *(f"--config-file={path}" for path in files)]
    waiting.for_file(place.bootstrapped)
    waiting.for_http(f"{place.keystone_url}/v3")
    waiting.for_http(place.url("placement"))
    # a process that takes another title is no longer known by its command line (pocket_cloud/processes.py)
    sys.modules["setproctitle"] = None  # type: ignore[assignment]
    # first: it patches the standard library, in the way of its release
    program = importlib.import_module(f"nova.cmd.{found['program']}")
    environment.install_replacements()
    say_when_ready(place, name)
    if found["program"] == "compute":
        nova_service.install_driver(place)
    if found["program"] == "scheduler":
        nova_service.fail_schedules_on_order()
    program.main()


def say_when_ready(place: site.Site, name: str) -> None:
    """Write the ready file when the service has started."""
    from nova import service

    original = service.Service.start

    def start(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        place.ready_file(name).touch()

    service.Service.start = start
