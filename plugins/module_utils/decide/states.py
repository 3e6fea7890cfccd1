# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in which state: tables whose rows cite their source. An unknown state is refused."""

from __future__ import annotations

from ..model import Server
from ..plan import Refusal

#: States from which Nova shelves (nova/compute/api.py, shelve: check_instance_state).
CAN_SHELVE = frozenset({"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"})

#: What to do when a server is in a state in which the wanted operation cannot be done. "*" is every other state.
ADVICE = {
    "ACTIVE": "Shelve it first, for example with standby.openstack.server_shelve.",
    "SHUTOFF": "Shelve it first, for example with standby.openstack.server_shelve.",
    "PAUSED": "Shelve it first, for example with standby.openstack.server_shelve.",
    "SUSPENDED": "Shelve it first, for example with standby.openstack.server_shelve.",
    "SHELVED": "It still holds its host: wait until it is offloaded, or have an administrator offload it.",
    "BUILD": "Wait until it is built, then repeat.",
    "ERROR": "Find out why (openstack server show), repair or delete it, then repeat.",
    "RESCUE": "End the rescue first: openstack server unrescue.",
    "VERIFY_RESIZE": "Confirm or revert the resize first.",
    "SOFT_DELETED": "It was deleted: restore it first.",
    "*": "Bring it into a state from which this can be done, then repeat.",
}

#: Tasks during a shelve and an unshelve (nova/compute/task_states.py).
SHELVE_TASKS = frozenset(
    {"shelving", "shelving_image_pending_upload", "shelving_image_uploading", "shelving_offloading"}
)
UNSHELVE_TASKS = frozenset({"unshelving", "spawning", "scheduling", "networking", "block_device_mapping"})

#: Tasks of a server that is being built; before the scheduler has it there is none.
BUILD_TASKS = frozenset({None, "scheduling", "networking", "block_device_mapping", "spawning"})


def advice(status: str) -> str:
    """What to do about a server in ``status``."""
    return ADVICE.get(status, ADVICE["*"])


def busy(server: Server, wanted: str) -> Refusal | None:
    """A refusal if the server has a task, which only its end can tell the result of."""
    if not server.task_state:
        return None
    saw = f"the server is {server.status} and busy with the task {server.task_state}"
    return Refusal("busy", wanted, saw, "Wait until the task has ended, then repeat.")


def not_dormant_able(server: Server, wanted: str) -> Refusal | None:
    """A refusal unless the server is shelved, offloaded and idle: the state in which a root volume may change.

    Source: nova-specs, "Detach and attach boot volumes".
    """
    refusal = busy(server, wanted)
    if refusal or server.status == "SHELVED_OFFLOADED":
        return refusal
    return Refusal("wrong_state", wanted, f"its state is {server.status}, not SHELVED_OFFLOADED", advice(server.status))


def locked(server: Server, wanted: str) -> Refusal | None:
    """A refusal if the server is locked: a lock blocks every non-administrator, the locker included."""
    if not server.locked:
        return None
    return Refusal("locked", wanted, "the server is locked", "Unlock it: openstack server unlock.")
