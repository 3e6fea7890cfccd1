# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the distribution has is asked for by its name, and never installed by make."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NEEDS = Path(__file__).resolve().parents[2] / "tools" / "needs.sh"


def test_missing_packages_are_only_asked_for(tmp_path: Path) -> None:
    """Also by root: an apt-get that is there is not called."""
    called = tmp_path / "called"
    programs = {"apt-get": f'#!/bin/sh\ntouch "{called}"\n', "git": "#!/bin/sh\n", "python3": ""}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python3").unlink()
    (tmp_path / "python3").symlink_to(sys.executable)
    for name in ("id", "basename", "readlink", "bash"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHON": "python3"}
    done = subprocess.run(["/bin/bash", str(NEEDS)], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "standby.openstack: missing here, please install: sudo apt-get install qemu-utils\n"
    assert not called.exists()
