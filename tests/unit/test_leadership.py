# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads: every pair of standings and generations, and every kind of volume that a server can have."""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import (
    GENERATION,
    PLAN,
    ROLE,
    SERVER,
    SUPERSEDED,
    VOLUME,
    WOKEN,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Offer, Seen, Server, Volume
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import AT_REST
from ansible_collections.standby.openstack.plugins.module_utils.decide.status.leadership import (
    HOLDS,
    AtSite,
    Leadership,
    Standing,
    at_site,
    leadership,
)

#: How a server can stand at a site, with the generations that it can have there.
SITES = [
    AtSite(standing, generation) for standing in Standing for generation in ((1, 2, 3) if standing in HOLDS else (0,))
]
PAIRS = [{"a": a, "b": b} for a, b in product(SITES, SITES)]


@pytest.mark.parametrize("sites", PAIRS, ids=str)
def test_the_higher_generation_leads(sites: dict[str, AtSite]) -> None:
    """The rules of the table, each by itself, for every pair."""
    found = leadership(sites)
    holders = {letter: site.generation for letter, site in sites.items() if site.standing in HOLDS}
    highest = [letter for letter, generation in holders.items() if generation == max(holders.values())]
    assert found.leader == (highest[0] if len(highest) == 1 else "")
    assert found.generation == (holders[found.leader] if found.leader else 0)
    assert found.disputed == (len(highest) == 2)
    assert found.stale == ("".join(set(holders) - set(highest)) if found.leader else "")
    assert found.sure == (Standing.UNKNOWN not in {site.standing for site in sites.values()})
    stale_runs = bool(found.stale) and sites[found.stale].standing is Standing.RUNS
    both_run = found.disputed and all(site.standing is Standing.RUNS for site in sites.values())
    assert found.two_copies == (stale_runs or both_run)


@pytest.mark.parametrize("sites", PAIRS, ids=str)
def test_both_sites_are_judged_alike(sites: dict[str, AtSite]) -> None:
    other = {"a": "b", "b": "a", "": ""}
    there, back = leadership(sites), leadership({"a": sites["b"], "b": sites["a"]})
    assert (other[there.leader], other[there.stale]) == (back.leader, back.stale)
    assert (there.generation, there.sure, there.disputed) == (back.generation, back.sure, back.disputed)


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ((Standing.RUNS, 1), (Standing.DORMANT, 0), Leadership("a", 1)),
        ((Standing.RUNS, 1), (Standing.RUNS, 2), Leadership("b", 2, stale="a", two_copies=True)),
        ((Standing.AT_REST, 1), (Standing.RUNS, 2), Leadership("b", 2, stale="a")),
        ((Standing.RUNS, 1), (Standing.AT_REST, 2), Leadership("b", 2, stale="a", two_copies=True)),
        ((Standing.UNKNOWN, 0), (Standing.RUNS, 2), Leadership("b", 2, sure=False)),
        ((Standing.UNKNOWN, 0), (Standing.DORMANT, 0), Leadership(sure=False)),
        ((Standing.MISSING, 0), (Standing.MISSING, 0), Leadership()),
        ((Standing.RUNS, 2), (Standing.RUNS, 2), Leadership(disputed=True, two_copies=True)),
        ((Standing.RUNS, 2), (Standing.AT_REST, 2), Leadership(disputed=True)),
    ],
)
def test_as_people_would_say_it(a: tuple[Standing, int], b: tuple[Standing, int], wanted: Leadership) -> None:
    assert leadership({"a": AtSite(*a), "b": AtSite(*b)}) == wanted


def shown(status: str, roles: dict[str, dict[str, str]] | None, image: str | None = None) -> Seen:
    """A server with a volume for each of the marks; a volume without marks is nobody's, None is not shown."""
    volumes = {
        name: Volume(name, name, "in-use", 1, metadata={PLAN: "shop", SERVER: "db", VOLUME: name, **marks})
        for name, marks in (roles or {}).items()
    }
    attachments = tuple(Attachment(name) for name in volumes)
    return Seen(Server("id", "db", status, image_id=image, attachments=attachments), Offer(False, "not asked"), volumes)


REPLICA = {"root": {ROLE: "replica", GENERATION: "2"}}
EMPTY = [
    {"root": {ROLE: "placeholder"}},
    {"root": {ROLE: "placeholder", WOKEN: "2026-11-20T08:00:00"}},
]

#: What re-protection leaves on a server, with the generation of what is on it.
SUPERSEDED_ON = [
    ({"root": {ROLE: "superseded", GENERATION: "7"}}, 7),
    ({"root": {ROLE: "placeholder"}, "data": {ROLE: "superseded"}}, 1),
    ({"root": {ROLE: "placeholder", WOKEN: "2026-11-20T08:00:00", SUPERSEDED: "then", GENERATION: "3"}}, 3),
]


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED", "ERROR", "BUILD"])
@pytest.mark.parametrize("volumes", EMPTY, ids=str)
def test_volumes_that_hold_nothing_of_the_application(status: str, volumes: dict[str, dict[str, str]]) -> None:
    """A twin that runs to be proved is dormant too."""
    assert at_site(shown(status, volumes), "shop").standing is Standing.DORMANT


STATES = ["ACTIVE", "SHUTOFF", "SHELVED_OFFLOADED", "SHELVED", "ERROR", "BUILD", "PAUSED", "SUSPENDED", "NEW"]


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize(("volumes", "generation"), SUPERSEDED_ON, ids=str)
def test_whoever_runs_on_what_is_superseded_is_a_copy(
    status: str, volumes: dict[str, dict[str, str]], generation: int
) -> None:
    """At rest it is a dormant twin. Woken it is an old copy, and nobody overlooks that it runs."""
    found = at_site(shown(status, volumes), "shop")
    rests = status in AT_REST
    assert (found.standing, found.generation) == ((Standing.DORMANT, 0) if rests else (Standing.RUNS, generation))


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize(
    ("volumes", "generation"),
    [
        (REPLICA, 2),
        ({"root": {ROLE: "copy", GENERATION: "3"}, "data": {ROLE: "replica", GENERATION: "2"}}, 3),
        ({"root": {}}, 1),
        ({"root": {ROLE: "something new"}}, 1),
        ({"root": {SERVER: "other"}}, 1),
        ({"root": {ROLE: "placeholder"}, "data": {ROLE: "replica", GENERATION: "4"}}, 4),
    ],
    ids=str,
)
def test_a_server_with_data(status: str, volumes: dict[str, dict[str, str]], generation: int) -> None:
    """Any state that is not known to be at rest counts as running."""
    found = at_site(shown(status, volumes), "shop")
    assert found.standing is (Standing.AT_REST if status in AT_REST else Standing.RUNS)
    assert found.generation == generation


def test_marks_that_a_restore_copied_say_nothing_about_the_generation() -> None:
    found = at_site(shown("ACTIVE", {"root": {ROLE: "replica", GENERATION: "9", VOLUME: "another"}}), "shop")
    assert (found.standing, found.generation) == (Standing.RUNS, 1)


def test_a_volume_that_the_site_does_not_show_may_hold_data() -> None:
    seen = shown("ACTIVE", EMPTY[0])
    unknown = Seen(seen.server, seen.offer, {})
    assert at_site(unknown, "shop").standing is Standing.RUNS


@pytest.mark.parametrize(
    ("seen", "standing"),
    [
        (None, Standing.UNKNOWN),
        (Seen(None, Offer(False, "not asked")), Standing.MISSING),
        (shown("SHELVED_OFFLOADED", {}), Standing.DORMANT),
        (shown("BUILD", {}), Standing.DORMANT),
        (shown("ACTIVE", {}), Standing.UNKNOWN),
        (shown("ACTIVE", {}, "an image"), Standing.RUNS),
    ],
    ids=str,
)
def test_without_volumes(seen: Seen | None, standing: Standing) -> None:
    assert at_site(seen, "shop").standing is standing
