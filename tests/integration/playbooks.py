# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules as users do: ansible-playbook, one process for several tasks, the cloud named by the action group."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NAMESPACE = "standby.openstack."
GROUP = f"group/{NAMESPACE}standby"
Result = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One task of a play."""

    module: str
    options: dict[str, Any]
    check: bool = False

    def as_yaml(self) -> dict[str, Any]:
        """The task as a playbook has it; a failure stops nothing, for refusals are what many tests are about."""
        own = {NAMESPACE + self.module: self.options}
        return {"name": self.module, **own, "check_mode": self.check, "diff": True, "ignore_errors": True}


@dataclass
class Playbooks:
    """Runs tasks at one cloud and returns what the modules return.

    Args:
        folder: where the playbooks are written.
        defaults: options of every task, such as the cloud.
        variables: set in the environment.
    """

    folder: Path
    defaults: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    warnings_allowed: bool = False

    def run(self, *tasks: Task) -> list[Result]:
        """Run the tasks one after the other in one process; a warning fails the test."""
        (self.folder / "ansible.cfg").touch()
        done = subprocess.run(self.command(*tasks), env=self.environment(), capture_output=True, text=True, check=False)
        results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert len(results) == len(tasks), f"{done.stdout}\n{done.stderr}"
        for result in results:
            assert "Traceback" not in result.get("msg", ""), result
            assert not result.get("warnings") or self.warnings_allowed, result["warnings"]
            assert not result.get("deprecations"), result["deprecations"]
        return results

    def command(self, *tasks: Task) -> list[str]:
        """Write the playbook; return the command that runs it."""
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {GROUP: self.defaults},
            "tasks": [task.as_yaml() for task in tasks],
        }
        file = self.folder / f"play-{len(list(self.folder.iterdir()))}.yml"
        file.write_text(json.dumps([play]), encoding="utf-8")
        return [str(Path(sys.executable).parent / "ansible-playbook"), str(file)]

    def environment(self) -> dict[str, str]:
        """The environment of the process: nothing of the user's configuration of Ansible."""
        own = {
            "ANSIBLE_STDOUT_CALLBACK": "results",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
        }
        others = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        clouds = {"OS_CLIENT_CONFIG_FILE": os.environ["OS_CLIENT_CONFIG_FILE"]}
        return {**others, **own, **clouds, **self.variables}

    def __call__(self, module: str, check: bool = False, **options: Any) -> Result:
        """Run one task."""
        return self.run(Task(module, options, check))[0]
