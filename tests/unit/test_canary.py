# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in every place that can hold one, and runs that fail and succeed with -vvvv: none of them is shown anywhere.

Clouds on loopback answer, one that refuses every write and repeats in its message all that it was sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback_cloud import Fails, LoopbackCloud

PLAYBOOKS = ["provision", "dr_prepare", "dr_readiness", "dr_replicate", "dr_failover", "dr_status", "dr_fence"]
CANARY = "CANARY"


class Repeats(LoopbackCloud):
    """Has a flavor, an image and nothing else; volumes are made at once, and a server is refused with all it was."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, dict[str, Any]] = {}

    def answer(self, line: str) -> Any:
        method, _service, path = line.split(" ", 2)
        if method == "POST":
            return self._write(path)
        if path.startswith("/volumes/") and path.rpartition("/")[2] in self.made:
            return {"volume": self.made[path.rpartition("/")[2]]}
        return self._read(path.partition("?")[0])

    def _write(self, path: str) -> Any:
        body = self.sent[-1].body
        if path == "/volumes":
            number = f"volume-{len(self.made)}"
            self.made[number] = {"status": "available", **body["volume"], "id": number}
            return {"volume": self.made[number]}
        return Fails(400, {"badRequest": {"message": f"Invalid input {json.dumps(body)}. user_data Value: {body}"}})

    def _read(self, path: str) -> Any:
        kind = path.split("/")[1].replace("-", "_")
        rows = {
            "flavors": [{"id": "f", "name": "m1.tiny", "vcpus": 1, "ram": 1, "disk": 0}],
            "images": [{"id": "i", "name": "cirros", "status": "active", "size": 1}],
            "volumes": list(self.made.values()),
        }
        return {kind: rows.get(kind, [])}


def plan_of(name: str) -> dict[str, Any]:
    server = {
        "name": "db",
        "flavor": "m1.tiny",
        "boot_volume": {"image": "cirros", "size": 1},
        "user_data": f"#cloud-config\npassword: {CANARY}-user-data\n",
        "metadata": {"password": f"{CANARY}-metadata"},
    }
    return {
        "name": name,
        "sites": {x: {"cloud": f"site_{x}", "admin_cloud": f"site_{x}"} for x in "ab"},
        "servers": [server],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """A plan and a clouds.yaml, whose clouds are up."""
    clouds = {"a": Repeats(), "b": Repeats()}
    described = {
        f"site_{letter}": {**cloud.config(), "auth": {"password": f"{CANARY}-password", "token": f"{CANARY}-token"}}
        for letter, cloud in clouds.items()
    }
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": described}), encoding="utf-8")
    (tmp_path / "plan.yml").write_text(yaml.safe_dump(plan_of("shop")), encoding="utf-8")
    yield tmp_path
    for cloud in clouds.values():
        cloud.close()


def _command_of(file: Path) -> str:
    """The command line of a process, empty once it is gone."""
    with contextlib.suppress(OSError):
        return file.read_bytes().decode(errors="replace")
    return ""


def arguments_of(process: subprocess.Popen[str], seen: list[str]) -> None:
    """What anybody on this machine can read of a process and its children while it runs."""
    while process.poll() is None:
        seen += [_command_of(file) for file in Path("/proc").glob("[0-9]*/cmdline")]
        threading.Event().wait(0.2)


def run(folder: Path, *command: str) -> tuple[str, str]:
    """All that a playbook showed, and the arguments of all processes meanwhile."""
    seen: list[str] = []
    environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"), "ANSIBLE_NOCOLOR": "1"}
    program = str(Path(sys.executable).parent / "ansible-playbook")
    with subprocess.Popen(
        [program, *command, "-vvvv"],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        watcher = threading.Thread(target=arguments_of, args=(process, seen))
        watcher.start()
        shown = process.communicate(timeout=300)[0]
        watcher.join()
    return shown, "".join(seen)


def left_in(folder: Path) -> str:
    """The texts of all journals, locks, records and reports."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in ("plan.yml", "clouds.yaml")]
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files if path.suffix != ".play")


@pytest.mark.soak
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_secret_is_shown_by_a_playbook(folder: Path, playbook: str, check: bool) -> None:
    name = f"standby.openstack.{playbook}"
    shown, arguments = run(folder, name, "-e", "plan=plan.yml", *(["--check", "--diff"] if check else []))
    assert "PLAY RECAP" in shown
    assert CANARY not in shown
    assert CANARY not in arguments
    assert CANARY not in left_in(folder)


@pytest.mark.soak
@pytest.mark.parametrize("module", ["server_boot_volume", "server_boot_volume_info", "server_shelve"])
def test_no_secret_is_shown_by_a_module(folder: Path, module: str) -> None:
    cloud = {**yaml.safe_load((folder / "clouds.yaml").read_text())["clouds"]["site_a"]}
    options: dict[str, Any] = {"cloud": cloud}
    wanted = {key: value for key, value in plan_of("x")["servers"][0].items() if key != "metadata"}
    options.update(wanted if module == "server_boot_volume" else {"server": "db"})
    task = {f"standby.openstack.{module}": options, "ignore_errors": True}
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
    (folder / "one.play").write_text(yaml.safe_dump(play), encoding="utf-8")
    shown, arguments = run(folder, "one.play", "-e", f"ansible_python_interpreter={sys.executable}")
    assert "PLAY RECAP" in shown
    assert CANARY not in shown
    assert CANARY not in arguments
