# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment variables under which tests, linters and the demo run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trees import LIVE, REPO

BUILD = REPO / "build"


def variables() -> dict[str, str]:
    """Returns what is set on top of the caller's environment: programs and collections of this clone, before others.

    The cloud of the tests is the pocket cloud; whoever sets POCKET_CLOUD_RUN has a second one elsewhere.
    """
    run = Path(os.environ.get("POCKET_CLOUD_RUN", BUILD / "cloud" / "run"))
    programs = str(Path(sys.executable).parent)
    rest = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder != programs]
    return {
        "PATH": os.pathsep.join([programs, *rest]),
        "ANSIBLE_COLLECTIONS_PATH": str(LIVE),
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "ANSIBLE_NOCOWS": "1",
        "OS_CLIENT_CONFIG_FILE": str(run / "clouds.yaml"),
        "PYTHONUNBUFFERED": "1",
    }
