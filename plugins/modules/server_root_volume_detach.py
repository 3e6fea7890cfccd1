#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the root volume off a shelved server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_root_volume_detach
short_description: Take the root volume off a shelved server
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Detaches the root volume of a server that is C(SHELVED_OFFLOADED), on a cloud that has the guarded root volume API.
  - C(delete_on_termination) of the volume is cleared first, so the volume is never deleted; afterwards it is
    C(available).
  - What remains is a dormant server. It keeps its id, ports, addresses and metadata, and cannot be unshelved until it
    has a root.
options:
  server:
    description:
      - The name or id of the server. A name that several servers carry is refused.
    type: str
    required: true

  volume:
    description:
      - The name or id of the volume that must be the root. If another one is, the module refuses.
    type: str
seealso:
  - module: standby.openstack.server_root_volume_attach
  - module: standby.openstack.server_shelve
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.waiting
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Take the root volume off the server db
  standby.openstack.server_root_volume_detach:
    cloud: site_b
    server: db

- name: The same, only if the root is the volume that was made for it
  standby.openstack.server_root_volume_detach:
    cloud: site_b
    server: db
    volume: db-root
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
    status: SHELVED_OFFLOADED
    dormant: true
    root_volume: {present: false, volume_id: null, device: /dev/vda, found_by: guarded API}
steps:
  description: The requests that changed something, or in check mode would, in words and in their order.
  returned: success
  type: list
  elements: str
  sample: ["detach root volume db-root from server db"]
error:
  description: Why the module failed; C(code), and for a refusal C(reason), C(wanted), C(seen) and C(todo).
  returned: failure
  type: dict
  sample:
    code: refused
    reason: wrong_state
    wanted: detach the root volume of server db
    seen: its state is ACTIVE, not SHELVED_OFFLOADED
    todo: Shelve it first, for example with standby.openstack.server_shelve.
"""

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import server as read
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import root_volume
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module


def main() -> None:
    """Detaches a root volume."""
    run_module(
        {"server": {"type": "str", "required": True}, "volume": {"type": "str"}, **GUARDED_OPTION},
        read=lambda cloud, params: (
            read.server(cloud, params["server"], params["guarded_api"] == "assume"),
            read.volume(cloud, params["volume"]).id if params["volume"] else None,
        ),
        decide=lambda seen, _first, params: root_volume.decide_detach(seen[0], params["server"], seen[1]),
    )


if __name__ == "__main__":
    main()
