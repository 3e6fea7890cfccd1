# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: a mark in the name of a volume or snapshot makes the storage slow or fail."""

from __future__ import annotations

import re
import time

FAIL = re.compile(r"\[fail-([a-z]+)\]")
SLOW = re.compile(r"\[slow-(\d+)\]")

STEPS = ("create", "snapshot", "backup", "restore", "delete")


class RequestedFault(Exception):
    """The failure that a name asked for."""


def apply(step: str, name: str | None) -> None:
    """Wait and fail as a name asks: ``[slow-5]`` makes each step 5 s longer, ``[fail-create]`` fails that step.

    :param step: one of STEPS.
    """
    slow = SLOW.search(name or "")
    if slow:
        time.sleep(int(slow.group(1)))
    if step in FAIL.findall(name or ""):
        raise RequestedFault(f"The name {name!r} asks for the step {step!r} to fail")
