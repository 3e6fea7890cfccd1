# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain on real OpenStack: two sites of the pocket cloud, the source killed, a failover by the playbooks.

Nova, Cinder, Neutron and Keystone are real; no guest runs, and all of it shares the machine with the failover. So it
says what the chain needs and not how fast a cloud is.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import REPO, Failed
from bench.verdicts import Verdict

FOLDER = REPO / "build" / "bench" / "pocket"
RUN = REPO / "build" / "bench" / "cloud"
PLAN = "pocket"

Json = dict[str, Any]


@dataclass(frozen=True)
class Chain:
    """What a playbook took: seconds of the whole command and of its wave, and requests to the target as "GET compute".

    ``writes`` are those that change something: looking at a console is a POST too.
    """

    name: str
    servers: int
    wall: float
    wave: float
    requests: dict[str, int]
    writes: int

    def cells(self) -> list[str]:
        """The cells of the table."""
        total = sum(self.requests.values())
        figures = (
            f"{self.wall:.1f}",
            f"{self.wave:.1f}",
            f"{total:,}",
            f"{total / self.servers:.2f}",
            str(self.writes),
        )
        return [self.name, str(self.servers), *figures]


COLUMNS = ["Playbook", "Servers", "Wall s", "of it the wave", "Requests to target", "for each server", "of them writes"]


def measure(servers: int) -> list[Chain]:
    """Starts two sites, prepares and replicates, kills the source, fails over twice, stops the sites.

    :raises Failed: if something failed.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "plan.yml").write_text(json.dumps(_plan(servers)), encoding="utf-8")
    with _sites():
        for name in ("provision", "dr_prepare", "dr_replicate"):
            _playbook(name, servers)
        ready = _playbook("dr_readiness", servers)
        _pocket_cloud("kill", "a")
        return [ready, _playbook("dr_failover", servers), _playbook("dr_failover", servers, ", second run")]


def writes(lines: list[Json]) -> int:
    """How many requests that change something a journal tells of: those of all steps that do not only wait."""
    steps = [line for line in lines if line["kind"] == "step" and line["phase"] == "begin"]
    return len([step for step in steps if step["verb"] != "wait"])


def verdicts(found: list[Chain], servers: int) -> list[Verdict]:
    """What has to hold."""
    claim, wanted = f"pocket cloud ({servers} servers), second failover: writes", "none"
    if not found:
        return [Verdict(claim, wanted)]
    return [Verdict(claim, wanted, str(found[-1].writes or "none"), not found[-1].writes)]


def _plan(servers: int) -> Json:
    sites = {x: {"cloud": f"site_{x}", "admin_cloud": f"site_{x}_admin"} for x in ("a", "b")}
    rows = [
        {
            "name": f"{PLAN}-{number:02}",
            "flavor": "m1.tiny",
            "boot_volume": {"image": "cirros", "size": 1},
            "ports": [{"network": PLAN}],
            "health_checks": [{"console": "login:"}],
        }
        for number in range(servers)
    ]
    network = {"name": PLAN, "subnets": [{"name": PLAN, "cidr": "192.168.40.0/22"}]}
    return {"name": PLAN, "sites": sites, "networks": [network], "servers": rows}


@contextlib.contextmanager
def _sites() -> Iterator[None]:
    _say("starting two sites of real OpenStack")
    try:
        _pocket_cloud("up", "--fresh", "--sites", "a,b")
        yield
    finally:
        _pocket_cloud("down", "--purge")


def _pocket_cloud(*arguments: str) -> None:
    _run("cloud", ["tests/cloud/pocket-cloud", *arguments], REPO)


def _playbook(name: str, servers: int, words: str = "") -> Chain:
    """Runs a playbook; what it asked is in its journal."""
    journals = FOLDER / "journals"
    before = set(journals.glob("*.jsonl"))
    more = json.dumps({"plan": "plan.yml", "journal_folder": str(journals), "dr_site_b_timeout": 3600})
    _say(f"{name}{words} with {servers} servers")
    wall = _run(name, ["ansible-playbook", f"standby.openstack.{name}", "-e", more], FOLDER)
    (journal,) = set(journals.glob("*.jsonl")) - before
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    requests = lines[-1]["requests"].get("site_b", {})
    done = Chain(f"`{name}`{words}", servers, wall, lines[-1]["seconds"], requests, writes(lines))
    _say(f"{wall:.0f} s, {sum(requests.values())} requests to the target")
    return done


def _run(name: str, command: list[str], folder: Path) -> float:
    """Runs a command, what it says goes to a file; returns how many seconds it took.

    :raises Failed: if it failed.
    """
    log, begin = FOLDER / f"{name}.log", time.monotonic()
    where = {"POCKET_CLOUD_RUN": str(RUN), "OS_CLIENT_CONFIG_FILE": str(RUN / "clouds.yaml")}
    with log.open("a", encoding="utf-8") as out:
        done = subprocess.run(command, cwd=folder, env={**os.environ, **where}, stdout=out, stderr=out, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with exit code {done.returncode}: see {log}")
    return time.monotonic() - begin


def _say(text: str) -> None:
    print(f"        {text}", flush=True)
