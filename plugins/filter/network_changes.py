# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: what must be made or changed so that the networks of a plan are at a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils.decide.networks import changes, wanted_networks

DOCUMENTATION = r"""
name: network_changes
short_description: What must be made or changed so that the networks of a recovery plan are at a site
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Compares the networks, subnets and security groups of a recovery plan with those that a cloud knows.
  - The role P(standby.openstack.boot_from_volume#role) hands the result to the modules of openstack.cloud, and shows it
    in check mode.
positional: site, networks, subnets, security_groups
options:
  _input:
    description: The recovery plan, as described in the documentation of the role P(standby.openstack.dr_site_b#role).
    type: dict
    required: true
  site:
    description: Which site.
    type: str
    choices: [a, b]
    required: true
  networks:
    description: RV(openstack.cloud.networks_info#module:networks).
    type: list
    elements: dict
    required: true
  subnets:
    description: RV(openstack.cloud.subnets_info#module:subnets).
    type: list
    elements: dict
    required: true
  security_groups:
    description: RV(openstack.cloud.security_group_info#module:security_groups).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is missing at site B
  ansible.builtin.debug:
    msg: >-
      {{ (plan | standby.openstack.network_changes(
        'b', networks.networks, subnets.subnets, security_groups.security_groups)).texts }}
"""

RETURN = r"""
_value:
  description: What is missing or differs. Empty lists if nothing does.
  type: dict
  contains:
    networks:
      description: The networks to be made or changed, with options of M(openstack.cloud.network).
      type: list
      elements: dict
    subnets:
      description: The subnets to be made or changed, with options of M(openstack.cloud.subnet).
      type: list
      elements: dict
    security_groups:
      description: The groups to be made or changed, with their rules.
      type: list
      elements: dict
    texts:
      description: Each change in words.
      type: list
      elements: str
      sample: ["make network shop", "make subnet shop (192.168.10.0/24) of network shop"]
"""


def network_changes(
    plan: Mapping[str, Any],
    site: str,
    networks: Sequence[Mapping[str, Any]],
    subnets: Sequence[Mapping[str, Any]],
    security_groups: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What must be made or changed at ``site``; see the documentation of the filter."""
    return changes(wanted_networks(plan, site), networks, subnets, security_groups)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name the function."""
        return {"network_changes": network_changes}
