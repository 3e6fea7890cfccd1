# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of a cloud mean: its errors as those of the collection, and how long it asks to wait."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from ..errors import CloudError, StandbyError, Unreachable

# that they are missing is said by the session
with contextlib.suppress(ImportError):
    from keystoneauth1 import exceptions as ka_exceptions
    from openstack import exceptions as sdk_exceptions

#: Seconds that a pause may last at most, whatever the cloud asks for.
LONGEST_PAUSE = 60.0

#: Characters of a message of the cloud that are shown at most: it may repeat all that it was sent.
LONGEST_MESSAGE = 500

#: Why TLS failed, in the words of OpenSSL.
_TLS = re.compile(r"\[SSL: [^(]+")


class Unusable(Unreachable):
    """Something answered, but not as a cloud does. Says nothing about whether an action was carried out, either."""


def retry_after(answer: Any) -> float:
    """Seconds that the cloud asks to wait; it may also name a moment, which clocks that differ make useless."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isdigit() else 1.0


def request_id(answer: Any) -> str:
    """The id by which the operators of a cloud find a request in their logs; "" if the answer has none."""
    return answer.headers.get("x-openstack-request-id") or answer.headers.get("x-compute-request-id") or ""


def failure(label: str, method: str, path: str, answer: Any) -> CloudError:
    """The error that an HTTP status of 400 or more is."""
    id_ = request_id(answer)
    return CloudError(
        f"{label}: {method} {path.partition('?')[0]} was answered with {answer.status_code}: {_message(answer)}"
        + (f" (request id {id_})" if id_ else ""),
        status=answer.status_code,
        request_id=id_,
        answer=_message(answer),
    )


def content(label: str, method: str, path: str, answer: Any) -> dict[str, Any]:
    """The JSON object that an answer holds, {} if it is empty.

    :raises Unusable: if it holds something else, such as the page of a proxy.
    """
    if not answer.content:
        return {}
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    kind = answer.headers.get("Content-Type", "no type")
    raise _no_cloud(label, method, path, f"{answer.status_code} and no JSON object ({kind})")


def items(label: str, path: str, page: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The items on a page of a list.

    :raises Unusable: if it is no such page. Taken as an empty one, it would say that everything is gone.
    """
    found = page.get(key)
    if isinstance(found, list):
        return found
    raise _no_cloud(label, "GET", path, f'200 and without "{key}"')


def _no_cloud(label: str, method: str, path: str, saw: str) -> Unusable:
    what = f"{label}: {method} {path.partition('?')[0]} was answered with {saw}"
    return Unusable(f"{what}. That is no answer of OpenStack, but maybe of a proxy or a load balancer")


def _short(error: BaseException) -> str:
    """Without the inner workings of urllib3, but with what TLS did not like."""
    text, reason = str(error), _TLS.search(str(error))
    return text.partition(": HTTP")[0].partition(" (Caused by")[0] + (f": {reason[0].strip()}" if reason else "")


def _message(answer: Any) -> str:
    """The message in an error body: Nova and Cinder {name: {message}}, Neutron {NeutronError: {message}}."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason or ""
    for part in body.values() if isinstance(body, dict) else ():
        if isinstance(part, dict) and part.get("message"):
            return _showable(str(part["message"]))
    return _showable(str(body))


def _showable(text: str) -> str:
    """Without user data, which Nova repeats when they are not valid (nova/api/validation/validators.py)."""
    head, _value, rest = text.partition("Value:")
    if rest and "user_data" in text:
        text = f"{head}Its value is not shown."
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 3]}..."


def _root(error: BaseException) -> BaseException:
    """What was met where the versions of an identity service were asked for: keystoneauth tells it only beside."""
    inner = error.__context__
    if isinstance(error, ka_exceptions.DiscoveryFailure) and isinstance(inner, ka_exceptions.ClientException):
        return _root(inner)
    return error


class Translated:
    """Turns the exceptions of the SDK, of keystoneauth and of the system into those of the collection."""

    def __init__(self, label: str, what: str) -> None:
        self.label, self.what = label, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ka_exceptions.ClientException, sdk_exceptions.SDKException, OSError)):
            raise self._ours(_root(error)) from error

    def _ours(self, error: BaseException) -> StandbyError:
        """Only that nothing answered is `Unreachable`, for a failover goes on over it."""
        if isinstance(error, ka_exceptions.HttpError):
            text = f"{self.label}: {self.what} was answered with {error.http_status}: {_showable(str(error.message))}"
            return CloudError(text, status=error.http_status, request_id=error.request_id or "")
        hung_up = isinstance(error, ka_exceptions.SSLError) and "EOF" in str(error)
        if hung_up or isinstance(error, (ka_exceptions.ConnectTimeout, ka_exceptions.ConnectFailure)):
            return Unreachable(f"{self.label} does not answer ({self.what}): {_short(error)}")
        if isinstance(error, (ka_exceptions.ConnectionError, ka_exceptions.DiscoveryFailure)):
            return Unusable(f"{self.label} gives no answer of use ({self.what}): {_short(error)}")
        text = f"{self.label}: {self.what}: {_showable(str(error))}"
        if isinstance(error, sdk_exceptions.HttpException):
            return CloudError(text, status=error.status_code or 0)
        return StandbyError(text)
