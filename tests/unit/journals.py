# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals for the tests of reports, line by line as `dr_wave` writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 11, 21, 10, 17, 14, 123000, tzinfo=UTC)
RUN = "20261121T101714Z-3f2a"
POINT = "2026-11-21T10:13:04+00:00"


def stamp(seconds: float) -> str:
    """The time so many seconds after the beginning, as a journal has it."""
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


#: What steps are for in the failovers and replications that are told here.
PARTS = {"attach_root": "handover", "attach_volume": "handover", "unshelve": "start"}


class Journal:
    """A journal that grows; `text` is what stands in the file."""

    def __init__(self, operation: str = "failover", servers: tuple[str, ...] = ("db", "app"), **fields: Any) -> None:
        self.lines: list[dict[str, Any]] = []
        self.numbers: dict[str, int] = {}
        self.failed: list[str] = []
        run = {
            "format": 1,
            "run": RUN,
            "operation": operation,
            "plan": "shop",
            "check": False,
            "servers": list(servers),
            "tiers": dict.fromkeys(servers, 1),
            "critical": dict.fromkeys(servers, True),
            "rpo": 3600,
            "parameters": {"threads": 100},
            "user": "operator",
            "host": "ansible-1",
            "process": 4711,
            "versions": {"standby.openstack": "0.1.0", "ansible-core": "2.19.14"},
            "source": {"site": "a", "name": "site A"},
            "target": {"site": "b", "name": "site B"},
            "carries_on": None,
        }
        self.line("run", None, **{**run, **fields})

    @property
    def text(self) -> str:
        """What stands in the file."""
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)

    def line(self, kind: str, seconds: float | None, **fields: Any) -> Journal:
        """One line; the first has no seconds."""
        since = {} if seconds is None else {"seconds": seconds}
        self.lines.append({"kind": kind, "time": stamp(seconds or 0.0), **since, **fields})
        return self

    def fence(self, allowed: bool = True, text: str = "site A does not answer (timed out)") -> Journal:
        """The word of the fence."""
        return self.line("fence", 0.4, allowed=allowed, text=text)

    def step(self, server: str, verb: str, text: str, begin: float, end: float | None, **more: Any) -> Journal:
        """A step from its beginning to its end: None if the journal ends before, `msg` in `more` if it failed."""
        number = self.numbers.get(server, 0)
        self.numbers[server] = number + 1
        what = "network" if server.startswith(("network ", "security group")) else "server"
        part = more.pop("part", PARTS.get(verb, "check" if verb == "wait" else "work"))
        same = {what: server, "number": number, "part": part, "verb": verb, "text": text, "cloud": "here"}
        self.line("step", begin, phase="begin", **same)
        if verb != "wait":
            self.line("step", begin + 0.2, phase="answered", request_id=f"req-{server}-{number}", **same)
        if end is not None:
            self.line("step", end, phase="failed" if "msg" in more else "ended", **same, **more)
        return self

    def failover_of(self, server: str, begin: float = 0.5, end: float = 12.5) -> Journal:
        """All steps of a failover by attaching, and the server up at `end`."""
        third = (end - begin) / 3
        self.step(server, "attach_root", f"attach volume {server}-root as root", begin, begin + third)
        self.step(server, "unshelve", f"unshelve server {server}", begin + third, begin + 2 * third)
        self.step(server, "wait", f"check that {server} answers at 10.0.0.1:22", begin + 2 * third, end)
        return self.server(server, end)

    def network(self, name: str, seconds: float, outcome: str = "done", **fields: Any) -> Journal:
        """What became of a network."""
        told = {"msg": "", "error": None, "steps": []}
        return self.line("network", seconds, network=name, outcome=outcome, **{**told, **fields})

    def server(self, server: str, seconds: float, outcome: str = "done", **fields: Any) -> Journal:
        """What became of a server."""
        same = {
            "server_id": f"id-{server}",
            "addresses": ["10.0.0.1"],
            "recovery_point": POINT,
            "lag": 250,
            "handover": "attach",
        }
        told = {**same, "handover_reason": "the plan says attach", "msg": "", "error": None, "steps": []}
        return self.line("server", seconds, server=server, outcome=outcome, **{**told, **fields})

    def fails(self, server: str, seconds: float, msg: str, outcome: str = "failed", **error: Any) -> Journal:
        """A server that failed."""
        self.failed.append(server)
        nothing = {
            "server_id": None,
            "addresses": [],
            "recovery_point": None,
            "lag": None,
            "handover": None,
            "handover_reason": None,
        }
        told = {"code": "cloud_error" if outcome == "failed" else "skipped", **error}
        return self.server(server, seconds, outcome, **nothing, msg=msg, error=told)

    def end(self, seconds: float, changed: bool = True, **fields: Any) -> Journal:
        """The end of a run."""
        counts = {"site_b": {"GET compute": 12, "POST compute": 4}}
        told = {"failed": bool(self.failed), "changed": changed, "failed_servers": self.failed, "msg": ""}
        return self.line("end", seconds, **{**told, "requests": counts, **fields})


def succeeded() -> Journal:
    """A failover of two servers, one tier after the other."""
    journal = Journal(tiers={"db": 1, "app": 2}).fence()
    return journal.failover_of("db", 0.5, 42.5).failover_of("app", 42.6, 102.3).end(102.4)


def failed() -> Journal:
    """One server comes up, one fails in the unshelve, one is therefore not started."""
    journal = Journal(servers=("db", "web", "app"), tiers={"db": 1, "web": 1, "app": 2}).fence()
    journal.failover_of("db").step("web", "attach_root", "attach volume web-root as root", 0.5, 1.5)
    said = "site_b: POST /servers/4/action was answered with 403: Quota exceeded."
    journal.step("web", "unshelve", "unshelve server web", 1.5, 2.0, msg=said)
    journal.fails("web", 2.0, said, status=403, request_id="req-of-the-quota")
    journal.fails("app", 12.5, "app was not started because web failed. Repair it, then repeat.", "skipped")
    return journal.end(12.6, msg=f"failover of shop: 2 of 3 servers failed.\n  web: {said}")


def killed() -> Journal:
    """The journal ends while the second of three servers is unshelved."""
    journal = Journal(servers=("db", "web", "app")).fence().failover_of("db")
    journal.step("web", "attach_root", "attach volume web-root as root", 0.5, 1.5)
    return journal.step("web", "unshelve", "unshelve server web", 13.0, None)


def refused() -> Journal:
    """Site A answers."""
    said = (
        "Refused to fail over shop: site A answers, and these run there: db (ACTIVE). Stop the servers at site A first."
    )
    return Journal().fence(allowed=False, text=said).end(0.5, failed=True, changed=False, msg=said)
