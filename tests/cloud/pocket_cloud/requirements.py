# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be there before a site can start: programs of the distribution and the virtual environment."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

from pocket_cloud import errors, layout

Say = Callable[[str], None]

PINS = layout.CLOUD_SOURCE / "requirements.txt"


def ensure_programs(say: Say) -> None:
    """Have qemu-img (cinder and glance convert images with it) and the venv module of Python."""
    if shutil.which("qemu-img") is None:
        install_package("qemu-utils", "qemu-img, with which cinder and glance convert images", say)
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, check=False, capture_output=True).returncode != 0:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        install_package(f"python{version}-venv", "Python's venv module", say)


def install_package(package: str, purpose: str, say: Say) -> None:
    """Install a package of Debian or Ubuntu, or say what to install."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise errors.PocketCloudError(f"Wanted {purpose}; not found. Install it: sudo apt-get install {package}")
    say(f"installing {package} ({purpose})")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise errors.PocketCloudError(f"{' '.join(install)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ensure_venv(folders: layout.Layout, say: Say) -> None:
    """Make the virtual environment with the pins, or make it anew when the pins or the interpreter changed."""
    wanted = venv_key()
    stamp = folders.venv / "pins.sha256"
    if stamp.exists() and stamp.read_text().strip() == wanted:
        return
    say(f"installing the pinned OpenStack services into {folders.venv} (about 90 s, once)")
    if folders.venv.is_symlink():
        folders.venv.unlink()
    shutil.rmtree(folders.venv, ignore_errors=True)
    log = folders.build / "venv-install.log"
    run_logged([sys.executable, "-m", "venv", str(folders.venv)], log, append=False)
    pip = [str(folders.python), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(PINS)]
    run_logged(pip, log, append=True)
    stamp.write_text(wanted + "\n")


def venv_key() -> str:
    """Return what the virtual environment depends on, as one hash."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(version + PINS.read_bytes()).hexdigest()


def run_logged(
    command: list[str], log: pathlib.Path, *, append: bool = True, environment: dict[str, str] | None = None
) -> None:
    """Run a command with its output in a log; a failure shows the end of it."""
    with log.open("ab" if append else "wb") as output:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    if done.returncode != 0:
        raise errors.PocketCloudError(
            f"{' '.join(command)} ended with exit code {done.returncode}.\n{errors.end_of_file(log)}"
        )
