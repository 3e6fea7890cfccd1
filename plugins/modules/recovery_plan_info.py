#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_plan_info
short_description: Tell which site leads each server of a recovery plan, and what recovery points there are
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Reads only, takes no lock, and needs a few lists of each site for any number of servers.
  - Works while one of the two sites does not answer. What it cannot know then is null, or C(unknown).
  - The role P(standby.openstack.dr_plan#role) shows the same as a table.
options:
  timeout:
    description: Seconds for the whole module.
    type: int
    default: 600
extends_documentation_fragment:
  - standby.openstack.recovery_plan
  - standby.openstack.recovery_plan.run
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Ask who leads
  standby.openstack.recovery_plan_info:
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
  register: recovery

- name: Page somebody when two copies of a server run
  ansible.builtin.fail:
    msg: "{{ recovery.servers | dict2items | selectattr('value.two_copies') | map(attribute='key') | join(', ') }}"
  when: recovery.servers.values() | selectattr('two_copies') | list | length > 0
"""

RETURN = r"""
servers:
  description:
    - By name what is known of each server.
    - C(leader), the letter of the site that leads, null if none does or nothing tells; C(generation) of its data, a
      number that grows each time another site leads; C(sure), whether both sites told; C(stale), the letter of a site
      that holds an older copy, else null; C(two_copies), whether that copy runs or may run; C(disputed), whether both
      sites hold data of the same generation.
    - C(sites), by letter C(standing), which is C(runs), C(at rest), C(dormant), C(missing) or C(unknown), with
      C(status) and C(id) of the server in Nova, and C(generation) of the data that it holds there, 0 for none.
    - C(recovery_points), those of the data of the leader at the other site, null when that does not answer.
      C(number) of complete ones, their C(times), C(newest), a time, and C(age) of it in seconds.
    - C(last_drill), C(time) and C(age) in seconds of the last drill that passed, both null if none did; null as a whole
      where the site that does not lead is unknown.
    - C(drills), the servers of a drill that stand, each with C(site), C(name), C(status) and C(kept).
    - C(superseded), volumes of a server that the other site leads since, and snapshots of them, which are kept. Each
      with C(site), C(kind), which is C(volume) or C(snapshot), C(id), C(name) and C(size) in GiB.
    - C(findings), what should worry people, each with C(what), C(wanted), C(seen), C(text) and C(blocks).
    - For a server that could not be looked at, C(msg) and C(error) alone.
  returned: success
  type: dict
  sample:
    db:
      leader: a
      generation: 1
      sure: true
      stale: null
      two_copies: false
      disputed: false
      sites:
        a: {standing: runs, status: ACTIVE, id: 0c7fd3e4-5a39-4a54-9d41-1c1f4a1f3a55, generation: 1}
        b: {standing: dormant, status: SHELVED_OFFLOADED, id: 7b1d7a0e-6f52-4a0a-8a4e-0f3f52a6f2c1, generation: 0}
      recovery_points:
        site: b
        number: 1
        times: ["2026-11-20T20:13:00+00:00"]
        newest: "2026-11-20T20:13:00+00:00"
        age: 312
      last_drill: {time: "2026-11-02T09:00:00+00:00", age: 1595892}
      drills: []
      superseded: []
      findings: []
unanswered:
  description: By letter of a site that does not answer, why. Empty when both answer.
  returned: success
  type: dict
  sample: {}
records:
  description:
    - By letter of a site what the record of the plan tells there, null where it tells nothing. A site without a record
      is left out.
    - C(failed_over), when the last failover to that site began that changed anything; C(took), after how many seconds
      everything was up, an empty text if not everything came up; C(plan), the C(plan_hash) of the newest run that
      changed anything there; C(holder), the run that holds the plan now, in words; C(renewed), when the record was last
      changed.
  returned: success
  type: dict
  sample:
    b:
      failed_over: "2026-11-20T20:13:00+00:00"
      took: "74"
      plan: 5f0c3b6de1a2f478
      holder:
      renewed: "2026-11-20T20:19:41+00:00"
plan_hash:
  description: Tells this form of the plan from others.
  returned: success
  type: str
  sample: 5f0c3b6de1a2f478
requests:
  description: How many requests were sent, by cloud, method and service.
  returned: success
  type: dict
"""
