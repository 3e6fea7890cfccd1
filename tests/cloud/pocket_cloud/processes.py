# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a site: started, recorded, recognised again, stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Sequence

from pocket_cloud import errors, layout, site

READY_SECONDS = 600.0  # only a busy machine needs that long; what ends while starting is noticed at once
STOP_SECONDS = 10.0
PORT_SECONDS = 3.0
MODULE = "pocket_cloud_services"
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclasses.dataclass(frozen=True)
class Process:
    """A recorded process. A process id alone proves nothing: ids are used again; with the start time it is unique.

    :param start: when it started, in clock ticks after boot (field 22 of /proc/PID/stat).
    """

    pid: int
    start: int

    def lives(self) -> bool:
        """Tell whether this very process runs (a zombie does not)."""
        try:
            if start_ticks(self.pid) != self.start:
                return False
            command = command_line(self.pid)
        except (FileNotFoundError, ProcessLookupError):
            return False
        return not command or MODULE in command  # empty for a moment while a new process loads its program

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children (qemu-img, dd), if it is still ours."""
        if self.lives():
            os.killpg(self.pid, number)


def start_ticks(pid: int) -> int:
    """Return when a process started; ProcessLookupError for a zombie whose threads have all ended.

    A killed process is a zombie as soon as its first thread has ended; the others may hold its port a moment longer.
    The name in field 2 may hold spaces and parentheses, so fields are counted behind it.
    """
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    state_of_first, threads = fields[0], int(fields[17])
    if state_of_first == "Z" and threads <= 1:
        raise ProcessLookupError(pid)
    return int(fields[19])


def command_line(pid: int) -> str:
    """Return the command line of a process."""
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def recorded(place: site.Site, service: str) -> Process | None:
    """Return the process recorded for a service, alive or not."""
    try:
        return Process(**json.loads(place.pid_file(service).read_text()))
    except FileNotFoundError:
        return None


def state(place: site.Site, service: str) -> str:
    """Return "running", "starting", "dead" (killed, or ended by itself) or "stopped" (by down, or never started)."""
    process = recorded(place, service)
    if process is None:
        return "stopped"
    if not process.lives():
        return "dead"
    return "running" if place.ready_file(service).exists() else "starting"


def service_environment(place: site.Site) -> dict[str, str]:
    """Return the environment of a service process."""
    environment = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}
    environment.update(
        # everything is on loopback: a proxy would only be in the way
        NO_PROXY="*",
        PYTHONPATH=os.pathsep.join([layout.services_python_path(), str(place.etc / "plugins")]),
        PYTHONWARNINGS="ignore",
        PYTHONUNBUFFERED="1",
        # glibc otherwise reserves one memory arena for each of 8 x cores threads
        MALLOC_ARENA_MAX="2",
    )
    return environment


def start(place: site.Site, service: str, python: pathlib.Path) -> None:
    """Start a service in a session of its own, so that it outlives the launcher, and record it."""
    port = place.port_alone(service)
    if port and not becomes_free(port):
        raise errors.PocketCloudError(
            f"Wanted to start {service} of site {place.name} on port {port}, but something else listens"
            " there. Stop it, or make the cloud anew: pocket-cloud down --purge"
        )
    place.ready_file(service).unlink(missing_ok=True)
    with place.log(service).open("ab") as log:
        child = subprocess.Popen(
            [str(python), "-m", MODULE, service, str(place.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=service_environment(place),
            start_new_session=True,
        )
    try:
        started = start_ticks(child.pid)
    except ProcessLookupError:  # it died at once; waiting for it will tell, with the end of its log
        started = 0
    place.pid_file(service).write_text(json.dumps({"pid": child.pid, "start": started}) + "\n")


def wait_ready(place: site.Site, service: str) -> None:
    """Wait until a service answers; if it ends or takes too long, show the end of its log."""
    end = time.monotonic() + READY_SECONDS
    while (seen := state(place, service)) != "running":
        if seen != "starting" or time.monotonic() > end:
            what = "ended" if seen != "starting" else f"did not answer within {READY_SECONDS:.0f} s"
            raise errors.PocketCloudError(
                f"Site {place.name}: {service} {what} while starting.\n{errors.end_of_file(place.log(service))}\n"
                "The other services still run: mend and run up again, or stop them with down."
            )
        time.sleep(0.1)


def becomes_free(port: int) -> bool:
    """Tell whether a port is free, at once or soon: the last thread of a killed service may close it after its end."""
    end = time.monotonic() + PORT_SECONDS
    while not site.port_is_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def stop(place: site.Site, services: Sequence[str] = ()) -> None:
    """Stop services (none named: all): ask, then insist. Their records go, so that they are "stopped", not "dead"."""
    services = services or place.services
    found = [process for service in services if (process := recorded(place, service))]
    for process in found:
        process.signal_group(signal.SIGTERM)
    wait_for_end(found, STOP_SECONDS)
    kill(place, services)
    for service in services:
        place.pid_file(service).unlink(missing_ok=True)
        place.ready_file(service).unlink(missing_ok=True)


def kill(place: site.Site, services: Sequence[str] = ()) -> None:
    """Kill services (none named: all) at once, as a power cut does. Their records stay: status says "dead"."""
    found = [process for service in services or place.services if (process := recorded(place, service))]
    for process in found:
        process.signal_group(signal.SIGKILL)
    survivors = wait_for_end(found, STOP_SECONDS)
    if survivors:
        raise errors.PocketCloudError(f"Processes of site {place.name} survive SIGKILL: {survivors}")


def wait_for_end(processes: list[Process], seconds: float) -> list[Process]:
    """Wait until all processes ended; return those that did not in time."""
    end = time.monotonic() + seconds
    while alive := [process for process in processes if process.lives()]:
        if time.monotonic() > end:
            return alive
        time.sleep(0.05)
    return []
