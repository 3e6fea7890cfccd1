# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under ansible-runner, the engine of AWX: progress comes as events, and the result is in the event of the task.

The cloud is the pretended one of the benchmark: three servers that are unshelved.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench.measure import Scene, pretended_cloud
from bench.ways import WAYS, prepare

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """All events of a failover, in the order in which a program that uses ansible-runner gets them."""
    folder, scene = tmp_path_factory.mktemp("runner"), Scene(3, 0.01, 0.3)
    with pretended_cloud(scene) as port:
        prepare(folder / "project", scene, [port], WAYS["wave"], 5)
        run = ansible_runner.run(
            private_data_dir=str(folder),
            playbook="play.yml",
            inventory=str(folder / "project" / "inventory.yml"),
            envvars={"OS_CLIENT_CONFIG_FILE": str(folder / "project" / "clouds.yaml")},
            quiet=True,
        )
        told = list(run.events)
    assert (run.status, run.rc) == ("successful", 0), "".join(event["stdout"] for event in told)
    return told


def counters(events: list[Event], kind: str, text: str = "") -> list[int]:
    """The numbers of the events of a kind that show a text; a number is given when something happens."""
    return [event["counter"] for event in events if event["event"] == kind and text in event["stdout"]]


def test_each_line_is_an_event_of_its_own_while_the_task_runs(events: list[Event]) -> None:
    (begin,), (end,) = counters(events, "playbook_on_task_start"), counters(events, "runner_on_ok")
    for number in range(3):
        name = f"web-{number:03}"
        for text in ("as root /dev/vda", f"unshelve server {name}", f"unshelve server {name}: ACTIVE", "done"):
            (line,) = [
                event
                for event in events
                if event["event"] == "verbose"
                and name in event["stdout"]
                and event["stdout"].removesuffix("\x1b[0m").endswith(text)
            ]
            assert begin < line["counter"] < end
            assert len(line["stdout"].splitlines()) == 1


def test_the_result_is_in_the_event_of_the_task(events: list[Event]) -> None:
    (result,) = [event["event_data"]["res"] for event in events if event["event"] == "runner_on_ok"]
    assert (result["changed"], set(result["servers"])) == (True, {"web-000", "web-001", "web-002"})
    assert all(row["seconds"] > 0 for row in result["servers"].values())
    journal = Path(result["journal"]).read_text(encoding="utf-8").splitlines()
    assert json.loads(journal[-1])["kind"] == "end"
