# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs this, where, and with which versions: for the journal and the lock."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
from importlib import metadata
from pathlib import Path
from typing import Any

#: The collection: in it are MANIFEST.json when it is installed, galaxy.yml in its repository.
COLLECTION = Path(__file__).resolve().parents[2]

_VERSION = re.compile(r'^\s*"?version"?: "?([\w.+-]+)"?,?$', re.MULTILINE)


def who(user: str = "") -> dict[str, Any]:
    """The user, the host and the process.

    :param user: who is known to have started it, if not the user of the process.
    """
    return {"user": user or _user(), "host": socket.gethostname(), "process": os.getpid()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container in which the user has no name
        return f"uid {os.getuid()}"


def versions() -> dict[str, str]:
    """The versions of everything that takes part."""
    packages = {name: _of_package(name) for name in ("ansible-core", "openstacksdk")}
    return {"standby.openstack": _of_collection(), **packages, "python": platform.python_version()}


def _of_package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _of_collection() -> str:
    for name in ("MANIFEST.json", "galaxy.yml"):
        file = COLLECTION / name
        found = _VERSION.search(file.read_text(encoding="utf-8")) if file.is_file() else None
        if found:
            return found[1]
    return ""
