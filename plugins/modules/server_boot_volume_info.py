#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which volume a server boots from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_boot_volume_info
short_description: Tell which volume a server boots from
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Reads a server, all its volumes and ports, which volume is its root and how that was found, and whether it is
    dormant.
  - Tells also what the cloud offers for root volumes.
  - Reads only. A server that does not exist is no error, RV(server) is then empty.
options:
  server:
    description:
      - The name or id of the server. A name that several servers carry is refused.
    type: str
    required: true
attributes:
  check_mode:
    description: The module changes nothing, so check mode makes no difference.
    support: full
  diff_mode:
    description: The module changes nothing, so there is no difference to show.
    support: none
seealso:
  - module: standby.openstack.server_boot_volume
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Look at the server db
  standby.openstack.server_boot_volume_info:
    cloud: site_b
    server: db
  register: db

- name: Stop unless it is dormant
  ansible.builtin.assert:
    that: db.server.dormant
"""

RETURN = r"""
server:
  description: The server; empty if there is none.
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
cloud:
  description:
    - What the cloud offers. C(guarded_api) says whether root volumes can be detached and attached, C(guarded_api_is)
      how that is
      known, C(compute_api_version) and C(volume_api_version) which microversions are used.
  returned: success
  type: dict
  sample: {guarded_api: true, guarded_api_is: advertised, compute_api_version: "2.96", volume_api_version: "3.70"}
"""

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import server as read
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import facts, root_volume
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module


def main() -> None:
    """Reads a server."""
    run_module(
        {"server": {"type": "str", "required": True}, **GUARDED_OPTION},
        read=lambda cloud, params: read.server(cloud, params["server"], params["guarded_api"] == "assume"),
        decide=lambda seen, _first, params: facts.decide_info(seen, root_volume.which_root(seen)),
        writes=False,
    )


if __name__ == "__main__":
    main()
