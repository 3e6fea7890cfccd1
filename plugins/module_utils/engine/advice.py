# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is safe, and what to do, after a step that failed."""

from __future__ import annotations

from ..data.errors import CloudError, UnexpectedState
from ..data.parts import Part
from ..data.steps import Step

#: By part of the work what a request that the cloud refused has left as it was.
_REFUSED = {
    Part.START: "The server stays down, with all its volumes and ports: nothing is lost.",
    Part.BUILD: "No server was made. Its volumes and ports stay as they are, and a repeat uses them.",
    **dict.fromkeys(
        (Part.NETWORK, Part.VOLUMES, Part.SNAPSHOT, Part.BACKUP, Part.RESTORE),
        "What was made so far stays, and a repeat uses it.",
    ),
}

#: By part of the work, and state in which the server ended: what became of it.
_ENDED = {
    (Part.START, "SHELVED_OFFLOADED"): (
        "It stays shelved with all its volumes and ports: nothing is lost. Make room for its flavor, or let it come up "
        "in another availability zone, then repeat."
    ),
    (Part.START, "ERROR"): (
        "Its volumes stay attached, and their data is as it was. Have an administrator find out why and reset its "
        "state (openstack server show, openstack server set --state), then repeat."
    ),
    (Part.BUILD, "ERROR"): (
        "Its volumes and ports are kept. Remove the server with server_boot_volume state: absent, which keeps them "
        "too, then repeat."
    ),
}

#: Events of Nova's record of a server that found a host, and failed there (nova/compute/manager.py).
_ON_THE_HOST = ("compute_unshelve_instance",)

_FAILED_THERE = (
    "It stays shelved with all its volumes and ports: nothing is lost. Nova found a host and could not start it there: "
    "look whether its ports and volumes are there, give the request id to the operators of the cloud, then repeat."
)


def after_refusal(step: Step, error: CloudError) -> str:
    """About a request that the cloud answered with an error; "" if there is nothing to say beyond it.

    Nova answers 403 for a quota, Neutron 409, Cinder 413; only the words tell it from other errors of that kind.
    """
    quota = "quota" in str(error).lower() and error.status in (403, 409, 413)
    if not quota or step.safe:
        return ""
    words = "Raise the quota of the project or free some of it, then repeat to carry on."
    return f"{_REFUSED.get(step.part, '')} {words}".strip()


def after_wait(step: Step, error: UnexpectedState) -> str:
    """About a resource that ended where it should not."""
    if step.until and step.until.todo:
        return step.until.todo
    seen, kind = str(error.details.get("seen", "")), error.details.get("kind", "resource")
    look = f"Look at the {kind}, then repeat."
    if (step.part, seen) == (Part.START, "SHELVED_OFFLOADED") and any(event in str(error) for event in _ON_THE_HOST):
        return _FAILED_THERE
    return look if step.safe else _ENDED.get((step.part, seen.partition(" ")[0]), look)
