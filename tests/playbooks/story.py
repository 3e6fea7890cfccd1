# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook tests tell: a plan, runs of playbooks, runs that are killed, and what both sites then hold."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml
from api import Api, Json

HERE = Path(__file__).resolve().parent
PATIENCE = 120.0
HEAD = re.compile(r"disk \S+ boot_index=\S+ volume=(?P<volume>\S+) head=(?P<head>.*)")


def plan_of(name: str) -> Json:
    """A database with a data volume in tier 1, an application in tier 2; one recovery point is kept."""
    common = {
        "flavor": "m1.tiny",
        "boot_volume": {"image": "cirros", "size": 1},
        "health_checks": [{"console": "login:"}],
    }
    return {
        "name": name,
        "sites": {x: {"cloud": f"site_{x}", "admin_cloud": f"site_{x}_admin"} for x in ("a", "b")},
        "networks": [{"name": name, "subnets": [{"name": name, "cidr": "192.168.30.0/24"}]}],
        "security_groups": [{"name": name, "rules": [{"protocol": "icmp"}]}],
        "servers": [
            {
                **common,
                "name": f"{name}-db",
                "tier": 1,
                "volumes": [{"tag": "data", "blank": True, "size": 1}],
                "ports": [{"network": name, "fixed_ip": "192.168.30.10", "security_groups": [name]}],
            },
            {**common, "name": f"{name}-app", "tier": 2, "ports": [{"network": name, "fixed_ip": "192.168.30.11"}]},
        ],
        "replication": {"keep": 1, "rpo": 3600},
    }


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(number) for number in listed.split()]


def until_gone(workers: list[int]) -> None:
    """Waits until the workers of an ansible-playbook that was killed have ended."""
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < end, "the worker goes on without ansible-playbook"
        time.sleep(0.1)


@dataclass(frozen=True)
class Run:
    """One run of a playbook: exit code, what people saw, and the result of each task."""

    code: int
    lines: list[str]
    results: list[Json]

    @property
    def changed(self) -> bool:
        """Whether any task says that it changed something."""
        return any(result.get("changed") for result in self.results)

    @property
    def last(self) -> Json:
        """The result of the wave, before the report on it; without a wave that of the last task."""
        of_wave = {"journal", "operation", "brief"}
        return next((result for result in self.results if of_wave & result.keys()), self.results[-1])

    @property
    def told(self) -> str:
        """What people saw beside the results of tasks, as one line: long lines are wrapped."""
        return " ".join(" ".join(line for line in self.lines if not line.startswith("{")).split())

    def told_once(self) -> bool:
        """Whether the failure was told once in full, and the task that failed says it in short."""
        full = " ".join(self.last["msg"].split())
        return self.told.count(full) == 1 and [r["msg"] for r in self.results if r["failed"]] == [self.last["brief"]]

    def good(self) -> Run:
        """Itself, if it succeeded without a warning."""
        assert self.code == 0, "\n".join(self.lines)
        warnings = [text for result in self.results for text in result.get("warnings") or ()]
        assert not warnings, warnings
        return self

    def refused(self) -> str:
        """The message of the task that failed."""
        assert self.code != 0, "\n".join(self.lines)
        return self.last["msg"]


def result_lines(code: int, output: str) -> Run:
    """A run from its output: results are lines of JSON among what people see."""
    lines = output.splitlines()
    return Run(code, lines, [json.loads(line) for line in lines if line.startswith("{")])


@dataclass(frozen=True)
class Story:
    """Runs playbooks on one plan, whose name begins the name of everything that it makes."""

    folder: Path
    name: str
    a: Api
    b: Api
    pocket_cloud: Callable[..., None]

    def command(self, playbook: str, *options: str, **variables: Any) -> list[str]:
        """The command that runs a playbook from the folder of the plan."""
        named = json.dumps({"plan": "plan.yml", **variables})
        program = str(Path(sys.executable).parent / "ansible-playbook")
        return [program, f"standby.openstack.{playbook}", "-e", named, *options]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """Starts a playbook; its output is what people see, with results as lines of JSON among it."""
        environment = {
            **os.environ,
            "ANSIBLE_STDOUT_CALLBACK": "results",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE.parent / "integration" / "callback"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        }
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __call__(self, playbook: str, *options: str, **variables: Any) -> Run:
        """Runs a playbook to its end."""
        with self.start(self.command(playbook, *options, **variables)) as process:
            output = process.communicate()[0]
        return result_lines(process.returncode, output)

    def report(self, run: Run) -> Json:
        """The report on a run as data; the page and the test cases must say the same sentence."""
        journal = Path(run.last["journal"])
        found: Json = json.loads(journal.with_suffix(".json").read_text(encoding="utf-8"))
        for ending in (".html", ".xml"):
            text = journal.with_suffix(ending).read_text(encoding="utf-8").replace("\u00a0", " ")
            assert html.escape(found["headline"]) in text
        return found

    def killed(self, playbook: str, when: str, workers_too: bool = True, **variables: Any) -> None:
        """Runs a playbook and kills it at the first line of progress that holds ``when``, as a power cut does.

        Args:
            workers_too: without it only ansible-playbook is killed, as people do; a worker must notice it.
        """
        with self.start(self.command(playbook, **variables)) as process:
            seen = list(takewhile(lambda line: when not in line, process.stdout or ()))
            workers = children(process.pid)
            for number in [process.pid, *(workers if workers_too else ())]:
                os.kill(number, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL, f"no line had {when!r}:\n{''.join(seen)}"
        assert workers
        until_gone(workers)

    def newest_journal(self, operation: str) -> list[Json]:
        """The lines of the newest journal of an operation, a last one that was cut off left out."""
        file = max((self.folder / "standby-runs").glob(f"{self.name}-{operation}-*.jsonl"))
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def change_plan(self, change: Callable[[Json], Any]) -> None:
        """Edits the plan."""
        plan = plan_of(self.name)
        change(plan)
        (self.folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")

    def everything(self, site: Api) -> Json:
        """All that the plan could have made or changed at a site, with all fields."""
        kinds = {
            "networks": ("network", "/networks"),
            "subnets": ("network", "/subnets"),
            "security_groups": ("network", "/security-groups"),
            "backups": ("block_storage", "/backups/detail"),
        }
        lists = {kind: site.get(service, path, kind) for kind, (service, path) in kinds.items()}
        mine = {kind: [row for row in rows if row["name"].startswith(self.name)] for kind, rows in lists.items()}
        return {**site.everything(self.name), **mine}

    def server(self, site: Api, short: str) -> Json:
        """A server of the plan, by the last part of its name."""
        (found,) = site.get("compute", f"/servers/detail?name=^{self.name}-{short}$", "servers")
        return found

    def disks(self, site: Api) -> dict[str, Json]:
        """By server and tag, such as "db/data", each volume of the plan that a server uses."""
        there = self.everything(site)
        used = {attachment["volumeId"] for rows in there["attached"].values() for attachment in rows}
        return {self.label(volume): volume for volume in there["volumes"] if volume["id"] in used}

    def replicas(self) -> dict[str, Json]:
        """By server and tag the complete replicas at site B; a second one for a disk fails the test."""
        all_of_them = [v for v in self.everything(self.b)["volumes"] if v["metadata"].get("standby_role") == "replica"]
        complete = [v for v in all_of_them if v["metadata"]["standby_state"] == "complete"]
        assert len({self.label(volume) for volume in complete}) == len(complete), complete
        return {self.label(volume): volume for volume in complete}

    def label(self, volume: Json) -> str:
        """Server and tag of a volume, without the name of the plan."""
        return f"{volume['metadata']['standby_server'][len(self.name) + 1 :]}/{volume['metadata']['standby_disk']}"

    def site(self, letter: str) -> Api:
        """Site "a" or "b"."""
        return self.a if letter == "a" else self.b

    def write(self, text: str, letter: str = "a") -> dict[str, str]:
        """Lets the guests at a site write to each of their disks; returns what stands there now."""
        written = {}
        for label, volume in self.disks(self.site(letter)).items():
            written[label] = f"{label} {text}"
            self.pocket_cloud("guest-write", letter, volume["id"], written[label])
        return written

    def booted_from(self, letter: str = "b") -> dict[str, str]:
        """By server and tag what the consoles at a site say that each disk began with at the last boot."""
        site = self.site(letter)
        labels = {volume["id"]: label for label, volume in self.disks(site).items()}
        heads = {}
        for short in ("db", "app"):
            body = {"os-getConsoleOutput": {}}
            path = f"/servers/{self.server(site, short)['id']}/action"
            console = site.send("POST", "compute", path, body)["output"]
            for match in HEAD.finditer(console.rpartition("boot at ")[2]):
                heads[labels[match["volume"]]] = match["head"]
        return heads

    def send_to_sleep(self) -> None:
        """Takes the twins back to where they were before a failover: shelved, without volumes."""
        ids = [self.server(self.b, short)["id"] for short in ("db", "app")]
        self.until_idle(ids)
        for server in ids:
            if self.b.server(server)["status"] == "ACTIVE":
                self.b.act(server, "shelve")
        for server in ids:
            self.b.wait_server(server, "SHELVED_OFFLOADED")
        for server in ids:
            for attachment in self.b.attachments(server):
                path = f"/servers/{server}/os-volume_attachments/{attachment['volumeId']}"
                self.b.send("DELETE", "compute", path)
                self.b.wait_volume(attachment["volumeId"])

    def until_idle(self, ids: list[str]) -> None:
        """Waits until Nova has nothing to do for these servers."""
        end = time.monotonic() + PATIENCE
        while any(self.b.server(server)["OS-EXT-STS:task_state"] for server in ids):
            assert time.monotonic() < end, "Nova is still at it"
            time.sleep(0.3)
