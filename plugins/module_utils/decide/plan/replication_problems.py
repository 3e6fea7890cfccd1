# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with ``replication`` of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...data.external import REQUIRED


def replication_problems(data: Mapping[str, Any]) -> Iterator[str]:
    """The form was validated already."""
    replication = data["replication"]
    for key in ("keep", "full_every", "timeout", "status_timeout"):
        if replication.get(key, 1) < 1:
            yield f"replication.{key} is {replication[key]}, at least 1 is needed"
    given = {verb: argv for verb, argv in (replication.get("commands") or {}).items() if argv is not None}
    if replication["method"] == "external":
        yield from _external_problems(data, given)
    elif given:
        yield f"replication.commands is given, and replication.method is {replication['method']}, which uses none"


def _external_problems(data: Mapping[str, Any], given: Mapping[str, list[str]]) -> Iterator[str]:
    missing = [verb for verb in REQUIRED if verb not in given]
    if missing:
        yield f"replication.commands names no {', '.join(missing)}, which replication.method external needs"
    for verb, argv in given.items():
        if not argv or not argv[0]:
            yield f"replication.commands.{verb} names no program"
    if data.get("when") == "at_replication":
        yield (
            "when is at_replication, and with replication.method external a recovery point is no volume before a "
            "failover, so there is nothing to copy from: say at_failover"
        )
