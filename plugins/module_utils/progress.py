# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode shows of a wave, and what programs get of it at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Any

from .apply import Outcome
from .decide.refreshed import ROOT_POINT
from .errors import StandbyError
from .events import Result
from .fleet import Fleet
from .plan import Finding

if TYPE_CHECKING:
    from .wave import Wave

#: How many reasons the error of a wave spells out.
MOST_REASONS = 5


def foretold(wave: Wave, results: Mapping[str, Result]) -> list[str]:
    """What check mode shows, in the order of the plan: for each server what would be done, or why nothing would."""
    lines = []
    for name in (server.name for server in wave.plan.servers):
        first, *more = _foretold(results[name])
        lines += [f"{name}: {first}", *(f"{' ' * len(name)}  {text}" for text in more)]
    return lines


def _foretold(result: Result) -> list[str]:
    if not isinstance(result, Outcome):
        return [f"FAILED: {result}"]
    steps = [step.text for step in result.plan.steps if step.writes]
    way = result.extra.get("handover")
    why = [f"handover {way}: {result.extra['handover_reason']}"] if way and steps else []
    return [*why, *(steps or ["nothing to do"]), *result.plan.notes]


def summary(operation: str, wave: Wave, fleet: Fleet, diff: bool = True) -> dict[str, Any]:
    """The result of a wave: by server what was done, what was found and why it failed; failed if one server failed.

    :param diff: whether the differences are wanted: for 500 servers they are two thirds of a result of 1.4 MB.
    """
    names = [server.name for server in wave.plan.servers if server.name in fleet.results]
    servers = {name: {**server_row(wave, fleet.results[name]), "seconds": fleet.seconds[name]} for name in names}
    failed = [name for name, row in servers.items() if "error" in row]
    outcomes = [(name, result) for name, result in sorted(fleet.results.items()) if isinstance(result, Outcome)]
    result: dict[str, Any] = {
        "changed": any(row["changed"] for row in servers.values()),
        "operation": operation,
        "seconds": max(fleet.seconds.values(), default=0.0),
        "servers": servers,
        "requests": {inventory.cloud.label: dict(inventory.cloud.requests) for inventory in wave.inventories.values()},
    }
    if diff:
        result["diff"] = [_diff(name, outcome) for name, outcome in outcomes if outcome.plan.changed]
    if failed:
        result.update(failed=True, failed_servers=failed, msg=_reasons(operation, wave, servers, failed))
    return result


def with_shortage(result: Mapping[str, Any], plan: str, shortage: Sequence[Finding]) -> dict[str, Any]:
    """Adds what concerns the wave as a whole: a reason not to be ready, and for a failover only something to know."""
    found = {**result, "findings": [finding.data for finding in shortage]}
    if not shortage or result["operation"] != "readiness":
        return found
    texts = "\n".join(f"  {finding}" for finding in shortage)
    msg = f"readiness of {plan}: the quota is too small.\n{texts}\nRaise the quota of the project at site B."
    return {**found, "failed": True, "msg": "\n".join(filter(None, (result.get("msg"), msg)))}


def _reasons(operation: str, wave: Wave, servers: Mapping[str, Any], failed: list[str]) -> str:
    shown = "\n".join(indent(f"{name}: {servers[name]['msg']}", "  ") for name in failed[:MOST_REASONS])
    more = len(failed) - MOST_REASONS
    rest = f"\n  and {more} more: see servers in the result" if more > 0 else ""
    return f"{operation} of {wave.plan.name}: {len(failed)} of {len(servers)} servers failed.\n{shown}{rest}"


def server_row(wave: Wave, result: Result) -> dict[str, Any]:
    """What became of one server."""
    if isinstance(result, StandbyError):
        return {"changed": False, "steps": [], **result.as_result()}
    if isinstance(result, Exception):
        text = f"Unexpected {type(result).__name__}: {result}"
        return {"changed": False, "steps": [], "msg": text, "error": {"code": "unexpected"}}
    row = {
        "changed": result.plan.changed,
        "steps": [step.text for step in result.plan.steps if step.writes],
        "server": dict(result.facts),
        **result.plan.found,
        **result.extra,
    }
    points = {"lag": row.get("recovery_point"), "root_lag": row.get(ROOT_POINT)}
    return {**row, **{key: wave.lag(point) for key, point in points.items() if point}}


def _diff(name: str, result: Outcome) -> dict[str, Any]:
    before, after = dict(result.plan.before), dict(result.plan.after)
    return {"before": before, "after": after, "before_header": name, "after_header": name}
