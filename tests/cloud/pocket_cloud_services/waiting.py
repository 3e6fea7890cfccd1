# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for other services while starting."""

from __future__ import annotations

import pathlib
import time
import urllib.error
import urllib.request

SECONDS = 170.0
PAUSE = 0.1


def for_file(path: pathlib.Path) -> None:
    """Wait until a file exists; TimeoutError if it does not come."""
    end = time.monotonic() + SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} did not appear within {SECONDS:.0f} s. Was the launcher interrupted?")
        time.sleep(PAUSE)


def for_http(url: str) -> None:
    """Wait until something answers, whatever the status; TimeoutError if nothing does."""
    end = time.monotonic() + SECONDS
    while not answers(url):
        if time.monotonic() > end:
            raise TimeoutError(f"{url} did not answer within {SECONDS:.0f} s")
        time.sleep(PAUSE)


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
