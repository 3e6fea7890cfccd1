# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in which state: tables whose rows cite their source. An unknown state is refused."""

from __future__ import annotations

from ...data.seen import Seen, Server
from ...data.steps import Refusal

#: States in which a server does not run (nova/compute/vm_states.py). Any other state counts as running.
AT_REST = frozenset({"SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "SOFT_DELETED", "DELETED"})

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
    """A refusal if the server has a task: its result is not known before it ends."""
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
    """A refusal if the server is locked. A lock blocks everybody but administrators, also the user who set it."""
    if not server.locked:
        return None
    return Refusal("locked", wanted, "the server is locked", "Unlock it: openstack server unlock.")


def no_server(wanted: str) -> Refusal:
    """The refusal for a server that does not exist."""
    return Refusal("no_server", wanted, "the cloud knows no server of that name or id", "Check the name.")


def not_volume_backed(seen: Seen, wanted: str) -> Refusal | None:
    """A refusal unless there is a server that boots from a volume."""
    if seen.server is None:
        return no_server(wanted)
    if not seen.server.image_id:
        return None
    todo = "Only servers that boot from a volume can do this."
    return Refusal("not_volume_backed", wanted, "it boots from an image", todo)


def lacks_guarded_api(cloud: str = "the cloud") -> str:
    """What is seen where a cloud does not offer the guarded API, in words."""
    return f"{cloud} does not advertise the guarded root volume API (os-root-volume is not in its extension list)"
