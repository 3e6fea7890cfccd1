# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a run: a file of JSON lines that tells what was done, before and after each request.

It is for people and for reports. No run reads what an earlier one did from it: that is read from the cloud.
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

from .events import Event

#: The version of the form of the lines.
FORMAT = 1

#: What a line about a server takes from its row in the result.
_OF_SERVER = ("recovery_point", "lag", "handover", "handover_reason", "error")

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")


def run_id(now: datetime) -> str:
    """A name for a run that begins now (UTC); ids sort by time."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def file_name(*parts: str) -> str:
    """The parts in the name of a file; what a plan may be named and a file may not becomes "_"."""
    return "-".join(re.sub(r"[^\w.-]", "_", part) for part in parts)


class Journal:
    """Writes the lines of one run. Each is handed to the kernel at once, so that it survives the end of the process.

    :param file: the file, which must not be there yet; None writes nothing.
    :raises OSError: if it cannot be made.
    """

    def __init__(self, file: Path | None) -> None:
        self.path = str(file) if file else ""
        self.broken = ""
        self._stream = file.open("x", encoding="utf-8") if file else None

    def begin(self, **fields: Any) -> None:
        """The first line.

        :raises OSError: if it cannot be written, so that nothing begins which cannot be told. The file is removed.
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
        except OSError as error:
            self.broken = str(error)
            self.close()

    def event(self, event: Event, row: Mapping[str, Any]) -> None:
        """The line about an event.

        :param row: of a job that ended, its server in the result of the run.
        """
        if event.step:
            step = {"phase": event.phase, "verb": event.step.verb, "text": event.text, "cloud": event.step.cloud}
            self.line("step", event.seconds, server=event.job, number=event.number, **step, **event.more)
            return
        fields = {"server_id": row.get("server", {}).get("id"), **{name: row.get(name) for name in _OF_SERVER}}
        told = {"outcome": event.kind, **fields, "msg": row.get("msg", ""), "steps": row["steps"]}
        self.line("server", event.seconds, server=event.job, **told)

    def end(self, seconds: float, result: Mapping[str, Any]) -> None:
        """The last line, which a run that was killed does not have."""
        lists = {name: result.get(name, []) for name in ("failed_servers", "findings")}
        self.line("end", seconds, failed=bool(result.get("failed")), changed=result["changed"],
                  msg=result.get("msg", ""), **lists, requests=result.get("requests", {}))  # fmt: skip
        self.close()

    def close(self) -> None:
        """No more is written."""
        if self._stream:
            with contextlib.suppress(OSError):  # what could not be written before cannot be now
                self._stream.close()
        self._stream = None

    def _write(self, line: Mapping[str, Any]) -> None:
        """Escaped: halves of surrogate pairs cannot be written, and some characters end a line for who reads it."""
        if self._stream:
            self._stream.write(json.dumps(line, ensure_ascii=True, default=str) + "\n")
            self._stream.flush()


def unfinished(folder: Path, plan: str, operation: str) -> str | None:
    """The id of the newest run of this operation that was cut short, unless a later one succeeded; None without one.

    The caller holds the lock, so that none is under way, and has no journal yet.
    """
    for file in sorted(_journals(folder, plan, operation), reverse=True):
        head, end = _first_and_last(file)
        if head.get("plan") == plan and end.get("kind") != "end":
            return head["run"]
        if head.get("plan") == plan and not end["failed"]:
            return None
    return None


def _journals(folder: Path, plan: str, operation: str) -> Iterator[Path]:
    begin = file_name(plan, operation, "")
    for file in folder.glob("*.jsonl"):
        if file.name.startswith(begin) and _RUN_ID.fullmatch(file.name[len(begin) : -len(".jsonl")]):
            yield file


def _first_and_last(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last line; {} for one that is cut off or that is no line of a journal."""
    lines = file.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")
    return _parsed(lines[:1]), _parsed(lines[-1:])


def _parsed(lines: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(lines[0]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
