# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs that a cloud carries out: every public function of requests.py and checks.py, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isfunction
from types import ModuleType
from typing import Any

from . import checks, requests


def _verbs(module: ModuleType) -> dict[str, Callable[..., Any]]:
    own = {name: verb for name, verb in vars(module).items() if isfunction(verb) and verb.__module__ == module.__name__}
    return {name: verb for name, verb in own.items() if not name.startswith("_")}


VERBS: Mapping[str, Callable[..., Any]] = {**_verbs(requests), **_verbs(checks), "wait": lambda cloud: {}}
