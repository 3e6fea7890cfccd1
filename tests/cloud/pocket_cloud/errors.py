# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that the command line turns into a message for people."""

from __future__ import annotations

import pathlib


class PocketCloudError(Exception):
    """Something that a person must know: what was wanted, what was seen, what to do."""


def end_of_file(path: pathlib.Path, lines: int = 20) -> str:
    """Return the last lines of a log for an error message, or say that there is none."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return f"(no log at {path})"
    return "\n".join(["--- end of " + str(path), *text.splitlines()[-lines:]])
