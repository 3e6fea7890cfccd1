# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of clouds and plans that is shown: what a terminal or a browser would obey is replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

#: Control characters (a terminal obeys them), marks of direction (a line reads otherwise than it is), what ends a line,
#: and what UTF-8 cannot carry.
_OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff"
_UNFIT = re.compile(f"[{_OBEYED}]")
_UNFIT_IN_A_LINE = re.compile(f"[\t\n{_OBEYED}]")

#: So many servers are named in a message; a plan may have thousands.
MOST_NAMED = 10

#: In the place of each.
REPLACED = "\ufffd"


def one_line(text: str) -> str:
    """The text as a part of one line."""
    return _UNFIT_IN_A_LINE.sub(REPLACED, text)


def is_one_line(text: str) -> bool:
    """Whether the text can be shown as it is, as a part of one line."""
    return not _UNFIT_IN_A_LINE.search(text)


def listed(texts: Sequence[str]) -> str:
    """The first texts, and how many more there are."""
    more = len(texts) - MOST_NAMED
    return ", ".join(texts[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def shown(value: Any) -> Any:
    """The value with all texts in it as they may be shown, in several lines if they have them."""
    if isinstance(value, str):
        return _UNFIT.sub(REPLACED, value)
    if isinstance(value, dict):
        return {shown(key): shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, (list, tuple)) else value


def object_in(line: str) -> dict[str, Any] | None:
    """The JSON object that a line is, as it may be shown; None if it is none."""
    try:
        found = shown(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
