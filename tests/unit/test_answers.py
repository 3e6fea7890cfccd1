# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of an error of the cloud: nothing secret, nothing endless."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.errors import (
    LONGEST_MESSAGE,
    Translated,
    Unusable,
)
from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError, Unreachable
from keystoneauth1 import exceptions
from loopback_cloud import Fails, LoopbackCloud

SECRET = "cGFzc3dvcmQ6IGh1bnRlcjI="
INVALID = "Invalid input for field/attribute"


def bad(message: str) -> dict[str, Any]:
    return {"badRequest": {"code": 400, "message": message}}


SAID: dict[str, tuple[Any, str]] = {
    "the value itself": (
        bad(f"{INVALID} user_data. Value: {SECRET}. '{SECRET}' is too long"),
        f"{INVALID} user_data. Its value is not shown.",
    ),
    "the whole server": (
        bad(f"{INVALID} server. Value: {{'name': 'db', 'user_data': '{SECRET}'}}. Additional properties"),
        f"{INVALID} server. Its value is not shown.",
    ),
    "in another form": (
        {"what": f"user_data is wrong. Value: {SECRET}"}, "{'what': 'user_data is wrong. Its value is not shown.",
    ),
    "another attribute": (
        bad(f"{INVALID} name. Value: a/b. 'a/b' does not match"),
        f"{INVALID} name. Value: a/b. 'a/b' does not match",
    ),
    "no value": (bad("user_data must be base64."), "user_data must be base64."),
    "as long as may be": (bad("x" * 500), "x" * 500),
    "longer": (bad("x" * 501), "x" * 497 + "..."),
    "longer, in another form": ([["y" * 600]], "[['" + "y" * 494 + "..."),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_what_is_shown_of_a_message(cloud: LoopbackCloud, session: Session, case: str) -> None:
    body, shown = SAID[case]
    cloud.answers["POST compute /servers"] = Fails(400, body)
    with pytest.raises(CloudError) as caught:
        session.send("POST", "compute", "/servers", {})
    assert str(caught.value) == f"loopback: POST /servers was answered with 400: {shown}"
    assert caught.value.details["answer"] == shown
    assert SECRET not in str(caught.value.as_result())
    assert len(shown) <= LONGEST_MESSAGE


def translated(error: BaseException) -> BaseException:
    with pytest.raises(BaseException) as caught, Translated("b", "POST /servers"):  # noqa: PT011
        raise error
    return caught.value


EXPIRED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired"

MET: dict[str, tuple[BaseException, type, str]] = {
    "refused": (exceptions.ConnectFailure("closed"), Unreachable, "b does not answer (POST /servers): closed"),
    "TLS": (
        exceptions.SSLError(
            "SSL exception connecting to https://b/: HTTPSConnectionPool(host='b', port=443): Max retries exceeded "
            "with url: / (Caused by SSLError(SSLCertVerificationError(1, '"
            f"{EXPIRED} (_ssl.c:1006)')))"
        ),
        Unusable,
        f"b gives no answer of use (POST /servers): SSL exception connecting to https://b/: {EXPIRED}",
    ),
    "an answer of the identity service": (
        exceptions.ServiceUnavailable("x" * 600, http_status=503),
        CloudError,
        "b: POST /servers was answered with 503: " + "x" * 497 + "...",
    ),
    "of the system": (OSError("no such file"), StandbyError, "b: POST /servers: no such file"),
    "another": (exceptions.ClientException("what"), StandbyError, "b: POST /servers: what"),
}


@pytest.mark.parametrize("case", MET)
def test_exceptions_of_the_libraries(case: str) -> None:
    error, kind, text = MET[case]
    ours = translated(error)
    assert (type(ours), str(ours)) == (kind, text)
    assert ours.__cause__ is error


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), StandbyError("ours")])
def test_what_is_not_of_the_libraries_stays(error: BaseException) -> None:
    assert translated(error) is error
