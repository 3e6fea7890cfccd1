# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing servers of a plan by a JMESPath expression."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...data.errors import Refused, StandbyError
from ...data.steps import Refusal
from .recovery_plan import RecoveryPlan

try:
    import jmespath
    from jmespath.exceptions import JMESPathError, JMESPathTypeError

    MISSING: Exception | None = None
except ImportError as _missing:
    MISSING = _missing

_TODO = (
    "Give an expression such as servers[?tier==`1`] or servers[?name=='db']: numbers stand in backticks, texts in "
    "quotes."
)


def chosen(plan: RecoveryPlan, data: Mapping[str, Any], expression: str | None) -> RecoveryPlan:
    """The plan with only the servers that the expression selects, in the order of the plan; all without one.

    :param data: the plan as validated, with defaults, which the expression is applied to.
    :raises Refused: if the expression is none, or does not give servers of the plan.
    """
    if not expression:
        return plan
    found = _search(expression, plan, data)
    known = {server.name for server in plan.servers}
    names = _names(found, known)
    if isinstance(names, str):
        raise _refused(plan, expression, names)
    return replace(plan, servers=tuple(server for server in plan.servers if server.name in names))


def _search(expression: str, plan: RecoveryPlan, data: Mapping[str, Any]) -> Any:
    if MISSING:
        raise StandbyError(f"The Python package jmespath is needed for only: {MISSING}. pip install jmespath.")
    try:
        # jmespath knows types by their very names, and Ansible hands texts over in a type of its own
        plain = json.loads(json.dumps(data, default=str))
        return jmespath.compile(str(expression)).search(plain)
    except JMESPathTypeError as error:  # the text of the error shows values of the plan
        what = f"{error.function_name}() cannot take {error.actual_type}"
        raise _refused(plan, expression, f"it does not fit a plan: {what}") from error
    except JMESPathError as error:
        raise _refused(plan, expression, f"that is no JMESPath ({_one_line(error)})") from error
    except TypeError as error:  # jmespath compares what cannot be compared
        raise _refused(plan, expression, "it does not fit a plan: it compares what cannot be compared") from error


def _names(found: Any, known: set[str]) -> set[str] | str:
    """The names that were selected, or what is wrong with what was. Values are not told: a plan may hold secrets."""
    if found is None or found == []:
        return "it selects nothing"
    if not isinstance(found, list):
        return f"it gives {_kind(found)}, not a list of servers"
    names: set[str] = set()
    for item in found:
        name = item.get("name") if isinstance(item, Mapping) else item
        if not isinstance(name, str):
            return f"it gives a list with {_kind(item)} in it that is no server"
        if name not in known:
            return f"it gives a list with {name} in it, which is no server of the plan"
        names.add(name)
    return names


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, Sequence):
        return "a list"
    return "a number" if isinstance(value, (int, float)) else "nothing"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).partition("\n")[0].split()).rstrip(":.")


def _refused(plan: RecoveryPlan, expression: str, seen: str) -> Refused:
    return Refused(Refusal("bad_only", f"choose servers of {plan.name} by only: {expression}", seen, _TODO))
