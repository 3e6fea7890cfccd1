# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a recovery plan as data: the operation of dr_wave, without what is shown to people."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..plugin_utils.documented_options import INFO_OPTIONS
from .dr_wave import ActionModule as Wave


class ActionModule(Wave):
    """See the module of the same name for the documentation."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Looks at both sites; changes nothing."""
        validated = ArgumentSpecValidator(INFO_OPTIONS).validate(self._task.args)
        if validated.error_messages:
            return {"failed": True, "msg": "; ".join(validated.error_messages)}
        self._task.args = {**self._task.args, "operation": "status", "quiet": True}
        result = super().run(tmp, task_vars)
        if "servers" not in result:
            return result
        rows = {name: _row(row) for name, row in result["servers"].items()}
        told = {"servers": rows, "unanswered": result.get("unanswered", {})}
        told |= {key: result[key] for key in ("records", "plan_hash", "requests")}
        return {"changed": False, **told, **{key: result[key] for key in ("failed", "msg") if key in result}}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    if "error" in row:
        return {"msg": row["msg"], "error": row["error"]}
    return {**row["server"], "findings": row["findings"]}
