# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers of a cloud mean: its errors as those of the collection, and how long it asks to wait."""

from __future__ import annotations

import contextlib
from typing import Any

from ..errors import CloudError, StandbyError, Unreachable

# that they are missing is said by the session
with contextlib.suppress(ImportError):
    from keystoneauth1 import exceptions as ka_exceptions
    from openstack import exceptions as sdk_exceptions

#: Seconds that a pause may last at most, whatever the cloud asks for.
LONGEST_PAUSE = 60.0


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


def _short(error: BaseException) -> str:
    """Without the inner workings of urllib3."""
    return str(error).partition(": HTTP")[0].partition(" (Caused by")[0]


def _message(answer: Any) -> str:
    """The message in an error body: Nova and Cinder {name: {message}}, Neutron {NeutronError: {message}}."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason or ""
    for part in body.values() if isinstance(body, dict) else ():
        if isinstance(part, dict) and part.get("message"):
            return str(part["message"])
    return str(body)[:300]


class Translated:
    """Turns the exceptions of the SDK and of keystoneauth into those of the collection."""

    def __init__(self, label: str, what: str) -> None:
        self.label, self.what = label, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ka_exceptions.HttpError):
            text = f"{self.label}: {self.what} was answered with {error.http_status}: {error.message}"
            raise CloudError(text, status=error.http_status, request_id=error.request_id or "") from error
        if isinstance(error, (ka_exceptions.ConnectionError, ka_exceptions.DiscoveryFailure)):
            raise Unreachable(f"{self.label} does not answer ({self.what}): {_short(error)}") from error
        if isinstance(error, sdk_exceptions.HttpException):
            raise CloudError(f"{self.label}: {self.what}: {error}", status=error.status_code or 0) from error
        if isinstance(error, (ka_exceptions.ClientException, sdk_exceptions.SDKException)):
            raise StandbyError(f"{self.label}: {self.what}: {error}") from error
