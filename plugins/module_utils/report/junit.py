# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as JUnit knows it: one test case for each network and server, for CI systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import moment
from .rows import GOOD, Row
from .texts import plain

Document = Mapping[str, Any]
Case = dict[str, Any]


def junit(document: Document) -> dict[str, Any]:
    """The suite and its cases. A run that failed without any of them to blame has a case of its own, "run"."""
    cases = [_case(row, document) for row in (*document["networks"], *document["servers"])]
    if document["outcome"] != "succeeded" and not any(case["kind"] in ("failure", "error") for case in cases):
        cases.append(_run(document))
    kinds = [case["kind"] for case in cases]
    properties = {name: document[name] for name in ("run", "plan", "operation", "user", "host", "headline")}
    given = {f"parameter {name}": value for name, value in document["parameters"].items()}
    versions = {f"version {name}": value for name, value in document["versions"].items()}
    return {
        "name": f"{document['operation']} of {document['plan']}",
        "tests": len(cases),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
        "time": _seconds(document["figures"]["seconds"]),
        "timestamp": moment(document["started"]).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": document["host"],
        "properties": [(name, plain(value)) for name, value in {**properties, **given, **versions}.items()],
        "cases": cases,
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _case(row: Row, document: Document) -> Case:
    kind = {"failed": "failure", "skipped": "skipped", "waiting": "skipped", "unfinished": "error"}
    words = {
        "waiting": "the run ended before this was begun",
        "unfinished": "the run ended while it was at work",
    }
    msg = row["msg"] or words.get(row["outcome"], "")
    request = f"\nOpenStack request id: {row['request_id']}" if row["request_id"] else ""
    return {
        "name": row["name"],
        "classname": f"{document['plan']}.{document['operation']}",
        "time": _seconds(row["seconds"] or 0.0),
        "kind": "" if row["outcome"] in GOOD else kind.get(row["outcome"], "error"),
        "message": msg.partition("\n")[0],
        "type": str(row["error"].get("code") or row["outcome"]),
        "text": msg + request,
        "out": "\n".join(f"{step['begin']:8.1f} s  {step['text']}" for step in row["steps"]),
    }


def _run(document: Document) -> Case:
    fence = document["fence"] or {}
    msg = document["msg"] or fence.get("text") or document["headline"]
    row = {"name": "run", "seconds": 0.0, "outcome": "failed", "request_id": "", "error": {}, "steps": [], "msg": msg}
    return _case(row, document)
