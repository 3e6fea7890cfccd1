# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a wave ends when something ends it: ansible-playbook that was killed, or an error that nobody expected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.action import dr_wave
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Finding, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.run.journal import unfinished
from ansible_collections.standby.openstack.plugins.module_utils.run.run import Killed
from recovery_builders import row


class Scene:
    """A failover of one server over clouds that are not there. ``parent`` is the process that started it.

    ``at`` says by name what happens when a cloud is connected, and ``told`` in which order what was done.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.parent = folder, 100
        self.at: dict[str, Callable[[], Any]] = {"fence": lambda: "it burns", "jobs": list, "fleet": dict}
        self.told: list[str] = []

    def meets(self, name: str) -> Callable[..., Any]:
        def meet(*_arguments: Any, **_options: Any) -> Any:
            self.told.append(name)
            return self.at[name]()

        return meet

    def kill(self) -> None:
        """Who is adopted has another parent."""
        self.parent = 1

    def run(self, **options: Any) -> dict[str, Any]:
        plan = {"name": "shop", "sites": {site: {"cloud": f"site_{site}"} for site in "ab"}, "servers": [row()]}
        args = {
            "operation": "failover",
            "plan": plan,
            "journal_folder": str(self.folder),
            "quiet": True,
            "lock": "host",
        } | options
        task = SimpleNamespace(args=args, check_mode=False, diff=False, async_val=0, action="dr_wave")
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="none"))
        action = dr_wave.ActionModule(task, connection, None, None, None, None)
        return action.run(task_vars={})

    def lines(self) -> list[dict[str, Any]]:
        (journal,) = self.folder.glob("*.jsonl")
        return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(tmp_path)
    monkeypatch.setattr("os.getppid", lambda: made.parent)
    monkeypatch.setattr(dr_wave.Wave, "fence", made.meets("fence"))
    monkeypatch.setattr(dr_wave.Wave, "jobs", made.meets("jobs"))
    monkeypatch.setattr(dr_wave.Wave, "shortage", lambda wave: [])
    monkeypatch.setattr(dr_wave.Fleet, "run", made.meets("fleet"))
    return made


def test_a_wave_from_end_to_end(scene: Scene) -> None:
    result = scene.run()
    assert not result.get("failed")
    assert scene.told == ["fence", "jobs", "fleet"]
    assert [line["kind"] for line in scene.lines()] == ["run", "fence", "end"]


def test_what_is_lacking_is_told_before_the_first_job(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way back of a planned failover, which stops servers next. It has its own advice."""
    found = Finding("plan", "one", "none", "no way back", blocks=False, todo="The move goes on.")
    monkeypatch.setattr(dr_wave.Wave, "shortage", lambda wave: [found])
    monkeypatch.setattr(dr_wave.Display, "warning", lambda display, text: scene.told.append(text))
    result = scene.run(operation="stop_source")
    assert scene.told == ["jobs", "no way back. The move goes on.", "fleet"]
    assert not result.get("failed")
    assert result["findings"] == [found.data]


@pytest.mark.parametrize(("when", "told"), [("fence", ["fence"]), ("jobs", ["fence", "jobs"])])
def test_a_wave_whose_playbook_was_killed_meanwhile_does_not_go_on(scene: Scene, when: str, told: list[str]) -> None:
    """A dead the source takes its time to be asked: nobody would see the failover that follows."""
    answer = scene.at[when]()

    def killed() -> Any:
        scene.kill()
        return answer

    scene.at[when] = killed
    with pytest.raises(Killed):
        scene.run()
    assert scene.told == told
    assert "end" not in [line["kind"] for line in scene.lines()]
    assert unfinished(scene.folder, "shop", "failover")[0] == scene.lines()[0]["run"]


def test_whoever_waits_to_send_is_stopped_before_the_wave_ends(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet waits for its threads before it ends: later would be too late."""
    stopped: list[str] = []
    clouds = {key: SimpleNamespace(cloud=SimpleNamespace(stop=lambda key=key: stopped.append(key))) for key in "ab"}

    def run(fleet: Any, jobs: Any, check: bool) -> None:
        fleet.tick()
        assert stopped == []
        scene.kill()
        with pytest.raises(Killed):
            fleet.tick()
        assert stopped == ["a", "b"]
        raise Killed("as the fleet does")

    make = dr_wave.Wave

    def wave(**fields: Any) -> Any:
        made = make(**fields)
        made.clouds.inventories.update(clouds)  # type: ignore[arg-type]
        return made

    monkeypatch.setattr(dr_wave, "Wave", wave)
    monkeypatch.setattr(dr_wave.Fleet, "run", run)
    with pytest.raises(Killed):
        scene.run()
    assert stopped


@pytest.mark.parametrize("when", ["fence", "jobs", "fleet"])
@pytest.mark.parametrize("error", [OSError("no such bundle"), ValueError("no JSON"), KeyError("status")])
def test_an_error_that_nobody_expected_is_the_end_of_the_run(scene: Scene, when: str, error: Exception) -> None:
    def fail() -> None:
        raise error

    scene.at[when] = fail
    result = scene.run()
    text = f"Unexpected {type(error).__name__}: {error}. Repeat to carry on."
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, text)
    assert result["error"] == {"code": "unexpected"}
    end = scene.lines()[-1]
    assert (end["kind"], end["failed"], end["msg"]) == ("end", True, text)
    assert unfinished(scene.folder, "shop", "failover")[0] is None


def test_an_error_after_the_kill_is_no_end(scene: Scene) -> None:
    """Whatever is told to ansible-playbook fails then."""

    def fail() -> None:
        scene.kill()
        raise BrokenPipeError

    scene.at["fleet"] = fail
    with pytest.raises(Killed):
        scene.run()
    assert "end" not in [line["kind"] for line in scene.lines()]


def test_errors_of_the_collection_keep_their_code(scene: Scene) -> None:
    def silent() -> None:
        raise Unreachable("site_b does not answer")

    scene.at["jobs"] = silent
    assert scene.run()["error"] == {"code": "unreachable"}


@pytest.mark.parametrize("quiet", [False, True])
def test_a_failure_is_told_in_full_once(scene: Scene, capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    """Whoever fails because of it says it in short, unless nothing was told."""

    def refuse() -> None:
        raise Refused(Refusal("source_answers", "fail over shop", "the source answers, with an error", "Look."))

    scene.at["fence"] = refuse
    result = scene.run(quiet=quiet)
    assert capsys.readouterr().out.count(result["msg"]) == (0 if quiet else 1)
    assert result.get("brief") == (None if quiet else "Failover of shop failed: see above.")


def test_what_the_fence_refuses_is_refused(scene: Scene) -> None:
    def refuse() -> None:
        raise Refused(Refusal("source_answers", "fail over shop", "the source answers, with an error", "Look."))

    scene.at["fence"] = refuse
    result = scene.run()
    assert (result["error"]["code"], result["error"]["reason"]) == ("refused", "source_answers")
    assert scene.told == ["fence"]
