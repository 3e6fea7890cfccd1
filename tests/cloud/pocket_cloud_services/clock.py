# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another clock for the services of a site, as if those of its machines were wrong.

What Python asks for the time is ahead: resources, tokens, headers, logs. Files and databases' servers are not.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

_RIGHT = dt.datetime


class _AlsoRight(type):
    """Times that C code makes are of the class that stood there before."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _RIGHT)


def install(seconds: int) -> None:
    """Put the clock of this process ahead. Before the first import of OpenStack code, which takes names from these."""
    if not seconds:
        return
    now, now_ns, utc, local = time.time, time.time_ns, time.gmtime, time.localtime
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + seconds * 10**9
    time.gmtime = lambda when=None: utc(time.time() if when is None else when)
    time.localtime = lambda when=None: local(time.time() if when is None else when)
    dt.datetime = _ahead(dt.timedelta(seconds=seconds))  # type: ignore[misc]


def _ahead(by: dt.timedelta) -> Any:
    class Ahead(_RIGHT, metaclass=_AlsoRight):
        """The clock. Its method `today` asks `time.time`, all others ask these."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return super().now(tz) + by

        @classmethod
        def utcnow(cls) -> Any:
            return super().utcnow() + by

    Ahead.__name__ = Ahead.__qualname__ = "datetime"  # under this name pickle finds it
    Ahead.__module__ = "datetime"
    return Ahead
