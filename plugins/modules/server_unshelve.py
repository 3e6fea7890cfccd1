#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unshelve a server that has a root volume."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_unshelve
short_description: Unshelve a server that has a root volume
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Unshelves a server and waits until it is C(ACTIVE).
  - Refuses a server without a root volume, and sends nothing to Nova. Stock Nova would accept the request, and the
    server would be lost.
  - If Nova finds no host, the server stays shelved, and the module fails with the reason that Nova tells.
options:
  server:
    description:
      - The name or id of the server. A name that several servers carry is refused.
    type: str
    required: true
  availability_zone:
    description:
      - The availability zone in which the server is to run.
    type: str
  host:
    description:
      - The compute host on which the server is to run. For administrators; needs compute microversion 2.91.
    type: str
seealso:
  - module: standby.openstack.server_shelve
  - module: standby.openstack.server_root_volume_attach
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.waiting
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Bring the server db up
  standby.openstack.server_unshelve:
    cloud: site_b
    server: db

- name: Bring it up in a certain availability zone
  standby.openstack.server_unshelve:
    cloud: site_b
    server: db
    availability_zone: az2
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
    root_volume:
      present: true
      volume_id: 0d7d7c4e-8d2e-4fd6-a3f6-9c5c2d1f6a10
      device: /dev/vda
      found_by: guarded API
steps:
  description: The requests that changed something, or in check mode would, in words and in their order.
  returned: success
  type: list
  elements: str
  sample: ["unshelve server db"]
error:
  description: Why the module failed; C(code), and for a refusal C(reason), C(wanted), C(seen) and C(todo).
  returned: failure
  type: dict
  sample:
    code: refused
    reason: no_root
    wanted: unshelve server db
    seen: it has no root volume
    todo: Attach one first, for example with standby.openstack.server_root_volume_attach.
"""

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import server as read
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import shelve as shelving
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module


def main() -> None:
    """Unshelves a server."""
    run_module(
        {
            "server": {"type": "str", "required": True},
            "availability_zone": {"type": "str"},
            "host": {"type": "str"},
            **GUARDED_OPTION,
        },
        read=lambda cloud, params: read.server(cloud, params["server"], params["guarded_api"] == "assume"),
        decide=lambda seen, _first, params: shelving.decide_unshelve(
            seen, params["server"], shelving.Placement(params["availability_zone"], params["host"])
        ),
    )


if __name__ == "__main__":
    main()
