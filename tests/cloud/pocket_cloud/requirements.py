# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be there before a site can start: programs of the distribution and the virtual environment."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

from pocket_cloud import errors, layout

Say = Callable[[str], None]


def ensure_programs() -> None:
    """Have qemu-img (cinder and glance convert images with it) and the venv module of Python."""
    if shutil.which("qemu-img") is None:
        raise missing("qemu-utils", "qemu-img, with which cinder and glance convert images")
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, check=False, capture_output=True).returncode != 0:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise missing(f"python{version}-venv", "Python's venv module")


def missing(package: str, purpose: str) -> errors.PocketCloudError:
    """Return the error that says what to install; nothing is installed outside the build folder."""
    return errors.PocketCloudError(f"Wanted {purpose}; not found. Install it: sudo apt-get install {package}")


def ensure_venv(folders: layout.Layout, say: Say, nova: str = "") -> None:
    """Make a virtual environment with its pins, or make it anew when the pins or the interpreter changed.

    :param nova: a release of nova that has an environment of its own; "": that of all services.
    """
    venv, pins = folders.nova_venv(nova), layout.nova_pins(nova)
    wanted, stamp = venv_key(pins), venv / "pins.sha256"
    if stamp.exists() and stamp.read_text().strip() == wanted:
        return
    what = f"nova {nova}" if nova else "the pinned OpenStack services"
    say(f"installing {what} into {venv} (about 90 s, once)")
    if venv.is_symlink():
        venv.unlink()
    shutil.rmtree(venv, ignore_errors=True)
    log = folders.build / f"venv-install{nova}.log"
    run_logged([sys.executable, "-m", "venv", str(venv)], log, append=False)
    for wanted_list in (layout.BUILD_TOOLS, pins):
        run_logged([*pip_install(venv), "-r", str(wanted_list)], log)
    run_logged([str(venv / "bin" / "python"), "-m", "pip", "check", "--disable-pip-version-check"], log)
    stamp.write_text(wanted + "\n")


def pip_install(venv: pathlib.Path) -> list[str]:
    """Return how pip installs a list: each file has a hash there, and what has no wheel is built with what is there.

    A list names all that its environment holds, so pip must not resolve anything. When it does, the pip of Python 3.11
    takes the newest release for a dependency with an extra (nova wants oslo.service[threading]), not the pinned one.
    `pip check` finds a list that is not complete.
    """
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    return [*pip, "--no-deps", "--require-hashes", "--no-build-isolation"]


def venv_key(pins: pathlib.Path) -> str:
    """Return what a virtual environment depends on, as one hash."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(version + layout.BUILD_TOOLS.read_bytes() + pins.read_bytes()).hexdigest()


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
