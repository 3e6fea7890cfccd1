# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter recovery_metrics."""

from __future__ import annotations

DOCUMENTATION = r"""
name: recovery_metrics
short_description: What a status or a readiness check found, as metrics
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Makes a text that Prometheus, its C(node_exporter) and OpenMetrics read, from the result of
    M(standby.openstack.dr_wave) with the operation C(status) or C(readiness).
  - Per server the site that leads, stale copies, recovery points, when the newest was taken, when the last drill that
    passed began, and whether the server is ready. Moments are told, not ages.
positional: plan
options:
  _input:
    description: The result.
    type: dict
    required: true
  plan:
    description: The name of the plan.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look which site leads each server
  ansible.builtin.include_role:
    name: standby.openstack.dr_plan
  vars:
    dr_plan_plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"

- name: Write the metrics where node_exporter looks for them
  ansible.builtin.copy:
    content: "{{ dr_plan_result | standby.openstack.recovery_metrics('shop') }}"
    dest: /var/lib/node_exporter/standby-shop-status.prom
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from ..module_utils.report.metrics import metrics


def recovery_metrics(result: Mapping[str, Any], plan: str) -> str:
    """See the documentation."""
    return metrics(plan, result, datetime.now(timezone.utc))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """By name."""
        return {"recovery_metrics": recovery_metrics}
