# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in a plan that could not be shown as they are: a terminal would obey them, or a line would read otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...data.texts import is_one_line

#: What is never shown, and may have several lines.
_CONTENT = frozenset({"user_data", "metadata", "description", "console"})


def text_problems(value: Any, where: str = "") -> Iterator[str]:
    """One text for each name that cannot be shown, by its place in the plan."""
    if isinstance(value, str) and not is_one_line(value):
        yield f"{where} has control characters, or marks that change the direction of writing"
    elif isinstance(value, Mapping):
        for key in value.keys() - _CONTENT:
            yield from text_problems(value[key], f"{where}.{key}" if where else str(key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            yield from text_problems(item, f"{where}[{number}]")
