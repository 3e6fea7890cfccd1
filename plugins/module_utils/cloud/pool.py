# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of one cloud, below keystoneauth: what is the same for each request is found out once.

keystoneauth and `requests` put each request together anew: headers and microversion, when the token expires, proxies
and certificates of the environment, a password in ~/.netrc. For the thousands of requests of a wave, which share one
processor, this took more than twice as long as sending them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# the session reports that they are missing
try:
    import requests
    import requests.exceptions as faults
    from keystoneauth1 import exceptions as ka_exceptions

    Base: Any = requests.Session
except ImportError:
    Base = object

#: The options that keystoneauth gives for each request. With others, as some ways of authentication have them, the base
#: class sends.
_USUAL = frozenset({"headers", "data", "timeout", "verify", "cert", "allow_redirects"})

#: Headers of one request.
_OF_ONE = frozenset({"content-length", "content-type", "cookie"})

_REDIRECTS = (301, 302, 303, 305, 307, 308)


@dataclass(frozen=True)
class Way:
    """How keystoneauth sent a request to a service: its headers with the token, TLS options and proxies."""

    headers: Mapping[str, str]
    options: Mapping[str, Any]


class Pool(Base):
    """Sends the requests of keystoneauth, and others in the same way as an earlier one.

    ~/.netrc is never read: it would take the place of the token.

    :param hear: called with each answer.
    """

    def __init__(self, hear: Callable[[Any], None]) -> None:
        super().__init__()
        self._hear = hear
        self._settings: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.headers["Accept-Encoding"] = "identity"
        self.auth = _no_netrc

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Sends a request of keystoneauth. An answer gets its ``way``, if others may be sent in the same way."""
        if options.get("allow_redirects") is not False or options.keys() - _USUAL:
            answer = super().request(method, url, **options)
            self._hear(answer)
            return answer
        sent: Any = requests.PreparedRequest()
        sent.prepare(
            method, url, headers={**self.headers, **options["headers"]}, data=options.get("data"), cookies=self.cookies
        )
        settings = self._of_host(sent.url, options.get("verify"), options.get("cert"))
        answer = self._sent(sent, options.get("timeout"), settings)
        answer.way = Way({k: v for k, v in sent.headers.items() if k.lower() not in _OF_ONE}, settings)
        return answer

    def send_like(self, way: Way, method: str, url: str, body: Any, timeout: float) -> Any:
        """Sends a request, its body as JSON. None if it was redirected, which keystoneauth follows.

        A read without an answer is sent once more.

        :raises ClientException: as keystoneauth does, if there is no answer.
        """
        sent: Any = requests.PreparedRequest()
        sent.method, sent.url, sent.headers = method, requests.utils.requote_uri(url), dict(way.headers)
        if self.cookies:
            sent.prepare_cookies(self.cookies)
        if body is not None:
            sent.body = json.dumps(body).encode()
            sent.headers.update({"Content-Type": "application/json", "Content-Length": str(len(sent.body))})
        elif method != "GET":
            sent.headers["Content-Length"] = "0"
        answer = self._answer(sent, timeout, way.options, again=method == "GET")
        return None if answer.status_code in _REDIRECTS else answer

    def _answer(self, sent: Any, timeout: float, options: Mapping[str, Any], again: bool) -> Any:
        try:
            return self._sent(sent, timeout, options)
        except faults.RequestException as error:
            told = _as_keystoneauth(error, sent.url)
            if again and isinstance(told, ka_exceptions.RetriableConnectionFailure):
                return self._answer(sent, timeout, options, again=False)
            raise told from error

    def _sent(self, sent: Any, timeout: Any, options: Mapping[str, Any]) -> Any:
        answer = self.get_adapter(sent.url).send(sent, timeout=timeout, **options)
        self._hear(answer)
        if answer.cookies:
            self.cookies.update(answer.cookies)
        answer.content  # noqa: B018 - receives it
        return answer

    def _of_host(self, url: str, verify: Any, cert: Any) -> dict[str, Any]:
        """Proxies and TLS options, from the arguments and from the environment."""
        key = "/".join(url.split("/", 3)[:3]), verify, cert
        if key not in self._settings:
            self._settings[key] = self.merge_environment_settings(url, {}, False, verify, cert)
        return self._settings[key]


def _as_keystoneauth(error: Any, url: str) -> Exception:
    """The exception that keystoneauth makes of one of `requests` (keystoneauth1/session.py, _send_request)."""
    if isinstance(error, faults.SSLError):
        return ka_exceptions.SSLError(f"SSL exception connecting to {url}: {error}")
    if isinstance(error, faults.Timeout):
        return ka_exceptions.ConnectTimeout(f"Request to {url} timed out")
    if isinstance(error, faults.ConnectionError):
        return ka_exceptions.ConnectFailure(f"Unable to establish connection to {url}: {error}")
    return ka_exceptions.UnknownConnectionError(f"Unexpected exception for {url}: {error}", error)


def _no_netrc(request: Any) -> Any:
    """The authentication of `requests`. Without it `requests` would read ~/.netrc before each request, and use it."""
    return request
