# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of a site that is ahead, in a process of its own: it is for all that asks for the time."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
from typing import Any

import pytest

CLOUD = pathlib.Path(__file__).resolve().parents[2] / "cloud"

PROGRAM = """
import json, sys
from pocket_cloud_services import clock
made_before = __import__("datetime").datetime(2026, 1, 1)
clock.install(int(sys.argv[1]))
import calendar, datetime, email.utils, pickle, time
from datetime import UTC, datetime as later
now = later.now(UTC)
print(json.dumps({
    "times": [
        time.time(), time.time_ns() / 1e9, calendar.timegm(time.gmtime()), time.mktime(time.localtime()),
        now.timestamp(), later.utcnow().replace(tzinfo=UTC).timestamp(), later.today().timestamp(),
        email.utils.parsedate_to_datetime(email.utils.formatdate(usegmt=True)).timestamp(),
    ],
    "given": [calendar.timegm(time.gmtime(60)), time.mktime(time.localtime(60)),
              later.fromtimestamp(60, UTC).timestamp()],
    "same": [pickle.loads(pickle.dumps(now)) == now, isinstance(made_before, later), isinstance(now, datetime.datetime),
             (now - datetime.timedelta(0)) == now, now.isoformat().endswith("+00:00")],
    "steady": time.monotonic(),
}))
"""


def seen(seconds: int) -> dict[str, Any]:
    """What a program sees whose clock is ahead by so much."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(CLOUD)})
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("seconds", [3600, -3600, 0])
def test_all_that_asks_for_the_time(seconds: int) -> None:
    begin, steady = time.time(), time.monotonic()
    found = seen(seconds)
    end = time.time()
    # some of them tell no fractions of a second
    assert all(begin - 1 <= told - seconds <= end for told in found["times"]), (begin, end, found["times"])
    assert found["given"] == [60, 60, 60]
    assert all(found["same"])
    assert steady <= found["steady"] <= steady + (end - begin) + 1
