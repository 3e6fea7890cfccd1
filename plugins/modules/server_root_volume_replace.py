#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand a volume, snapshot, backup or image over as the root of a shelved server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_root_volume_replace
short_description: Hand a volume, snapshot, backup or image over as the root of a shelved server
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Gives a server that is C(SHELVED_OFFLOADED) another root, as an ordinary member of the project.
  - O(handover) says in which way. The module never switches to another way while it runs. The result says which way
    and why, also in check mode.
  - With V(attach) and V(reimage) the server stays shelved; M(standby.openstack.server_unshelve) boots it. With
    V(recreate) Nova boots the new server at once.
  - To carry on a run that was killed, repeat it. If the root already is the source, or if this module made or filled
    it from the source, nothing is done, even if the server has written to it since. O(again=true) hands the same source
    over once more.
  - The module copies an O(image), O(snapshot) or O(backup), and leaves it unchanged. A O(volume) becomes the root
    itself, except with V(reimage), which copies it.
options:
  server:
    description:
      - The name or id of the server. A name that several servers carry is refused.
    type: str
    required: true
  volume:
    description:
      - The name or id of the volume that is to be the root. With O(handover=reimage) the module copies its data. It
        makes a snapshot for that and removes it afterwards.
    type: str
  snapshot:
    description:
      - The name or id of the volume snapshot whose data are to be the root.
    type: str
  backup:
    description:
      - The name or id of the volume backup whose data are to be the root. It is restored into a new volume; with
        O(handover=reimage) that volume is copied and removed afterwards.
    type: str
  image:
    description:
      - The name or id of the image whose data are to be the root.
    type: str
  handover:
    description:
      - V(attach) detaches the old root, which is kept, and attaches the new one. The cloud must have the guarded root
        volume API. The server may also have no root.
      - V(reimage) lets Cinder (C(os-reimage)) B(overwrite) the root volume of the server, so O(root_volume) must name
        it. Nova may be a stock one. Cinder must be 27 (2025.2) or newer; for an O(image) that has data, a block storage
        API of 3.68 is enough. The module checks that before it changes anything. The root must be at least as large as
        the source. The data stay inside the storage, except those of an O(image). If a copy fails, the root is in
        C(error). If a copy goes on after the run has ended, the next run waits for it and does not begin it again.
      - V(recreate) works on every cloud. The module first checks that the server can be made again. It writes the
        definition of the server to O(record), clears C(delete_on_termination) of all its volumes, and checks that no
        volume will be deleted. Then it deletes the server, and makes it again on the new root with the same ports, data
        volumes, name, flavor, key, metadata, tags, description, host name, server group, availability zone and config
        drive. The new server has a new id, a new SMBIOS uuid and a new instance id, so cloud-init runs its first boot
        again. All volumes are kept, also when somebody deletes the new server.
      - V(auto) is V(attach) where the cloud advertises the API, else what O(fallback) says.
    type: str
    choices: [attach, reimage, recreate, auto]
    default: attach
  fallback:
    description:
      - With O(handover=auto), what is done on a cloud that does not offer V(attach). Without it, that is refused.
    type: str
    choices: [reimage, recreate]
  root_volume:
    description:
      - The name or id of the volume that is the root now. The module refuses if another one is.
      - Needed for O(handover=reimage), B(which overwrites all data of this volume). For the other ways it is only a
        check.
    type: str
  again:
    description:
      - Hands the source over even if the root was made of it or filled from it already. Use it when the data of the
        O(volume) have changed since, such as of one that is restored every night, or to return to the same O(snapshot)
        a second time.
      - V(reimage) copies once more, which overwrites what the server wrote since. V(attach) and V(recreate) make
        another volume of the source; the one that was the root is kept.
      - If the O(volume) itself is the root, there is nothing to do.
      - Each such run is a new handover, unless it carries on one that was killed.
    type: bool
    default: false
  record:
    description:
      - Needed for O(handover=recreate). A file, where the module runs, to which the definition of the server is
        written as JSON before the server is deleted. If a run is killed after that, the next one makes the server
        from this file. So name the same file again, and keep it. Its folder must exist.
      - If the file is the record of another server, it is renamed, and gets the id of that server as its suffix.
    type: path
  user_data:
    description:
      - Needed for O(handover=recreate), as plain text. Nova does not show it to members, and it is a secret, so it is
        not in O(record). V("") if the server had none.
    type: str
  availability_zone:
    description:
      - With O(handover=recreate), the availability zone of the new server; V("") for none. By default the one that
        was asked for when the server was made. Say it if Nova does not tell it (compute API older than 2.96).
    type: str
  release_ports:
    description:
      - With O(handover=recreate), what is done about ports that Nova may have made. Nova deletes such ports with the
        server, and members cannot see which they are. Nova did not make a port that has a name and is older than the
        server.
      - V(false) refuses if there may be such a port.
      - V(true) takes these ports off the server (C(device_id) is cleared) before it is deleted, so that Nova finds
        none.
    type: bool
    default: false
  timeout:
    description:
      - Seconds for the whole module. When they are over, repeat the task to carry on. If a copy still goes on then, the
        next run waits for it and does not begin it again.
    type: int
    default: 3600
notes:
  - With V(attach) and V(reimage) the server keeps its id, so its SMBIOS uuid and the instance id that the metadata
    service tells stay too. cloud-init runs its first boot if another server booted the new root last.
  - V(recreate) does not keep what Nova shows to no member. These are scheduler hints other than the server group, and
    bus and type of the disks, such as C(cdrom). Bus and type come from the image properties of the new root.
  - A volume that is made of a O(snapshot), O(backup) or O(image) has the name of the server, C(-root-) and the first
    8 characters of the id of the source, and at least the size of the old root.
seealso:
  - module: standby.openstack.server_root_volume_attach
  - module: standby.openstack.server_shelve
  - module: standby.openstack.server_unshelve
extends_documentation_fragment:
  - standby.openstack.cloud
  - standby.openstack.cloud.waiting
  - standby.openstack.cloud.guarded
"""

EXAMPLES = r"""
- name: Let the shelved server boot from the replica, on a cloud with the guarded API; the old root is kept
  standby.openstack.server_root_volume_replace:
    cloud: site_b
    server: db
    volume: db-root-replica

- name: On any cloud, copy a snapshot over the root of the shelved server; the data that db-root has are lost
  standby.openstack.server_root_volume_replace:
    cloud: site_b
    server: db
    snapshot: db-root-before-the-upgrade
    handover: auto
    fallback: reimage
    root_volume: db-root

- name: Copy what was restored into the volume last night, though an older state of it was copied before
  standby.openstack.server_root_volume_replace:
    cloud: site_b
    server: db
    volume: db-root-nightly
    handover: reimage
    root_volume: db-root
    again: true

- name: On any cloud, make the server again on a new volume; ports, addresses and data volumes are kept, its id is not
  standby.openstack.server_root_volume_replace:
    cloud: site_b
    server: db
    backup: db-root-nightly
    handover: recreate
    record: "{{ inventory_dir }}/runs/db.json"
    user_data: ""

- name: Boot from it
  standby.openstack.server_unshelve:
    cloud: site_b
    server: db
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
    dormant: false
    root_volume:
      present: true
      volume_id: 6f1c2b9e-3a44-4f0e-8a57-51b7c0d2e9f3
      device: /dev/vda
      found_by: guarded API
handover:
  description: The way in which the root was handed over; V(attach), V(reimage) or V(recreate).
  returned: success
  type: str
  sample: attach
handover_reason:
  description: Why it was that way.
  returned: success
  type: str
  sample: the guarded root volume API of the cloud is advertised
identity:
  description:
    - What this way does to that by which guests, licences and other systems know the server.
    - V(kept) or V(new) for each of C(server_id), C(smbios_uuid), C(cloud_init_instance_id), C(ports),
      C(mac_addresses), C(ip_addresses) and C(root_volume_id).
  returned: success
  type: dict
  sample: {server_id: kept, smbios_uuid: kept, cloud_init_instance_id: kept, ports: kept, mac_addresses: kept,
    ip_addresses: kept, root_volume_id: new}
old_root:
  description: The volume that was the root before, with C(id) and C(name); null if there was none, if it is not known
    any more, or if it was overwritten.
  returned: success
  type: dict
  sample: {id: 0d7d7c4e-8d2e-4fd6-a3f6-9c5c2d1f6a10, name: db-root}
definition:
  description:
    - With V(recreate), what was written to the record; the definition of the server before it was deleted, without
      C(user_data). Otherwise null.
  returned: success
  type: dict
steps:
  description: The requests that changed something, or in check mode would, in words and in their order.
  returned: success
  type: list
  elements: str
  sample:
    - note at db-root-replica that db-root was the root
    - detach root volume db-root from server db
    - attach volume db-root-replica as root /dev/vda of server db
error:
  description: Why the module failed; C(code), and for a refusal C(reason), C(wanted), C(seen) and C(todo).
  returned: failure
  type: dict
  sample:
    code: refused
    reason: root_not_named
    wanted: hand snapshot before over as the root of server db
    seen: its root, volume db-root, would be overwritten, and was not named for that
    todo: "If its data may go, say root_volume: db-root."
"""

from ansible_collections.standby.openstack.plugins.module_utils.cloud.read import replace as read_replace
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import KINDS
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.replace import decide_replace
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.ways import Asked
from ansible_collections.standby.openstack.plugins.module_utils.run.definition_file import read_record
from ansible_collections.standby.openstack.plugins.module_utils.run_module import GUARDED_OPTION, run_module


def main() -> None:
    """Gives a server another root."""
    run_module(
        {
            "server": {"type": "str", "required": True},
            **{kind: {"type": "str"} for kind in KINDS},
            "handover": {"type": "str", "default": "attach", "choices": ["attach", "reimage", "recreate", "auto"]},
            "fallback": {"type": "str", "choices": ["reimage", "recreate"]},
            "root_volume": {"type": "str"},
            "again": {"type": "bool", "default": False},
            "record": {"type": "path"},
            "user_data": {"type": "str", "no_log": True},
            "availability_zone": {"type": "str"},
            "release_ports": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 3600},
            **GUARDED_OPTION,
        },
        read=lambda cloud, params: read_replace.replacing(cloud, params, read_record(params["record"])),
        decide=lambda now, first, params: decide_replace(
            now, first, Asked(params["handover"], params["fallback"], "the task", "the cloud"), params["server"]
        ),
        required_one_of=[KINDS],
        mutually_exclusive=[KINDS],
    )


if __name__ == "__main__":
    main()
