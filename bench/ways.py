# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compared ways of doing the same: N dormant servers get their replica as root and are unshelved.

Each way is one playbook and one run of ansible-playbook, told which servers and volumes there are.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.documents import DEVICE, PLAN, made_id, server_name
from bench.measure import Measured, Scene, run
from bench.site import POINTS

Task = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """One way.

    :param play: makes the play.
    :param fixed: seconds that it takes about, on a quiet machine with the stated times of the defaults.
    :param each: further seconds for each server.
    :param serial: whether a server waits for the one before, so that the time of N follows from that of fewer.
    :param hosts: whether each server is a host of the inventory.
    :param up: whether all servers are up afterwards, or none.
    :param handover: how the servers are handed over.
    :param source: how many of the servers run at the source afterwards, "all" or "none"; "" if the source is dead.
    """

    name: str
    label: str
    play: Callable[[], Task]
    fixed: float = 12.0
    each: float = 0.006
    serial: bool = False
    hosts: bool = False
    up: bool = True
    handover: str = "attach"
    source: str = ""


def _play(*tasks: Task, **more: Any) -> Task:
    return {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **more}


def _wave(operation: str = "failover", **more: Any) -> Task:
    # with a journal, as the playbooks have it
    journals = "{{ playbook_dir }}/standby-runs"
    options = {"operation": operation, "plan": "{{ plan }}", "timeout": 600, "journal_folder": journals, **more}
    return _play({"name": operation, "standby.openstack.dr_wave": options}, vars_files=["plan.json"])


def _attach(server: str, volume: str) -> Task:
    # `wait` wants the volume in-use; as root of a shelved server it is reserved until the server is unshelved
    options = {"cloud": "bench_b", "server": server, "volume": volume, "device": DEVICE, "wait": False}
    return {"name": "Attach", "openstack.cloud.server_volume": options}


def _unshelve(server: str, wait: bool) -> Task:
    options = {"cloud": "bench_b", "name": server, "action": "unshelve", "wait": wait, "timeout": 600}
    return {"name": "Unshelve", "openstack.cloud.server_action": options}


def _loop() -> Task:
    each = {"loop": "{{ servers }}", "loop_control": {"label": "{{ item.name }}"}}
    server, volume = "{{ item.name }}", "{{ item.volume }}"
    tasks = [{**_attach(server, volume), **each}, {**_unshelve(server, True), **each}]
    return _play(*tasks, vars_files=["servers.json"])


def _loop_late() -> Task:
    """The best that two loops can do: unshelve all without waiting, then wait for each."""
    each = {"loop": "{{ servers }}", "loop_control": {"label": "{{ item.name }}"}}
    server, volume = "{{ item.name }}", "{{ item.volume }}"
    wait = {
        "name": "Wait",
        "openstack.cloud.server_info": {"cloud": "bench_b", "name": server},
        "register": "found",
        "until": "found.servers[0].status == 'ACTIVE'",
        "retries": 300,
        "delay": 1,
    }
    tasks = [{**task, **each} for task in (_attach(server, volume), _unshelve(server, False), wait)]
    return _play(*tasks, vars_files=["servers.json"])


def _hosts_theirs() -> Task:
    tasks = (_attach("{{ inventory_hostname }}", "{{ volume }}"), _unshelve("{{ inventory_hostname }}", True))
    return _play(*tasks, hosts="all", strategy="free")


def _hosts_ours() -> Task:
    server = {"cloud": "bench_b", "server": "{{ inventory_hostname }}", "timeout": 600}
    attach = {"name": "Attach", "standby.openstack.server_root_volume_attach": {**server, "volume": "{{ volume }}"}}
    tasks = (attach, {"name": "Unshelve", "standby.openstack.server_unshelve": server})
    return _play(*tasks, hosts="all", strategy="free")


#: The compared ways of a failover.
WAYS = {
    way.name: way
    for way in (
        Way("wave", "`dr_wave` (one task)", _wave),
        Way("hosts", "a host per server, modules of this collection", _hosts_ours, 13, 0.65, hosts=True),
        Way("hosts-openstack", "a host per server, openstack.cloud", _hosts_theirs, 13, 0.65, hosts=True),
        Way("loop-late", "`loop` of openstack.cloud, waiting at the end", _loop_late, 10, 4.5, serial=True),
        Way("loop", "`loop` of openstack.cloud, waiting for each", _loop, 2, 16.2, serial=True),
    )
}

#: The operations of a plan whose requests are counted: those of each row follow each other on one cloud.
OPERATIONS = (
    (Way("provision", "provision", lambda: _wave("provision")),) * 2,
    (
        *(Way("prepare", "prepare", lambda: _wave("prepare"), up=False),) * 2,
        Way("readiness", "readiness", lambda: _wave("readiness"), 2, up=False),
        *(Way("failover", "failover", _wave),) * 2,
    ),
    (
        Way("prepare-recreate", "prepare, recreate", lambda: _wave("prepare"), up=False, handover="recreate"),
        *(Way("failover-recreate", "failover, recreate", _wave, handover="recreate"),) * 2,
    ),
)


#: The operations of a planned failover and of what follows it, on two sites that are there. Replication runs once, for
#: the last recovery point; what is made an hour before is recent enough for its second run.
MOVE = (
    Way("status", "status", lambda: _wave("status"), 3, up=False, source="all"),
    *(Way("drill", "drill", lambda: _wave("drill", drill_keep=True), 8, source="all"),) * 2,
    *(Way("drill-cleanup", "drill_cleanup", lambda: _wave("drill_cleanup"), 5, up=False, source="all"),) * 2,
    *(Way("stop-source", "stop_source", lambda: _wave("stop_source"), 5, up=False, source="none"),) * 2,
    *(Way("replicate", "replicate", lambda: _wave("replicate", min_interval=3600), 5, up=False, source="none"),) * 2,
    *(Way("planned", "failover, planned", lambda: _wave(planned=True), source="none"),) * 2,
    *(Way("reprotect", "re-protect", lambda: _wave("reprotect"), 5, source="none"),) * 2,
)


def prepare(folder: Path, scene: Scene, ports: Sequence[int], way: Way, forks: int) -> list[str]:
    """Writes clouds.yaml, inventory, plan and playbook; returns the command.

    :param ports: of the target, and of the source if it is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    servers = [{"name": server_name(n), "volume": made_id(f"volume-{POINTS[-1]}", n)} for n in range(scene.servers)]
    hosts = {row["name"]: {"volume": row["volume"]} for row in servers} if way.hosts else {"localhost": {}}
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    for name, content in (
        ("clouds.yaml", _clouds(*ports)),
        ("inventory.yml", {"all": {"hosts": hosts, "vars": local}}),
        ("servers.json", {"servers": servers}),
        ("plan.json", {"plan": _plan(scene, way.handover)}),
        ("play.yml", [way.play()]),
    ):
        text = json.dumps(content) if name.endswith("json") else yaml.safe_dump(content, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")
    return ["ansible-playbook", "-i", "inventory.yml", "--forks", str(forks), "play.yml"]


def measure(folder: Path, scene: Scene, ports: Sequence[int], way: Way, forks: int) -> Measured:
    """One run of one way."""
    env = {
        "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"),
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_PIPELINING": "1",
    }
    return run(prepare(folder, scene, ports, way, forks), env, folder, ports, folder / "ansible.log")


def _clouds(target: int, source: int = 0) -> Task:
    """The target is a pretended cloud. The source is another one, or dead: then nothing listens at its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        dead = probe.getsockname()[1]
    clouds = {}
    for name, number in (("a", source or dead), ("a_admin", source or dead), ("b", target), ("b_admin", target)):
        auth = {"auth_url": f"http://127.0.0.1:{number}/identity/v3", "username": "bench", "password": "bench",
                "project_name": "bench", "user_domain_id": "default", "project_domain_id": "default"}  # fmt: skip
        clouds[f"bench_{name}"] = {"auth": auth, "region_name": "RegionB", "identity_api_version": "3"}
    return {"clouds": clouds}


def _plan(scene: Scene, handover: str) -> Task:
    servers = [
        {
            "name": server_name(number),
            "flavor": "m1.tiny",
            "boot_volume": {"image": "cirros", "size": 20},
            "ports": [{"network": "app", "name": f"{server_name(number)}-port", "security_groups": ["app"]}],
        }
        for number in range(scene.servers)
    ]
    sites = {x: {"cloud": f"bench_{x}", "admin_cloud": f"bench_{x}_admin"} for x in ("a", "b")}
    return {"name": PLAN, "handover": handover, "sites": sites, "servers": servers}
