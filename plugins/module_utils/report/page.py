# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in words: everything that the template shows, as texts that are ready to be shown, and the chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..operations import operation_named
from ..run.closing_lines import duration
from .chart import LONGEST_NAME, MANY, legend, panels
from .reading import Told
from .rows import Row
from .steps import appendix
from .table import handovers, network_table, outcome, problems, sign, table
from .texts import day, local_day, plain, span, tied
from .words import Words

Document = Mapping[str, Any]

#: So many notes on servers are shown.
MOST_NOTES = 10

#: How the end of a run looks: a sign that needs no colour, a word and a tone.
_SIGNS = {
    "succeeded": ("✓", "good"),
    "failed": ("✗", "bad"),
    "refused": ("✗", "bad"),
    "stopped": ("!", "warn"),
}


def page(told: Told, document: Document, words: Words) -> dict[str, Any]:
    """All that the page shows, from the report as data."""
    rows, networks = document["servers"], document["networks"]
    failed = document["figures"]["failed"] or any(row["outcome"] == "failed" for row in networks)
    return {
        "title": f"{words.noun} of {document['plan']}, {day(document['started'])}",
        "headline": tied(document["headline"]),
        **dict(zip(("sign", "tone"), _SIGNS[document["outcome"]])),
        "subtitle": f"{local_day(document['started'])}, started by {document['user']} on {document['host']}",
        "tiles": list(tiles(document, words)),
        "notes": list(notes(told, document)),
        "fence": _fence(document),
        "next": document["next"],
        "problems": problems([*networks, *rows], words),
        "problems_title": "What failed, and why" if failed else "What was under way",
        **_timeline(rows, words, document["figures"]["seconds"]),
        "dense": len(rows) > MANY,
        **table(rows, words),
        "handovers": handovers(rows),
        "networks": network_table(networks),
        "about": [(name, text) for name, text in _about(told, document) if text],
        **{name: _plain_rows(document[name]) for name in ("parameters", "versions")},
        **appendix([*networks, *rows]),
    }


def _plain_rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, plain(value)) for name, value in values.items()]


def _timeline(rows: Sequence[Row], words: Words, seconds: float) -> dict[str, Any]:
    """The chart, what its looks mean and what it shows in words; no panels if nothing was done."""
    return {
        "legend": legend(rows),
        "panels": panels(_labelled(rows, words), seconds) if any(row["parts"] for row in rows) else [],
        "chart": f"A row for each of {len(rows)} servers, from the start of the run to {span(seconds)} later.",
        "names": min(max((len(row["name"]) for row in rows), default=0) + 2, LONGEST_NAME),
    }


def _labelled(rows: Sequence[Row], words: Words) -> list[Row]:
    """The rows, each with what stands at the end of its bar."""
    return [
        {**row, "label": span(row["seconds"]) if row["outcome"] == "done" else f"{sign(row)} {outcome(row, words)}"}
        for row in rows
    ]


def tiles(document: Document, words: Words) -> Iterator[dict[str, str]]:
    """The figures that come first: servers, recovery time, age of the data."""
    found = document["figures"]
    if document["outcome"] == "refused":
        yield _tile("Servers", str(found["servers"]), "none was touched")
        return
    whole = found["good"] == found["servers"]
    left = [(found["failed"], words.bad), (found["not_started"], "not started"), (found["under_way"], "under way")]
    note = ", ".join(f"{number} {what}" for number, what in left if number)
    yield _tile(f"Servers {words.good}", f"{found['good']} of {found['servers']}", note, "" if whole else "bad")
    operation = operation_named(document["operation"])
    if operation.brings_up:
        yield _recovery_time(found, whole)
    else:
        yield _tile("Duration", span(found["seconds"]), "")
    if operation.about_data:
        yield _data(found, words)


def _tile(label: str, value: str, note: str, tone: str = "") -> dict[str, str]:
    return {"label": label, "value": value, "note": note, "tone": tone}


def _recovery_time(found: Mapping[str, Any], whole: bool) -> dict[str, str]:
    """The time until everything was up is only known when everything is up."""
    took, label, met = found["recovery_time"], "Recovery time (RTO)", found["rto_met"]
    aim = "" if met is None else f"; target {duration(found['rto'])}: {'met' if met else 'missed'}"
    if not whole:
        note = f"the last one that came up took {duration(took)}" if took is not None else "no server was brought up"
        return _tile(label, "not reached", f"{note}{aim}", "bad")
    if took is None:
        return _tile(label, "0 s", "everything ran already")
    tone = "bad" if met is False else ""
    return _tile(label, duration(took), f"from the start of this run until the last server was up{aim}", tone)


def _data(found: Mapping[str, Any], words: Words) -> dict[str, str]:
    """A target is only met when it is known of every server."""
    rpo, oldest, servers = found["rpo"], found["oldest_data"], found["servers"]
    if oldest is None:
        return _tile(words.data, "-", "no server tells")
    part = f"of {found['with_age']} of {servers} servers; " if found["with_age"] < servers else ""
    if rpo is None:
        return _tile(words.data, duration(oldest), f"{part}the plan has no target")
    missed = found["rpo_missed"]
    told = f": missed by {missed} of {servers} servers" if missed else "" if part else ": met"
    tone = "bad" if missed or found["good"] < servers else ""
    return _tile(words.data, duration(oldest), f"{part}target {duration(rpo)}{told}", tone)


def notes(told: Told, document: Document) -> Iterator[str]:
    """What must be known to read the report aright."""
    if document["outcome"] == "stopped":
        yield (
            "The journal has no end: the run was killed, or it is still going on. What is said here is as of its last "
            "line. Start the same playbook again: it reads the cloud and carries on."
        )
    if told.unread:
        yield (
            f"{told.unread} lines of the journal could not be read."
            if told.unread > 1
            else ("One line of the journal is cut off and was left out.")
        )
    if document["carries_on"]:
        yield f"This run carries on run {document['carries_on']}, which did not come to its end."
    if document["parameters"].get("note"):
        yield f"Note: {document['parameters']['note']}"
    if document["outcome"] == "failed":
        yield from _reasons(document)
    yield from of_drill(document)
    told_of = [f"{row['name']}: {note}" for row in document["servers"] for note in row["notes"]]
    yield from told_of[:MOST_NOTES]
    if len(told_of) > MOST_NOTES:
        yield f"{len(told_of) - MOST_NOTES} more notes on servers are in the JSON report."


def of_drill(document: Document) -> Iterator[str]:
    """How a drill was connected, and what is left of it."""
    ways = {row["network"] for row in document["servers"] if row["network"]}
    if ways:
        where = {
            "isolated": "isolated networks: nothing outside reached it",
            "connected": "networks that are CONNECTED",
        }
        yield f"The drill ran in {' and in '.join(where[way] for way in sorted(ways))}."
    for row in document["networks"]:
        if "left" in row:
            left = [f"{kind}: {', '.join(names)}" for kind, names in row["left"].items() if names]
            yield f"Left of the drill, as {document['target']} lists it: {'; '.join(left) or 'nothing'}."


def _reasons(document: Document) -> Iterator[str]:
    """Why the run as a whole failed, without the reasons of its servers and networks, which its message repeats."""
    rows = [*document["networks"], *document["servers"]]
    if any(row["msg"] for row in rows):
        yield from (f"{text[:1].upper()}{text[1:]}." for text in document["findings"])
    if document["msg"] and (document["figures"]["under_way"] or not any(row["msg"] for row in rows)):
        yield document["msg"]


def _fence(document: Document) -> dict[str, str]:
    """What was decided before the first server was touched, in words; {} for operations that do not ask the source."""
    fence = document["fence"]
    if not fence:
        return {}
    title = f"Is {document['source']} really down?"
    if not fence["allowed"]:
        return {"title": title, "text": fence["text"]}
    return {"title": title, "text": f"The failover went on: {fence['text'].rstrip('.')}."}


def _about(told: Told, document: Document) -> Iterator[tuple[str, str]]:
    requests = document["requests"]
    yield "Started", local_day(document["started"])
    yield "Ended", local_day(document["ended"]) or f"not recorded; last line after {duration(told.seconds)}"
    yield "Started by", f"{document['user']} on {document['host']}, process {document['process']}"
    yield "Run", document["run"]
    yield "Plan", document["plan"]
    yield "Source", document["source"]
    yield "Target", document["target"]
    yield "Requests sent", ", ".join(f"{cloud}: {total(counts):,}" for cloud, counts in requests.items())
    yield "Journal", document["journal"]


def total(counts: Mapping[str, Any]) -> int:
    """The sum of all numbers, however deep they are."""
    return sum(total(value) if isinstance(value, Mapping) else int(value) for value in counts.values())
