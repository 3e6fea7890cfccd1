#!/usr/bin/python
# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dr_wave
short_description: Run one operation of a recovery plan for all its servers at once
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Provisions, prepares, replicates, checks or fails over all servers of a recovery plan in one process, over one
    connection to each cloud, and shows a line for each step as it happens.
  - One failing server does not stop the others. With O(operation=failover), servers wait for those of earlier tiers
    and for those that they depend on. If a critical one of these fails, they are not started.
  - Every operation can be repeated after it was killed, and carries on. A repetition after success changes nothing.
  - The roles P(standby.openstack.provision#role), P(standby.openstack.dr_site_b#role) and
    P(standby.openstack.dr_replication#role) are built on it, and are what most people want to use.
options:
  operation:
    description:
      - V(provision) makes the servers of the plan at O(site), and before them the networks and security groups that the
        plan describes.
      - V(prepare) makes their twins at the target in the same way, proves that they work, shelves them, and with the
        handover C(attach) takes their volumes off.
      - V(readiness) reads only, and fails if a failover would not succeed now.
      - V(replicate) makes one recovery point for each server at the target.
      - V(failover) brings each server up at the target on its newest complete recovery point, in the way that
        C(handover) of O(plan) says, and checks its health.
      - V(drill) rehearses a failover. For each server one named C(<name>-drill) comes up at the target on clones of the
        replicas, on networks of its own, and its health is checked. The twins, the replicas and the source are not
        touched, and replication may go on.
      - V(drill_cleanup) ends a drill. All that it made is deleted, nothing else, and the cloud is asked what is left.
      - V(stop_source) stops the servers of the source that it leads, those of later tiers first, each until it is
        SHUTOFF. It is the beginning of a planned failover.
      - V(abort) takes a planned failover back, as long as the target was not asked to run any server. Replicas come off
        the twins, and the servers that were stopped are started again.
      - V(status) reads only. It tells which site leads each server, how the server stands at both sites, and the
        recovery points of its data. It goes on without a site that does not answer.
      - V(fence) stops and locks the stale copies of servers that the other site leads. Both sites must answer.
      - V(reprotect) makes the servers at the site that does not lead them dormant twins, for the other direction. Their
        volumes are marked as superseded and kept. With the handover C(attach) they are taken off, with C(recreate) they
        stay on, with C(reimage) snapshots of them are taken before.
    type: str
    required: true
    choices:
      [provision, prepare, readiness, replicate, failover, drill, drill_cleanup, stop_source, abort, status, fence,
       reprotect]
  to:
    description:
      - The site that is the target; the other one is the source. By default V(b).
      - With V(a) everything goes the other way, for an application that runs at site B.
      - Refused with O(operation=provision), O(operation=fence) and O(operation=reprotect), which take O(site), and with
        O(operation=status).
    type: str
    choices: [a, b]
  site:
    description:
      - Where O(operation=provision) makes the servers. By default V(a).
      - With O(operation=fence) the only site whose copies may be stopped. With O(operation=reprotect) the only site
        whose servers may be put to rest. By default the marks at both sites alone tell.
      - Refused with all other operations.
    type: str
    choices: [a, b]
  source_is_down:
    description:
      - Why it is known that the servers do not run at the source, in words. Without it, O(operation=failover) refuses
        while the source answers for these servers.
    type: str
  point:
    description:
      - With O(operation=failover) and O(operation=drill), the recovery point that the servers come up on. V(latest),
        the newest that is complete and free; a time, UTC, as V(status) shows it, such as V(2026-11-20T08:00:00Z); or
        V(before:) and a time, for the newest before that moment.
      - For an attacker, or a mistake, that is in the newest ones already. A server that has data of another recovery
        point is refused.
    type: str
    default: latest
  again:
    description:
      - With O(operation=failover) and O(point), why another recovery point is chosen for servers that run on one at the
        target already, in words. What the target wrote since is superseded and kept, and the servers come up on
        O(point). Without it they are refused.
    type: str
  planned:
    description:
      - With O(operation=failover), whether to go on only if nothing is lost. The source must answer, its servers must
        be SHUTOFF, and Nova's record must prove that none of them ran since its newest recovery point was begun.
      - The playbook C(dr_failover) with C(planned=true) does all of it, and stops the servers before.
    type: bool
    default: false
  drill_keep:
    description:
      - With O(operation=drill), whether the drill is to stay for people to look at. Then only V(drill_cleanup) ends it,
        and a drill without this option is refused until that is done.
      - With O(operation=drill_cleanup), whether a drill that is to stay is refused instead of ended.
    type: bool
    default: false
  drill_anew:
    description:
      - With O(operation=drill) in check mode, whether what an earlier drill left counts as removed. Use it where
        V(drill_cleanup) is run before, with O(drill_keep=true), as the playbook C(dr_drill) does. Where that would be
        refused, so is this.
      - Without check mode it changes nothing.
    type: bool
    default: false
  note:
    description:
      - A text for the journal and the report, such as who asked for the run, or the number of a change.
    type: str
  stale:
    description:
      - With O(operation=reprotect), what becomes of a stale copy that still runs. V(refuse) refuses, V(stop) stops it.
    type: str
    choices: [refuse, stop]
    default: refuse
  fail_on:
    description:
      - With O(operation=status), what is a reason to fail. Nothing is by default.
      - V(two_copies), a stale copy runs; V(stale), a stale copy is there, at rest; V(disputed), nothing tells which of
        two copies is newer; V(no_leader), neither site holds data; V(rpo), the newest recovery point is older than
        C(rpo) of O(plan); V(no_point), there is no complete recovery point; V(unknown), what a site shows does not
        tell; V(unanswered), a site does not answer; V(never_drilled), no drill passed yet.
      - Or a dictionary with C(drill_older_than), such as V(30d), V(12h) or V(90min); the last drill that passed is
        older than that, or there was none.
    type: list
    elements: raw
    default: []
  min_interval:
    description:
      - With O(operation=replicate), a server whose newest recovery point is younger than this many seconds is left
        alone.
    type: int
    default: 0
  max_in_flight:
    description:
      - How many servers may be under way at the same time, for clouds that must be spared. 0 is no limit.
    type: int
    default: 0
  timeout:
    description:
      - Seconds for the whole operation.
    type: int
    default: 3600
  journal_folder:
    description:
      - A folder in which the journal of this run is written, a file of JSON lines with every request before it is
        sent and when it was answered. It is made if it is not there. docs/journal.md describes the lines.
      - A lock is in the same folder, and only one operation of a plan can run at a time. V(readiness), V(status) and
        check mode do not take it. Drills have a lock of their own. O(lock) keeps away runs elsewhere.
      - When nothing can be written there, or when the lock is held, the operation is refused before anything is
        changed. Empty or absent, there is neither a journal nor this lock.
      - Check mode writes no journal.
    type: path
  lock:
    description:
      - What keeps away other runs of the plan. V(cloud), a record at each site that the operation changes. Only one run
        can hold it, wherever it is started. Each member of the project can make it; it is a security group that no
        server uses. The run takes it before it first changes anything. docs/journal.md says more.
      - V(host), only the lock in O(journal_folder), for a site whose network service cannot keep the record.
    type: str
    choices: [cloud, host]
    default: cloud
  lease:
    description:
      - With O(lock=cloud), how many seconds after its last sign of life a run counts as dead. The next run waits so
        long and then goes on. A run that could give no sign of life for most of that time sends nothing more.
      - From 1 to 600.
    type: int
    default: 60
  move:
    description:
      - Several runs that belong together, such as the stages of a planned failover. With O(lock=cloud), no other run
        comes between them, unless more than O(lease) passes between two of them.
    type: dict
    suboptions:
      id:
        description: A name that all runs of the move have in common, and no other run.
        type: str
        required: true
      last:
        description: Whether this run is the last one, after which others may run.
        type: bool
        default: false
  quiet:
    description:
      - Whether to show nothing while it runs, nor the table at its end. The result is the same, and so is the journal.
    type: bool
    default: false
extends_documentation_fragment:
  - standby.openstack.cloud.guarded
  - standby.openstack.recovery_plan
  - standby.openstack.recovery_plan.run
attributes:
  check_mode:
    description: Tells for each server what would be done, and changes nothing. Refuses what would be refused.
    support: full
  diff_mode:
    description: Shows the facts of each server, network and security group before and after.
    support: full
notes:
  - The plan says the clouds, by their names in C(clouds.yaml) or as dictionaries.
"""

EXAMPLES = r"""
- name: Rehearse a failover, and leave the servers of the drill for a look
  standby.openstack.dr_wave:
    operation: drill
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
    drill_keep: true

- name: End the drill
  standby.openstack.dr_wave:
    operation: drill_cleanup
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"

- name: Bring the application up at the target
  standby.openstack.dr_wave:
    operation: failover
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
    source_is_down: "The data centre lost power at 02:40, confirmed by telephone"

- name: Make a recovery point, unless there is one of the last ten minutes
  standby.openstack.dr_wave:
    operation: replicate
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
    min_interval: 600

- name: Bring the databases up first, while somebody looks for the rest
  standby.openstack.dr_wave:
    operation: failover
    plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
    only: servers[?tier==`1`]
    journal_folder: "{{ playbook_dir }}/standby-runs"
"""

RETURN = r"""
source:
  description: The site that leads, or led. C(site) is its letter, C(name) what people read.
  returned: when the operation began
  type: dict
  sample: {site: a, name: "Frankfurt (site A)"}
target:
  description: The site that takes over, likewise.
  returned: when the operation began
  type: dict
  sample: {site: b, name: site B}
operation:
  description: The operation that was run.
  returned: always
  type: str
  sample: failover
servers:
  description:
    - By name what became of each server.
    - C(changed); C(steps), the requests that changed something, or in check mode would, in words; C(server), its
      facts as M(standby.openstack.server_boot_volume_info) returns them; C(recovery_point), the time of the recovery
      point, and C(lag), its age in seconds when the run began; C(seconds), when the server was finished, since the
      start of the run.
    - With O(operation=prepare) and O(operation=failover), C(handover), the way, C(handover_reason), why it is that one,
      and C(identity), what it keeps and what is new of that by which guests, licences and other systems know a server.
    - With C(when=at_replication) in the plan, and O(operation=replicate) or O(operation=readiness),
      C(root_recovery_point), the recovery point that the root of the twin holds already, and C(root_lag), its age.
    - For a server that failed, C(msg) and C(error) in the place of C(server). C(error.request_id) is the id that the
      cloud gave the request that failed, or after which the server did not get where it should.
    - C(findings), with O(operation=provision), O(operation=prepare) and O(operation=readiness), whatever differs from
      the plan or stands in the way of a failover; each with C(what), C(wanted), C(seen), C(text) and C(blocks), whether
      it is a reason to fail.
    - With O(operation=readiness), C(last_drill), when the last drill that passed began, and C(drill_age), its age.
    - With O(operation=drill), C(network), V(isolated) or V(connected).
    - With O(operation=status), C(server) is as M(standby.openstack.recovery_plan_info) returns it.
  returned: always
  type: dict
  sample:
    db:
      changed: true
      steps: ["attach volume shop-db-root as root /dev/vda of server db", "unshelve server db"]
      recovery_point: "2026-11-20T20:13:00+00:00"
      lag: 312
      seconds: 12.4
records:
  description:
    - By letter of a site what the record of the plan tells there, null where it tells nothing. A site without a record
      is left out.
    - C(failed_over), when the last failover to that site began that changed anything; C(took), after how many seconds
      everything was up, an empty text if not everything came up; C(plan), the C(plan_hash) of the newest run that
      changed anything there; C(holder), the run that holds the plan now, in words; C(renewed), when the record was last
      changed.
  returned: with O(operation=status)
  type: dict
  sample:
    b:
      failed_over: "2026-11-20T20:13:00+00:00"
      took: "74"
      plan: 5f0c3b6de1a2f478
      holder:
      renewed: "2026-11-20T20:19:41+00:00"
rto:
  description: C(replication.rto) of the plan, null if it wants none.
  returned: with O(operation=failover), O(operation=drill) and O(operation=status)
  type: int
  sample: 900
plan_hash:
  description: Tells this form of the plan from others.
  returned: with O(operation=status)
  type: str
  sample: 5f0c3b6de1a2f478
unanswered:
  description: With O(operation=status), by letter of a site that does not answer, why.
  returned: when a site does not answer
  type: dict
  sample: {a: "site_a does not answer (authenticate)"}
networks:
  description:
    - By name what became of each network with its subnets, such as C(network shop), and of each security group with its
      rules, such as C(security group web). Groups whose rules name each other share an entry.
    - C(changed), C(steps) and C(seconds) as of a server; C(network) or C(security_groups), what is there now. One that
      failed has C(msg) and C(error) instead. Servers that need it are not started.
    - With O(operation=drill) these are the networks of the drill. With O(operation=drill_cleanup) it is
      C(what is left of the drill), and its C(left) has the names of C(servers), C(volumes), C(ports) and C(networks),
      as the cloud lists them in the end.
  returned: with O(operation=provision), O(operation=prepare), O(operation=drill) and O(operation=drill_cleanup)
  type: dict
  sample:
    network shop:
      changed: true
      steps: ["make network shop", "make subnet shop (192.168.10.0/24) of network shop"]
      seconds: 1.2
findings:
  description:
    - What concerns all servers together, which is whether the quota of the target lets all of them come up. Each with
      C(what), C(wanted), C(seen), C(text) and C(blocks). With O(operation=readiness) a reason to fail, with
      O(operation=failover) a warning.
  returned: with O(operation=readiness) and O(operation=failover)
  type: list
  elements: dict
failed_servers:
  description: The names of the servers that failed, or that were not started because another one failed.
  returned: when a server failed
  type: list
  elements: str
brief:
  description:
    - The failure in one short sentence. The lines of the run have told it in full, as it is in C(msg).
    - The roles fail with it in a task of their own, so that Ansible does not print all of this result.
  returned: when something failed, and O(quiet) is not set
  type: str
  sample: "Failover of shop failed: see above."
fence:
  description: With O(operation=failover), why it may go on.
  returned: success
  type: str
  sample: site A does not answer
journal:
  description: The file that tells what this run did.
  returned: when O(journal_folder) is given, but for check mode
  type: str
  sample: /home/operator/recovery/standby-runs/shop-failover-20261121T101714Z-3f2a.jsonl
requests:
  description: How many requests were sent, by cloud, method and service.
  returned: always
  type: dict
seconds:
  description: How long the operation took.
  returned: always
  type: float
"""
