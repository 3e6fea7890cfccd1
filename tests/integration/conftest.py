# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the module tests. They want a running pocket cloud: site_a stock, site_b with the guarded API.

Where it runs says OS_CLIENT_CONFIG_FILE, which tests/conftest.py sets (POCKET_CLOUD_RUN names another one).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from api import Api
from factory import Factory
from revert_site import RevertSite
from rounds import Rounds

from playbooks import Playbooks


@pytest.fixture(scope="session")
def site_a() -> Api:
    """A member at the stock site."""
    return Api("site_a")


@pytest.fixture(scope="session")
def site_b() -> Api:
    """A member at the site with the guarded API."""
    return Api("site_b")


@pytest.fixture(scope="session")
def admin_a() -> Api:
    """An administrator at the stock site."""
    return Api("site_a_admin")


@pytest.fixture(scope="session")
def admin_b() -> Api:
    """An administrator at the site with the guarded API."""
    return Api("site_b_admin")


@pytest.fixture(scope="session")
def run_prefix(site_a: Api, site_b: Api, admin_a: Api, admin_b: Api) -> Iterator[str]:
    """The start of all names of this run; at its end nothing of that name is left."""
    prefix = f"it-{uuid.uuid4().hex[:6]}"
    yield prefix
    Factory(site_a, admin_a, prefix).clean()
    Factory(site_b, admin_b, prefix).clean()


def fresh(run_prefix: str) -> str:
    return f"{run_prefix}-{uuid.uuid4().hex[:6]}"


@pytest.fixture
def make(site_b: Api, admin_b: Api, run_prefix: str) -> Iterator[Factory]:
    """Makes what one test needs at the guarded site."""
    factory = Factory(site_b, admin_b, fresh(run_prefix))
    yield factory
    factory.delete_servers()


@pytest.fixture
def make_a(site_a: Api, admin_a: Api, run_prefix: str) -> Iterator[Factory]:
    """Makes what one test needs at the stock site."""
    factory = Factory(site_a, admin_a, fresh(run_prefix))
    yield factory
    factory.delete_servers()


@pytest.fixture(scope="module")
def shared(site_b: Api, admin_b: Api, run_prefix: str) -> Iterator[Factory]:
    """Makes what several tests of a file look at and none changes."""
    factory = Factory(site_b, admin_b, fresh(run_prefix))
    yield factory
    factory.delete_servers()


@pytest.fixture
def ansible(tmp_path: Path) -> Playbooks:
    """Runs modules at the guarded site."""
    return Playbooks(tmp_path, {"cloud": "site_b"})


@pytest.fixture
def ansible_a(tmp_path: Path) -> Playbooks:
    """Runs modules at the stock site."""
    return Playbooks(tmp_path, {"cloud": "site_a"})


@pytest.fixture
def rounds(ansible: Playbooks, make: Factory) -> Rounds:
    """Check, apply, check, apply at the guarded site."""
    return Rounds(ansible, make)


@pytest.fixture
def at(request: pytest.FixtureRequest, tmp_path: Path, run_prefix: str) -> Iterator[RevertSite]:
    """For tests of reverts: the site "a" (stock) or "b" (guarded) that the test is parametrized with."""
    api, admin = (request.getfixturevalue(f"{who}_{request.param}") for who in ("site", "admin"))
    factory = Factory(api, admin, fresh(run_prefix))
    yield RevertSite(request.param, factory, Playbooks(tmp_path, {"cloud": f"site_{request.param}"}))
    factory.delete_servers()
