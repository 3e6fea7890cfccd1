# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of a cloud mean: its errors as those of the collection, and how long it asks to wait."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..data.errors import CloudError, StandbyError, Unreachable
from ..data.texts import one_line

# the session reports that they are missing
with contextlib.suppress(ImportError):
    from keystoneauth1 import exceptions as ka_exceptions
    from openstack import exceptions as sdk_exceptions

#: Seconds that a pause may last at most, whatever the cloud asks for.
LONGEST_PAUSE = 60.0

#: Characters of a message of the cloud that are shown at most: it may repeat all that it was sent.
LONGEST_MESSAGE = 500

#: Why TLS failed, in the words of OpenSSL.
_TLS = re.compile(r"\[SSL: [^(]+")


#: Clocks that differ by less agree.
AGREEING = timedelta(seconds=5)


class Unusable(Unreachable):
    """Something answered, but not as a cloud does. The action may have been carried out."""


def retry_after(answer: Any) -> float:
    """Seconds that the cloud asks to wait. A moment is ignored: the clocks may differ."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isdigit() else 1.0


def ahead(answer: Any, now: datetime) -> timedelta:
    """By how much the clock of a cloud is ahead of ours; nothing where it tells no time, or the clocks agree.

    An answer tells full seconds and was on its way for a while.
    """
    try:
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
        found = told - now
    except (TypeError, ValueError):
        return timedelta()
    return found if abs(found) > AGREEING else timedelta()


def request_id(answer: Any) -> str:
    """The id by which the operators of a cloud find a request in their logs; "" if the answer has none."""
    return answer.headers.get("x-openstack-request-id") or answer.headers.get("x-compute-request-id") or ""


def failure(label: str, method: str, path: str, answer: Any) -> CloudError:
    """The error for an answer with an HTTP status of 400 or more."""
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
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    kind = answer.headers.get("Content-Type", "no type")
    raise _no_cloud(label, method, path, f"{answer.status_code} and no JSON object ({kind})")


def items(label: str, path: str, page: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The items on a page of a list.

    :raises Unusable: if it is not a page of a list. As an empty list it would say that everything is gone.
    """
    found = page.get(key)
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return found
    raise _no_cloud(label, "GET", path, f'200 and without "{key}"')


def endless(label: str, path: str, pages: int, size: int) -> Unusable:
    """The error for a list that does not end."""
    what = f"{label}: GET {path.partition('?')[0]} does not end after {pages} pages and {size >> 20} MiB"
    return Unusable(f"{what}: no list of OpenStack is that long or names a page twice. Look what answers there")


def _no_cloud(label: str, method: str, path: str, saw: str) -> Unusable:
    what = f"{label}: {method} {path.partition('?')[0]} was answered with {saw}"
    return Unusable(f"{what}. This answer is not from OpenStack. It may come from a proxy or a load balancer")


def _short(error: BaseException) -> str:
    """The text without the inner workings of urllib3, but with the reason why TLS failed."""
    text = one_line(str(error))
    reason = _TLS.search(text)
    return text.partition(": HTTP")[0].partition(" (Caused by")[0] + (f": {reason[0].strip()}" if reason else "")


def _message(answer: Any) -> str:
    """The message in an error body: Nova and Cinder {name: {message}}, Neutron {NeutronError: {message}}."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return _showable(answer.reason or "")
    for part in body.values() if isinstance(body, dict) else ():
        if isinstance(part, dict) and part.get("message"):
            return _showable(str(part["message"]))
    return _showable(str(body))


def _showable(text: str) -> str:
    """The text as a part of a line, without user data.

    Nova repeats user data that is not valid (nova/api/validation/validators.py).
    """
    text = one_line(text)
    head, _value, rest = text.partition("Value:")
    if rest and "user_data" in text:
        text = f"{head}Its value is not shown."
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 3]}..."


def _root(error: BaseException) -> BaseException:
    """The cause of an error: keystoneauth hides why it could not read the versions of an identity service."""
    inner = error.__context__
    if isinstance(error, ka_exceptions.DiscoveryFailure) and isinstance(inner, ka_exceptions.ClientException):
        return _root(inner)
    return error


#: The exceptions of a program that reads an answer of an unexpected form.
_MISTAKEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def _mistaken(label: str, what: str, error: BaseException) -> CloudError:
    """The error for an answer that is not as the API of OpenStack describes it."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__}: {_showable(str(error))}, {last.filename.rpartition('/')[2]} line {last.lineno}"
    todo = "Look what answers there: a proxy, or an unknown version. If it is OpenStack itself, report this."
    text = f"{label}: {what}: an answer is not as OpenStack describes it ({where}). {todo}"
    return CloudError(text, status=200)


@contextlib.contextmanager
def understood(label: str, what: str) -> Iterator[None]:
    """Goes around code that reads answers. Reports an answer of an unexpected form as the fault of the cloud."""
    try:
        yield
    except _MISTAKEN as error:
        raise _mistaken(label, what, error) from error


class Translated:
    """Turns the exceptions of the SDK, of keystoneauth and of the system into those of the collection.

    :param asks: whether a cloud is asked, so that its answers may be the fault.
    """

    def __init__(self, label: str, what: str, asks: bool = True) -> None:
        self.label, self.what, self.asks = label, what, asks

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ka_exceptions.ClientException, sdk_exceptions.SDKException, OSError)):
            raise self._ours(_root(error)) from error
        if self.asks and isinstance(error, _MISTAKEN):
            raise _mistaken(self.label, self.what, error) from error

    def _ours(self, error: BaseException) -> StandbyError:
        """`Unreachable` only if nothing answered at all: a failover goes on then."""
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
