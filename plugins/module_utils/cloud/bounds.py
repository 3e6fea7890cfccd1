# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of one answer: its time, its size, and where it may redirect.

A cloud may be broken, or an attacker may own it.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

# the session reports that they are missing
try:
    import requests.exceptions as faults
    from keystoneauth1.session import TCPKeepAliveAdapter
except ImportError:
    TCPKeepAliveAdapter = object  # type: ignore[assignment, misc]

#: Seconds that one answer may take from the request to its last byte. The limit for silence starts anew with each byte,
#: so that a body of one byte a minute would last for days. The largest page of a list takes seconds.
LONGEST_ANSWER = 300.0

#: Bytes of one answer. A page of 1000 servers has about 4 MiB.
LARGEST_ANSWER = 64 << 20

_REDIRECTS = (301, 302, 303, 305, 307, 308)
_PORTS = {"http": 80, "https": 443}


class Bounds:
    """Limits of all requests of a session.

    :param seconds: until when requests may be sent and answers may arrive, from now on.
    """

    def __init__(self, seconds: float = float("inf"), clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._answer = clock, threading.local()
        self.end = clock() + seconds
        #: Whether anything was received: the first byte of an answer counts.
        self.heard = False

    @property
    def left(self) -> float:
        """Seconds until the end."""
        return self.end - self._clock()

    @property
    def size(self) -> int:
        """Bytes of the newest answer that the calling thread received."""
        return getattr(self._answer, "size", 0)

    def begin(self) -> None:
        """The calling thread sends a request now."""
        self._answer.end, self._answer.size = min(self.end, self._clock() + LONGEST_ANSWER), 0

    def patience(self) -> float:
        """Seconds that the calling thread may wait for the next bytes of its answer.

        :raises socket.timeout: if there are none left.
        """
        left = self._answer.end - self._clock()
        if left <= 0:
            raise socket.timeout("the answer takes too long")
        return left

    def received(self, count: int) -> None:
        """The calling thread received so many bytes.

        :raises OSError: if they are too many.
        """
        self.heard = self.heard or count > 0
        self._answer.size += count
        if self._answer.size > LARGEST_ANSWER:
            raise OSError(f"the answer is larger than {LARGEST_ANSWER >> 20} MiB")


class _Received(io.RawIOBase):
    """What a socket receives, within bounds."""

    def __init__(self, raw: Any, sock: Any, bounds: Bounds) -> None:
        self._raw, self._sock, self._bounds, self._silence = raw, sock, bounds, sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._bounds.patience()
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        count = self._raw.readinto(buffer)
        self._bounds.received(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is received within bounds, its headers included."""

    def __init__(self, bounds: Bounds, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp: Any = io.BufferedReader(_Received(self.fp.detach(), sock, bounds))


class BoundedAdapter(TCPKeepAliveAdapter):
    """Connections of `requests` whose answers are within bounds.

    A redirect to another place is not followed: the token must not travel. A packed answer is not unpacked: the session
    never asks for one, and a few MiB may hold many GiB.
    """

    def __init__(self, bounds: Bounds, **options: Any) -> None:
        self._bounds = bounds
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """As the base class does, with our connections."""
        super().init_poolmanager(*arguments, **options)
        self._bind(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """As the base class does, with our connections."""
        return self._bind(super().proxy_manager_for(*arguments, **options))

    def _bind(self, manager: Any) -> Any:
        known = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: _bounded(pool, self._bounds) for scheme, pool in known.items()}
        return manager

    def send(self, request: Any, *arguments: Any, timeout: Any = None, **options: Any) -> Any:
        """Sends a request, as the base class does."""
        left = self._bounds.left
        if left <= 0:
            raise faults.ConnectTimeout("no time is left", request=request)
        self._bounds.begin()
        patience = left if timeout is None else min(left, timeout)
        options["timeout"] = patience
        answer = super().send(request, *arguments, **options)
        problem = _elsewhere(answer) or _packed(answer)
        if problem:
            answer.close()
            raise faults.InvalidURL(problem, request=request)
        return answer


def _bounded(pool: Any, bounds: Bounds) -> Any:
    if hasattr(pool.ConnectionCls, "bounded"):
        return pool
    members = {"response_class": staticmethod(partial(_Answer, bounds)), "bounded": True}
    connection = type("BoundedConnection", (pool.ConnectionCls,), members)
    return type("BoundedPool", (pool,), {"ConnectionCls": connection})


def _elsewhere(answer: Any) -> str:
    location = answer.headers.get("Location") if answer.status_code in _REDIRECTS else None
    if not location:
        return ""
    with contextlib.suppress(ValueError):
        if _origin(answer.url) == _origin(urljoin(answer.url, location)):
            return ""
    return f"it redirects to {location[:200]}, which is another place. Name that one in clouds.yaml or in the catalog"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _packed(answer: Any) -> str:
    how = answer.headers.get("Content-Encoding", "identity")
    return "" if how == "identity" else f"its answer is packed ({how[:50]}), which was not asked for"


def in_the_clear(url: str) -> str:
    """Host of a URL to which a password or a token would travel unencrypted, "" if none does or it stays here."""
    parts = urlsplit(url)
    here = parts.hostname == "localhost"
    with contextlib.suppress(ValueError):
        here = here or ip_address(parts.hostname or "").is_loopback
    return "" if parts.scheme != "http" or here else parts.netloc.rpartition("@")[2]
