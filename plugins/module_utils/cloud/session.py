# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One authenticated connection to one cloud: raw JSON in and out, errors translated, requests counted."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from ..data.errors import StandbyError, TimedOut, Unreachable
from .bounds import BoundedAdapter, Bounds, in_the_clear
from .errors import Translated, Unusable, ahead, content, endless, failure, items, request_id, retry_after, understood
from .pages import following
from .pool import Pool, Way
from .throttle import Pace
from .versions import agreed, has_versions

try:
    import openstack
    from keystoneauth1.adapter import Adapter

    SDK_ERROR: Exception | None = None
except ImportError as _missing:
    SDK_ERROR = _missing

#: The alias in Nova's extension list that says that a cloud has the guarded root volume API.
GUARDED_ALIAS = "os-root-volume"

#: The alias that says that it also lists the roots of all servers.
GUARDED_LIST = "os-root-volumes"

#: How often a request is repeated that the cloud did not take because there are too many.
MOST_REPEATS = 20

#: Seconds to wait for an answer if ``api_timeout`` is not given. Without a limit, a request that gets no answer would
#: hold the run and its lock for ever. Most load balancers give up after a minute and say so.
SILENCE = 120.0

#: The same for reads. A read without an answer is sent once more, so both together take as long.
SILENCE_OF_READS = 60.0

#: Most pages of a list, and most bytes of all of them. Pages have 100 to 1000 rows, and 10,000 servers about 40 MiB.
MOST_PAGES, LARGEST_LIST = 1000, 256 << 20

# without a handler, what these libraries log would go to stderr in the middle of the progress lines
for _name in ("keystoneauth", "openstack"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

INFINITE = float("inf")

#: Seconds after the timeout of a run in which answers may still arrive, so that the result of each request is known.
LAST_ANSWERS = 60.0


class Session:
    """Requests to one cloud.

    :param config: keyword arguments of ``openstack.connect``.
    :param threads: how many threads will use the session; the connection pool is made as large.
    :param rate: most requests in a second; 0 leaves it to the cloud, which may answer 429.
    :param seconds: after these nothing is sent any more, and no answer is waited for.
    :param label: what people call the cloud, if it has no name.

    ``guard`` is called right before each request that may change something, and raises if it must not be sent.

    :raises StandbyError: if the SDK is missing or the configuration is not usable.
    :raises Unreachable: if the identity service does not answer.
    """

    guard: Callable[[], None] = staticmethod(lambda: None)
    _others: Mapping[str, float] = {}

    def __init__(
        self, config: Mapping[str, Any], threads: int = 1, rate: float = 0.0, seconds: float = INFINITE, label: str = ""
    ) -> None:
        if SDK_ERROR is not None:
            need = "The Python package openstacksdk is needed here"
            raise StandbyError(f"{need}: {SDK_ERROR}. pip install openstacksdk.")
        self.label = str(label or config.get("cloud") or config.get("region_name") or "the cloud")
        self.requests: Counter[str] = Counter()
        self._dated, self.ahead = False, timedelta()
        self.bounds = Bounds(seconds)
        self._lock, self._renewing, self._pace = threading.Lock(), threading.Lock(), Pace(rate)
        self._newest = threading.local()
        with Translated(self.label, "connect", asks=False):
            # the SDK would look which networks this machine has; we never ask for addresses to connect to
            self._connection = openstack.connect(**{"force_ipv4": True, **config})
            self._reads = {} if self._connection.session.timeout else {"timeout": SILENCE_OF_READS}
            self._silence = self._connection.session.timeout = self._connection.session.timeout or SILENCE
            self._pool = self._connection.session.session = Pool(self._hear)
            adapter = {"pool_connections": 8, "pool_maxsize": max(10, 2 * threads + 1)}
            for scheme in ("http://", "https://"):
                self._pool.mount(scheme, BoundedAdapter(self.bounds, **adapter))
        self._versions: dict[str, str] = {}
        self._ways: dict[str, Way] = {}
        self._known: dict[Any, Any] = {}
        self._asking: dict[Any, threading.Lock] = {}

    def authenticate(self) -> None:
        """Gets a token.

        :raises Unreachable: if the identity service does not answer; `Unusable` if it is there nevertheless.
        """
        try:
            with Translated(self.label, "authenticate"):
                self._connection.session.get_token()
        except Unreachable as error:
            if not self.bounds.heard or isinstance(error, Unusable):
                raise
            raise Unusable(f"{error}; yet it did answer an earlier request") from error

    def version(self, service: str) -> str:
        """The microversion that is used with ``service`` ("compute", "block_storage")."""
        if service not in self._versions:
            with Translated(self.label, f"discover {service}"):
                found = getattr(self._connection, service).get_endpoint_data()
            if found is None or found.max_microversion is None:
                raise Unreachable(f"{self.label}: the {service} service does not tell its versions. Is it running?")
            self._versions[service] = agreed(self.label, service, found.max_microversion)
        return self._versions[service]

    def who(self) -> tuple[str | None, frozenset[str]]:
        """Id of the project and names of the roles of the token; None and no names if nothing tells them."""
        return self.once("who", self._who)

    def _who(self) -> tuple[str | None, frozenset[str]]:
        session = self._connection.session
        get_access = getattr(session.auth, "get_access", None)
        if get_access is None:
            return None, frozenset()
        with Translated(self.label, "authenticate"):
            access = get_access(session)
        return access.project_id, frozenset(access.role_names)

    def once(self, key: Any, read: Callable[[], Any]) -> Any:
        """The answer of ``read``, asked once for each key: for what does not change during a run."""
        if key in self._known:
            return self._known[key]
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            if key not in self._known:
                self._known[key] = read()
        return self._known[key]

    def advertises(self, alias: str) -> bool:
        """Whether Nova's extension list has this alias."""
        found = self.once("extensions", lambda: self.get("compute", "/extensions")["extensions"])
        return any(item["alias"] == alias for item in found)

    def send(self, method: str, service: str, path: str, body: Any = None, revision: int | None = None) -> Any:
        """Sends one request, its body as JSON or bytes as they are; returns the JSON of the answer, {} if it has none.

        Repeats what the cloud certainly did not carry out: 401 (its token was revoked; once, with a new one) and
        429. 503 and no answer at all may have been carried out, so only reads are repeated after these; after an
        unclear answer to an action the state must be read again.

        :param revision: for Neutron, the revision that the resource must have, else the answer is a 412.
        :raises CloudError: for an HTTP status of 400 or more.
        :raises Unreachable: when there was no answer, or none of OpenStack.
        """
        # the SDK repeats requests for images on its own, also those that change something
        options: dict[str, Any] = {"connect_retries": 0, "status_code_retries": 0}
        options.update({"connect_retries": 1, **self._reads} if method == "GET" else self._others)
        if isinstance(body, bytes):
            options.update(data=body, headers={"Content-Type": "application/octet-stream"})
        elif body is not None:
            options["json"] = body
        if has_versions(service):
            options["microversion"] = self.version(service)
        if revision is not None:
            options["headers"] = {"If-Match": f"revision_number={revision}"}
        left = {401: 1, 429: MOST_REPEATS, 503: 3 if method == "GET" else 0}
        answer = self._request(method, service, path, options)
        while left.get(answer.status_code) and retry_after(answer) < self.bounds.left:
            left[answer.status_code] -= 1
            self._prepare_repeat(answer)
            answer = self._request(method, service, path, options)
        self._newest.request_id = request_id(answer)
        if answer.status_code >= 400:
            raise failure(self.label, method, path, answer)
        self._pace.taken()
        return content(self.label, method, path, answer)

    def stop(self) -> None:
        """Ends the session: from now on nothing is sent, also not by threads that wait for their turn."""
        self._pace.stop()

    def aside(self, seconds: float) -> Session:
        """The same connection, for single requests that wait for no others, and that `stop` does not keep back.

        :param seconds: how long an answer is waited for.
        """
        made = copy(self)
        own = {"_pace": Pace(), "_newest": threading.local(), "guard": lambda: None}
        vars(made).update(own, _reads={"timeout": seconds}, _others={"timeout": seconds})
        return made

    @property
    def request_id(self) -> str:
        """The id that the cloud gave the newest request that this thread sent; "" if it gave none."""
        return getattr(self._newest, "request_id", "")

    def _hear(self, answer: Any) -> None:
        """Called with each answer. The first one tells the time of the cloud."""
        if not self._dated:
            self._dated, self.ahead = True, ahead(answer, datetime.now(timezone.utc))

    def _request(self, method: str, service: str, path: str, options: Mapping[str, Any]) -> Any:
        self._pace.wait(self.bounds.left)
        if self.bounds.left <= 0:
            raise TimedOut(f"{self.label}: {method} {path.partition('?')[0]} was not sent: the time is over.")
        if method != "GET":
            self.guard()
        with self._lock:
            self.requests[f"{method} {service}"] += 1
        with Translated(self.label, f"{method} {path}"):
            where = self.once(("endpoint", service), lambda: getattr(self._connection, service).get_endpoint())
            answer = self._like_an_earlier(where, method, service, path, options)
            if answer is None:
                answer = self._by_keystoneauth(where, method, service, path, options)
            return answer

    def _like_an_earlier(self, where: str, method: str, service: str, path: str, options: Mapping[str, Any]) -> Any:
        """Sends a request as an earlier one to its service was sent. None if there was none, or it was redirected."""
        way = self._ways.get(service)
        if way is None or options.keys() & {"data", "headers"}:
            return None
        url, timeout = f"{where.rstrip('/')}/{path.lstrip('/')}", options.get("timeout", self._silence)
        return self._pool.send_like(way, method, url, options.get("json"), timeout)

    def _by_keystoneauth(self, where: str, method: str, service: str, path: str, options: Mapping[str, Any]) -> Any:
        """Sends a request that no earlier one is like: the first to a service, or the first with a new token.

        Not the SDK's own `request`, nor the endpoint looked up for each request: both ask for the token under one lock,
        three times for each request, which 100 threads feel. keystoneauth's own answer to a 401 throws away the token
        that another thread has just got.
        """
        proxy = getattr(self._connection, service)
        answer: Any = Adapter.request(
            proxy, path, method, endpoint_override=where, raise_exc=False, allow_reauth=False, **options
        )
        if answer.status_code < 400 and getattr(answer, "way", None) and "headers" not in options:
            self._ways[service] = answer.way
        return answer

    def _prepare_repeat(self, answer: Any) -> None:
        """A new token after a 401, unless another thread got one meanwhile; else a pause for the whole session."""
        if answer.status_code != 401:
            self._pace.slow_down(retry_after(answer))
            return
        self._ways.clear()
        with self._renewing, Translated(self.label, "authenticate"):
            session = self._connection.session
            if answer.request.headers.get("X-Auth-Token") == session.get_token():
                session.invalidate()

    def get(self, service: str, path: str) -> Any:
        """The JSON of a GET."""
        return self.send("GET", service, path)

    def pages(self, service: str, path: str, key: str) -> Iterator[dict[str, Any]]:
        """All items of a list, following the links to its further pages."""
        read, size, first = {path}, 0, path
        while path:
            page = self.get(service, path)
            yield from items(self.label, path, page, key)
            with understood(self.label, f"GET {path}"):
                path = following(path, page, key)
            size += self.bounds.size
            if path in read or len(read) >= MOST_PAGES or size > LARGEST_LIST:
                raise endless(self.label, first, len(read), size)
            read.add(path)

    @property
    def warnings(self) -> list[str]:
        """What the user should know about the connection."""
        ends = [where for key, where in self._known.items() if isinstance(key, tuple) and key[0] == "endpoint"]
        auth = getattr(self._connection.session.auth, "auth_url", None)
        hosts = sorted({in_the_clear(url) for url in (auth, *ends) if url} - {""})
        unsafe = "passwords and tokens travel there unencrypted. Use https, in clouds.yaml and in the catalog."
        return [f"{self.label}: http is used for {', '.join(hosts)}: {unsafe}"] if hosts else []


def described(config: Mapping[str, Any]) -> str:
    """The label of a cloud without a name: the address of its identity service, and the user. Never a secret."""
    auth, region = config.get("auth") or {}, config.get("region_name")
    who = auth.get("username") or auth.get("application_credential_name") or auth.get("application_credential_id")
    parts = [urlsplit(str(auth.get("auth_url") or "")).hostname, region, f"(as {who})" if who else None]
    return " ".join(str(part) for part in parts if part)
