#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revert the root volume of a server to a snapshot, and keep the server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_root_volume_revert
short_description: Revert the root volume of a server to a snapshot, and keep the server
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Takes the root volume of a server back to a snapshot, with data volumes if they are named. The server keeps its id,
    ports, addresses, metadata and flavor, so that licences bound to them stay valid. No administrator is needed.
  - The state before is saved first, as a snapshot with the name C(<volume>-before-revert-<number>), which is returned
    as C(revert.disks[].before). Name it as O(snapshot) to revert the revert. No volume and no snapshot of yours is ever
    deleted.
  - Where the cloud has the guarded root volume API, the root is exchanged for a new volume that is made from the
    snapshot. The old root volume stays as it is, detached. On stock Nova Cinder copies the snapshot into the root
    volume of the shelved server, inside the storage, and the root volume keeps its id. Data volumes are always
    exchanged.
  - Afterwards the server is as it was. A running server is stopped, so that its guest shuts down, then shelved, and
    runs again at the end. One that was shelved stays shelved. Nova brings a shelved server up even if it was stopped
    before, so a server that was C(SHUTOFF) boots once and is stopped again. One that was C(PAUSED) or C(SUSPENDED)
    loses its memory, and runs afterwards.
  - A volume is reverted if its data began with that snapshot. What the server has written since then stays. So a second
    run changes nothing, however long the server ran in between. O(again=true) takes the volume back to the same
    snapshot once more.
  - To carry on a run that was killed at any moment, repeat it with the same options. The state before is saved once,
    before anything is overwritten or taken off.
options:
  server:
    description:
      - The name or id of the server. A name that several servers carry is refused.
    type: str
    required: true
  snapshot:
    description:
      - The name or id of the snapshot. It must be one of the root volume, or of an earlier root volume that a revert
        exchanged.
      - V(latest) is the newest of these snapshots by its time, except those that reverts and replication made. To use
        one of them, name it.
    type: str
    required: true
  volumes:
    description:
      - Data volumes that are reverted too, as one set with the root. Without it, data volumes stay as they are.
      - A data volume that was exchanged loses the device tag and may get another device name, because Nova does not
        let users choose them for a shelved server. Mount by label or UUID in the guest.
      - If any volume of the set was not yet reverted to its snapshot, all are reverted.
    type: list
    elements: dict
    default: []
    suboptions:
      volume:
        description:
          - The name or id of the volume, or of an earlier one that a revert exchanged for it.
        type: str
        required: true
      snapshot:
        description:
          - The name or id of the snapshot of this volume, or V(latest). The default is the one that has the same name
            as the snapshot of the root.
        type: str
  method:
    description:
      - How the root gets its state.
      - V(attach) exchanges the volume; the cloud must offer the guarded root volume API.
      - V(reimage) overwrites it. Cinder 27 (2025.2) or newer is needed. A server that is shelved already is refused,
        because Cinder makes no snapshot of its root, so the state before could not be saved.
      - V(auto) is V(attach) where the cloud advertises the API, else V(reimage). The result says which and why, also in
        check mode.
    type: str
    choices: [auto, attach, reimage]
    default: auto
  again:
    description:
      - Reverts even if the server was reverted to this snapshot already. Each such run is a new revert, unless it
        carries on one that was killed.
    type: bool
    default: false
  timeout:
    description:
      - Seconds for the whole module. When they are over, repeat the task to carry on. If a copy still goes on then, the
        next run waits for it and does not begin it again.
    type: int
    default: 3600
seealso:
  - module: standby.openstack.server_root_volume_attach
  - module: standby.openstack.server_root_volume_detach
  - module: standby.openstack.server_boot_volume_info
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.waiting
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Take the server back to what it was before the upgrade
  standby.openstack.server_root_volume_revert:
    cloud: site_a
    server: db
    snapshot: before-upgrade
  register: reverted

- name: No, the upgrade was not to blame; revert the revert
  standby.openstack.server_root_volume_revert:
    cloud: site_a
    server: db
    snapshot: "{{ reverted.revert.disks[0].before.id }}"

- name: The root and a data volume, both to their snapshots with the name before-upgrade
  standby.openstack.server_root_volume_revert:
    cloud: site_a
    server: db
    snapshot: before-upgrade
    volumes:
      - volume: db-data
"""

RETURN = r"""
server:
  description: The server afterwards; in check mode as it would be afterwards.
  returned: success
  type: dict
  contains:
    id:
      description: The id of the server.
      type: str
      returned: success
    name:
      description: The name of the server.
      type: str
      returned: success
    status:
      description: The status of the server, such as V(ACTIVE) or V(SHELVED_OFFLOADED).
      type: str
      returned: success
    task_state:
      description: The task that Nova is busy with, if any.
      type: str
      returned: success
    locked:
      description: Whether the server is locked.
      type: bool
      returned: success
    flavor:
      description: The name of the flavor.
      type: str
      returned: success
    availability_zone:
      description: The availability zone in which the server runs; empty while it is offloaded.
      type: str
      returned: success
    description:
      description: The description of the server.
      type: str
      returned: success
    key_name:
      description: The name of the key pair.
      type: str
      returned: success
    config_drive:
      description: Whether the server has a config drive.
      type: bool
      returned: success
    metadata:
      description: The metadata of the server.
      type: dict
      returned: success
    dormant:
      description: Whether the server is shelved, offloaded, idle and without a root volume.
      type: bool
      returned: success
    root_volume:
      description:
        - The root volume; C(present) (null when nothing tells), C(volume_id), C(device),
          and C(found_by), which says what told.
      type: dict
      returned: success
    volumes:
      description:
        - All attached volumes; each with C(id), C(name), C(size) in GiB, C(status), C(is_root), C(device), C(tag)
          and C(delete_on_termination).
      type: list
      elements: dict
      returned: success
    ports:
      description: All ports; each with C(id), C(name), C(network_id), C(mac_address), C(fixed_ips) and
        C(security_groups).
      type: list
      elements: dict
      returned: success
  sample:
    id: 5f0a3c9e-6a0e-4a52-9b3e-2f8d3a0a1c11
    name: db
    status: ACTIVE
    dormant: false
    root_volume: {present: true, volume_id: 2b1f4a0e-51f5-4d7a-8f5e-0f6a3a0d7c55, device: /dev/vda}
revert:
  description: How the server was reverted; in check mode how it would be.
  returned: success
  type: dict
  contains:
    method:
      description: How the root got its state, V(attach) or V(reimage).
      type: str
      returned: success
    method_reason:
      description: Why it is that method.
      type: str
      returned: success
    disks:
      description:
        - The root, then the data volumes of O(volumes); each with C(disk), C(volume), which is attached, C(snapshot),
          which it was reverted to, C(before), the snapshot of the state before, and C(old_volume), which held that
          state. The latter four each have C(id) and C(name). In check mode, and for a snapshot of the state before that
          was deleted later, the id is missing.
      type: list
      elements: dict
      returned: success
  sample:
    method: attach
    method_reason: the cloud's guarded root volume API is advertised
    disks:
      - disk: root
        volume: {id: 2b1f4a0e-51f5-4d7a-8f5e-0f6a3a0d7c55, name: db-root-revert-1}
        snapshot: {id: 7c9d0b6e-0a55-4b7e-9f0e-3b8b2f2d1a77, name: before-upgrade}
        before: {id: 91f6a2d4-3f0b-4d0b-8d6c-5f5f0c1f2b33, name: db-root-before-revert-1}
        old_volume: {id: c0a8e3f1-7a52-4f43-8c1b-1d2e3f405162, name: db-root}
steps:
  description: The requests that changed something, or in check mode would, in words and in their order.
  returned: success
  type: list
  elements: str
  sample: ["stop server db", "save the state of root db-root as snapshot db-root-before-revert-1", "shelve server db"]
error:
  description: Why the module failed; C(code), and for a refusal C(reason), C(wanted), C(seen) and C(todo).
  returned: failure
  type: dict
  sample:
    code: refused
    reason: locked
    wanted: revert server db to snapshot before-upgrade
    seen: the server is locked
    todo: "Unlock it: openstack server unlock."
"""

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import revert as read_revert
from ansible_collections.standby.openstack.plugins.module_utils.decide.revert import decide as revert
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module

OPTIONS = {
    "server": {"type": "str", "required": True},
    "snapshot": {"type": "str", "required": True},
    "volumes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"volume": {"type": "str", "required": True}, "snapshot": {"type": "str"}},
    },
    "method": {"type": "str", "choices": ["auto", "attach", "reimage"], "default": "auto"},
    "again": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 3600},
    **GUARDED_OPTION,
}


def main() -> None:
    """Reverts a root volume."""
    run_module(
        OPTIONS,
        read=lambda cloud, params: read_revert.history(cloud, params["server"], params["guarded_api"] == "assume"),
        decide=lambda now, first, params: revert.decide_revert(first, now, revert.ask(params)),
    )


if __name__ == "__main__":
    main()
