# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a recovery plan, and what all runs about one take: the one place that describes them.

The action plugins check their options by what stands here.
"""

from __future__ import annotations


class ModuleDocFragment:
    """The option with the plan; and in `RUN` the options of a run about it."""

    DOCUMENTATION = r"""
options:
  plan:
    description:
      - The recovery plan, a YAML file of its own in the playbooks. See docs/recovery-plan.md.
    type: dict
    required: true
    suboptions:
      name:
        description: The name of the plan. It is written into the metadata of everything that the plan makes.
        type: str
        required: true
      sites:
        description: The two clouds.
        type: dict
        required: true
        suboptions:
          a:
            description: The site where the servers run, unless the direction is the other one.
            type: dict
            required: true
            suboptions: &site
              cloud:
                description:
                  - The name of the cloud in C(clouds.yaml), as an ordinary member of the project.
                  - Or a dictionary of arguments for C(openstack.connect), such as C(auth) and C(region_name), with its
                    secrets out of a vault. None of it is shown or written down.
                type: raw
                required: true
              admin_cloud:
                description:
                  - The same project with a user who may export and import records of backups. Needed to replicate
                    with V(cinder_backup). With V(external) and C(adopt=manage), a user who may let Cinder manage
                    volumes. A name or a dictionary, as C(cloud).
                type: raw
              title:
                description: The name of the site for people, such as Frankfurt. Messages and reports use it.
                type: str
          b:
            description: The site that takes over, unless the direction is the other one.
            type: dict
            required: true
            suboptions: *site
      networks:
        description: Networks that are made, if they are not there. Servers may use others too.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name.
            type: str
            required: true
          mtu:
            description: The largest packet, in bytes. Without it the cloud chooses.
            type: int
          port_security_enabled:
            description: Whether ports have security groups and protection against forged addresses.
            type: bool
          subnets:
            description: The subnets of the network.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: The name.
                type: str
                required: true
              cidr:
                description: The range of addresses, such as V(192.168.10.0/24) or V(fd00:10::/64).
                type: str
                required: true
              gateway_ip:
                description: The address of the gateway. Without it the first one of the range.
                type: str
              disable_gateway_ip:
                description: Whether there is no gateway.
                type: bool
                default: false
              enable_dhcp:
                description: Whether Neutron tells servers their addresses by DHCP.
                type: bool
                default: true
              dns_nameservers:
                description: Addresses of name servers.
                type: list
                elements: str
              allocation_pools:
                description: Ranges out of which ports without a fixed address get theirs.
                type: list
                elements: dict
                suboptions:
                  start:
                    description: The first address.
                    type: str
                    required: true
                  end:
                    description: The last address.
                    type: str
                    required: true
              host_routes:
                description: Routes that DHCP tells servers.
                type: list
                elements: dict
                suboptions:
                  destination:
                    description: The network to be reached.
                    type: str
                    required: true
                  nexthop:
                    description: The address of the router.
                    type: str
                    required: true
          sites: &at
            description: At which sites it is made.
            type: list
            elements: str
            choices: [a, b]
            default: [a, b]
      security_groups:
        description:
          - Security groups that are made. One of that name is changed until it has these rules and no others.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name.
            type: str
            required: true
          description:
            description: What it is for.
            type: str
          rules:
            description:
              - What is allowed. A group without any rule for what leaves keeps those that Neutron gives every
                group, by which everything may leave.
            type: list
            elements: dict
            default: []
            suboptions:
              direction:
                description: Whether it is about what arrives or what leaves.
                type: str
                choices: [ingress, egress]
                default: ingress
              ether_type:
                description: The version of IP.
                type: str
                choices: [IPv4, IPv6]
                default: IPv4
              protocol:
                description: Such as V(tcp), V(udp), V(icmp) or a number. Without it all.
                type: str
              port_range_min:
                description: The first port, or the type of ICMP.
                type: int
              port_range_max:
                description: The last port, or the code of ICMP.
                type: int
              remote_ip_prefix:
                description: From or to which addresses.
                type: str
              remote_group:
                description: From or to the servers of which security group, by name or id.
                type: str
              description:
                description: What it is for. Not compared.
                type: str
          sites: *at
      servers:
        description:
          - The servers. Beside those below, a server has the options of the module
            M(standby.openstack.server_boot_volume).
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The name, the same at both sites.
            type: str
            required: true
          flavor:
            description: The flavor, by name or id.
            type: str
          boot_volume:
            description: The root volume. Exactly one source is named.
            type: dict
            suboptions: &disk
              volume:
                description: An existing volume, by name or id.
                type: str
              snapshot:
                description: Make it from this snapshot, by name or id.
                type: str
              image:
                description: Make it from this image, by name or id.
                type: str
              backup:
                description: Make it from this backup, by name or id.
                type: str
              blank:
                description: Make it empty.
                type: bool
                default: false
              size:
                description: GiB. Needed if it is blank, else without it the size of its source.
                type: int
              volume_type:
                description: The type of the volume.
                type: str
              availability_zone:
                description: The availability zone of the volume.
                type: str
              name:
                description: The name of the volume. Without it those of the server and the disk.
                type: str
              delete_on_termination:
                description: Whether the volume is deleted with its server.
                type: bool
                default: false
              disk_bus:
                description: Such as V(virtio), V(scsi), V(sata).
                type: str
              device_type:
                description: How the guest sees it. What is on a CD-ROM is not replicated.
                type: str
                choices: [disk, cdrom, lun]
          volumes:
            description: The other volumes. Say the sizes of data volumes.
            type: list
            elements: dict
            default: []
            suboptions:
              <<: *disk
              tag:
                description: What the disk is called in the server, in the plan and in the metadata of its replicas.
                type: str
          ports:
            description: The ports. They are made before the server and outlive it.
            type: list
            elements: dict
            default: []
            suboptions: &port
              port:
                description: An existing port, by name or id.
                type: str
              network:
                description: Make a port on this network, by name or id.
                type: str
              name:
                description: The name of the port that is made.
                type: str
              fixed_ip:
                description:
                  - Its address. Neutron lets a member choose it only on a network of the own project.
                type: str
              mac_address:
                description: Its MAC address.
                type: str
              security_groups: &groups
                description: Security groups, by name or id. Without them Neutron's default.
                type: list
                elements: str
          security_groups: *groups
          key_name: &text_key
            description: The key pair.
            type: str
          availability_zone: &text_zone
            description: The availability zone of the server.
            type: str
          server_group: &text_group
            description: The server group, by name or id.
            type: str
          config_drive:
            description: Whether it gets a config drive.
            type: bool
          user_data:
            description: What cloud-init gets, as plain text.
            type: str
          metadata:
            description: Metadata of the server. Keys that are not named are left alone.
            type: dict
          description:
            description: The description of the server.
            type: str
          tier:
            description: With a failover, servers of tier 2 start when those of tier 1 have finished.
            type: int
            default: 1
          critical:
            description: Whether servers that come after this one are given up when it fails.
            type: bool
            default: true
          depends_on:
            description: Servers of the same or an earlier tier that must have finished before.
            type: list
            elements: str
            default: []
          health_checks:
            description: How it is seen that the server works. Each names a text for its console, or a port.
            type: list
            elements: dict
            default: []
            suboptions:
              console:
                description: A text that the console must show.
                type: str
              port:
                description: A TCP port that must be open, seen from where Ansible runs.
                type: int
              address:
                description: The address for C(port). Without it the first one of the server.
                type: str
          site_b:
            description: What is different at site B.
            type: dict
            suboptions:
              flavor:
                description: The flavor, by name or id.
                type: str
              boot_volume:
                description:
                  - What the twin boots from while it is proved. A small image does. With the handover V(reimage)
                    its size must be at least that of the root at the source.
                type: dict
                suboptions: *disk
              ports:
                description: The ports of the twin.
                type: list
                elements: dict
                suboptions: *port
              security_groups: *groups
              key_name: *text_key
              availability_zone: *text_zone
              server_group: *text_group
      replication:
        description: How data comes to the target.
        type: dict
        suboptions:
          method:
            description: The way, which a provider carries out.
            type: str
            choices: [cinder_backup, external]
            default: cinder_backup
          commands:
            description:
              - With V(external), the commands that do what only the storage can. Each is a list, the program and its
                arguments, and runs without a shell where Ansible runs. It gets JSON on its standard input and answers
                with JSON. docs/providers.md says what each must do.
              - Arguments are shown by the process list of the machine. Put secrets into a file that the command reads.
            type: dict
            suboptions:
              status:
                description: Tells the recovery points that a storage has. Changes nothing.
                type: list
                elements: str
              replicate:
                description: Makes a recovery point of the disks of a server at the target.
                type: list
                elements: str
              promote:
                description: Makes a recovery point usable, so that it can be written to.
                type: list
                elements: str
              remove:
                description: Removes recovery points that nobody needs any more.
                type: list
                elements: str
              reverse:
                description: Lets the storage replicate the other way.
                type: list
                elements: str
              clone:
                description: Copies a recovery point for a drill. Only drills need it.
                type: list
                elements: str
              note:
                description: Keeps other notes with a recovery point. Only drills need it.
                type: list
                elements: str
          adopt:
            description:
              - With V(external), how an object of the storage becomes a volume. With V(manage) Cinder manages it, for
                which the plan names an C(admin_cloud) of the target. With V(named) the command itself makes a volume
                and names its id.
            type: str
            choices: [manage, named]
            default: manage
          timeout:
            description: With V(external), seconds after which a command that changes something is killed.
            type: int
            default: 3600
          status_timeout:
            description: With V(external), seconds after which the command C(status) is killed.
            type: int
            default: 60
          keep:
            description: How many complete recovery points stay at the target, the newest included.
            type: int
            default: 2
          full_every:
            description: With V(cinder_backup), of so many backups of a volume one is full, the others are incremental.
            type: int
            default: 7
          rpo:
            description: Seconds. The site is not ready when the newest recovery point is older.
            type: int
          rto:
            description:
              - Seconds in which a failover should bring all servers up. It is told, at the end of a failover or a drill
                and in its report, whether that was reached.
            type: int
      drill:
        description: How failovers are rehearsed.
        type: dict
        suboptions:
          networks:
            description:
              - Where the servers of a drill get their ports. V(isolated) makes for each network of the plan one named
                C(<network>-drill), with the same subnets and without a router, so that a drill reaches nobody.
              - Or a dictionary, by network of the plan at the target the existing network that a drill uses instead,
                such as C(shop-test) for C(shop). It needs a subnet in which the addresses of the plan are free. All
                other networks are isolated.
            type: raw
            default: isolated
      handover:
        description:
          - How a replica becomes the root volume of a twin.
          - V(attach) puts the replicas on the dormant twin, which keeps everything. The target must offer the
            guarded root volume API.
          - V(reimage) copies the replica of the root into the root volume of the shelved twin, inside the storage.
            Cinder 27 (2025.2) or newer can do that. The server keeps everything; the copy takes its time.
          - V(recreate) deletes the shelved twin and makes the server anew from the replicas, on the same ports. Any
            cloud can do that. Ports, MAC and IP addresses, name and volumes stay; the server has a new id.
          - V(auto) is V(attach) where the target advertises the API, else what C(fallback) names.
        type: str
        choices: [attach, reimage, recreate, auto]
        default: attach
      fallback:
        description: With C(handover=auto), what is done where the guarded root volume API is not advertised.
        type: str
        choices: [reimage, recreate]
      when:
        description:
          - When the handover V(reimage) copies the replica of the root into the root volume of the twin. No other
            handover copies.
          - V(at_failover) copies when it is needed, which is part of the time that a failover takes.
          - V(at_replication) copies each recovery point as soon as it is complete, so that a failover only attaches
            the data volumes and starts the server. A failover that comes while it is copied waits for the end of
            the copy. After a copy that failed it is refused, and the replica is safe.
        type: str
        choices: [at_failover, at_replication]
        default: at_failover
"""

    RUN = r"""
options:
  only:
    description:
      - A JMESPath expression over O(plan), with the defaults filled in, that chooses servers. It must give a list of
        servers or of their names, and is refused when it gives none.
      - A run does not wait for servers that are not chosen, whatever O(plan) says about tiers and dependencies. A
        failover asks the source only about the chosen servers.
    type: str
  threads:
    description:
      - How many requests may be on their way at the same time.
    type: int
    default: 100
  requests_per_second:
    description:
      - How many requests a cloud may get in one second, for clouds that limit them. 0 sends as many as O(threads) can,
        and goes slower when the cloud answers that there are too many.
    type: int
    default: 0
attributes:
  action:
    description: Runs on the controller, where openstacksdk must be installed.
    support: full
requirements:
  - openstacksdk >= 2, < 5 on the controller
  - jmespath on the controller for O(only); openstacksdk brings it along
"""
