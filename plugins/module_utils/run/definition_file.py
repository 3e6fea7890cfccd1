# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the definition of a server: written to the disk before the server is deleted, never overwritten."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data.errors import StandbyError
from ..data.replacement import Definition, definition_from
from .own_files import read_own


class BadRecord(StandbyError):
    """A file that cannot be read or written, or is no definition of a server."""

    code = "bad_record"


def read_record(file: str | None) -> Definition | None:
    """The definition in a file; None if there is no such file.

    :raises BadRecord: if the file is something else.
    """
    if not file or not os.path.lexists(file):
        return None
    try:
        return definition_from(json.loads(read_own(Path(file))))
    except (AttributeError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRecord(
            f"{file} cannot be read as the definition of a server: {error}. Name another file as record.", file=file
        ) from error


def write_record(file: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a definition so that it survives a crash; the record of another server is kept beside it.

    :raises BadRecord: if that is not possible. Nothing was changed then.
    """
    path, text = Path(file), json.dumps(definition, indent=2, sort_keys=True) + "\n"
    old = read_record(file)
    try:
        if old and old.server_id != definition["server_id"]:
            path.replace(f"{path}.{old.server_id}")
        _write(path, text)
    except OSError as error:
        raise BadRecord(
            f"{file} cannot be written: {error}. Name a file in a folder that exists.", file=file
        ) from error
    return {}


def _write(path: Path, text: str) -> None:
    """All or nothing, for the user alone: metadata may hold secrets."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    Path(new.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
