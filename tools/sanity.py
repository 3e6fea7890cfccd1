# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `ansible-test sanity` on what the artefact contains, and does not believe an exit code alone.

ansible-test exits 0 when it found nothing to test. So this compares the files that it lists with those that were
copied, and its output must name the tests that it ran.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import ansible_test
import trees
from environment import BUILD

# Tests that look at every collection; if one of these did not run, ansible-test tested nothing or next to nothing.
MUST_RUN = {"ansible-doc", "compile", "ignores", "import", "pep8", "pylint", "validate-modules", "yamllint"}
PIP_STAND_IN = '''\
"""Puts pip into an empty virtual environment from the Python that is here; arguments as those of get-pip.py."""
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
'''


def pip_script() -> tuple[str, Path]:
    """Returns the host from which ansible-test fetches get-pip.py, and where it keeps the script."""
    package = Path(ansible_test.__path__[0])
    setup = (package / "_util/target/setup/requirements.py").read_text(encoding="utf-8")
    code = (package / "_internal/python_requirements.py").read_text(encoding="utf-8")
    url = re.search(r"https://[^']+get-pip-%s\.py", setup)
    cache = re.search(r"~/[^']+get_pip_%s\.py", setup)
    version = re.search(r"\bpip='([\d.]+)'", code)
    if not (url and cache and version):
        sys.exit("ansible-test changed how it fetches pip: wanted url, cache path and version, adapt tools/sanity.py")
    return urlsplit(url[0]).hostname or "", Path(cache[0] % version[1].replace(".", "_")).expanduser()


def provide_pip_script() -> None:
    """Where the host of get-pip.py is not known (an offline mirror), puts a stand-in at the place of its copy."""
    host, cached = pip_script()
    if cached.exists():
        return
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_text(PIP_STAND_IN, encoding="utf-8")


def environment() -> dict[str, str]:
    """The environment of ansible-test: pyenv's shims out of PATH, as a shim of a Python that is not active is fatal."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in folder]
    path = os.pathsep.join([str(Path(sys.executable).parent), *folders])
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}


def listed(tree: Path) -> set[str]:
    """Returns the files that ansible-test sees."""
    command = ["ansible-test", "env", "--list-files"]
    done = subprocess.run(command, cwd=tree, env=environment(), check=True, capture_output=True, text=True)
    return {line for line in done.stdout.splitlines() if (tree / line).is_file()}


def run(tree: Path, arguments: list[str]) -> str:
    """Runs the tests and returns their output, which is kept in build/reports; if one failed, shows why and exits."""
    command = ["ansible-test", "sanity", "--local", "--color", "no", *arguments]
    done = subprocess.run(
        command,
        cwd=tree,
        env=environment(),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = BUILD / "reports" / "sanity.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        # the rest is about the installation of what the tests need
        told = re.findall(r"^(?:ERROR|FATAL|Traceback|\S+Error).*|^See documentation.*", done.stdout, re.MULTILINE)
        sys.exit(
            "\n".join([*(told or [done.stdout]), f"ansible-test sanity: exit code {done.returncode}, all of it: {log}"])
        )
    return done.stdout


def main(arguments: list[str]) -> None:
    """Copies, tests, and checks that there was a test; `arguments` go to `ansible-test sanity`."""
    tree = trees.copy()
    provide_pip_script()
    unseen = set(trees.published()) - listed(tree)
    if unseen:
        sys.exit(f"ansible-test does not see {len(unseen)} files of the collection, such as {min(unseen)}")
    output = run(tree, arguments)
    ran = set(re.findall(r'^Running sanity test "([\w-]+)"', output, re.MULTILINE))
    missing = set() if arguments else MUST_RUN - ran
    if not ran or missing or "All targets skipped" in output:
        sys.exit(f"ansible-test sanity ran {len(ran)} tests; did not run: {', '.join(sorted(missing)) or 'anything'}")
    absent = sorted(set(re.findall(r"on Python (3\.\d+) because it could not be found", output)))
    print(f"Pythons that are not on this machine, so not tried: {', '.join(absent) or 'none'}")
    print(f"ansible-test sanity: {len(ran)} tests on {len(trees.published())} files, no ignore file")


if __name__ == "__main__":
    main(sys.argv[1:])
