# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as people read them."""

from __future__ import annotations

import json
import re
from datetime import timezone
from typing import Any

from ..run.closing_lines import duration
from .reading import moment


def day(time: str | None) -> str:
    """A time in UTC, to the second. A text that is no time stays as it is; "" for None."""
    try:
        return moment(time).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""
    except ValueError:
        return str(time)


def local_day(time: str | None) -> str:
    """A time in UTC, and where the report is made beside it if that has another one."""
    told = day(time)
    if not told.endswith(" UTC"):
        return told
    here = moment(str(time)).astimezone()
    return told if not here.utcoffset() else f"{told} ({here:%H:%M:%S %Z})"


def tied(text: str) -> str:
    """Numbers keep the line of what they count: "3 of 3 servers", "4 min 10 s"."""
    return re.sub(r"(?<=\d) (?=of \d|servers?\b|min\b|[dhs]\b)|(?<= of|min) (?=\d)", "\u00a0", text)


def span(seconds: float | None) -> str:
    """A time span; "" for None."""
    return "" if seconds is None else duration(seconds)


def plain(value: Any) -> str:
    """A value of an option or a version as text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
