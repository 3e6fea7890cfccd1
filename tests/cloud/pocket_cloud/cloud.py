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
from collections.abc import Iterator, Mapping
from typing import Any

from pocket_cloud import (
    bootstrap,
    clouds_yaml,
    errors,
    golden,
    layout,
    processes,
    rendering,
    requirements,
    seed,
    site,
    stores,
)


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What ``up`` was asked for.

    :param names: the sites.
    :param guarded: whether a site shall have the guarded root volume API, by name. Sites not in it stay as they are;
        new ones have it, except for site a.
    :param shape: computes, database, cells, workers, nova and ahead of new sites, as site.Site has them; what is not
        named is as usual.
    :param port_base: first port of the first new site, the others follow; None: find free ones.
    :param fresh: remove everything first.
    """

    names: list[str]
    guarded: dict[str, bool]
    shape: Mapping[str, Any] = dataclasses.field(default_factory=dict)
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
    requirements.ensure_programs()
    with locked(folders.build):
        requirements.ensure_venv(folders, say)
        image = seed.ensure_image_file(folders)
    with locked(folders.run):
        if wishes.fresh:
            remove(folders)
        places = [ensure_site(folders, wishes, number, say) for number in range(len(wishes.names))]
        for place in places:
            start_missing(place, folders, say)
        for place in places:
            make_usable(place, folders, image)
        clouds_yaml.write(folders, sites(folders))


def make_usable(place: site.Site, folders: layout.Layout, image: pathlib.Path) -> None:
    """Wait for a site's services and give it, once, what they and its users need."""
    processes.wait_ready(place, "keystone")
    if not place.bootstrapped.exists():
        bootstrap.bootstrap(place)
        place.bootstrapped.touch()
    for service in place.services:
        processes.wait_ready(place, service)
    if place.spread:
        discover = [*golden.nova_manage(place, folders), "cell_v2", "discover_hosts"]
        requirements.run_logged(discover, place.log("nova-manage"), environment=processes.service_environment(place))
    if not place.seeded.exists():
        seed.seed(place, image)
        place.seeded.touch()


def ensure_site(folders: layout.Layout, wishes: Wishes, number: int, say: requirements.Say) -> site.Site:
    """Return a site: the recorded one, changed if its nova-api shall be another, or a new one."""
    name = wishes.names[number]
    folder = folders.run / name
    if (folder / "site.json").exists():
        return recorded_site(folder, wishes, say)
    base = None if wishes.port_base is None else wishes.port_base + number * site.PORT_STEP
    guarded = wishes.guarded.get(name, name != "a")
    place = site.Site(name, folder, guarded, site.choose_ports(folder, base), **wishes.shape)
    prepared = prepare(folders, place, say)
    place.prepared = prepared.name
    shutil.rmtree(folder, ignore_errors=True)  # the remains of a start that was interrupted
    rendering.render_site(place, folders)
    golden.copy_to_site(prepared, place)
    place.save()
    return place


def prepare(folders: layout.Layout, place: site.Site, say: requirements.Say) -> pathlib.Path:
    """Return the prepared databases for a site; what they are made with is made first."""
    stores.ensure(place)
    with locked(folders.build):
        if place.nova:
            requirements.ensure_venv(folders, say, place.nova)
        return golden.ensure_golden(folders, place, say)


def recorded_site(folder: pathlib.Path, wishes: Wishes, say: requirements.Say) -> site.Site:
    """Return a site that exists, with the nova-api that was asked for; refuse one whose databases do not fit."""
    place = site.Site.load(folder)
    if place.prepared != (needed := golden.key(place)):
        raise errors.PocketCloudError(
            f"Site {place.name} was made from databases {place.prepared}; the pinned services need {needed}."
            " Make the cloud anew, without its data: pocket-cloud up --fresh"
        )
    for name, wanted in wishes.shape.items():
        if wanted != getattr(place, name):
            say(f"site {place.name}: keeps {name} {getattr(place, name)}; --fresh would change it")
    guarded = wishes.guarded.get(place.name, place.guarded)
    if guarded != place.guarded:
        say(f"site {place.name}: the guarded root volume API goes {'on' if guarded else 'off'}")
        processes.stop(place, [name for name in place.services if site.port_of(name) == "nova"])
        place.guarded = guarded
        place.save()
    return place


def start_missing(place: site.Site, folders: layout.Layout, say: requirements.Say) -> None:
    """Start the services that do not run."""
    missing = [service for service in place.services if processes.state(place, service) in ("stopped", "dead")]
    if not missing:
        say(f"site {place.name}: runs already")
        return
    everything = len(missing) == len(place.services)
    say(f"site {place.name}: starting {'all services' if everything else ', '.join(missing)}")
    rendering.render_site(place, folders)
    for service in missing:
        venv = folders.nova_venv(place.nova if service.startswith("nova") else "")
        processes.start(place, service, venv / "bin" / "python")


def kill(folders: layout.Layout, name: str, services: list[str]) -> site.Site:
    """Kill services of a site, as a power cut does; return the site."""
    place = find(folders, name)
    processes.kill(place, services)
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
