# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a plan at a time, started from folders that know nothing of each other, as throw-away controllers are."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from api import Api
from conftest import pocket_cloud
from story import Json, Run, Story, children, plan_of, result_lines, until_gone

#: Seconds after which a run that is silent counts as dead.
LEASE = 8

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - standby.openstack.dr_wave:
        operation: provision
        plan: "{{ lookup('ansible.builtin.file', 'plan.yml') | from_yaml }}"
        journal_folder: standby-runs
        lease: LEASE
"""


class Controllers:
    """Each run has a folder of its own, with the same plan."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, f"one-{uuid.uuid4().hex[:6]}"
        self.a, self.b = Api("site_a"), Api("site_b")
        plan = plan_of(self.name)
        self.plan = {**plan, "servers": plan["servers"][1:], "security_groups": []}
        self.number, self.lease = 0, LEASE

    def story(self) -> Story:
        """A folder that no run has used."""
        self.number += 1
        folder = self.folder / f"controller-{self.number}"
        folder.mkdir()
        (folder / "plan.yml").write_text(yaml.safe_dump(self.plan), encoding="utf-8")
        (folder / "play.yml").write_text(PLAY.replace("LEASE", str(self.lease)), encoding="utf-8")
        return Story(folder, self.name, self.a, self.b, pocket_cloud)

    def start(self) -> subprocess.Popen[str]:
        story = self.story()
        program = story.command("provision")[0]
        return story.start([program, "-i", "localhost,", "play.yml"])

    def until(self, process: subprocess.Popen[str], text: str) -> list[str]:
        """The lines of a run up to the first that holds a text."""
        seen = []
        for line in process.stdout or ():
            seen.append(line)
            if text in line:
                return seen
        raise AssertionError(f"no line had {text!r}:\n{''.join(seen)}")

    def records(self) -> list[Json]:
        name = f"standby.openstack record of {self.name}"
        return self.a.get("network", f"/security-groups?name={name}", "security_groups")

    def made(self) -> Json:
        """What there is at site A, each with all its fields."""
        return self.story().everything(self.a)


@pytest.fixture
def controllers(cloud: None, tmp_path: Path) -> Controllers:
    return Controllers(tmp_path)


def ended(process: subprocess.Popen[str]) -> Run:
    output = process.communicate(timeout=300)[0]
    return result_lines(process.returncode, output)


def wrote(run: Run) -> bool:
    return bool(run.last.get("changed"))


@pytest.mark.parametrize("starts", [6, pytest.param(20, marks=pytest.mark.soak)])
def test_of_many_starts_at_once_one_runs(controllers: Controllers, starts: int) -> None:
    """The others are refused, or come when it is over and find nothing to do."""
    controllers.lease = 60  # so many of them may keep the one from the processor for seconds
    runs = [ended(process) for process in [controllers.start() for _number in range(starts)]]
    assert sum(map(wrote, runs)) == 1, [run.last.get("msg") for run in runs]
    reasons = ("run_under_way", "run_meanwhile")
    assert not [run.last["msg"] for run in runs if run.code and run.last["error"].get("reason") not in reasons]
    assert len(controllers.made()["servers"]) == 1
    (record,) = controllers.records()
    assert '"run"' not in record["description"]


def signalled(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """The playbook and its workers."""
    for one in [*children(process.pid), process.pid]:
        os.kill(one, number)


def test_a_run_that_was_killed_on_another_machine_is_taken_over_after_its_lease(controllers: Controllers) -> None:
    first = controllers.start()
    controllers.until(first, "make server")
    workers = children(first.pid)
    signalled(first, signal.SIGKILL)
    first.communicate()
    until_gone(workers)
    second = ended(controllers.start())
    assert second.code == 0, second.lines
    assert "The plan is held at site A by provision, run " in second.told
    assert "by a run that is gone, and is taken over: provision, run " in second.told
    assert len(controllers.made()["servers"]) == 1
    again = ended(controllers.start())
    assert (again.code, wrote(again)) == (0, False)


def test_a_run_that_was_paused_past_its_lease_sends_nothing_more(controllers: Controllers) -> None:
    first = controllers.start()
    controllers.until(first, "make volume")
    signalled(first, signal.SIGSTOP)
    second = ended(controllers.start())
    assert second.code == 0, second.lines
    before = controllers.made()
    signalled(first, signal.SIGCONT)
    lost = ended(first)
    assert lost.last["error"]["code"] == "lock_lost", lost.lines
    assert "no sign of life could be given in time" in lost.last["msg"]
    assert controllers.made() == before
    assert '"run"' not in controllers.records()[0]["description"]


def deleted(controllers: Controllers, record: str) -> None:
    controllers.a.send("DELETE", "network", f"/security-groups/{record}")


def changed(controllers: Controllers, record: str) -> None:
    body = {"security_group": {"description": "mine"}}
    controllers.a.send("PUT", "network", f"/security-groups/{record}", body)


@pytest.mark.parametrize("by_hand", [deleted, pytest.param(changed, marks=pytest.mark.soak)])
def test_a_run_whose_record_somebody_takes_stops(controllers: Controllers, by_hand: Callable[..., None]) -> None:
    """A record that says nothing is held for a minute: whoever wrote it may have hidden a run that lives."""
    first = controllers.start()
    controllers.until(first, "make volume")
    signalled(first, signal.SIGSTOP)
    (record,) = controllers.records()
    by_hand(controllers, record["id"])
    time.sleep(LEASE / 3)  # the next sign of life is due
    signalled(first, signal.SIGCONT)
    lost = ended(first)
    assert lost.code != 0
    assert lost.last["error"]["code"] == "lock_lost", lost.lines
    assert "the record at site A" in lost.last["msg"] or "somebody whose name cannot be read" in lost.last["msg"]
    second = ended(controllers.start())
    assert second.code == 0, second.lines
    assert len(controllers.made()["servers"]) == 1
