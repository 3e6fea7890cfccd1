# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the result of every task as one line of JSON, for the tests."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: stdout
short_description: Results as lines of JSON
description: Prints the result of every task as one line of JSON.
"""


class CallbackModule(CallbackBase):
    """One line for each task that ran."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def v2_runner_on_ok(self, result: Any) -> None:
        """Prints a task that succeeded."""
        self._tell(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Prints a task that failed, which newer releases of Ansible say by this call only."""
        self._tell(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Prints a task that could not be run."""
        self._tell(result, failed=True)

    def _tell(self, result: Any, failed: bool = False) -> None:
        self._display.display(json.dumps({**result._result, "failed": failed}, default=str))
