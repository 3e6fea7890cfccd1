# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that no playbook takes; no cloud is needed to say so."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from story import Story, plan_of

PLAYBOOKS = ["provision", "dr_prepare", "dr_readiness", "dr_replicate", "dr_failover"]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_missing_file(alone: Story, playbook: str) -> None:
    assert alone(playbook).refused() == (
        f"Wanted the recovery plan {alone.folder / 'plan.yml'}, saw no such file."
        " Name it from the current folder or by its full path: -e plan=plan.yml"
    )


def test_no_plan(alone: Story) -> None:
    command = [*alone.command("dr_failover")[:2], "--check"]
    with alone.start(command) as process:
        output = process.communicate()[0]
    assert "Wanted a recovery plan, saw no variable plan. Name its file, from the current folder: -e plan=" in output
    assert process.returncode != 0


def test_a_form_that_is_wrong(alone: Story) -> None:
    plan = plan_of("bad")
    plan["servers"][0]["teir"] = 1
    (alone.folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    assert "plan.servers.teir. Supported parameters include: " in alone("dr_readiness").refused()


def test_all_problems_are_told_at_once(alone: Story) -> None:
    plan = plan_of("bad")
    plan["sites"]["b"]["cloud"] = "site_a"
    plan["servers"][1].update(name="bad-db", depends_on=["nobody"], ports=[{"network": "bad", "fixed_ip": "10.1.1.1"}])
    plan["networks"][0]["subnets"][0]["cidr"] = "192.168.30.0/33"
    plan["replication"]["keep"] = 0
    (alone.folder / "plan.yml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    said = alone("dr_failover", dr_site_b_source_is_down="it burns").refused()
    assert said.startswith("Refused to use the plan bad: ")
    assert said.endswith(". Correct the plan. Nothing was changed.")
    for problem in (
        "2 servers are named bad-db",
        "site a and site b are the same cloud (site_a)",
        "replication.keep is 0, at least 1 is needed",
        "subnet bad has the cidr 192.168.30.0/33, which is no network such as 192.168.10.0/24",
        "server bad-db depends on nobody, which is not in the plan",
    ):
        assert problem in said


def test_the_documentation_of_every_role_can_be_shown() -> None:
    roles = [f"standby.openstack.{name}" for name in ("provision", "dr_site_b", "dr_replication", "dr_report")]
    done = subprocess.run(["ansible-doc", "-t", "role", *roles], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "dr_site_b_source_is_down" in done.stdout


def test_a_journal_that_cannot_be_written(no_clouds: Story) -> None:
    said = no_clouds("dr_failover", dr_site_b_source_is_down="it burns", journal_folder="plan.yml/runs").refused()
    assert said == (
        "Refused to fail over bad: cannot write the journal or the lock: [Errno 20] Not a directory:"
        " 'plan.yml/runs'. Make room or name another folder (-e journal_folder=/path); -e journal_folder= runs without"
        " a journal and a lock file."
    )


def test_a_run_that_fails_has_a_journal_with_an_end(no_clouds: Story) -> None:
    run = no_clouds("dr_failover", dr_site_b_source_is_down="it burns")
    journal = Path(run.last["journal"])
    assert journal.parent == no_clouds.folder / "standby-runs"
    assert f"The journal is {journal}." in run.told
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    # the target is asked first whether another run holds the plan, and there is none
    assert [line["kind"] for line in lines] == ["run", "end"]
    assert lines[0]["parameters"]["source_is_down"] == "it burns"
    assert lines[-1]["msg"] == run.refused()


@pytest.mark.parametrize(("options", "variables"), [(["--check"], {}), ([], {"journal_folder": ""})])
def test_runs_without_a_journal(no_clouds: Story, options: list[str], variables: dict[str, str]) -> None:
    run = no_clouds("dr_failover", *options, dr_site_b_source_is_down="it burns", **variables)
    assert "site_b" in run.refused()
    assert "journal" not in run.last
    assert not (no_clouds.folder / "standby-runs").exists()


#: As docs/recovery-plan.md has them, for a shell.
LINES = {
    "'only=\"servers[?tier==`1`]\"'": ["bad-db"],
    """ "only=\\"servers[?name=='bad-db' || name=='bad-app']\\"" """: ["bad-db", "bad-app"],
    """ "only=\\"servers[?contains(name, 'app')]\\"" """: ["bad-app"],
}


@pytest.mark.parametrize(("argument", "servers"), LINES.items())
def test_servers_are_chosen_from_a_shell(no_clouds: Story, argument: str, servers: list[str]) -> None:
    line = (
        f"ansible-playbook standby.openstack.dr_failover -e plan=plan.yml -e dr_site_b_source_is_down=yes -e {argument}"
    )
    with no_clouds.start(["bash", "-c", line]) as process:
        output = process.communicate()[0]
    (journal,) = (no_clouds.folder / "standby-runs").glob("*.jsonl")
    head = json.loads(journal.read_text(encoding="utf-8").splitlines()[0])
    assert head["servers"] == servers, output


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ("servers[?tier==`7`]", "Refused to choose servers of bad by only: servers[?tier==`7`]: it selects nothing. "),
        ("", "Wanted a JMESPath expression in only, saw an empty text. Leave it out to mean all servers of the plan."),
    ],
)
def test_no_servers(no_clouds: Story, only: str, said: str) -> None:
    assert no_clouds("dr_failover", only=only).refused().startswith(said)
