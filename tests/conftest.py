# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test needs: the collection where Ansible finds it, and the environment of `make test`.

`build/venv/bin/pytest tests/...` then works from any clone without activating or exporting anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO / "tools"))

import environment  # noqa: E402
import trees  # noqa: E402

# before pytest-ansible looks for the tree, which it does after it has read this file
trees.live()
os.environ.update(environment.variables())
