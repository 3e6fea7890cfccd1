# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests the filter looks at, and what their bodies ask for. Pure: imports neither Nova nor WebOb."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Nova serves each path with and without a project id. Any single segment is taken for a project id here: a wider match
# can only lead to one look-up too many, a narrower one would leave a way around the guard.
_PREFIX = r"^(?:/[^/]+)?"
_SERVER = _PREFIX + r"/servers/(?P<server_id>[^/]+)"
_ROUTES = (
    ("DELETE", "detach", re.compile(_SERVER + r"/os-volume_attachments/(?P<target>[^/]+)/?$")),
    ("POST", "attach", re.compile(_SERVER + r"/os-volume_attachments/?$")),
    ("POST", "action", re.compile(_SERVER + r"/action/?$")),
    ("GET", "show", re.compile(_SERVER + r"/os-root-volume/?$")),
    ("GET", "list_extensions", re.compile(_PREFIX + r"/extensions/?$")),
    ("GET", "show_extension", re.compile(_PREFIX + r"/extensions/os-root-volume/?$")),
)


class Route(NamedTuple):
    """A request that the filter handles.

    Attributes:
        name: which handler ("detach", "attach", "action", "show", "list_extensions", "show_extension").
        server_id: the server's UUID as the client wrote it, "" for the extension list.
        target: what a detach names (a volume id in Nova's API), else "".
    """

    name: str
    server_id: str = ""
    target: str = ""


class BadBodyError(ValueError):
    """An attach body that contradicts itself; the text is for the client."""


class RootRequest(NamedTuple):
    """What the body of an attach request says about the root device.

    Attributes:
        body: the body without ``is_root``, which Nova's own schema would refuse.
        is_root: the value of ``is_root``, None if it was not given.
        device: the named device, None if none was named.
    """

    body: dict[str, Any]
    is_root: bool | None
    device: str | None


def match(method: str, path: str) -> Route | None:
    """Find the handler of a request; None means that the request is none of the filter's business."""
    for wanted, name, pattern in _ROUTES:
        found = pattern.match(path) if method == wanted else None
        if found:
            return Route(name, **found.groupdict())
    return None


def is_unshelve(body: Any) -> bool:
    """Tell whether a decoded action body asks for unshelve."""
    return isinstance(body, dict) and "unshelve" in body


def parse_attach(body: Any) -> RootRequest | None:
    """Read an attach body.

    Returns:
        None if the body names neither ``is_root`` nor a device (or is malformed): Nova's business alone.

    Raises:
        BadBodyError: ``is_root`` is not a boolean.
    """
    attachment = body.get("volumeAttachment") if isinstance(body, dict) else None
    if not isinstance(attachment, dict):
        return None
    is_root, device = attachment.get("is_root"), attachment.get("device")
    if "is_root" in attachment and not isinstance(is_root, bool):
        raise BadBodyError(f"Invalid input for field/attribute is_root. Value: {is_root}. It is not a boolean.")
    if is_root is None and device is None:
        return None
    stripped = {key: value for key, value in attachment.items() if key != "is_root"}
    return RootRequest({**body, "volumeAttachment": stripped}, is_root, device)


def wants_root(request: RootRequest, root_names: frozenset[str]) -> bool:
    """Decide whether an attach request means the root device.

    Args:
        request: the parsed body.
        root_names: the device names of the server's root, such as "/dev/vda".

    Raises:
        BadBodyError: ``is_root`` says one thing and ``device`` the other. Guessing here could boot the wrong disk.
    """
    names_root = request.device in root_names
    if request.is_root and request.device is not None and not names_root:
        raise BadBodyError(
            f"is_root is true, but device {request.device} is not the root device of the server "
            f"({', '.join(sorted(root_names)) or 'unknown'}). Leave device out or name the root device."
        )
    if request.is_root is False and names_root:
        raise BadBodyError(
            f"is_root is false, but device {request.device} is the root device of the server. Leave device out to "
            "attach a data volume, or say is_root: true."
        )
    return bool(request.is_root) or names_root
