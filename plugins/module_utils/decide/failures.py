# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is safe, and what to do, after a step that failed."""

from __future__ import annotations

from ..errors import CloudError, UnexpectedState
from ..plan import Step

#: By verb what a request that the cloud refused has left as it was.
_REFUSED = {
    "unshelve": "The server stays shelved with all its volumes and ports: nothing is lost.",
    "create_server": "No server was made. Its volumes and ports stay as they are, and a repeat uses them.",
    "create_volume": "What was made so far stays, and a repeat uses it.",
    "create_port": "What was made so far stays, and a repeat uses it.",
}

#: By what was waited for, and state in which the server ended: what became of it.
_ENDED = {
    ("unshelve", "SHELVED_OFFLOADED"): (
        "It stays shelved with all its volumes and ports: nothing is lost. Make room for its flavor, or let it come up "
        "in another availability zone, then repeat."
    ),
    ("unshelve", "ERROR"): (
        "Its volumes stay attached, and their data is as it was. Have an administrator find out why and reset its "
        "state (openstack server show, openstack server set --state), then repeat."
    ),
    ("create_server", "ERROR"): (
        "Its volumes and ports are kept. Remove the server with server_boot_volume state: absent, which keeps them "
        "too, then repeat."
    ),
}


def after_refusal(step: Step, error: CloudError) -> str:
    """About a request that the cloud answered with an error; "" if there is nothing to say beyond it.

    Nova answers 403 for a quota, Neutron 409, Cinder 413; only the words tell it from other errors of that kind.
    """
    quota = "quota" in str(error).lower() and error.status in (403, 409, 413)
    if not quota or step.safe:
        return ""
    words = "Raise the quota of the project or free some of it, then repeat to carry on."
    return f"{_REFUSED.get(step.verb, '')} {words}".strip()


def after_wait(step: Step, error: UnexpectedState) -> str:
    """About a resource that ended where it should not."""
    if step.until and step.until.todo:
        return step.until.todo
    seen, kind = str(error.details.get("seen", "")), error.details.get("kind", "resource")
    look = f"Look at the {kind}, then repeat."
    return look if step.safe else _ENDED.get((_doing(step), seen.partition(" ")[0]), look)


def _doing(step: Step) -> str:
    """The verb; for a wait for the end of what another run has begun, that run's verb."""
    pending = step.until.pending if step.until else frozenset()
    if step.verb == "wait":
        return "unshelve" if "SHELVED_OFFLOADED" in pending else "create_server" if "BUILD" in pending else "wait"
    return step.verb
