# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests about networks and security groups, as `test_verbs.py` takes them."""

from __future__ import annotations

from typing import Any

#: What an answer holds.
NETWORKS = ("network", "subnet", "security_group", "security_group_rule")

#: Verb, arguments, the request, its body, the answer.
NETWORK_ROWS: list[tuple[str, dict[str, Any], str, Any, Any]] = [
    (
        "create_network",
        {"name": "n", "mtu": 1400},
        "POST network /networks",
        {"network": {"name": "n", "mtu": 1400}},
        {"network": {"id": "n"}},
    ),
    (
        "update_network",
        {"network_id": "n", "mtu": 1400},
        "PUT network /networks/n",
        {"network": {"mtu": 1400}},
        {"network": {"id": "n"}},
    ),
    (
        "create_subnet",
        {"name": "s", "network_id": "n", "gateway_ip": None},
        "POST network /subnets",
        {"subnet": {"name": "s", "network_id": "n", "gateway_ip": None}},
        {"subnet": {"id": "s"}},
    ),
    (
        "update_subnet",
        {"subnet_id": "s", "gateway_ip": None},
        "PUT network /subnets/s",
        {"subnet": {"gateway_ip": None}},
        {"subnet": {"id": "s"}},
    ),
    (
        "create_security_group",
        {"name": "g"},
        "POST network /security-groups",
        {"security_group": {"name": "g"}},
        {"security_group": {"id": "g"}},
    ),
    (
        "update_security_group",
        {"group_id": "g", "description": "d"},
        "PUT network /security-groups/g",
        {"security_group": {"description": "d"}},
        {"security_group": {"id": "g"}},
    ),
    (
        "add_security_group_rule",
        {"security_group_id": "g", "direction": "ingress"},
        "POST network /security-group-rules",
        {"security_group_rule": {"security_group_id": "g", "direction": "ingress"}},
        {"security_group_rule": {"id": "r"}},
    ),
    ("remove_security_group_rule", {"rule_id": "r"}, "DELETE network /security-group-rules/r", None, {}),
]
