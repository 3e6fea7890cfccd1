# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session to a cloud in memory, with faults and kills at its writes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import INFINITE, Bounds, Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, Unreachable

from .site import Site


class Killed(BaseException):
    """The run ends here, as after a SIGKILL."""


@dataclass
class Trouble:
    """What happens at which write of a run, counted from 1 over all clouds.

    "killed": right before it is sent. "refused": the cloud answers 500 and does nothing. "lost": it is carried out, and
    there is no answer.
    """

    at: dict[int, str] = field(default_factory=dict)
    count: int = 0

    def next(self) -> str:
        """What happens at the next write."""
        self.count += 1
        return self.at.get(self.count, "")


class Connection(Session):
    """Answers from a `Site`; everything else is as in the session."""

    def __init__(self, site: Site, trouble: Trouble | None = None, role: str = "member") -> None:
        self.roles = frozenset({role})
        self.label, self.site, self.trouble = site.name, site, trouble or Trouble()
        self._lock, self._newest = threading.Lock(), threading.local()
        self._known: dict[Any, Any] = {}
        self._asking: dict[Any, threading.Lock] = {}
        self.bounds, self.requests = Bounds(INFINITE), Counter[str]()
        self.stopped, self.ahead = False, timedelta(seconds=site.skew)

    def authenticate(self) -> None:
        """A site that is gone gives no token."""
        if not self.site.reachable:
            raise Unreachable(f"{self.label} does not answer")

    def version(self, service: str) -> str:
        """What the site offers."""
        return self.site.versions[service]

    def who(self) -> tuple[str | None, frozenset[str]]:
        """Whoever it is, the project is the same."""
        return "project", self.roles

    def stop(self) -> None:
        """Nothing more is sent."""
        self.stopped = True

    def pages(self, service: str, path: str, key: str) -> Iterator[dict[str, Any]]:
        """All on one page."""
        yield from self.get(service, path)[key]

    def send(self, method: str, service: str, path: str, body: Any = None) -> Any:
        """Asks the site, unless it is gone or something else is to happen."""
        assert not self.stopped, f"{method} {path} is sent by a run that ended"
        self.authenticate()
        if path == "/manageable_volumes" and "admin" not in self.roles:
            raise CloudError(f"{self.label}: Policy doesn't allow volume_extension:volume_manage to be performed.", 403)
        reads = method == "GET" or (isinstance(body, dict) and "os-getConsoleOutput" in body)
        happens = "" if reads else self.trouble.next()
        if happens == "killed":
            raise Killed(f"before {method} {path}")
        if happens == "refused":
            raise CloudError(f"{self.label}: {method} {path} failed with 500", 500)
        answer = self.site.handle(method, service, path, body)
        if happens == "lost":
            raise Unreachable(f"{self.label} does not answer ({method} {path})")
        return answer
