#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provision a server that boots from a volume."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_boot_volume
short_description: Provision a server that boots from a volume
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Makes a server that boots from a volume, with all its other volumes and its ports, or deletes it.
  - The volumes are made first and waited for, then the ports, then the server, so that a failure leaves nothing
    half-made. Repeat a run that was killed to carry it on.
  - A second run changes nothing, also when the server is stopped, shelved or dormant (without its root volume).
  - Some differences are mended in place; they are the description, metadata, C(delete_on_termination) and the security
    groups of ports. Any other difference is an error that lists all of them; both are returned as RV(findings).
  - What Nova does not show to an ordinary member is not compared; this is the user data, and bus and type of a disk.
    Properties of the image that decide how a guest boots (firmware, machine type, buses) are compared with those of
    the boot volume; a difference is a warning, because a server boots as it was made.
  - The root attachment gets the tag C(root), so that it can be recognised later.
options:
  state:
    description:
      - V(present) makes the server, V(absent) deletes it.
      - V(absent) keeps every volume unless this very task says C(delete_on_termination) for it.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the server. A name that several servers carry is refused.
    type: str
    required: true
  flavor:
    description:
      - The name or id of the flavor. Needed with O(state=present).
    type: str
  boot_volume:
    description:
      - What the server boots from. Name exactly one of C(volume), C(snapshot), C(image), C(backup) and C(blank).
      - Needed with O(state=present). With C(blank), add a volume with C(device_type=cdrom) to boot from at first.
    type: dict
    suboptions:
      volume:
        description: An existing volume, which is used as it is.
        type: str
      snapshot:
        description: A volume snapshot from which the volume is made.
        type: str
      image:
        description: An image from which the volume is made.
        type: str
      backup:
        description: A volume backup from which the volume is made.
        type: str
      blank:
        description: Whether the volume is made empty. Needs O(boot_volume.size).
        type: bool
        default: false
      size:
        description: The size of the volume in GiB. By default what the source needs.
        type: int
      volume_type:
        description: The type of the volume that is made.
        type: str
      availability_zone:
        description: The availability zone of the volume that is made.
        type: str
      name:
        description: The name of the volume that is made. By default the name of the server, a hyphen and C(root).
        type: str
      delete_on_termination:
        description: Whether the volume is deleted with the server.
        type: bool
        default: false
      disk_bus:
        description: The bus of the disk, such as V(virtio) or V(scsi).
        type: str
      device_type:
        description: What the guest sees.
        type: str
        choices: [disk, cdrom, lun]
  volumes:
    description:
      - The other volumes. Volumes that are attached beside these are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      tag:
        description:
          - The device tag, by which the guest and this module recognise the disk. By default the name, else C(disk1),
            C(disk2) and so on.
        type: str
      volume:
        description: An existing volume, which is used as it is.
        type: str
      snapshot:
        description: A volume snapshot from which the volume is made.
        type: str
      image:
        description: An image from which the volume is made.
        type: str
      backup:
        description: A volume backup from which the volume is made.
        type: str
      blank:
        description: Whether the volume is made empty. Needs O(volumes[].size).
        type: bool
        default: false
      size:
        description: The size of the volume in GiB. By default what the source needs.
        type: int
      volume_type:
        description: The type of the volume that is made.
        type: str
      availability_zone:
        description: The availability zone of the volume that is made.
        type: str
      name:
        description: The name of the volume that is made. By default the name of the server, a hyphen and the tag.
        type: str
      delete_on_termination:
        description: Whether the volume is deleted with the server.
        type: bool
        default: false
      disk_bus:
        description: The bus of the disk, such as V(virtio) or V(scsi).
        type: str
      device_type:
        description: What the guest sees.
        type: str
        choices: [disk, cdrom, lun]
  ports:
    description:
      - The ports of the server in their order. Each names either C(port) or C(network).
      - Ports are made before the server, so they outlive it. Without any, the server has no network.
    type: list
    elements: dict
    default: []
    aliases: [networks]
    suboptions:
      port:
        description: The name or id of an existing port.
        type: str
      network:
        description: The name or id of the network on which the port is made. One of another project needs its id.
        type: str
      name:
        description: The name of the port that is made. By default the name of the server and C(-port0), C(-port1) and
          so on.
        type: str
      fixed_ip:
        description: The IP address.
        type: str
      mac_address:
        description: The MAC address.
        type: str
      security_groups:
        description: Names or ids of security groups. By default O(security_groups).
        type: list
        elements: str
  delete_ports:
    description:
      - With O(state=absent), whether the ports that O(ports) names are deleted too.
    type: bool
    default: false
  security_groups:
    description:
      - Names or ids of the security groups of ports that are made and name none of their own.
    type: list
    elements: str
  key_name:
    description:
      - The name of a key pair.
    type: str
  availability_zone:
    description:
      - The availability zone in which the server is to run.
    type: str
  server_group:
    description:
      - The name or id of a server group.
    type: str
  config_drive:
    description:
      - Whether the server has a config drive.
    type: bool
  user_data:
    description:
      - User data for cloud-init, as plain text. Not compared on a server that exists, because Nova does not show it.
    type: str
  metadata:
    description:
      - Metadata of the server. Keys that are not named are left alone.
    type: dict
  description:
    description:
      - The description of the server.
    type: str
seealso:
  - module: standby.openstack.server_boot_volume_info
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.waiting
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Provision a database server
  standby.openstack.server_boot_volume:
    cloud: site_a
    name: db
    flavor: m1.small
    boot_volume:
      image: debian-12
      size: 20
    volumes:
      - tag: data
        blank: true
        size: 100
    ports:
      - network: internal
        fixed_ip: 10.0.0.10
        security_groups: [database]

- name: Install from a CD
  standby.openstack.server_boot_volume:
    cloud: site_a
    name: windows
    flavor: m1.medium
    boot_volume:
      blank: true
      size: 60
    volumes:
      - tag: installer
        image: windows-2025-iso
        device_type: cdrom
        delete_on_termination: true

- name: Remove the server and keep all its volumes
  standby.openstack.server_boot_volume:
    cloud: site_a
    name: db
    state: absent
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
      found_by: tag root
findings:
  description:
    - What differed from the description, whether it was mended or is the reason of a failure; and what stands in the
      way of a build.
    - Each with C(what), C(wanted), C(seen), C(text), the three as people say it, C(blocks), whether it is the reason of
      a refusal, and for differences C(in_place), whether it can be changed on a server that exists.
  returned: with O(state=present)
  type: list
  elements: dict
  sample:
    - what: flavor
      wanted: m1.small
      seen: m1.tiny
      text: flavor is m1.tiny, wanted m1.small
      blocks: true
      in_place: false
steps:
  description: The requests that changed something, or in check mode would, in words and in their order.
  returned: success
  type: list
  elements: str
  sample:
    - make volume db-root (20 GiB) from image debian-12
    - make port db-port0 on network internal with address 10.0.0.10
    - make server db
    - mark volume db-root as finished
error:
  description: Why the module failed; C(code), and for a refusal C(reason), C(wanted), C(seen) and C(todo).
  returned: failure
  type: dict
  sample:
    code: refused
    reason: differs
    wanted: make server db as described
    seen: flavor is m1.tiny, wanted m1.small
    todo: "What cannot be changed in place: correct the description, or make the server anew. Nothing was changed."
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.cloud.lookup import Lookup
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import build as read_build
from ansible_collections.standby.openstack.plugins.module_utils.data.options import SERVER_OPTIONS
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Site
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import server_wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import present_absent as boot_volume
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module


def main() -> None:
    """Builds or deletes a server."""
    run_module(
        {
            "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
            "delete_ports": {"type": "bool", "default": False},
            **SERVER_OPTIONS,
            **GUARDED_OPTION,
        },
        read=lambda cloud, params: read_build.site(
            Lookup(cloud), server_wanted(params), params["guarded_api"] == "assume"
        ),
        decide=_decide,
        required_if=[("state", "present", ("flavor", "boot_volume"))],
    )


def _decide(site: Site, _first: Site, params: Mapping[str, Any]) -> Decision:
    if params["state"] == "present":
        return boot_volume.decide_present(site, server_wanted(params))
    return boot_volume.decide_absent(site, server_wanted(params), params["delete_ports"])


if __name__ == "__main__":
    main()
