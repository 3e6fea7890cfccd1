# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a server again: which of its data volumes are free once it is deleted."""

from __future__ import annotations

import pytest
from builders import STOCK, refusal
from one_server import Cloud
from test_replace import changed, converged, decide, is_right


@pytest.mark.parametrize("status", ["backing-up", "retyping", "uploading", "extending", "error"])
def test_a_data_volume_that_the_delete_does_not_set_free(status: str) -> None:
    """Such as one that was attached while the server was shelved, and is backed up by force: nothing is deleted."""
    cloud = changed(Cloud(STOCK), "vol-data", status=status, attached_to=("srv",))
    found = refusal(decide(cloud.replacing("volume"), "recreate"))
    assert (found.code, found.seen, found.todo) == (
        "cannot_build",
        f"volume vol-data is {status}, not available",
        "Nothing was deleted. Correct this, then repeat.",
    )


@pytest.mark.parametrize("status", ["in-use", "reserved", "detaching", "available"])
def test_a_data_volume_that_the_delete_sets_free(status: str) -> None:
    cloud = changed(Cloud(STOCK), "vol-data", status=status, attached_to=("srv",) if status == "in-use" else ())
    converged(cloud, "recreate", "volume")
    is_right(cloud, "recreate", "volume")
