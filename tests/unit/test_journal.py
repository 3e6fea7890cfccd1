# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: its lines, files that cannot be written, and which earlier run was cut short."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.parts import Part
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Step
from ansible_collections.standby.openstack.plugins.module_utils.engine.events import Event
from ansible_collections.standby.openstack.plugins.module_utils.run.journal import (
    Journal,
    file_name,
    run_id,
    unfinished,
)

ATTACH = Step("attach_root", "attach volume x as root of server db", {"secret": "never written"}, part=Part.HANDOVER)
SERVER = {"id": "1", "ports": [{"fixed_ips": ["10.0.0.1", "fd00::1"]}, {"fixed_ips": []}]}
RAN = {"changed": True, "steps": [ATTACH.text], "server": SERVER, "recovery_point": "T1", "lag": 60}


def written(journal: Journal) -> list[dict[str, Any]]:
    """The lines so far, without their times, which must be there."""
    lines = [json.loads(line) for line in Path(journal.path).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    return lines


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "shop-failover-20261121T101714Z-3f2a.jsonl")
    made.begin(run="20261121T101714Z-3f2a", plan="shop")
    yield made
    made.close()


def step(phase: str, **more: str) -> Event:
    return Event("step", "db", ATTACH.text, 1.23456, 0, 1, phase=phase, step=ATTACH, number=2, more=more)


def test_the_first_line(journal: Journal) -> None:
    assert written(journal) == [{"kind": "run", "format": 1, "run": "20261121T101714Z-3f2a", "plan": "shop"}]


@pytest.mark.parametrize(
    ("phase", "more"),
    [
        ("begin", {}),
        ("answered", {"request_id": "req-1"}),
        ("ended", {"state": "ACTIVE"}),
        ("failed", {"msg": "no host"}),
    ],
)
def test_a_step(journal: Journal, phase: str, more: dict[str, str]) -> None:
    journal.event(step(phase, **more), {})
    assert written(journal)[1] == {
        "kind": "step",
        "seconds": 1.235,
        "server": "db",
        "number": 2,
        "phase": phase,
        "part": "handover",
        "verb": "attach_root",
        "text": "attach volume x as root of server db",
        "cloud": "here",
        **more,
    }


NOTHING = {
    **dict.fromkeys(("server_id", "recovery_point", "lag", "handover", "handover_reason", "network", "notes")),
    "addresses": [],
}


@pytest.mark.parametrize(
    ("outcome", "row", "line"),
    [
        ("done", {**RAN, "handover": "attach", "handover_reason": "advertised", "notes": ["x"], "network": "isolated"},
         {"network": "isolated", "notes": ["x"],
          "server_id": "1", "addresses": ["10.0.0.1", "fd00::1"], "recovery_point": "T1", "lag": 60,
          "handover": "attach", "handover_reason": "advertised", "msg": "", "error": None, "steps": [ATTACH.text]}),
        ("unchanged", {"changed": False, "steps": [], "server": {}},
         {**NOTHING, "msg": "", "error": None, "steps": []}),
        ("failed", {"changed": False, "steps": [], "msg": "no", "error": {"code": "x", "request_id": "req-1"}},
         {**NOTHING, "msg": "no", "error": {"code": "x", "request_id": "req-1"}, "steps": []}),
        ("skipped", {"changed": False, "steps": [], "msg": "db failed", "error": {"code": "skipped"}},
         {**NOTHING, "msg": "db failed", "error": {"code": "skipped"}, "steps": []}),
    ],
)  # fmt: skip
def test_a_server(journal: Journal, outcome: str, row: dict[str, Any], line: dict[str, Any]) -> None:
    journal.event(Event(outcome, "db", "", 12, 1, 1), row)
    assert written(journal)[1] == {"kind": "server", "seconds": 12, "server": "db", "outcome": outcome, **line}


def test_a_network(journal: Journal) -> None:
    make = Step("create_network", "make network shop")
    journal.event(Event("step", "network shop", make.text, 1, 0, 1, phase="begin", step=make), {}, "network")
    row = {"changed": True, "steps": [make.text], "network": {"id": "n"}}
    journal.event(Event("done", "network shop", "", 2, 1, 1), row, "network")
    _head, step, end = written(journal)
    assert (step["kind"], step["network"], step["text"], "server" in step) == ("step", "network shop", make.text, False)
    told = {"msg": "", "error": None, "steps": [make.text]}
    assert end == {"kind": "network", "seconds": 2, "network": "network shop", "outcome": "done", **told}


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ({"changed": True, "requests": {"site_b": {"GET": 2}}},
         {"failed": False, "changed": True, "failed_servers": [], "findings": [], "msg": "",
          "requests": {"site_b": {"GET": 2}}}),
        ({"changed": False, "failed": True, "failed_servers": ["db"], "msg": "1 of 2", "findings": [{"text": "low"}]},
         {"failed": True, "changed": False, "failed_servers": ["db"], "findings": [{"text": "low"}], "msg": "1 of 2",
          "requests": {}}),
    ],
)  # fmt: skip
def test_the_last_line(journal: Journal, result: dict[str, Any], line: dict[str, Any]) -> None:
    journal.end(14.2, result)
    assert written(journal)[1] == {"kind": "end", "seconds": 14.2, **line}


def test_each_line_is_there_before_the_next_thing_happens(journal: Journal) -> None:
    journal.event(step("begin"), {})
    assert [line["kind"] for line in written(journal)] == ["run", "step"]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\ud800", "\x1c", "ü"])
def test_no_character_cuts_a_line_in_two_or_stops_the_journal(journal: Journal, character: str) -> None:
    journal.event(step("failed", msg=f"a{character}b"), {})
    journal.end(1.0, {"changed": True})
    _head, failed, end = written(journal)
    assert (failed["msg"], end["kind"], journal.broken) == (f"a{character}b", "end", "")


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(None)
    journal.begin(plan="shop")
    journal.event(step("begin"), {})
    journal.end(1.0, {"changed": False})
    assert (journal.path, journal.broken, list(tmp_path.iterdir())) == ("", "", [])


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@FULL
def test_a_disk_that_is_full_at_the_beginning_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "x.jsonl")
    journal.close()
    with Path("/dev/full").open("w", encoding="utf-8") as journal._stream, pytest.raises(OSError, match="No space"):
        journal.begin(plan="shop")
    assert list(tmp_path.iterdir()) == []


@FULL
def test_a_disk_that_is_full_later_stops_the_journal_and_not_the_run(journal: Journal) -> None:
    journal.close()
    with Path("/dev/full").open("w", encoding="utf-8") as journal._stream:
        for phase in ("begin", "answered"):
            journal.event(step(phase), {})
        journal.end(1.0, {"changed": True})
    assert "No space left" in journal.broken


def test_no_run_writes_into_the_journal_of_another(journal: Journal) -> None:
    with pytest.raises(FileExistsError):
        Journal(Path(journal.path))


def test_ids_sort_by_time_and_differ() -> None:
    now = datetime(2026, 11, 21, 10, 17, 14, tzinfo=UTC)
    ids = {run_id(now) for _try in range(20)}
    assert len(ids) > 1
    assert all(re.fullmatch(r"20261121T101714Z-[0-9a-f]{4}", name) for name in ids)
    assert max(ids) < run_id(now.replace(second=15))


@pytest.mark.parametrize(
    ("parts", "name"),
    [(("shop", "build"), "shop-build"), (("../etc/a b", "x"), ".._etc_a_b-x"), (("größe",), "größe")],
)
def test_names_of_files(parts: tuple[str, ...], name: str) -> None:
    assert file_name(*parts) == name


HEAD = {"kind": "run", "plan": "shop"}
GOOD, BAD = {"kind": "end", "failed": False}, {"kind": "end", "failed": True}
STEP = {"kind": "step"}


def write(folder: Path, second: int, *lines: Any, begin: str = "shop-failover", plan: str = "shop") -> str:
    number = f"20261121T1017{second:02}Z-3f2a"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    if texts and lines[0] == HEAD:
        texts[0] = json.dumps({**HEAD, "plan": plan, "run": number})
    (folder / f"{begin}-{number}.jsonl").write_text("\n".join(texts), encoding="utf-8")
    return number


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([], None),
        ([[HEAD, GOOD]], None),
        ([[HEAD, BAD]], None),
        ([[HEAD, STEP]], 0),
        ([[HEAD]], 0),
        ([[HEAD, '{"kind": "st']], 0),
        ([[HEAD, "[1]"]], 0),
        ([[HEAD, STEP], [HEAD, STEP]], 1),
        ([[HEAD, STEP], [HEAD, GOOD]], None),
        ([[HEAD, STEP], [HEAD, BAD]], 0),
        ([[HEAD, GOOD], [HEAD, STEP]], 1),
        ([[HEAD, STEP], []], 0),
        ([[HEAD, STEP], ["no json"]], 0),
    ],
)
def test_the_run_that_was_cut_short(tmp_path: Path, runs: list[list[Any]], found: int | None) -> None:
    ids = [write(tmp_path, second, *lines) for second, lines in enumerate(runs)]
    assert unfinished(tmp_path, "shop", "failover") == (None if found is None else ids[found], [])


def test_a_character_that_ends_a_line_elsewhere_does_not_hide_the_end_of_a_run(tmp_path: Path) -> None:
    """As journals were written before."""
    write(tmp_path, 1, HEAD, json.dumps({**BAD, "msg": "a\u2028b"}, ensure_ascii=False))
    assert unfinished(tmp_path, "shop", "failover") == (None, [])


@pytest.mark.parametrize(
    ("begin", "plan"),
    [("shop-build", "shop"), ("shop-failover-x", "shop"), ("other-failover", "other"), ("shop-failover", "sh?p")],
)
def test_runs_of_other_plans_and_operations_are_not_carried_on(tmp_path: Path, begin: str, plan: str) -> None:
    write(tmp_path, 1, HEAD, STEP, begin=begin, plan=plan)
    assert unfinished(tmp_path, "shop", "failover") == (None, [])


def test_journals_that_are_no_files_of_ours_are_told_and_passed_over(tmp_path: Path) -> None:
    """A pipe would never be read to its end, a link leads elsewhere."""
    whole = write(tmp_path, 1, HEAD, STEP)
    pipe, link = (tmp_path / f"shop-failover-2026112{n}T101700Z-3f2a.jsonl" for n in (8, 9))
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "elsewhere")
    found, told = unfinished(tmp_path, "shop", "failover")
    assert found == whole
    assert told == [
        f"The journal {link} of an earlier run is passed over: Too many levels of symbolic links.",
        f"The journal {pipe} of an earlier run is passed over: {pipe} is not a regular file.",
    ]


@pytest.mark.parametrize("line", ['{"kind": "end"}', '{"kind": 5}', '{"kind": "end", "failed": []}', "[" * 100_000])
def test_a_broken_journal_is_passed_over(tmp_path: Path, line: str) -> None:
    write(tmp_path, 1, HEAD, STEP)
    write(tmp_path, 2, '{"kind": "run", "plan": "shop"}', line)
    assert unfinished(tmp_path, "shop", "failover")[0]


def test_a_journal_is_for_the_user_alone_and_never_written_through_a_link(tmp_path: Path) -> None:
    Journal(tmp_path / "mine.jsonl").close()
    assert (tmp_path / "mine.jsonl").stat().st_mode & 0o777 == 0o600
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "link.jsonl")
    assert not (tmp_path / "target").exists()
