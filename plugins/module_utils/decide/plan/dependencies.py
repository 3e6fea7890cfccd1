# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What depends on what. Everything here takes time that grows linearly: a plan may have thousands of servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Links = Mapping[str, Iterable[str]]


def dependency_problems(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """By name of a server one text for each problem of its ``depends_on``."""
    servers = {row["name"]: row for row in rows}
    links = {name: [other for other in _wanted(row) if other in servers] for name, row in servers.items()}
    circle = circles(links)
    return {name: list(_problems(row, servers, circle)) for name, row in servers.items()}


def _wanted(row: Mapping[str, Any]) -> list[str]:
    return row.get("depends_on") or []


def _problems(
    row: Mapping[str, Any], servers: Mapping[str, Mapping[str, Any]], circle: Mapping[str, int]
) -> Iterator[str]:
    name = row["name"]
    for other in _wanted(row):
        if other not in servers:
            yield f"server {name} depends on {other}, which is not in the plan"
        elif circle[other] == circle[name]:
            yield f"servers {name} and {other} depend on each other"
        elif servers[other]["tier"] > row["tier"]:
            yield f"server {name} (tier {row['tier']}) depends on {other} of the later tier {servers[other]['tier']}"


def circles(links: Links) -> dict[str, int]:
    """By name the number of its circle: two names are in the same one if links lead from each to the other.

    Kosaraju's algorithm: whoever reaches a name against the links, of those that are finished last, is in its circle.
    """
    back: dict[str, list[str]] = {name: [] for name in links}
    for name, others in links.items():
        for other in others:
            back[other].append(name)
    found: dict[str, int] = {}
    met: set[str] = set()
    for number, name in enumerate(reversed(_walk(links, links, set()))):
        found.update(dict.fromkeys(_walk([name], back, met), number))
    return found


def _walk(begin: Iterable[str], links: Links, met: set[str]) -> list[str]:
    """All that links lead to and that is not in ``met``: each name after those that it leads to."""
    return [name for first in begin if first not in met for name in _walk_from(first, links, met)]


def _walk_from(first: str, links: Links, met: set[str]) -> Iterator[str]:
    stack = [(first, iter(links[first]))]
    met.add(first)
    while stack:
        _name, others = stack[-1]
        other = next((one for one in others if one not in met), None)
        if other is None:
            yield stack.pop()[0]
        else:
            met.add(other)
            stack.append((other, iter(links[other])))
