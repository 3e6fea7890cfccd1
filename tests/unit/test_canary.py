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

REPOSITORY = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.stem for path in (REPOSITORY / "playbooks").glob("*.yml"))
CANARY = "CANARY"

#: What a playbook takes beside a plan, or in its place; and other courses of it.
ARGUMENTS = {
    "root_volume_revert": [["cloud=site_a", "server=db", "snapshot=before"]],
    "dr_failover": [["plan=plan.yml"], ["plan=plan.yml", "planned=true"], ["plan=plan.yml", "abort=true"]],
}
RUNS = [(name, arguments) for name in PLAYBOOKS for arguments in ARGUMENTS.get(name, [["plan=plan.yml"]])]

#: By module what it is asked for beside its cloud. dr_wave is what the playbooks run.
MODULES: dict[str, dict[str, Any]] = {
    "recovery_plan_info": {},
    "server_boot_volume": {},
    "server_boot_volume_info": {"server": "db"},
    "server_root_volume_attach": {"server": "db", "volume": "root"},
    "server_root_volume_detach": {"server": "db"},
    "server_root_volume_replace": {"server": "db", "volume": "root", "user_data": f"password: {CANARY}-user-data"},
    "server_root_volume_revert": {"server": "db", "snapshot": "before"},
    "server_shelve": {"server": "db"},
    "server_unshelve": {"server": "db"},
}


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


def assert_nothing_shown(folder: Path, shown: str, arguments: str) -> None:
    assert "PLAY RECAP" in shown
    assert CANARY not in shown
    assert CANARY not in arguments
    assert CANARY not in left_in(folder)


def test_each_module_has_its_canary() -> None:
    modules = {path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py")}
    assert modules == set(MODULES) | {"dr_wave"}


@pytest.mark.soak
@pytest.mark.parametrize("how", ["named", "described", "check"])
@pytest.mark.parametrize(("playbook", "arguments"), RUNS, ids=str)
def test_no_secret_is_shown_by_a_playbook(folder: Path, playbook: str, arguments: list[str], how: str) -> None:
    """The clouds are those of clouds.yaml, or they and their passwords stand in the plan."""
    if how == "described":
        describe(folder)
    if playbook == "dr_report":
        run(folder, "standby.openstack.dr_prepare", "-e", "plan=plan.yml")
        arguments = [f"journal={next(folder.rglob('*.jsonl'))}"]
    extra = [word for argument in arguments for word in ("-e", argument)]
    mode = ["--check", "--diff"] if how == "check" else []
    assert_nothing_shown(folder, *run(folder, f"standby.openstack.{playbook}", *extra, *mode))


def clouds_of(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "clouds.yaml").read_text(encoding="utf-8"))["clouds"]


def described(folder: Path) -> dict[str, Any]:
    """The plan, with all that clouds.yaml says in the place of names."""
    plan, clouds = plan_of("shop"), clouds_of(folder)
    sites = {letter: {"cloud": clouds[f"site_{letter}"], "admin_cloud": clouds[f"site_{letter}"]} for letter in "ab"}
    return {**plan, "sites": sites}


def describe(folder: Path) -> None:
    (folder / "plan.yml").write_text(yaml.safe_dump(described(folder)), encoding="utf-8")


def options_of(folder: Path, module: str) -> dict[str, Any]:
    """What a module takes, with its cloud and its secrets."""
    if module == "recovery_plan_info":
        return {"plan": described(folder)}
    server = {key: value for key, value in plan_of("x")["servers"][0].items() if key != "metadata"}
    wanted = server if module == "server_boot_volume" else MODULES[module]
    return {"cloud": clouds_of(folder)["site_a"], **wanted}


@pytest.mark.soak
@pytest.mark.parametrize("module", MODULES)
def test_no_secret_is_shown_by_a_module(folder: Path, module: str) -> None:
    task = {f"standby.openstack.{module}": options_of(folder, module), "ignore_errors": True}
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
    (folder / "one.play").write_text(yaml.safe_dump(play), encoding="utf-8")
    assert_nothing_shown(folder, *run(folder, "one.play", "-e", f"ansible_python_interpreter={sys.executable}"))
