# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in Nova's own format: JSON faults and microversion headers."""

from __future__ import annotations

import json
from typing import Any

import webob
from nova.api.openstack import api_version_request, wsgi


def prepare(environ: dict[str, Any]) -> wsgi.Request | None:
    """Make Nova's request object, its microversion set; None if Nova is going to refuse the microversion."""
    request = wsgi.Request(environ)
    try:
        request.set_api_version_request()
    except Exception:  # noqa: BLE001 -- which exceptions say "bad version" differs between releases
        return None
    return request


def since(request: wsgi.Request, version: str) -> bool:
    """Tell whether the request's microversion is ``version`` or newer."""
    return api_version_request.is_supported(request, version)


def answer(request: wsgi.Request, status: int, body: dict[str, Any] | None = None) -> webob.Response:
    """Build a success answer with the headers that Nova's controllers send."""
    response = webob.Response(status=status, content_type="application/json", charset="UTF-8")
    response.text = "" if body is None else json.dumps(body)
    version = request.api_version_request.get_string()
    response.headers[wsgi.API_VERSION_REQUEST_HEADER] = f"compute {version}"
    response.headers[wsgi.LEGACY_API_VERSION_REQUEST_HEADER] = version
    response.headers.add("Vary", wsgi.API_VERSION_REQUEST_HEADER)
    response.headers.add("Vary", wsgi.LEGACY_API_VERSION_REQUEST_HEADER)
    return response
