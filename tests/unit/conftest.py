# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several unit tests need."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import loopback_server
import pytest
from loopback_cloud import LoopbackCloud

#: Seconds after which a test has hung, on the slowest machine too.
PATIENCE = 120


def pytest_configure(config: pytest.Config) -> None:
    """The newest SDK warns of itself: of a library that nobody here wants, and of how its parts call each other."""
    for words in ("Support for InfluxDB", "The 'service_type' parameter is unnecesary"):
        config.addinivalue_line("filterwarnings", f"ignore:{words}")


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Polls follow at once. A fleet that never ends, the fault most likely to be met, fails its test."""
    # when pytest reads this file, pytest-ansible has not yet said where collections are
    from ansible_collections.standby.openstack.plugins.module_utils.engine import polling as watch

    monkeypatch.setattr(watch, "interval", lambda age, cost: 0.001)

    def too_long(*_signal: object) -> None:
        raise TimeoutError(f"the test has not ended after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def cloud() -> Iterator[LoopbackCloud]:
    """A cloud on loopback without any answers."""
    made = LoopbackCloud()
    yield made
    made.close()


@pytest.fixture
def db(cloud: LoopbackCloud) -> LoopbackCloud:
    """A cloud with the guarded API and one server with one volume and one port."""
    cloud.answers |= loopback_server.ANSWERS
    return cloud


@pytest.fixture
def session(cloud: LoopbackCloud) -> Any:
    """A real session to the cloud on loopback."""
    from ansible_collections.standby.openstack.plugins.module_utils.cloud.session import Session

    return Session(cloud.config())
