# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nova-api of each release starts in its own way."""

from __future__ import annotations

import pathlib
import sys
import types
from collections.abc import Callable

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cloud"))

from pocket_cloud_services import environment, nova_service


def patch_of_32() -> None:
    """As in nova 32: no argument."""


def patch_of_33(backend: str = "eventlet") -> None:
    """As in nova 33 and 34."""


@pytest.mark.parametrize("patch", [None, patch_of_32, patch_of_33])
def test_the_api_loads_with_each_releases_way_to_patch(
    monkeypatch: pytest.MonkeyPatch, patch: Callable[..., None] | None
) -> None:
    """An argument that came with nova 33 let every site of 32 end while it started."""
    contents = {
        "nova.monkey_patch": {"patch": patch} if patch else {},
        "nova.wsgi.osapi_compute": {"application": "nova-api"},
        "nova.wsgi": {},
        "nova": {},
    }
    modules = {name: types.ModuleType(name) for name in contents}
    for name, module in modules.items():
        vars(module).update(contents[name])
        parent, _dot, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(environment, "install_replacements", lambda: None)
    monkeypatch.setattr(sys, "argv", [])
    assert nova_service.load_api() == "nova-api"
