# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for other services while starting."""

from __future__ import annotations

import pathlib
import time
import urllib.error
import urllib.request
from collections.abc import Callable

SECONDS = 590.0
PAUSE = 0.1


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened; TimeoutError if it does not."""
    end = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {SECONDS:.0f} s in vain for {what}. Was the launcher interrupted?")
        time.sleep(PAUSE)


def for_file(path: pathlib.Path) -> None:
    """Wait until a file exists."""
    until(path.exists, f"{path} to appear")


def for_http(url: str) -> None:
    """Wait until something answers, whatever the status."""
    until(lambda: answers(url), f"{url} to answer")


def answers(url: str) -> bool:
    """Tell whether something answers, whatever the status."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
