# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces itself with a command that runs under the environment of `environment.variables()`."""

from __future__ import annotations

import os
import sys

from environment import variables
from trees import REPO

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"use: {sys.argv[0]} COMMAND [ARGUMENT]...")
    os.environ.update(variables())
    os.chdir(REPO)
    try:
        os.execvp(sys.argv[1], sys.argv[1:])
    except OSError as error:
        sys.exit(f"wanted to run {sys.argv[1]}: {error}")
