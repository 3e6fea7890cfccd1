# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a plan at a time: who holds the lock, whether that one lives, and what people are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Refusal
from ansible_collections.standby.openstack.plugins.module_utils.run import lock
from ansible_collections.standby.openstack.plugins.module_utils.run.lock import judge, take

THEN, NOW = "2026-11-21T02:40:00+00:00", "2026-11-21T02:52:05+00:00"
OTHER = {"operation": "prepare", "run": "r1", "user": "ann", "host": "one", "process": 4711, "kernel": "boot-1"} | {
    "started": THEN,
    "recorded": False,
}
ME = {**OTHER, "operation": "failover", "run": "r2", "user": "bob", "process": 5, "started": NOW}
WHO = "prepare, run r1, started 12 min 5 s ago by ann, process 4711 on "

REFUSED = {
    "run_under_way": f"Refused to fail over shop: a run of this plan is under way: {WHO}one. Wait until it has ended, "
    "or end it (kill 4711 on one), then repeat.",
    "elsewhere": f"Refused to fail over shop: a run of this plan is under way: {WHO}two. Wait until it has ended, or "
    "end it (kill 4711 on two), then repeat.",
    "nameless": "Refused to fail over shop: a run of this plan is under way: it has not told yet which. Wait until it "
    "has ended, or end it, then repeat.",
    "lock_elsewhere": "Refused to fail over shop: its lock names a run on another host, where it may still be under "
    f"way: {WHO}two. Look there. If it has ended, delete /x/shop.lock, then repeat.",
}
TAKEN_OVER = "The lock was left by a run that is gone, and is taken over: " + WHO

ELSEWHERE = {**OTHER, "host": "two", "kernel": "boot-2"}


@pytest.mark.parametrize(
    ("free", "holder", "me", "expected"),
    [
        (True, {}, ME, ""),
        (True, OTHER, ME, f"{TAKEN_OVER}one."),
        (True, {**OTHER, "kernel": "before it was booted"}, ME, f"{TAKEN_OVER}one."),
        (True, {**OTHER, "host": "a container"}, ME, f"{TAKEN_OVER}a container."),
        (True, ELSEWHERE, ME, "lock_elsewhere"),
        (True, ELSEWHERE, {**ME, "recorded": True}, ""),
        (False, ELSEWHERE, {**ME, "recorded": True}, "elsewhere"),
        (True, {**ELSEWHERE, "kernel": ""}, {**ME, "kernel": ""}, "lock_elsewhere"),
        (True, {key: ELSEWHERE[key] for key in ELSEWHERE if key != "kernel"}, {**ME, "kernel": ""}, "lock_elsewhere"),
        (True, None, ME, "The lock /x/shop.lock of an earlier run cannot be read, and is taken over: no run holds it."),
        (False, OTHER, ME, "run_under_way"),
        (False, {}, ME, "nameless"),
        (False, None, ME, "nameless"),
    ],
)
def test_whether_a_run_may_begin(free: bool, holder: Any, me: Any, expected: str) -> None:
    found = judge(free, holder, me, "/x/shop.lock", "fail over shop")
    assert (found.text if isinstance(found, Refusal) else found) == REFUSED.get(expected, expected)


def test_what_is_held_elsewhere_is_told_with_its_host() -> None:
    found = judge(False, ELSEWHERE, ME, "/x/shop.lock", "fail over shop")
    assert isinstance(found, Refusal)
    assert "(kill 4711 on two)" in found.text


SCRIPT = """
import fcntl, json, os, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
file.write(json.dumps({**json.loads(sys.argv[2]), "process": os.getpid()}))
file.flush()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.lock"


@pytest.fixture
def other(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    holder = json.dumps({**OTHER, "kernel": lock._kernel()})
    command = [sys.executable, "-c", SCRIPT, str(file), holder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


ABOUT_ME = {key: ME[key] for key in ("operation", "run", "user", "host", "process")}


def test_while_the_other_lives_and_after_it_was_killed(file: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(Refused, match=f"process {other.pid} on one. Wait until it has ended, or end it") as refused:
        take(file, "fail over shop", ABOUT_ME)
    assert refused.value.refusal.code == "run_under_way"
    assert json.loads(file.read_text())["process"] == other.pid, "the content of the holder stays"
    other.kill()
    other.wait()
    mine = take(file, "fail over shop", ABOUT_ME)
    assert mine.taken_over.startswith("The lock was left by a run that is gone, and is taken over: prepare, run r1, ")
    assert mine.gone == {"r1"}
    assert json.loads(file.read_text())["run"] == "r2"
    mine.release()


def test_a_lock_of_another_host_proves_nothing(file: Path) -> None:
    file.write_text(json.dumps(ELSEWHERE))
    mine = take(file, "fail over shop", {**ABOUT_ME, "recorded": True})
    assert (mine.taken_over, mine.gone) == ("", frozenset())
    mine.release()


def test_a_lock_that_was_released_leaves_nothing_to_say(file: Path) -> None:
    for _again in range(2):
        mine = take(file, "fail over shop", ABOUT_ME)
        assert mine.taken_over == ""
        mine.release()
        assert file.read_text() == ""


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"started": 5}', json.dumps({**OTHER, "started": "yesterday"}),
                                     json.dumps({"started": THEN}), "\x00", "[" * 100_000,
                                     json.dumps({**OTHER, "started": "2026-01-01T00:00:00"})])  # fmt: skip
def test_what_cannot_be_read_is_told_and_taken_over(file: Path, content: str) -> None:
    file.write_text(content)
    mine = take(file, "fail over shop", ABOUT_ME)
    assert mine.taken_over == f"The lock {file} of an earlier run cannot be read, and is taken over: no run holds it."
    mine.release()


def test_a_lock_is_for_the_user_alone(file: Path) -> None:
    """Who can open it for reading could hold it."""
    take(file, "fail over shop", ABOUT_ME).release()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_no_file_of_ours_is_no_lock(file: Path) -> None:
    """A pipe would be waited for, a link written through."""
    file.symlink_to(file.with_name("elsewhere"))
    with pytest.raises(OSError, match="symbolic link"):
        take(file, "fail over shop", ABOUT_ME)
    assert not file.with_name("elsewhere").exists()
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(OSError, match="is not a regular file"):
        take(file, "fail over shop", ABOUT_ME)


def test_a_lock_of_another_user_is_not_held(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.touch()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(OSError, match=f"belongs to the user {os.getuid()}"):
        take(file, "fail over shop", ABOUT_ME)


def test_a_system_that_does_not_tell_its_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "BOOT_ID", tmp_path / "nothing")
    assert lock._kernel() == ""
