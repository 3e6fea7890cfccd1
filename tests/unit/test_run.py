# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run: what it writes down before, while and after it runs, and when it may not begin."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Refusal, Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.run import identity as about
from ansible_collections.standby.openstack.plugins.module_utils.run.journal import Journal
from ansible_collections.standby.openstack.plugins.module_utils.run.run import Run, begin, rehearse
from fleet_fakes import Cloud, until
from recovery_builders import T1, T2, T3, row, the_plan

WRITING = ("provision", "prepare", "replicate", "failover")


def wave(now: str = T2, operation: str = "failover", **changes: Any) -> Wave:
    def never(name: str, timeout: int | None = None) -> Any:
        raise AssertionError("a journal needs no cloud")

    app = row(name="app", tier=2, critical=False, ports=[], user_data="a password")
    return Wave(OPERATIONS[operation], the_plan(row(), app, **changes), never, datetime.fromisoformat(now))


@pytest.fixture
def started() -> Iterator[Callable[..., Run]]:
    """Begins runs; they are over at the end of the test."""
    with ExitStack() as stack:
        yield lambda folder, operation="failover", now=T2: stack.enter_context(
            closing(begin(wave(now, operation=operation), str(folder), {}))
        )


Started = Callable[..., Run]


def lines(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(run.journal.path).read_text(encoding="utf-8").splitlines()]


FIRST = {
    "kind": "run",
    "format": 1,
    "operation": "failover",
    "plan": "shop",
    "check": False,
    "servers": ["db", "app"],
    "networks": [],
    "tiers": {"db": 1, "app": 2},
    "critical": {"db": True, "app": False},
    "rpo": 60,
    "rto": None,
    "parameters": {"threads": 5},
    "user": "operator",
    "source": {"site": "a", "name": "site A"},
    "target": {"site": "b", "name": "site B"},
    "carries_on": None,
}


def test_the_first_line_says_who_runs_what_and_for_which_servers(tmp_path: Path) -> None:
    plan = wave(replication={"rpo": 60})
    with closing(begin(plan, str(tmp_path / "new" / "runs"), {"threads": 5}, "operator")) as run:
        (head,) = lines(run)
    number, time = head.pop("run"), head.pop("time")
    assert number.startswith("20261120T090000Z-")
    assert Path(run.journal.path) == tmp_path / "new" / "runs" / f"shop-failover-{number}.jsonl"
    assert time > "2026"
    assert set(head.pop("versions")) == {"standby.openstack", "ansible-core", "openstacksdk", "python"}
    assert head.pop("host")
    assert head == {**FIRST, "process": os.getpid()}


@pytest.fixture
def whole(tmp_path: Path, started: Started, quick_polls: None) -> Run:
    """A failover in which one server comes up and one fails, from its first line to its last."""
    run = started(tmp_path)
    run.wave.fence = lambda reason: "site A does not answer"  # type: ignore[method-assign]
    run.fence(None)
    cloud = Cloud()
    db = cloud.job("db", Step("unshelve", "unshelve server db", {"secret": "x"}, until("db")))
    app = cloud.job("app", error=CloudError("no", 409, request_id="req-1"), after=frozenset({"db"}))
    Fleet(cloud.poll, tell=run.tell, begin=run.began).run([db, app])
    result = run.end({"changed": True, "failed": True, "failed_servers": ["app"], "msg": "1 of 2"})
    assert result["journal"] == run.journal.path
    return run


def test_a_whole_run(whole: Run) -> None:
    told = [(x["kind"], x.get("server"), x.get("phase") or x.get("outcome")) for x in lines(whole)]
    assert told == [
        ("run", None, None),
        ("fence", None, None),
        ("step", "db", "begin"),
        ("step", "db", "answered"),
        ("step", "db", "ended"),
        ("server", "db", "done"),
        ("step", "app", "begin"),
        ("step", "app", "failed"),
        ("server", "app", "failed"),
        ("end", None, None),
    ]
    assert lines(whole)[8]["error"] == {"code": "cloud_error", "status": 409, "request_id": "req-1"}


def test_what_is_about_a_network_is_told_as_such(tmp_path: Path, quick_polls: None) -> None:
    networks = [{"name": "shop", "subnets": []}]
    plan = wave(operation="prepare", networks=networks, security_groups=[{"name": "web"}])
    with closing(begin(plan, str(tmp_path), {})) as run:
        cloud = Cloud()
        network = cloud.job("network shop", Step("create_network", "make network shop"))
        db = cloud.job("db", Step("create_port", "make port p"), after=frozenset({"network shop"}))
        Fleet(cloud.poll, tell=run.tell, begin=run.began).run([network, db])
        told = lines(run)
    assert told[0]["networks"] == ["network shop", "security group web"]
    assert [(x["kind"], x.get("network") or x.get("server")) for x in told[1:]] == [
        *[("step", "network shop")] * 3,
        ("network", "network shop"),
        *[("step", "db")] * 3,
        ("server", "db"),
    ]


def test_an_operation_that_makes_no_networks_names_none(tmp_path: Path) -> None:
    with closing(begin(wave(security_groups=[{"name": "web"}]), str(tmp_path), {})) as run:
        assert lines(run)[0]["networks"] == []


def test_seconds_only_grow(whole: Run) -> None:
    seconds = [line["seconds"] for line in lines(whole)[1:]]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("word", ["secret", "password"])
def test_nothing_of_a_plan_is_written_but_what_steps_say(whole: Run, word: str) -> None:
    assert word not in Path(whole.journal.path).read_text(encoding="utf-8")


def test_a_fence_that_refuses(tmp_path: Path, started: Started) -> None:
    def refuse(reason: str | None) -> str:
        raise Refused(Refusal("alive", "fail over shop", "site A answers", "Stop it."))

    run = started(tmp_path)
    run.wave.fence = refuse  # type: ignore[method-assign]
    with pytest.raises(Refused):
        run.fence(None)
    fence = lines(run)[1]
    assert (fence["allowed"], fence["text"]) == (False, "Refused to fail over shop: site A answers. Stop it.")


def test_without_a_folder_there_is_no_journal() -> None:
    run = begin(wave(operation="failover"), "", {})
    assert (run.journal.path, run.carries_on, run.end({"changed": False})) == ("", None, {"changed": False})


def test_a_run_that_was_cut_short_is_carried_on(tmp_path: Path) -> None:
    with closing(begin(wave(T1, operation="failover"), str(tmp_path), {})) as killed:
        pass
    with closing(begin(wave(T2, operation="failover"), str(tmp_path), {})) as again:
        number = lines(killed)[0]["run"]
        assert again.carries_on == lines(again)[0]["carries_on"] == number
        assert again.notes == [
            f"Carries on run {number}, which did not come to its end; what it did is read from the clouds.",
            f"The journal is {again.journal.path}.",
        ]
        again.end({"changed": False})
    with closing(begin(wave(T3, operation="failover"), str(tmp_path), {})) as after:
        assert (after.carries_on, after.notes) == (None, [f"The journal is {after.journal.path}."])


def test_what_only_reads_carries_nothing_on(tmp_path: Path, started: Started) -> None:
    started(tmp_path, "readiness", T1)
    assert started(tmp_path, "readiness", T2).carries_on is None


@pytest.mark.parametrize("operation", WRITING)
@pytest.mark.parametrize("other", WRITING)
def test_one_run_of_a_plan_at_a_time(tmp_path: Path, started: Started, operation: str, other: str) -> None:
    started(tmp_path, other)
    with pytest.raises(Refused, match="a run of this plan is under way: " + other):
        started(tmp_path, operation)
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_what_only_reads_is_neither_kept_away_nor_keeps_others_away(tmp_path: Path, started: Started) -> None:
    for operation in ("readiness", "failover", "readiness"):
        started(tmp_path, operation)


def test_after_a_run_the_next_may_begin(tmp_path: Path) -> None:
    for now in (T1, T2):
        with closing(begin(wave(now, operation="prepare"), str(tmp_path), {})) as run:
            assert "lock" not in "".join(run.notes)


def test_a_run_whose_journal_cannot_be_written_holds_no_lock(tmp_path: Path, started: Started) -> None:
    def full(*_arguments: object, **_fields: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "_write", full)
        with pytest.raises(Refused, match="No space left"):
            started(tmp_path)
    started(tmp_path)


@pytest.mark.parametrize(("operation", "words"), [("failover", "fail over shop"), ("prepare", "prepare shop")])
def test_a_folder_that_cannot_be_written_stops_the_run(tmp_path: Path, operation: str, words: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as refused:
        begin(wave(operation=operation), str(tmp_path / "file" / "runs"), {})
    error = f"[Errno 20] Not a directory: '{tmp_path / 'file' / 'runs'}'"
    assert str(refused.value) == (
        f"Refused to {words}: cannot write the journal or the lock: {error}. "
        "Make room or name another folder (-e journal_folder=/path); -e journal_folder= runs without a journal and a "
        "lock file."
    )


def test_check_mode_refuses_it_too_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="file is not a folder that can be written to"):
        rehearse(wave(), str(tmp_path / "file" / "runs"))
    for folder in (str(tmp_path / "not" / "there"), ""):
        assert rehearse(wave(), folder).journal.path == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_folders_that_are_made_are_for_the_user_alone_and_others_stay_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    begin(wave(), str(tmp_path / "one" / "two"), {}).close()
    assert [(tmp_path / name).stat().st_mode & 0o7777 for name in ("", "one", "one/two")] == [0o1777, 0o700, 0o700]


def test_a_broken_journal_of_an_earlier_run_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "shop-failover-20261120T101700Z-3f2a.jsonl"
    os.mkfifo(pipe)
    run = begin(wave(), str(tmp_path), {})
    run.close()
    assert run.notes[-1] == f"The journal {pipe} of an earlier run is passed over: {pipe} is not a regular file."


def test_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    assert about.who("operator")["user"] == "operator"
    monkeypatch.setattr(about.getpass, "getuser", nobody)
    assert about.who()["user"] == f"uid {os.getuid()}"


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("galaxy.yml", "name: openstack\nversion: 1.2.3\n", "1.2.3"),
        ("MANIFEST.json", '{\n "collection_info": {\n  "version": "1.2.3-rc.1",\n  "license": []}}', "1.2.3-rc.1"),
        ("README.md", "version: 9", ""),
    ],
)  # fmt: skip
def test_the_version_of_the_collection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, version: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(about, "COLLECTION", tmp_path)
    assert about.versions()["standby.openstack"] == version


def test_a_package_that_is_not_there_has_no_version() -> None:
    assert about._of_package("no-such-package") == ""
