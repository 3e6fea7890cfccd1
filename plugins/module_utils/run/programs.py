# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that steps run on this machine, such as the tools of a storage. Without a shell, killed with the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..data.errors import StandbyError
from ..data.texts import one_line

#: How many of the last characters that a failed program wrote are shown.
MOST_TOLD = 500


class ProgramFailed(StandbyError):
    """A program did not end as it should. Nothing is known about what it has changed."""

    code = "program_failed"


class Programs:
    """All programs of a run."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, argv: Sequence[str], timeout: float, given: Any = None) -> Any:
        """Runs a program to its end and returns the JSON that it wrote, {} if it wrote nothing.

        :param argv: the program and its arguments, as they are: no shell reads them.
        :param timeout: seconds. After that it is killed.
        :param given: what it gets on its standard input, as JSON; None for nothing.
        :raises ProgramFailed: if it cannot be started, is killed, fails, or writes anything but JSON.
        """
        with self._begun(argv, subprocess.DEVNULL if given is None else subprocess.PIPE) as process:
            try:
                out, err = process.communicate(None if given is None else json.dumps(given), timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise _failed(argv, f"was killed after {timeout:g} s", "Find out what it waits for.") from error
            except UnicodeDecodeError as error:
                raise _failed(argv, "wrote text that is not UTF-8", "Let it write JSON.") from error
        if self._stopped and process.returncode == -signal.SIGKILL:
            raise _failed(argv, "was killed with the run", "")
        if process.returncode:
            words = one_line(err.strip())[-MOST_TOLD:] or "it wrote nothing to stderr"
            raise _failed(argv, f"ended with {process.returncode}: {words}", "Mend what it says.")
        try:
            return json.loads(out) if out.strip() else {}
        except (ValueError, RecursionError) as error:
            raise _failed(argv, f"wrote text that is not JSON ({error})", "Let it write JSON.") from error

    @contextmanager
    def _begun(self, argv: Sequence[str], stdin: int) -> Iterator[subprocess.Popen[str]]:
        """A running program, in a process group of its own. A program that still runs at the end is killed."""
        process = self._begin(argv, stdin)
        try:
            yield process
        finally:
            _kill(process)
            with process:  # closes the pipes and waits for its end
                pass
            self._running.discard(process)

    def _begin(self, argv: Sequence[str], stdin: int) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        with self._lock:
            if self._stopped:
                raise _failed(argv, "was not started: the run was stopped", "")
            try:
                process = subprocess.Popen(
                    list(argv), stdin=stdin, stdout=pipe, stderr=pipe, text=True, encoding="utf-8",
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                todo = "Install it on the machine that runs Ansible, or name it by its path."
                raise _failed(argv, f"cannot be started ({error.strerror})", todo) from error
            self._running.add(process)
        return process

    def stop(self) -> None:
        """Kills what runs, with all that it started. Nothing begins any more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kills a program with all that it started. The id of one that has ended may belong to another."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _failed(argv: Sequence[str], saw: str, todo: str) -> ProgramFailed:
    """Arguments may hold secrets, so only the program is named."""
    text = f"The program {one_line(argv[0])} {saw}."
    return ProgramFailed(f"{text} {todo} Then repeat." if todo else f"{text} Repeat to carry on.", program=argv[0])
