# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All sites of a run folder: brought up, looked at, killed, taken down."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import pathlib
import shutil
import sys
import time
from collections.abc import Iterator

from pocket_cloud import bootstrap, clouds_yaml, errors, golden, layout, processes, rendering, requirements, seed, site

READY_SECONDS = 180.0


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What ``up`` was asked for.

    :param names: the sites.
    :param guarded: whether a site shall have the guarded root volume API, by name. Sites not in it stay as they are;
        new ones have it, except for site a.
    :param computes: compute services of a new site; None: 1.
    :param port_base: first port of the first new site, the others follow; None: find free ones.
    :param fresh: remove everything first.
    """

    names: list[str]
    guarded: dict[str, bool]
    computes: int | None = None
    port_base: int | None = None
    fresh: bool = False


@contextlib.contextmanager
def locked(folder: pathlib.Path) -> Iterator[None]:
    """Let only one launcher at a time change what is in a folder. The lock ends with its holder, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another pocket-cloud that works in {folder}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sites(folders: layout.Layout) -> list[site.Site]:
    """Return the sites of the run folder, in order of their names."""
    return [site.Site.load(path.parent) for path in sorted(folders.run.glob("*/site.json"))]


def find(folders: layout.Layout, name: str) -> site.Site:
    """Return a site by its name."""
    known = {place.name: place for place in sites(folders)}
    if name not in known:
        seen = ", ".join(known) or "none"
        raise errors.PocketCloudError(f"There is no site {name!r} in {folders.run}; sites there: {seen}.")
    return known[name]


def up(folders: layout.Layout, wishes: Wishes, say: requirements.Say) -> None:
    """Bring sites up: make those that do not exist, start what does not run, leave alone what runs."""
    requirements.ensure_programs(say)
    with locked(folders.build):
        requirements.ensure_venv(folders, say)
        prepared = golden.ensure_golden(folders, say)
        image = seed.ensure_image_file(folders)
    with locked(folders.run):
        if wishes.fresh:
            remove(folders)
        places = [ensure_site(folders, wishes, number, prepared, say) for number in range(len(wishes.names))]
        for place in places:
            start_missing(place, folders, say)
        for place in places:
            make_usable(place, image)
        clouds_yaml.write(folders, sites(folders))


def make_usable(place: site.Site, image: pathlib.Path) -> None:
    """Wait for a site's services and give it, once, what they and its users need."""
    wait_ready(place, "keystone")
    if not place.bootstrapped.exists():
        bootstrap.bootstrap(place)
        place.bootstrapped.touch()
    for service in site.SERVICES:
        wait_ready(place, service)
    if not place.seeded.exists():
        seed.seed(place, image)
        place.seeded.touch()


def ensure_site(
    folders: layout.Layout, wishes: Wishes, number: int, prepared: pathlib.Path, say: requirements.Say
) -> site.Site:
    """Return a site: the recorded one, changed if its nova-api shall be another, or a new one."""
    name = wishes.names[number]
    folder = folders.run / name
    if (folder / "site.json").exists():
        return recorded_site(folder, wishes, prepared, say)
    base = None if wishes.port_base is None else wishes.port_base + number * site.PORT_STEP
    guarded = wishes.guarded.get(name, name != "a")
    place = site.Site(name, folder, guarded, wishes.computes or 1, site.choose_ports(folder, base), prepared.name)
    shutil.rmtree(folder, ignore_errors=True)  # the remains of a start that was interrupted
    rendering.render_site(place, folders)
    golden.copy_to_site(prepared, place)
    place.save()
    return place


def recorded_site(folder: pathlib.Path, wishes: Wishes, prepared: pathlib.Path, say: requirements.Say) -> site.Site:
    """Return a site that exists, with the nova-api that was asked for; refuse one whose databases do not fit."""
    place = site.Site.load(folder)
    if place.prepared != prepared.name:
        raise errors.PocketCloudError(
            f"Site {place.name} was made from databases {place.prepared}; the pinned services need {prepared.name}."
            " Make the cloud anew, without its data: pocket-cloud up --fresh"
        )
    if wishes.computes not in (None, place.computes):
        say(f"site {place.name}: keeps its number of computes, {place.computes}; --fresh would change it")
    guarded = wishes.guarded.get(place.name, place.guarded)
    if guarded != place.guarded:
        say(f"site {place.name}: the guarded root volume API goes {'on' if guarded else 'off'}")
        processes.stop(place, ("nova",))
        place.guarded = guarded
        place.save()
    return place


def start_missing(place: site.Site, folders: layout.Layout, say: requirements.Say) -> None:
    """Start the services that do not run."""
    missing = [service for service in site.SERVICES if processes.state(place, service) in ("stopped", "dead")]
    if not missing:
        say(f"site {place.name}: runs already")
        return
    everything = len(missing) == len(site.SERVICES)
    say(f"site {place.name}: starting {'all services' if everything else ', '.join(missing)}")
    rendering.render_site(place, folders)
    for service in missing:
        processes.start(place, service, folders.python)


def wait_ready(place: site.Site, service: str) -> None:
    """Wait until a service answers; if it ends or takes too long, show the end of its log."""
    end = time.monotonic() + READY_SECONDS
    while (state := processes.state(place, service)) != "running":
        if state != "starting" or time.monotonic() > end:
            what = "ended" if state != "starting" else f"did not answer within {READY_SECONDS:.0f} s"
            raise errors.PocketCloudError(
                f"Site {place.name}: {service} {what} while starting.\n{errors.end_of_file(place.log(service))}\n"
                "The other services still run: mend and run up again, or stop them with down."
            )
        time.sleep(0.1)


def kill(folders: layout.Layout, name: str, services: list[str]) -> site.Site:
    """Kill services of a site, as a power cut does; return the site."""
    place = find(folders, name)
    processes.kill(place, services or site.SERVICES)
    return place


def down(folders: layout.Layout, purge: bool) -> None:
    """Stop all sites. Their data stays for the next ``up``, unless everything shall go."""
    with locked(folders.run):
        for place in sites(folders):
            processes.stop(place)
        if purge:
            remove(folders)


def remove(folders: layout.Layout) -> None:
    """Stop all sites and remove what this launcher put into the run folder, and nothing else."""
    for place in sites(folders):
        processes.stop(place)
        shutil.rmtree(place.folder)
    shutil.rmtree(folders.backups, ignore_errors=True)
    folders.clouds_yaml.unlink(missing_ok=True)
