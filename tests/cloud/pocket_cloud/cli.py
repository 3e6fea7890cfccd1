# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import Any

from pocket_cloud import cloud, errors, guest, layout, orders, processes, site

#: Options of ``up`` that say how new sites are, as the fields of site.Site are called.
_OF_NEW_SITES = ("computes", "database", "cells", "workers", "nova", "ahead")

DESCRIPTION = "Real OpenStack control planes on loopback: the sites that tests and the demo fail over between."


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main_parser = argparse.ArgumentParser(prog="pocket-cloud", description=DESCRIPTION)
    commands = main_parser.add_subparsers(dest="command", required=True)
    add_up(commands.add_parser("up", help="make what does not exist, start what does not run; then say where it is"))
    commands.add_parser("status", help="show every service; exit code 0 only if all run")
    kill = commands.add_parser("kill", help="SIGKILL every process of a site, as a power cut does; its data stays")
    kill.add_argument("site")
    kill.add_argument("service", nargs="*", help="only these; status shows their names (default: all)")
    down = commands.add_parser("down", help="stop all sites; their data stays for the next up")
    down.add_argument("--purge", action="store_true", help="remove the data too")
    write = commands.add_parser("guest-write", help="put a text at the start of a volume, as its guest would")
    for argument in ("site", "volume_id", "text"):
        write.add_argument(argument)
    add_fail_next(commands.add_parser("fail-next", help="order that the next event of a kind fails"))
    return main_parser


def add_fail_next(fail: argparse.ArgumentParser) -> None:
    """Add the options of ``fail-next``."""
    fail.add_argument("site")
    fail.add_argument("event", help="a regular expression, such as 'spawn db' or 'POST .*/servers'")
    fail.add_argument("--times", type=int, default=1, metavar="N", help="the next N of them (default: 1)")
    fail.add_argument("--status", type=int, default=503, help="what a request is answered with (default: 503)")
    fail.add_argument("--late", action="store_true", help="after the request was carried out")
    fail.add_argument("--forget", action="store_true", help="take back the orders that name exactly this event")


def add_up(up: argparse.ArgumentParser) -> None:
    """Add the options of ``up``."""
    up.add_argument("--sites", default="a,b", help="names of the sites, with commas (default: a,b)")
    up.add_argument("--stock", action="append", default=[], metavar="SITE", help="no guarded root volume API there")
    up.add_argument("--guarded", action="append", default=[], metavar="SITE", help="with it (default: all but site a)")
    new = up.add_argument_group("of a new site")
    new.add_argument("--computes", type=number, metavar="N", help="compute hosts (default: 1)")
    new.add_argument("--database", choices=("sqlite", "mariadb"), help="of all services (default: sqlite)")
    new.add_argument("--cells", type=number, metavar="N", help="cells of nova, each with one compute (default: 1)")
    new.add_argument("--workers", type=number, metavar="N", help="processes of nova-api (default: 1)")
    new.add_argument("--nova", choices=layout.nova_releases(), help="another release of nova than the pinned one")
    new.add_argument("--ahead", type=int, metavar="SECONDS", help="its clocks are ahead by so much (default: 0)")
    up.add_argument("--port-base", type=int, metavar="PORT", help="first port of the first new site (default: found)")
    up.add_argument("--fresh", action="store_true", help="first remove all sites of the run folder with their data")


def number(text: str) -> int:
    """Read how many of something a site shall have."""
    if not re.fullmatch("[1-9]", text):
        raise argparse.ArgumentTypeError(f"wanted 1 to 9, seen: {text}")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = parser().parse_args(arguments)
    folders = layout.Layout.from_environment()
    run = {"up": run_up, "status": run_status, "kill": run_kill, "down": run_down, "guest-write": run_guest_write}
    run["fail-next"] = run_fail_next
    try:
        return run[options.command](folders, options)
    except errors.PocketCloudError as error:
        print(f"pocket-cloud: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pocket-cloud: interrupted; down stops what was started", file=sys.stderr)
        return 130


def run_up(folders: layout.Layout, options: argparse.Namespace) -> int:
    """Bring the cloud up."""
    begin = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begin:5.1f} s] {text}", flush=True)

    cloud.up(folders, wishes(options), say)
    say("all services answer")
    print(f"export OS_CLIENT_CONFIG_FILE={folders.clouds_yaml}")
    return 0


def wishes(options: argparse.Namespace) -> cloud.Wishes:
    """Return what up was asked for, checked."""
    names = [site.check_name(name) for name in options.sites.split(",")]
    unknown = {*options.stock, *options.guarded} - {*names}
    both = {*options.stock} & {*options.guarded}
    if unknown or both or len({*names}) != len(names):
        raise errors.PocketCloudError(
            f"--stock and --guarded name different sites of --sites, each once; seen: {options.sites}, stock:"
            f" {options.stock}, guarded: {options.guarded}."
        )
    guarded = {name: name in options.guarded for name in (*options.stock, *options.guarded)}
    return cloud.Wishes(names, guarded, shape(options), options.port_base, options.fresh)


def shape(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was asked for new sites."""
    wanted = {name: getattr(options, name) for name in _OF_NEW_SITES}
    given = {name: value for name, value in wanted.items() if value is not None}
    if given.keys() & {"cells", "workers", "nova"}:
        cells = given.get("cells", 1)
        if given.setdefault("computes", cells) != cells:
            raise errors.PocketCloudError(
                f"A site with --cells, --workers or --nova has one compute in each cell; seen: --computes"
                f" {given['computes']}, --cells {cells}."
            )
    return given


def run_status(folders: layout.Layout, _options: argparse.Namespace) -> int:
    """Print a table of all services; 0 only if there are some and all run."""
    row = "{:6} {:10} {:24} {:>8} {}".format
    print(row("SITE", "SERVICE", "URL", "PID", "STATE"))
    states = []
    for place in cloud.sites(folders):
        for service in place.services:
            process = processes.recorded(place, service)
            states.append(processes.state(place, service))
            note = " (guarded root volume API)" if service == "nova" and place.guarded else ""
            print(row(place.name, service, address(place, service), process.pid if process else "-", states[-1] + note))
    if not states:
        print(f"no site in {folders.run}; pocket-cloud up makes some")
    return 0 if states and set(states) == {"running"} else 1


def address(place: site.Site, service: str) -> str:
    """Return where a process listens, "-" if nowhere."""
    return place.url(service) if site.port_of(service) else "-"


def run_kill(folders: layout.Layout, options: argparse.Namespace) -> int:
    """Kill a site."""
    known = cloud.find(folders, options.site).services
    unknown = {*options.service} - {*known}
    if unknown:
        raise errors.PocketCloudError(f"Wanted services of {known}; seen: {sorted(unknown)}.")
    place = cloud.kill(folders, options.site, options.service)
    print(
        f"site {place.name}: {', '.join(options.service) or 'every process'} killed; its data stays in {place.folder}"
    )
    return 0


def run_down(folders: layout.Layout, options: argparse.Namespace) -> int:
    """Stop everything."""
    cloud.down(folders, options.purge)
    print("nothing runs" + (", nothing is left" if options.purge else f"; the data stays in {folders.run}"))
    return 0


def run_fail_next(folders: layout.Layout, options: argparse.Namespace) -> int:
    """Order faults, or take them back."""
    place = cloud.find(folders, options.site)
    if options.forget:
        print(f"{orders.forget(place, options.event)} orders taken back")
        return 0
    orders.give(place, options.event, options.times, options.status, options.late)
    return 0


def run_guest_write(folders: layout.Layout, options: argparse.Namespace) -> int:
    """Write as a guest."""
    guest.write(cloud.find(folders, options.site), options.volume_id, options.text)
    return 0
