# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a run: a file of JSON lines that tells what was done, before and after each request.

It is for people and for reports. A run reads from the cloud what an earlier run did, never from a journal.
docs/journal.md describes the lines.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..data.texts import object_in
from ..engine.events import Event
from .own_files import open_own, read_own

#: The version of the form of the lines.
FORMAT = 1

#: What a line about a server takes from its row in the result.
_OF_SERVER = ("recovery_point", "lag", "handover", "handover_reason", "network", "notes")

#: Escapes the text: half of a surrogate pair cannot be written, and some characters end a line for readers.
_JSON = json.JSONEncoder(ensure_ascii=True, default=str)

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")


def run_id(now: datetime) -> str:
    """A name for a run that begins now (UTC); ids sort by time."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def file_name(*parts: str) -> str:
    """The name of a file, from its parts. Characters that a file name cannot have become "_"."""
    return "-".join(re.sub(r"[^\w.-]", "_", part) for part in parts)


class Journal:
    """Writes the lines of one run. Each is handed to the kernel at once, so that it survives the end of the process.

    :param file: the file, which must not be there yet; None writes nothing.
    :raises OSError: if it cannot be made.
    """

    def __init__(self, file: Path | None) -> None:
        self.path = str(file) if file else ""
        self.broken = ""
        number = open_own(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL) if file else None
        self._stream = None if number is None else os.fdopen(number, "w", encoding="utf-8")

    def begin(self, **fields: Any) -> None:
        """The first line.

        :raises OSError: if it cannot be written. The file is removed, and the run must not begin.
        """
        if self._stream is None:
            return
        try:
            self._write({"kind": "run", "time": _now(), "format": FORMAT, **fields})
            os.fsync(self._stream.fileno())
        except OSError:
            self.close()
            os.unlink(self.path)
            raise

    def line(self, kind: str, seconds: float, **fields: Any) -> None:
        """A further line. When it cannot be written, the run goes on: ``broken`` says why, and no more is written."""
        try:
            self._write({"kind": kind, "time": _now(), "seconds": round(seconds, 3), **fields})
        except (OSError, TypeError, ValueError) as error:
            self.broken = str(error)
            self.close()

    def event(self, event: Event, row: Mapping[str, Any], what: str = "server") -> None:
        """The line about an event.

        :param row: of a job that ended, its row in the result of the run.
        :param what: what the job is about: "server" or "network".
        """
        about = {what: event.job}
        if event.step:
            of_it = event.step
            step: dict[str, Any] = {
                "part": of_it.part.value,
                "verb": of_it.verb,
                "text": event.text,
                "cloud": of_it.cloud,
            }
            step.update(phase=event.phase, **event.more)
            self.line("step", event.seconds, **about, number=event.number, **step)
            return
        told: dict[str, Any] = {
            "outcome": event.kind,
            "msg": row.get("msg", ""),
            "error": row.get("error"),
            "steps": row["steps"],
        }
        if what == "server":
            facts = row.get("server", {})
            told["server_id"], told["addresses"] = facts.get("id"), _addresses(facts)
            told.update((name, row.get(name)) for name in _OF_SERVER)
        told.update((name, row[name]) for name in ("left",) if name in row)
        self.line(what, event.seconds, **about, **told)

    def end(self, seconds: float, result: Mapping[str, Any]) -> None:
        """The last line, which a run that was killed does not have."""
        lists = {name: result.get(name, []) for name in ("failed_servers", "findings")}
        self.line("end", seconds, failed=bool(result.get("failed")), changed=result["changed"],
                  msg=result.get("msg", ""), **lists, requests=result.get("requests", {}))  # fmt: skip
        self.close()

    def close(self) -> None:
        """No more is written."""
        if self._stream:
            with contextlib.suppress(OSError):  # an earlier line could not be written, so this one cannot either
                self._stream.close()
        self._stream = None

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._stream:
            self._stream.write(_JSON.encode(line) + "\n")
            self._stream.flush()


def _addresses(facts: Mapping[str, Any]) -> list[str]:
    return [address for port in facts.get("ports", ()) for address in port["fixed_ips"]]


def unfinished(folder: Path, plan: str, operation: str) -> tuple[str | None, list[str]]:
    """The id of the newest run of this operation that was cut short, unless a later one succeeded; None without one.

    With a line for people about each journal that had to be passed over. The caller holds the lock, so that no run is
    under way, and has no journal yet.
    """
    passed_over: list[str] = []
    for file in sorted(_journals(folder, plan, operation), reverse=True):
        try:
            head, end = _first_and_last(file)
        except OSError as error:
            passed_over.append(f"The journal {file} of an earlier run is passed over: {error.strerror or error}.")
            continue
        if head.get("plan") != plan or not isinstance(head.get("run"), str):
            continue
        if end.get("kind") != "end":
            return head["run"], passed_over
        if not end.get("failed"):
            return None, passed_over
    return None, passed_over


def _journals(folder: Path, plan: str, operation: str) -> Iterator[Path]:
    begin = file_name(plan, operation, "")
    for file in folder.glob("*.jsonl"):
        if file.name.startswith(begin) and _RUN_ID.fullmatch(file.name[len(begin) : -len(".jsonl")]):
            yield file


def _first_and_last(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last line; {} for one that is cut off or that is no line of a journal."""
    lines = read_own(file).rstrip("\n").split("\n")
    return object_in(lines[0]) or {}, object_in(lines[-1]) or {}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
