# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a run makes and finds again: for the user alone, and regular files of the user only.

In a folder that others may write to, a name may be a link to somewhere else, a pipe on which reading never ends, or a
file that others still change.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

#: For the user alone.
FILE_MODE, FOLDER_MODE = 0o600, 0o700

#: Never through a link, never waiting for the other end of a pipe.
_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

#: Bytes of a file that are read at most. The journal of 3,000 servers has about 20 MiB.
LARGEST = 256 << 20


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, where they are missing; what is there stays as it is."""
    for place in (*reversed(folder.parents), folder):
        if not place.exists():
            place.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")


def open_own(file: Path, flags: int, whose: int | None = None) -> int:
    """A descriptor of a regular file of the user, which is made if ``flags`` say so.

    :param whose: the user, -1 for anybody.
    :raises OSError: if it is anything else.
    """
    whose = os.geteuid() if whose is None else whose
    number = os.open(file, flags | _SAFE, FILE_MODE)
    found = os.fstat(number)
    problem = "is not a regular file" if not stat.S_ISREG(found.st_mode) else ""
    problem = problem or (f"belongs to the user {found.st_uid}" if whose not in (-1, found.st_uid) else "")
    if problem:
        os.close(number)
        raise PermissionError(f"{file} {problem}")
    return number


def read_own(file: Path) -> str:
    """The text of a regular file of the user. What is not UTF-8 is replaced.

    :raises OSError: if it is anything else, or too large.
    """
    return _read(file, os.geteuid())


def read_regular(file: Path) -> str:
    """As `read_own`, for a file that anybody may own: what is in it is only shown."""
    return _read(file, -1)


def _read(file: Path, whose: int) -> str:
    with os.fdopen(open_own(file, os.O_RDONLY, whose), "rb") as stream:
        text = stream.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise OSError(f"{file} is larger than {LARGEST >> 20} MiB")
    return text.decode(errors="replace")
