# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs as steps: no shell, JSON as the answer, killed with the run, in the journal, nothing in check mode."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Ref, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.executors import Executor
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.run.programs import ProgramFailed, Programs
from recovery_builders import the_plan

#: Seconds that no test here waits for: what is to be killed would last so long.
LONG = 60


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-S", "-c", code, *arguments]


def failure(argv: list[str], timeout: float = LONG) -> str:
    with pytest.raises(ProgramFailed) as failed:
        Programs().run(argv, timeout)
    assert failed.value.as_result()["error"] == {"code": "program_failed", "program": argv[0]}
    return str(failed.value)


def until(holds: Callable[[], Any]) -> None:
    """Waits for what another process or thread does."""
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_answer_is_json_and_no_shell_reads_the_arguments() -> None:
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    given = ["$HOME", "a b", "; touch x", "ä"]
    assert Programs().run(python(code, *given), LONG) == given


def test_a_program_that_writes_nothing_answers_nothing() -> None:
    assert Programs().run(python("import sys; assert sys.stdin.read() == ''"), LONG) == {}


def test_what_a_failed_program_says_is_told_in_one_line_without_its_arguments() -> None:
    text = failure(
        python("import sys; sys.stderr.write('no such\\npool \\x1b[2J' + sys.argv[1][:0]); sys.exit(5)", "key")
    )
    name = sys.executable
    assert text == f"The program {name} ended with 5: no such\ufffdpool \ufffd[2J. Mend what it says. Then repeat."
    assert "it wrote nothing to stderr" in failure(python("raise SystemExit(1)"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('done')", "wrote text that is not JSON"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "wrote text that is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_an_error(code: str, words: str) -> None:
    assert words in failure(python(code))


def test_a_program_that_is_not_there() -> None:
    assert failure(["/no/such/program"]) == (
        "The program /no/such/program cannot be started (No such file or directory). Install it on the machine that "
        "runs Ansible, or name it by its path. Then repeat."
    )


#: Starts a process of its own, writes both ids into a file, and waits for ever.
FAMILY = (
    "import os, pathlib, subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)']); "
    "new = pathlib.Path(sys.argv[1] + '.new'); new.write_text(f'{os.getpid()} {child.pid}'); new.rename(sys.argv[1]); "
    "time.sleep(60)"
)


def alive(file: Path) -> list[str]:
    """Those of the family that run; what was killed and nobody waited for yet does not."""
    pids = file.read_text().split()
    states = [Path(f"/proc/{pid}/stat") for pid in pids]
    return [s.parent.name for s in states if s.exists() and s.read_text().rpartition(")")[2].split()[0] not in "ZX"]


def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    begin = time.monotonic()
    assert "was killed after 2 s. Find out what it waits for." in failure(python(FAMILY, str(file)), 2)
    assert time.monotonic() - begin < LONG / 2
    until(lambda: not alive(file))


def test_a_program_gets_json_on_its_standard_input() -> None:
    code = "import json, sys; print(json.dumps([json.load(sys.stdin)]))"
    assert Programs().run(python(code), LONG, {"verb": "status", "name": "\u00e4"}) == [
        {"verb": "status", "name": "\u00e4"}
    ]
    assert Programs().run(python("pass"), LONG, {"more": "than it reads" * 100_000}) == {}


def test_json_that_is_nested_too_deeply_is_told() -> None:
    assert "wrote text that is not JSON" in failure(python("print('[' * 1_000_000)"))


def test_a_run_that_is_stopped_kills_its_programs_and_starts_no_other(tmp_path: Path) -> None:
    file, programs, ends = tmp_path / "pids", Programs(), []

    def run() -> None:
        try:
            programs.run(python(FAMILY, str(file)), LONG)
        except ProgramFailed as failed:
            ends.append(str(failed))

    thread = threading.Thread(target=run)
    thread.start()
    until(file.exists)
    assert len(alive(file)) == 2
    programs.stop()
    thread.join(LONG)
    assert ends == [f"The program {sys.executable} was killed with the run. Repeat to carry on."]
    until(lambda: not alive(file))
    with pytest.raises(ProgramFailed, match="was not started: the run was stopped"):
        programs.run(python(FAMILY, str(tmp_path / "second")), LONG)
    assert not (tmp_path / "second").exists()


def test_a_wave_that_is_stopped_starts_no_program() -> None:
    wave = Wave(OPERATIONS["replicate"], the_plan(), no_cloud, utc_now())
    step = Step("command", "look", {"argv": python("pass"), "timeout": LONG})
    assert wave.executor(step).value == {}
    wave.stop()
    with pytest.raises(ProgramFailed, match="was not started"):
        wave.executor(step)


def no_cloud(name: str) -> Any:
    raise AssertionError(f"cloud {name} was asked")


#: Adds its arguments as a line to a file; answers with an id.
APPEND = (
    "import json, sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10)); print(json.dumps({'id': 'i-1'}))"
)


def job(file: Path, executor: Executor) -> Job:
    """Two programs, the second with the answer of the first; nothing is left when the file is there."""
    first = Step("command", "promote", {"argv": python(APPEND, str(file), "promote"), "timeout": LONG}, result="image")
    argv = python(APPEND, str(file), "manage", Ref("image"))  # type: ignore[arg-type]
    second = Step("command", "manage", {"argv": argv, "timeout": LONG})
    look = Step("command", "look", {"argv": python("pass"), "timeout": LONG}, only_reads=True)

    def decide(there: bool, _first: bool) -> Plan:
        return Plan({}, {}, () if there else (look, first, second))

    return Job("db", lambda since: file.exists(), decide, executor)


def run(file: Path, check: bool = False) -> tuple[Any, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    executor = Executor(no_cloud)
    fleet = Fleet(no_cloud, LONG, stop=executor.stop, tell=lambda event: told.append((event.text, event.phase)))
    return fleet.run([job(file, executor)], check=check)["db"], told


def test_a_program_is_a_step_as_any_other(tmp_path: Path) -> None:
    """It is told before and after, later steps use its answer, and a second run has nothing to do."""
    file = tmp_path / "log"
    outcome, told = run(file)
    assert file.read_text().splitlines() == ["promote", "manage i-1"]
    steps = [(text, phase) for text in ("look", "promote", "manage") for phase in ("begin", "answered", "ended")]
    assert told[:-1] == steps
    assert outcome.plan.changed
    again, _told = run(file)
    assert not again.plan.changed


def test_check_mode_runs_no_program(tmp_path: Path) -> None:
    file = tmp_path / "log"
    outcome, told = run(file, check=True)
    assert [step.text for step in outcome.plan.steps if step.writes] == ["promote", "manage"]
    assert not file.exists()
    assert told[:-1] == []


def test_a_request_goes_to_the_cloud_that_the_step_names() -> None:
    with pytest.raises(AssertionError, match="cloud target was asked"):
        Executor(no_cloud)(Step("delete_volume", "x", {"volume_id": "v"}, cloud="target"))


def test_a_record_is_written_without_any_cloud(tmp_path: Path) -> None:
    file, definition = tmp_path / "db.json", {"server_id": "srv", "name": "db"}
    Executor(no_cloud)(Step("write_record", "write", {"file": str(file), "definition": definition}))
    assert json.loads(file.read_text()) == definition
    assert os.stat(file).st_mode & 0o077 == 0
