# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo shows: headings, the lines of commands that matter as they come, and a log of all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What Ansible prints about itself; the log has it.
ANSIBLE = re.compile(r"(PLAY |TASK |ok: |changed: |skipping: |included: |localhost +:|$)")
COLOR = re.compile(r"\x1b\[[0-9;]*m")


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


def say(text: str = "") -> None:
    """Shows a line at once."""
    print(text, flush=True)


def bold(text: str) -> str:
    """Emphasises on a terminal, and nowhere else."""
    return f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else text


class Story:
    """The chapters of the demo, and how long each took."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.chapters: list[tuple[str, float]] = []

    @contextmanager
    def chapter(self, title: str, did: str) -> Iterator[None]:
        """A heading above what happens inside.

        :param did: what will have happened, for the summary.
        """
        number = len(self.chapters) + 1
        say(f"\n{bold(f'{number}. {title}')}")
        begin = time.monotonic()
        yield
        seconds = time.monotonic() - begin
        self.chapters.append((did, seconds))
        say(f"   done in {seconds:.1f} s")

    def run(self, command: list[str], environment: dict[str, str], shown: str = "") -> str:
        """Runs a command and shows its lines as they come, without what Ansible says about itself.

        :param shown: how the command is shown, "" for not at all.
        :returns: all of its output.
        :raises DemoFailed: if it does not exit with 0.
        """
        if shown:
            say(f"   $ {shown}")
        environment = {**os.environ, **environment}
        everything = subprocess.STDOUT
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=everything, text=True, env=environment
        ) as process:
            output = "\n".join(self._told(line.rstrip()) for line in process.stdout or ())
        if process.returncode != 0:
            raise DemoFailed(f"{' '.join(command)} ended with exit code {process.returncode}")
        return output

    def _told(self, line: str) -> str:
        """Shows a line, unless it is of no interest, and logs it; returns it without colors."""
        plain = COLOR.sub("", line)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(plain + "\n")
        if not ANSIBLE.match(plain):
            say(f"   {line}")
        return plain
