# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people have to do after a run, beside what its errors say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..operations import operation_named


def what_next(document: Mapping[str, Any]) -> list[str]:
    """One sentence or two for each thing, the most urgent first."""
    if operation_named(document["operation"]).rehearses and document["parameters"].get("drill_keep"):
        return [f"The servers of the drill stand at {document['target']} until somebody runs dr_drill_cleanup."]
    if document["operation"] != "failover" or document["outcome"] == "refused":
        return []
    return list(_after_failover(document))


def _after_failover(document: Mapping[str, Any]) -> Iterator[str]:
    """From the first server that is up, two sites could run the same application on different data."""
    source, target, found = document["source"], document["target"], document["figures"]
    if found["good"] < found["servers"]:
        yield "Remove what stands in the way, then start the same playbook again: servers that are up are left alone."
    if found["good"]:
        which = "the servers" if found["good"] == found["servers"] else "the servers that are up"
        yield f"From now on {target} leads {which}: do not start them at {source} again, where their data is old."
        yield f"When {source} answers again, stop what has started there: dr_fence."
        yield f"What {target} writes from now on is in no recovery point until {source} is the standby: dr_reprotect."
