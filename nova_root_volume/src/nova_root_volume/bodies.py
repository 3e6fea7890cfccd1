# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the bodies of requests ask for. Pure: imports neither Nova nor WebOb."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Nova's schema allows these forms of a device name; the last group is the letter of the disk, as "a" of /dev/xvda1
_DEVICE = re.compile(r"^/dev/(?:x?[a-z]?d)?([a-z]+)[0-9]*$")


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
        raise BadBodyError(f"Invalid input for field/attribute is_root. Value: {is_root!a}. It is not a boolean.")
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
            f"({_listed(root_names)}). Leave device out or name the root device."
        )
    if request.is_root is False and names_root:
        raise BadBodyError(
            f"is_root is false, but device {request.device} is the root device of the server. Leave device out to "
            "attach a data volume, or say is_root: true."
        )
    return bool(request.is_root) or names_root


def check_near_miss(request: RootRequest, root_names: frozenset[str]) -> None:
    """Refuse a device name that may be meant as the missing root, such as /dev/vda or /dev/sda1 for /dev/sda.

    Nova ignores the name, so the volume would become a data disk and the server would stay without a root.

    Raises:
        BadBodyError: with the right name.
    """
    if request.is_root is None and _letter(request.device) in {_letter(name) for name in root_names} - {None}:
        raise BadBodyError(
            f"Device {request.device} is not the root device of the server, but looks like it. The root device is "
            f"{_listed(root_names)} and has no volume. To attach the root, name this device or say is_root: true. To "
            "attach a data volume, say is_root: false or leave device out."
        )


def _letter(device: str | None) -> str | None:
    found = _DEVICE.match(device or "")
    return found.group(1) if found else None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "unknown"
