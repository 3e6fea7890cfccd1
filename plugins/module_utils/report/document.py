# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal made into a report: as data, as a page and as test cases."""

from __future__ import annotations

from typing import Any

from .figures import figures, headline, verdict
from .junit import junit
from .page import page
from .reading import Told, read
from .rows import network_rows, rows
from .what_next import what_next
from .words import Words, words

#: The version of the form of the JSON report.
FORMAT = 1


def report(text: str, journal: str) -> dict[str, Any]:
    """The report on a run.

    :param text: what stands in its journal.
    :param journal: the name of the file of the journal.
    :return: ``report``, the data; ``page``, what the page shows; ``junit``, test cases.
    :raises NoJournal: if it is none.
    """
    told = read(text)
    say = words(told.run.get("operation") or "", _sites(told))
    document = _document(told, say, journal)
    return {"report": document, "page": page(told, document, say), "junit": junit(document)}


def _document(told: Told, say: Words, journal: str) -> dict[str, Any]:
    servers, networks = rows(told), network_rows(told)
    found = figures(told, servers, networks)
    end = told.end or {}
    document = {
        "format": FORMAT,
        "headline": headline(told, found, say),
        "outcome": verdict(told),
        **_head(told),
        "ended": end.get("time"),
        "journal": journal,
        "unread_lines": told.unread,
        "msg": end.get("msg") or "",
        "findings": [finding["text"] for finding in end.get("findings") or ()],
        "fence": {name: told.fence.get(name) for name in ("allowed", "text", "seconds")} if told.fence else None,
        "figures": found,
        "requests": end.get("requests") or {},
        "networks": networks,
        "servers": servers,
    }
    return {**document, "next": what_next(document)}


def _head(told: Told) -> dict[str, Any]:
    """What the first line tells; without it a journal is none, but a field of it may be missing."""
    texts = ("run", "operation", "plan", "user", "host", "process")
    tables = ("parameters", "versions")
    return {
        "started": told.run["time"],
        **{name: str(told.run.get(name) or "") for name in texts},
        **_sites(told),
        "check": bool(told.run.get("check")),
        "carries_on": told.run.get("carries_on"),
        **{name: told.run.get(name) or {} for name in tables},
    }


def _sites(told: Told) -> dict[str, str]:
    """The names of the source and the target."""
    return {role: str((told.run.get(role) or {}).get("name") or f"the {role}") for role in ("source", "target")}
