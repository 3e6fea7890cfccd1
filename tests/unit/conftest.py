# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several unit tests need."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Polls follow at once, and no test may take long: a fleet that never ends is the fault most likely to be met."""
    # when pytest reads this file, pytest-ansible has not yet said where collections are
    from ansible_collections.standby.openstack.plugins.module_utils import fleet

    monkeypatch.setattr(fleet, "interval", lambda waiting, polls: 0.001)
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < 5
