# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that describe a server, shared by the module and the plans of the roles."""

from __future__ import annotations

from typing import Any

#: What a disk is made from and how it is attached.
DISK_OPTIONS: dict[str, Any] = {
    "volume": {"type": "str"},
    "snapshot": {"type": "str"},
    "image": {"type": "str"},
    "backup": {"type": "str"},
    "blank": {"type": "bool", "default": False},
    "size": {"type": "int"},
    "volume_type": {"type": "str"},
    "availability_zone": {"type": "str"},
    "name": {"type": "str"},
    "delete_on_termination": {"type": "bool", "default": False},
    "disk_bus": {"type": "str"},
    "device_type": {"type": "str", "choices": ["disk", "cdrom", "lun"]},
}

#: One port.
PORT_OPTIONS: dict[str, Any] = {
    "port": {"type": "str"},
    "network": {"type": "str"},
    "name": {"type": "str"},
    "fixed_ip": {"type": "str"},
    "mac_address": {"type": "str"},
    "security_groups": {"type": "list", "elements": "str"},
}

#: A server that boots from a volume.
SERVER_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "flavor": {"type": "str"},
    "boot_volume": {"type": "dict", "options": DISK_OPTIONS},
    "volumes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"tag": {"type": "str"}, **DISK_OPTIONS},
    },
    "ports": {"type": "list", "elements": "dict", "default": [], "options": PORT_OPTIONS, "aliases": ["networks"]},
    "security_groups": {"type": "list", "elements": "str"},
    "key_name": {"type": "str"},
    "availability_zone": {"type": "str"},
    "server_group": {"type": "str"},
    "config_drive": {"type": "bool"},
    "user_data": {"type": "str", "no_log": True},
    "metadata": {"type": "dict"},
    "description": {"type": "str"},
}

#: One site of a plan: names of clouds in clouds.yaml.
SITE_OPTIONS: dict[str, Any] = {
    "cloud": {"type": "str", "required": True},
    "admin_cloud": {"type": "str"},
}

#: What may be different at site B.
SITE_B_OPTIONS: dict[str, Any] = {
    name: SERVER_OPTIONS[name]
    for name in ("flavor", "boot_volume", "ports", "security_groups", "key_name", "availability_zone", "server_group")
}

#: One server of a plan.
PLAN_SERVER_OPTIONS: dict[str, Any] = {
    **SERVER_OPTIONS,
    "ports": {key: value for key, value in SERVER_OPTIONS["ports"].items() if key != "aliases"},
    "tier": {"type": "int", "default": 1},
    "critical": {"type": "bool", "default": True},
    "depends_on": {"type": "list", "elements": "str", "default": []},
    "health_checks": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"console": {"type": "str"}, "port": {"type": "int"}, "address": {"type": "str"}},
    },
    "site_b": {
        "type": "dict",
        "options": {
            key: {k: v for k, v in spec.items() if k not in ("default", "aliases")}
            for key, spec in SITE_B_OPTIONS.items()
        },
    },
}

#: At which sites something is made.
SITES_OPTION: dict[str, Any] = {"type": "list", "elements": "str", "choices": ["a", "b"], "default": ["a", "b"]}

#: One network with its subnets, as the modules of openstack.cloud make it.
NETWORK_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "mtu": {"type": "int"},
    "port_security_enabled": {"type": "bool"},
    "subnets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "cidr": {"type": "str", "required": True},
            "gateway_ip": {"type": "str"},
            "disable_gateway_ip": {"type": "bool", "default": False},
            "enable_dhcp": {"type": "bool", "default": True},
            "dns_nameservers": {"type": "list", "elements": "str"},
            "allocation_pools": {
                "type": "list",
                "elements": "dict",
                "options": {"start": {"type": "str", "required": True}, "end": {"type": "str", "required": True}},
            },
            "host_routes": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "destination": {"type": "str", "required": True},
                    "nexthop": {"type": "str", "required": True},
                },
            },
        },
    },
    "sites": SITES_OPTION,
}

#: One security group; the options of a rule have the names that openstack.cloud.security_group gives them.
SECURITY_GROUP_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "rules": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "direction": {"type": "str", "default": "ingress", "choices": ["ingress", "egress"]},
            "ether_type": {"type": "str", "default": "IPv4", "choices": ["IPv4", "IPv6"]},
            "protocol": {"type": "str"},
            "port_range_min": {"type": "int"},
            "port_range_max": {"type": "int"},
            "remote_ip_prefix": {"type": "str"},
            "remote_group": {"type": "str"},
            "description": {"type": "str"},
        },
    },
    "sites": SITES_OPTION,
}

#: A recovery plan.
PLAN_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "sites": {
        "type": "dict",
        "required": True,
        "options": {
            "a": {"type": "dict", "required": True, "options": SITE_OPTIONS},
            "b": {"type": "dict", "required": True, "options": SITE_OPTIONS},
        },
    },
    "networks": {"type": "list", "elements": "dict", "default": [], "options": NETWORK_OPTIONS},
    "security_groups": {"type": "list", "elements": "dict", "default": [], "options": SECURITY_GROUP_OPTIONS},
    "servers": {"type": "list", "elements": "dict", "required": True, "options": PLAN_SERVER_OPTIONS},
    "replication": {
        "type": "dict",
        "apply_defaults": True,  # no default beside it: the validator would fill in that very dictionary
        "options": {
            "method": {"type": "str", "default": "cinder_backup", "choices": ["cinder_backup"]},
            "keep": {"type": "int", "default": 2},
            "full_every": {"type": "int", "default": 7},
            "rpo": {"type": "int"},
        },
    },
    "handover": {"type": "str", "default": "attach", "choices": ["attach", "reimage", "recreate", "auto"]},
    "fallback": {"type": "str", "choices": ["reimage", "recreate"]},
    "when": {"type": "str", "default": "at_failover", "choices": ["at_failover", "at_replication"]},
}
